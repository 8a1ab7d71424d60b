import { canonicalize } from '../../evidence/canonical.ts';
import { openCheckpoint } from '../../evidence/checkpoint.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { Overall } from '../../model/outcome.ts';
import { Report } from '../../model/report.ts';
import { renderPages } from '../build/pages.ts';
import { buildReport } from '../build/report.ts';
import { reportSchema } from '../build/schema.ts';
import { builtinGuides } from '../guides/builtin.ts';
import { checkFiles, readJson } from './files.ts';
import { type Bundle, logOrigin, PATHS } from './layout.ts';
import { type Defect, type Replay, replay } from './replay.ts';
import { checkSignatures, type OpenedEvaluation, type Signatures } from './signatures.ts';
import { checkStamps } from './stamps.ts';
import type { Trust } from './trust.ts';

/** The checks of a bundle, in the order they are made. */
export const STEPS = [
  'files',
  'signatures',
  'stamps',
  'log',
  'measurements',
  'completeness',
  'summaries',
  'report',
  'guide',
  'pages',
] as const;
export type StepId = (typeof STEPS)[number];

/** How one check went. `note` says what was not checked, or with what restriction. */
export interface Step {
  readonly id: StepId;
  readonly state: 'good' | 'bad' | 'not_checked';
  readonly defects: readonly Defect[];
  readonly note?: string;
}

/** What a verifier says: whether the bundle is what it claims to be, and, if so, how the platform was judged. */
export interface Verification {
  readonly authentic: boolean;
  readonly outcome: Overall | undefined;
  /** Who released it, by role; trusted only with a trust file. */
  readonly releases: Signatures['releases'];
  readonly steps: readonly Step[];
}

/**
 * Checks a bundle with nothing but its bytes and the verifier's own trust: every file against the manifest, who signed,
 * the log and its measurements, and the report and its pages, which are made anew from the evidence and compared byte
 * for byte. Never throws on a hostile bundle; whatever cannot be read is a defect.
 */
export function verifyBundle(bundle: Bundle, trust?: Trust): Verification {
  const steps: Step[] = [];
  const add = (id: StepId, defects: readonly Defect[], note?: string): void => {
    steps.push({ id, state: defects.length === 0 ? 'good' : 'bad', defects, ...(note ? { note } : {}) });
  };
  add('files', checkFiles(bundle));
  const { evaluation, controllerKey, defects, note, releases } = checkSignatures(bundle, trust);
  add('signatures', defects, note);
  const stamps = checkStamps(bundle, trust);
  if (stamps.defects.length === 0 && !stamps.trusted) {
    steps.push({ id: 'stamps', state: 'not_checked', defects: [], note: stamps.note });
  } else {
    add('stamps', stamps.defects, stamps.note);
  }
  const replayed = replay(bundle);
  if (!replayed.ok || !evaluation) {
    const found = replayed.ok ? [] : replayed.defects;
    const numbers = found.filter((d) => d.kind === 'summary');
    const measurements = found.filter((d) => d.kind === 'measurement');
    if (found.length > 0) {
      add(
        'log',
        found.filter((d) => d.kind === undefined),
      );
      add('measurements', measurements);
      add('summaries', numbers);
    }
    return { authentic: false, outcome: undefined, releases, steps: rest(steps) };
  }
  const run = replayed.replay;
  const rebuilt = buildReport(run, evaluation);
  add('log', checkLog(bundle, evaluation, rebuilt, controllerKey));
  add('measurements', [], `${run.admitted.length} accepted, ${run.rejected.length} rejected, ${run.lost.length} lost`);
  add('completeness', checkCompleteness(run));
  add('summaries', []);
  add('report', checkReport(bundle, rebuilt, evaluation));
  steps.push(guideStep(run, trust));
  add('pages', checkPages(bundle, rebuilt));
  const authentic = steps.every((s) => s.state !== 'bad');
  return { authentic, outcome: authentic ? rebuilt.overall.outcome : undefined, releases, steps };
}

