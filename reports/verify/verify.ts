import { canonicalBytes } from '../../evidence/canonical.ts';
import { openCheckpoint } from '../../evidence/checkpoint.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { AssayError } from '../../model/errors.ts';
import type { Outcome, Overall } from '../../model/outcome.ts';
import type { Report, Verdict } from '../../model/report.ts';
import { renderPages } from '../build/pages.ts';
import { buildReport } from '../build/report.ts';
import { reportSchema } from '../build/schema.ts';
import { builtinGuides } from '../guides/builtin.ts';
import { bundleReadme } from '../text/readme.ts';
import { checkFiles, digestOf, holds } from './files.ts';
import { type Bundle, DOCUMENTS, logOrigin, PATHS } from './layout.ts';
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
  /** What the bundle says it was made by. */
  readonly software?: { readonly name: string; readonly version: string };
  /** The log as it was found, and who signed it; only of an authentic bundle. */
  readonly log?: { readonly origin: string; readonly size: number; readonly root: string; readonly keyId: string };
  /** What every target rests on; only of an authentic bundle. */
  readonly verdicts?: readonly Grounds[];
}

/** A verdict and where the signed measurements behind it stand: line in the log, from 1, by sha256 of the payload. */
export interface Grounds {
  readonly target: string;
  readonly outcome: Outcome;
  readonly evidence: readonly { readonly sha256: string; readonly line?: number }[];
}

/** More defects than anybody reads; a hostile bundle could cause as many as it has files. */
const MOST_DEFECTS = 100;

/**
 * Checks a bundle with nothing but its bytes and the verifier's own trust: every file against the manifest, who signed,
 * the log and its measurements, and the report and its pages, which are made anew from the evidence and compared byte
 * for byte. Whatever is wrong with the content is a defect, never a throw; a file that the disk does not give is thrown
 * as `bundle_unreadable`.
 */
export function verifyBundle(bundle: Bundle, trust?: Trust): Verification {
  const steps: Step[] = [];
  const add = (id: StepId, defects: readonly Defect[], note?: string): void => {
    const more = defects.length - MOST_DEFECTS;
    const shown = [...defects.slice(0, MOST_DEFECTS)];
    if (more > 0) shown.push({ path: '…', problem: `and ${more} more` });
    steps.push({ id, state: defects.length === 0 ? 'good' : 'bad', defects: shown, ...(note ? { note } : {}) });
  };
  const end = (found: Signatures): Verification => ({
    authentic: false,
    outcome: undefined,
    releases: found.releases,
    steps: inOrder(steps),
    ...(found.evaluation ? { software: found.evaluation.software } : {}),
  });
  add('files', checkFiles(bundle));
  const signatures = checkSignatures(bundle, trust);
  const { evaluation, controllerKey } = signatures;
  add('signatures', signatures.defects, signatures.note);
  const stamps = checkStamps(bundle, trust);
  if (stamps.defects.length === 0 && !stamps.trusted) {
    steps.push({ id: 'stamps', state: 'not_checked', defects: [], note: stamps.note });
  } else {
    add('stamps', stamps.defects, stamps.note);
  }
  try {
    const replayed = replay(bundle);
    if (!replayed.ok) {
      const concerning = (kind: Defect['kind']): Defect[] => replayed.defects.filter((d) => d.kind === kind);
      add('log', concerning(undefined));
      add('measurements', concerning('measurement'));
      add('summaries', concerning('summary'));
      return end(signatures);
    }
    if (!evaluation) return end(signatures);
    const run = replayed.replay;
    const rebuilt = buildReport(run, evaluation);
    const { admitted, rejected, lost } = run;
    add('log', checkLog(bundle, evaluation, rebuilt, controllerKey));
    add('measurements', [], `${admitted.length} accepted, ${rejected.length} rejected, ${lost.length} lost`);
    add('completeness', checkCompleteness(run));
    add('summaries', []);
    add('report', checkReport(bundle, rebuilt, evaluation));
    steps.push(guideStep(run, trust));
    add('pages', checkPages(bundle, rebuilt, evaluation));
    if (steps.some((s) => s.state === 'bad')) return end(signatures);
    return {
      authentic: true,
      outcome: rebuilt.overall.outcome,
      releases: signatures.releases,
      steps,
      software: rebuilt.software,
      log: {
        origin: logOrigin(rebuilt.run),
        size: run.tree.size,
        root: run.tree.root(),
        keyId: keyIdOf(controllerKey),
      },
      verdicts: rebuilt.verdicts.map((verdict) => groundsOf(verdict, run)),
    };
  } catch (error) {
    if (error instanceof AssayError) throw error;
    // Judging and rendering trust what was admitted. Should hostile evidence still find a way to break them, then
    // nothing was shown, and the verifier says so.
    add('report', [
      { path: PATHS.log, problem: `cannot be judged: ${error instanceof Error ? error.message : error}` },
    ]);
    return end(signatures);
  }
}

function groundsOf({ target, outcome, evidence }: Verdict, run: Replay): Grounds {
  return {
    target,
    outcome,
    evidence: evidence.map((sha256) => {
      const index = run.indexOf.get(sha256);
      return index === undefined ? { sha256 } : { sha256, line: index + 1 };
    }),
  };
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

/** All steps in their order; those that were not reached are listed as not checked. */
function inOrder(steps: readonly Step[]): Step[] {
  return STEPS.map(
    (id): Step => steps.find((s) => s.id === id) ?? { id, state: 'not_checked', defects: [], note: 'not reached' },
  );
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
  return run.open.map((attempt) => ({ path: PATHS.log, problem: `${attempt} was sent out and has no end` }));
}

function checkReport(bundle: Bundle, rebuilt: Report, evaluation: OpenedEvaluation): Defect[] {
  const bytes = canonicalBytes(rebuilt);
  const defects: Defect[] = [];
  if (!bundle.paths.includes(PATHS.report)) defects.push({ path: PATHS.report, problem: 'is missing' });
  else if (!holds(bundle, PATHS.report, bytes)) {
    defects.push({ path: PATHS.report, problem: 'is not the report that the evidence gives' });
  }
  if (evaluation.subjects.get(PATHS.report) !== sha256Hex(bytes)) {
    defects.push({ path: PATHS.evaluation, problem: 'was signed for another report than the evidence gives' });
  }
  if (evaluation.outcome !== rebuilt.overall.outcome) {
    defects.push({ path: PATHS.evaluation, problem: 'states another outcome than the evidence gives' });
  }
  return defects;
}

/** What is rendered again must be the same; what cannot be must be what the controller signed. */
function checkPages(bundle: Bundle, report: Report, evaluation: OpenedEvaluation): Defect[] {
  const defects: Defect[] = [];
  const pages = new Map([
    ...renderPages(report),
    [PATHS.reportSchema, reportSchema()] as const,
    [PATHS.readme, bundleReadme(report)] as const,
  ]);
  for (const [path, text] of pages) {
    if (!bundle.paths.includes(path)) defects.push({ path, problem: 'is missing' });
    else if (!holds(bundle, path, Buffer.from(text))) {
      defects.push({ path, problem: 'is not the page that the report gives' });
    }
  }
  for (const path of DOCUMENTS) {
    if (evaluation.subjects.get(path) !== digestOf(bundle, path)?.sha256) {
      defects.push({ path, problem: 'is not the document that was signed' });
    }
  }
  const documents: readonly string[] = [PATHS.report, ...DOCUMENTS];
  for (const name of evaluation.subjects.keys()) {
    if (!documents.includes(name)) defects.push({ path: PATHS.evaluation, problem: `was signed for ${name} too` });
  }
  return defects;
}
