import { canonicalBytes } from '../../evidence/canonical.ts';
import { openCheckpoint } from '../../evidence/checkpoint.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { AssayError } from '../../model/errors.ts';
import { type EvidenceLevel, type Outcome, type Overall, outcomeWord } from '../../model/outcome.ts';
import type { Report, Verdict } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { buildReport } from '../build/report.ts';
import { builtinGuides, isBuiltin } from '../guides/builtin.ts';
import { joined, NOTES } from '../text/notes.ts';
import type { Defect } from './defect.ts';
import { softerThanProfile } from './effort.ts';
import { checkListing, digestFlaw, digesting, digestOf, firstChanged, holds } from './files.ts';
import { type Bundle, logOrigin, PATHS } from './layout.ts';
import { checkPages, checkSigned } from './pages.ts';
import { type Replay, replay } from './replay.ts';
import { checkSignatures, type OpenedEvaluation, type Signatures } from './signatures.ts';
import { checkStamps, type Stamps, withLogStamps } from './stamps.ts';
import type { Trust } from './trust.ts';
import { type UnvouchedCode, unvouched, type Vouched, vouch } from './vouching.ts';

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
  readonly note?: Text;
}

/** What a verifier says: whether the bundle is what it claims to be, and, if so, how the platform was judged. */
export interface Verification {
  /** Everything that makes up the judgement was checked and holds. */
  readonly authentic: boolean;
  /**
   * Undefined where something was changed or contradicts itself; `cannot_tell` where a decisive step is not checked.
   */
  readonly outcome: Overall | undefined;
  /** Targets that the run was about, where it was not about the whole guide: the outcome is of these alone. */
  readonly partial?: NonNullable<Report['overall']['partial']>;
  /** Why the outcome is `cannot_tell` where the judging says otherwise, and what the evidence gave apart from that. */
  readonly undecided?: {
    /** Steps that the outcome rests on and that were not checked. */
    readonly steps: readonly StepId[];
    /** Why a pass is none for this reader. */
    readonly reasons: readonly UnvouchedCode[];
    readonly judged?: Overall;
  };
  /** Who held the controller's key, for whom the result holds and who vouches for it; only of an authentic bundle. */
  readonly controller?: Vouched;
  /** Passes among the mandatory targets by evidence level; only of an authentic bundle. */
  readonly passes?: Report['overall']['passes'];
  /** Who released it, by role; trusted only with a trust file. */
  readonly releases: Signatures['releases'];
  readonly steps: readonly Step[];
  /** Files that operating systems added: no part of the bundle, and not read. */
  readonly foreign?: readonly string[];
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
  readonly level: EvidenceLevel;
  readonly evidence: readonly { readonly sha256: string; readonly line?: number }[];
}

/** The step that a defect of the log belongs to. */
const STEP_OF = { log: 'log', measurement: 'measurements', summary: 'summaries', proof: 'summaries' } as const;

/** More defects than anybody reads; a hostile bundle could cause as many as it has files. */
const MOST_DEFECTS = 100;

/**
 * Checks a bundle with nothing but its bytes and the verifier's own trust: every file against the manifest, who signed,
 * the log and its measurements, and the report and its pages, which are made anew from the evidence and compared byte
 * for byte. Whatever is wrong with the content is a defect, never a throw; a file that the disk does not give is thrown
 * as `bundle_unreadable`. Names and sizes come before content. The first file whose digest is another, and the first
 * line of the log that is damaged, end it: nothing after them is read.
 *
 * `running` is the version of this software. What only a program of the same version can make again, byte for byte, is
 * not held against a bundle of another one: it is `not_checked`, and says so.
 */
