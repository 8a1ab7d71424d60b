import { CanonicalError, canonicalize, parseStrict } from '../../evidence/canonical.ts';
import { sha256Hex, sm3Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { openStatement } from '../../evidence/statement.ts';
import type { Overall } from '../../model/outcome.ts';
import { Report } from '../../model/report.ts';
import { check } from '../../model/schema.ts';
import { renderPages } from '../build/pages.ts';
import { buildReport } from '../build/report.ts';
import { reportSchema } from '../build/schema.ts';
import { builtinGuides } from '../guides/builtin.ts';
import { ADDENDA, AFTER_MANIFEST, type Bundle, PATHS } from './layout.ts';
import { Evaluation, Manifest } from './manifest.ts';
import { type Defect, type Replay, replay } from './replay.ts';

/** The checks of a bundle, in the order they are made. */
export const STEPS = [
  'files',
  'signatures',
  'stamps',
  'log',
  'measurements',
  'completeness',
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
  readonly steps: readonly Step[];
}

/**
 * Checks a bundle with nothing but its bytes: every file against the manifest, the log and its measurements, and the
 * report and its pages, which are made anew from the evidence and compared byte for byte. Never throws on a hostile
 * bundle; whatever cannot be read is a defect.
 */
export function verifyBundle(bundle: Bundle): Verification {
  const steps: Step[] = [];
  const add = (id: StepId, defects: readonly Defect[], note?: string): boolean => {
    steps.push({ id, state: defects.length === 0 ? 'good' : 'bad', defects, ...(note ? { note } : {}) });
    return defects.length === 0;
  };
  add('files', checkFiles(bundle));
  const evaluation = openEvaluation(bundle);
  if (Array.isArray(evaluation)) {
    add('signatures', evaluation);
    return { authentic: false, outcome: undefined, steps: rest(steps) };
  }
  add('signatures', [], 'by the key in the bundle itself: nobody vouches for it');
  steps.push({ id: 'stamps', state: 'not_checked', defects: [], note: 'not stamped' });
  const replayed = replay(bundle);
  if (!replayed.ok) {
    add(
      'log',
      replayed.defects.filter((d) => !d.problem.startsWith('the measurement')),
    );
    add(
      'measurements',
      replayed.defects.filter((d) => d.problem.startsWith('the measurement')),
    );
    return { authentic: false, outcome: undefined, steps: rest(steps) };
  }
  const run = replayed.replay;
  const rebuilt = buildReport(run, evaluation);
  add('log', checkLog(evaluation, rebuilt));
  add('measurements', [], `${run.admitted.length} accepted, ${run.rejected.length} rejected, ${run.lost.length} lost`);
  add('completeness', checkCompleteness(run));
  add('report', checkReport(bundle, rebuilt, evaluation));
  const known = builtinGuides().some((g) => g.sha256 === run.guideSha256);
  steps.push({
    id: 'guide',
    state: known ? 'good' : 'not_checked',
    defects: [],
    note: known
      ? `${run.guide.id} ${run.guide.version}`
      : `${run.guide.id} is not one of the guides this software knows`,
  });
  add('pages', checkPages(bundle, rebuilt));
  const authentic = steps.every((s) => s.state !== 'bad');
  return { authentic, outcome: authentic ? rebuilt.overall.outcome : undefined, steps };
}

/** Steps that could not be reached are listed as not checked. */
function rest(steps: readonly Step[]): Step[] {
  const missing = STEPS.filter((id) => !steps.some((s) => s.id === id));
  return [...steps, ...missing.map((id): Step => ({ id, state: 'not_checked', defects: [], note: 'not reached' }))];
}

function checkFiles(bundle: Bundle): Defect[] {
  const bytes = bundle.read(PATHS.manifest);
  if (!bytes) return [{ path: PATHS.manifest, problem: 'is missing' }];
  const manifest = readJson(bytes, Manifest);
  if (typeof manifest === 'string') return [{ path: PATHS.manifest, problem: manifest }];
  const defects: Defect[] = [];
  const listed = new Set<string>();
  for (const file of manifest.files) {
    if (listed.has(file.path)) defects.push({ path: file.path, problem: 'is listed twice' });
    listed.add(file.path);
    const content = bundle.read(file.path);
    if (!content) defects.push({ path: file.path, problem: 'is missing' });
    else if (content.byteLength !== file.bytes || sha256Hex(content) !== file.sha256 || sm3Hex(content) !== file.sm3) {
      defects.push({ path: file.path, problem: 'was changed' });
    }
  }
  for (const path of bundle.paths) {
    if (listed.has(path) || AFTER_MANIFEST.includes(path) || path.startsWith(ADDENDA)) continue;
    defects.push({ path, problem: 'was added' });
  }
  return defects;
}

type Opened = Evaluation & { subjects: ReadonlyMap<string, string> };

function openEvaluation(bundle: Bundle): Opened | Defect[] {
  const key = bundle.read(PATHS.controllerKey);
  const bytes = bundle.read(PATHS.evaluation);
  if (!key) return [{ path: PATHS.controllerKey, problem: 'is missing' }];
  if (!bytes) return [{ path: PATHS.evaluation, problem: 'is missing' }];
  const pem = Buffer.from(key).toString('utf8');
  try {
    const opened = openStatement(parseStrict(bytes), new Map([[keyIdOf(pem), pem]]), 'evaluation');
    if (!opened.ok) return [{ path: PATHS.evaluation, problem: opened.problem }];
    const evaluation = check(Evaluation, opened.statement.predicate);
    if (!evaluation.ok) return [{ path: PATHS.evaluation, problem: evaluation.problems.join('; ') }];
    const subjects = new Map(opened.statement.subject.map((s) => [s.name, s.digest.sha256]));
    return { ...evaluation.value, subjects };
  } catch (error) {
    return [{ path: PATHS.evaluation, problem: error instanceof Error ? error.message : String(error) }];
  }
}

function checkLog(evaluation: Opened, rebuilt: Report): Defect[] {
  const defects: Defect[] = [];
  if (evaluation.log.root !== rebuilt.log.root || evaluation.log.entries !== rebuilt.log.entries) {
    defects.push({ path: PATHS.log, problem: 'is not the log that was signed' });
  }
  if (evaluation.run !== rebuilt.run) defects.push({ path: PATHS.evaluation, problem: 'is of another run' });
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

function checkReport(bundle: Bundle, rebuilt: Report, evaluation: Opened): Defect[] {
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

function readJson<S extends Parameters<typeof check>[0]>(bytes: Uint8Array, schema: S) {
  try {
    const result = check(schema, parseStrict(bytes));
    return result.ok ? result.value : result.problems.join('; ');
  } catch (error) {
    if (error instanceof CanonicalError) return error.message;
    throw error;
  }
}