function guideStep(run: Replay, trust: Trust | undefined): Step {
  const name = `${run.guide.id} ${run.guide.version}`;
  if (builtinGuides().some((g) => g.sha256 === run.guideSha256) || trust?.guides.includes(run.guideSha256)) {
    return { id: 'guide', state: 'good', defects: [], note: name };
  }
  const problem = `${name} (sha256 ${run.guideSha256}) is not a guide that ${trust ? 'you trust' : 'this software knows'}`;
  // A guide that only looks like a known one is an attempt to be judged by softer targets.
  const forged = trust !== undefined || builtinGuides().some((g) => g.guide.id === run.guide.id);
  return forged
    ? { id: 'guide', state: 'bad', defects: [{ path: PATHS.guide, problem }] }
    : { id: 'guide', state: 'not_checked', defects: [], note: problem };
}

/** Steps that could not be reached are listed as not checked. */
function rest(steps: readonly Step[]): Step[] {
  const missing = STEPS.filter((id) => !steps.some((s) => s.id === id));
  return [...steps, ...missing.map((id): Step => ({ id, state: 'not_checked', defects: [], note: 'not reached' }))];
}

function checkLog(bundle: Bundle, evaluation: OpenedEvaluation, rebuilt: Report, controllerKey: string): Defect[] {
  const defects: Defect[] = [];
  if (evaluation.log.root !== rebuilt.log.root || evaluation.log.entries !== rebuilt.log.entries) {
    defects.push({ path: PATHS.log, problem: 'is not the log that was signed' });
  }
  if (evaluation.run !== rebuilt.run) defects.push({ path: PATHS.evaluation, problem: 'is of another run' });
  const note = bundle.read(PATHS.checkpoint);
  const opened = openCheckpoint(Buffer.from(note ?? []).toString('utf8'), logOrigin(rebuilt.run), controllerKey);
  if (!opened.ok) defects.push({ path: PATHS.checkpoint, problem: opened.problem });
  else if (opened.checkpoint.root !== rebuilt.log.root || opened.checkpoint.size !== rebuilt.log.entries) {
    defects.push({ path: PATHS.checkpoint, problem: 'is not of this log' });
  }
  return defects;
}

/** Every attempt that was sent out has an end in the log: a result, a rejection, or the loss of its node. */
function checkCompleteness(run: Replay): Defect[] {
  const defects: Defect[] = [];
  for (const [assignment, issued] of Object.entries(run.issued)) {
    const ended =
      run.admitted.filter((a) => a.measurement.assignment === assignment).length +
      run.rejected.filter((r) => r.assignment === assignment).length +
      run.lost.filter((l) => l.assignment === assignment).length;
    if (ended !== issued) {
      defects.push({
        path: PATHS.log,
        problem: `${assignment}: ${issued} attempts were sent out, ${ended} have an end`,
      });
    }
  }
  return defects;
}

function checkReport(bundle: Bundle, rebuilt: Report, evaluation: OpenedEvaluation): Defect[] {
  const bytes = bundle.read(PATHS.report);
  if (!bytes) return [{ path: PATHS.report, problem: 'is missing' }];
  const defects: Defect[] = [];
  const report = readJson(bytes, Report);
  if (typeof report === 'string') defects.push({ path: PATHS.report, problem: report });
  if (!Buffer.from(canonicalize(rebuilt)).equals(bytes)) {
    defects.push({ path: PATHS.report, problem: 'is not the report that the evidence gives' });
  }
  if (evaluation.subjects.get(PATHS.report) !== sha256Hex(bytes)) {
    defects.push({ path: PATHS.report, problem: 'is not the report that was signed' });
  }
  if (evaluation.outcome !== rebuilt.overall.outcome) {
    defects.push({ path: PATHS.evaluation, problem: 'states another outcome than the evidence gives' });
  }
  return defects;
}

function checkPages(bundle: Bundle, report: Report): Defect[] {
  const defects: Defect[] = [];
  const pages = new Map([...renderPages(report), [PATHS.reportSchema, reportSchema()] as const]);
  for (const [path, text] of pages) {
    const bytes = bundle.read(path);
    if (!bytes) defects.push({ path, problem: 'is missing' });
    else if (!Buffer.from(text).equals(bytes)) defects.push({ path, problem: 'is not the page that the report gives' });
  }
  return defects;
}