export function verifyBundle(given: Bundle, trust?: Trust, running?: string): Verification {
  const steps: Step[] = [];
  const add = (id: StepId, defects: readonly Defect[], note?: Text): void => {
    const shown = [...defects.slice(0, MOST_DEFECTS)];
    const left = defects.length - shown.length;
    if (left > 0) shown.push({ path: '…', code: 'more', problem: `and ${left} more` });
    steps.push({ id, state: defects.length === 0 ? 'good' : 'bad', defects: shown, ...(note ? { note } : {}) });
  };
  const skip = (id: StepId, note: Text): void => void steps.push({ id, state: 'not_checked', defects: [], note });
  const { manifest, defects } = checkListing(given);
  const changed = manifest && defects.length === 0 ? firstChanged(given, manifest, [PATHS.log]) : undefined;
  const strays = given.foreign.length > 0 ? [NOTES.foreign(given.foreign)] : [];
  const foreign = given.foreign.length > 0 ? { foreign: given.foreign.slice(0, MOST_DEFECTS) } : {};
  if (!manifest || changed || defects.length > 0) {
    add('files', changed ? [changed] : defects, joined([...strays, NOTES.stopped]));
    return { authentic: false, outcome: undefined, releases: [], steps: inOrder(steps), ...foreign };
  }
  // The log is digested while it is replayed: one that is damaged is given up before its end.
  const { bundle, found } = digesting(given, PATHS.log);
  const addFiles = (): void => {
    const listed = manifest.files.find(({ path }) => path === PATHS.log);
    const wrong = listed && digestFlaw(PATHS.log, listed, found());
    add('files', wrong ? [wrong] : [], strays.length > 0 ? joined(strays) : undefined);
  };
  const signatures = checkSignatures(bundle, trust);
  const { evaluation, controllerKey, releases } = signatures;
  const software = evaluation?.software;
  const other = running !== undefined && software?.version !== running ? software : undefined;
  const made = (particulars: string): Text =>
    NOTES.otherVersion(`${other?.name} ${other?.version}`, String(running), particulars);
  const ending = (): Verification => ({
    authentic: false,
    outcome: undefined,
    releases,
    steps: inOrder(steps),
    ...foreign,
    ...(software ? { software } : {}),
  });
  const addSignatures = (selfTest: boolean): void => {
    const { defects, untrusted, note } = signatures;
    if (untrusted && selfTest) add('signatures', defects, joined([note, NOTES.selfTestUntrusted]));
    else add('signatures', untrusted ? [...defects, untrusted] : defects, note);
  };
  const addStamps = ({ defects, trusted, note }: Stamps): void => {
    if (defects.length === 0 && !trusted) skip('stamps', note);
    else add('stamps', defects, note);
  };
  const addenda = checkStamps(bundle, trust);
  try {
    const replayed = replay(bundle);
    addStamps(replayed.ok ? withLogStamps(addenda, replayed.replay.clock.stamps, trust) : addenda);
    addSignatures(replayed.ok && replayed.replay.plan.controller.relation === 'self');
    if (!replayed.ok && replayed.broken) {
      const damage = replayed.defects.filter(({ kind }) => kind !== 'proof');
      const { path, kind } = damage[0]!;
      for (const id of ['files', 'log', 'measurements', 'summaries'] as const) {
        if (id === STEP_OF[kind ?? 'log']) add(id, damage, NOTES.stopped);
        else skip(id, id === 'files' && strays[0] ? joined([...strays, NOTES.stoppedAt(path)]) : NOTES.stoppedAt(path));
      }
      return ending();
    }
    addFiles();
    if (!replayed.ok) {
      const concerning = (kind: Defect['kind']): Defect[] => replayed.defects.filter((d) => d.kind === kind);
      add('log', concerning(undefined));
      add('measurements', concerning('measurement'));
      const unknown = concerning('proof');
      const wrong = concerning('summary');
      if (!other || wrong.length > 0) add('summaries', [...wrong, ...unknown]);
      else if (unknown.length > 0) skip('summaries', made(unknown[0]!.problem));
      if (steps.some((s) => s.state === 'bad') || unknown.length === 0 || !evaluation) return ending();
      // What was signed can be held against the files all the same.
      const unsigned = checkSignedReport(bundle, evaluation);
      const unlike = checkSigned(bundle, evaluation, other !== undefined);
      if (unsigned.length > 0) add('report', unsigned);
      if (unlike.length > 0) add('pages', unlike);
      if (unsigned.length + unlike.length > 0) return ending();
      return { ...ending(), outcome: 'cannot_tell', undecided: { steps: ['summaries', 'report'], reasons: [] } };
    }
    if (!evaluation) return ending();
    const run = replayed.replay;
    const rebuilt = buildReport(run, evaluation);
    const { admitted, rejected, lost } = run;
    add('log', checkLog(bundle, evaluation, rebuilt, controllerKey));
    add('measurements', [], NOTES.records(admitted.length, rejected.length, lost.length));
    const [soft, ...softer] = softerThanProfile(run.plan);
    const endless = checkCompleteness(run);
    if (soft === undefined || endless.length > 0) add('completeness', endless);
    else skip('completeness', NOTES.softerPlan(run.plan.profile, `${soft}${more(softer)}`));
    add('summaries', []);
    const unsigned = checkSignedReport(bundle, evaluation);
    const unequal = checkReport(bundle, rebuilt, evaluation);
    if (!other || unsigned.length > 0 || unequal.length === 0) add('report', [...unsigned, ...unequal]);
    else skip('report', made(PATHS.report));
    steps.push(guideStep(run, trust, other !== undefined));
    const unlike = checkSigned(bundle, evaluation, other !== undefined);
    const [page, ...pages] = checkPages(bundle, rebuilt);
    if (!other || unlike.length > 0 || !page) add('pages', [...unlike, ...(page ? [page, ...pages] : [])]);
    else skip('pages', made(`${page.path}${more(pages)}`));
    if (steps.some((s) => s.state === 'bad')) return ending();
    // By a guide that the reader knows and this software does not the verdicts count as they are.
    const judged = rebuilt.overall.judged ?? rebuilt.overall.outcome;
    const controller = vouch(rebuilt.controller, trust);
    const undecided = steps.filter((s) => s.state === 'not_checked' && isDecisive(s.id, judged)).map((s) => s.id);
    const reason = unvouched(judged, controller, trust);
    const reasons = reason ? [reason] : [];
    const open = undecided.length + reasons.length > 0;
    return {
      // An unknown guide is for the reader to know; a report that could not be made again is not shown to be one.
      authentic: !undecided.includes('report'),
      outcome: open ? 'cannot_tell' : judged,
      ...(open ? { undecided: { steps: undecided, reasons, judged } } : {}),
      controller,
      passes: rebuilt.overall.passes,
      ...(rebuilt.overall.partial ? { partial: rebuilt.overall.partial } : {}),
      releases,
      steps: inOrder(steps),
      ...foreign,
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
      {
        path: PATHS.log,
        code: 'not_judgeable',
        problem: `cannot be judged: ${error instanceof Error ? error.message : error}`,
      },
    ]);
    return ending();
  }
}

/**
 * Whether a judgement rests on a step. The stamps say when, not what; the pages show what the report says, and the
 * report is judged again. A soft plan could only have hidden a fail: a fail that it shows is one.
 */
function isDecisive(id: StepId, judged: Overall): boolean {
  if (id === 'completeness') return judged !== 'not_passed';
  return id !== 'stamps' && id !== 'pages';
}

const more = (rest: readonly unknown[]): string => (rest.length > 0 ? ` and ${rest.length} more` : '');

function groundsOf({ target, outcome, level, evidence }: Verdict, run: Replay): Grounds {
  return {
    target,
    outcome,
    level,
    evidence: evidence.map((sha256) => {
      const index = run.indexOf.get(sha256);
      return index === undefined ? { sha256 } : { sha256, line: index + 1 };
    }),
  };
}

function guideStep(run: Replay, trust: Trust | undefined, otherVersion: boolean): Step {
  const name = `${run.guide.id} ${run.guide.version}`;
  if (isBuiltin(run.guideSha256) || trust?.guides.includes(run.guideSha256)) {
    return { id: 'guide', state: 'good', defects: [], note: NOTES.guide(name) };
  }
  const note = NOTES.guideUnknown(name, run.guideSha256, trust !== undefined);
  // A guide that only looks like a known one is an attempt to be judged by softer targets, or the known one of another
  // version of this software: which, only its digest in a trust file can say.
  const forged = !otherVersion && builtinGuides().some((g) => g.guide.id === run.guide.id);
  return forged
    ? { id: 'guide', state: 'bad', defects: [{ path: PATHS.guide, code: 'guide_unknown', problem: note.en }] }
    : { id: 'guide', state: 'not_checked', defects: [], note };
}

/** All steps in their order; those that were not reached are listed as not checked. */
function inOrder(steps: readonly Step[]): Step[] {
  return STEPS.map(
    (id): Step => steps.find((s) => s.id === id) ?? { id, state: 'not_checked', defects: [], note: NOTES.notReached },
  );
}

function checkLog(bundle: Bundle, evaluation: OpenedEvaluation, rebuilt: Report, controllerKey: string): Defect[] {
  const defects: Defect[] = [];
  if (evaluation.log.root !== rebuilt.log.root || evaluation.log.entries !== rebuilt.log.entries) {
    defects.push({ path: PATHS.log, code: 'log_other', problem: 'is not the log that was signed' });
  }
  if (evaluation.run !== rebuilt.run)
    defects.push({ path: PATHS.evaluation, code: 'run_other', problem: 'is of another run' });
  const note = bundle.read(PATHS.checkpoint);
  const opened = openCheckpoint(Buffer.from(note ?? []).toString('utf8'), logOrigin(rebuilt.run), controllerKey);
  if (!opened.ok) defects.push({ path: PATHS.checkpoint, code: 'checkpoint_invalid', problem: opened.problem });
  else if (opened.checkpoint.root !== rebuilt.log.root || opened.checkpoint.size !== rebuilt.log.entries) {
    defects.push({ path: PATHS.checkpoint, code: 'checkpoint_invalid', problem: 'is not of this log' });
  }
  return defects;
}

/** Every attempt that was sent out has an end in the log: a result, a rejection, or the loss of its node. */
function checkCompleteness(run: Replay): Defect[] {
  return run.open.map((attempt) => ({
    path: PATHS.log,
    code: 'attempt_open',
    problem: `${attempt} was sent out and has no end`,
  }));
}

/** The report in the bundle is the one that the controller signed. */
function checkSignedReport(bundle: Bundle, evaluation: OpenedEvaluation): Defect[] {
  const digest = digestOf(bundle, PATHS.report);
  if (!digest) return [{ path: PATHS.report, code: 'missing', problem: 'is missing' }];
  if (evaluation.subjects.get(PATHS.report) === digest.sha256) return [];
  return [{ path: PATHS.evaluation, code: 'subject_other', problem: 'was signed for another report than is here' }];
}

/** The report in the bundle is the one that the evidence gives. */
function checkReport(bundle: Bundle, rebuilt: Report, evaluation: OpenedEvaluation): Defect[] {
  const bytes = canonicalBytes(rebuilt);
  const defects: Defect[] = [];
  if (!holds(bundle, PATHS.report, bytes)) {
    defects.push({
      path: PATHS.report,
      code: 'report_unfounded',
      problem: 'is not the report that the evidence gives',
    });
  }
  if (evaluation.subjects.get(PATHS.report) !== sha256Hex(bytes)) {
    defects.push({
      path: PATHS.evaluation,
      code: 'report_unfounded',
      problem: 'was signed for another report than the evidence gives',
    });
  }
  if (evaluation.outcome !== outcomeWord(rebuilt.overall)) {
    defects.push({
      path: PATHS.evaluation,
      code: 'outcome_unfounded',
      problem: 'states another outcome than the evidence gives',
    });
  }
  return defects;
}
