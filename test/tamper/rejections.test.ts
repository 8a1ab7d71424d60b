import { beforeAll, describe, expect, it } from 'vitest';
import type { LogEntry } from '../../model/log.ts';
import type { Measurement } from '../../model/measurement.ts';
import type { Report } from '../../model/report.ts';
import { buildReport } from '../../reports/build/report.ts';
import { digestsOf } from '../../reports/verify/evidence.ts';
import { blobPath, PATHS } from '../../reports/verify/layout.ts';
import { replay } from '../../reports/verify/replay.ts';
import { type Verification, verifyBundle } from '../../reports/verify/verify.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import {
  entriesOf,
  FACTS,
  handedOver,
  madeBundle,
  payloadOf,
  signedAnew,
  textOf,
  withEntries,
  withMeasurement,
  withRejection,
} from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

type Measured = Extract<LogEntry, { kind: 'measurement' }>;

let bundle: MemoryBundle;
let run: SyntheticRun;
beforeAll(async () => {
  ({ bundle, run } = await madeBundle({ accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 }));
}, 60_000);

const measuredLines = (altered: MemoryBundle): number[] =>
  entriesOf(altered).flatMap((entry, line) => (entry.kind === 'measurement' ? [line] : []));
const measurementAt = (altered: MemoryBundle, line: number): Measurement =>
  payloadOf((entriesOf(altered)[line] as Measured).envelope).predicate as Measurement;
const lineOf = (altered: MemoryBundle, node: string, attempt: number): number =>
  measuredLines(altered).find((line) => {
    const { node: own, transcript } = entriesOf(altered)[line] as Measured;
    return own === node && transcript.attempt === attempt;
  })!;
const without = (altered: MemoryBundle, digests: readonly string[]): MemoryBundle =>
  digests.reduce((rest, sha256) => withFile(rest, blobPath(sha256), undefined), altered);
/** Evidence that this measurement names and no other. */
const ownDigests = (altered: MemoryBundle, line: number): string[] => {
  const others = measuredLines(altered).filter((other) => other !== line);
  const taken = new Set(others.flatMap((other) => digestsOf(measurementAt(altered, other))));
  return digestsOf(measurementAt(altered, line)).filter((sha256) => !taken.has(sha256));
};

const problems = (result: Verification): string =>
  result.steps.flatMap((step) => step.defects.map((d) => `${d.code} ${d.problem}`)).join('\n');

describe('a result that failed', () => {
  it('is a fail still when every measurement was turned into one whose evidence is missing', async () => {
    expect(verifyBundle(bundle)).toMatchObject({ authentic: true, outcome: 'not_passed' });
    let altered = bundle;
    for (const line of measuredLines(bundle)) {
      const missing = digestsOf(measurementAt(bundle, line));
      if (missing.length === 0) continue;
      const detail = `evidence samples.json (${missing[0]}) is missing`;
      altered = without(withRejection(altered, line, { code: 'evidence_missing', missing, detail }), missing);
    }
    const result = verifyBundle(await handedOver(altered, run.signer));
    expect([problems(result), result.outcome]).toEqual(['', 'not_passed']);
  }, 60_000);

  it('is a fail still when the times or the challenge that the controller wrote down do not fit it any more', async () => {
    let altered = bundle;
    for (const [at, line] of measuredLines(bundle).entries()) {
      if (measurementAt(bundle, line).state !== 'completed') continue;
      const { transcript } = entriesOf(bundle)[line] as Measured;
      const code = at % 2 === 0 ? 'time_unsound' : 'measurement_other';
      const other =
        code === 'time_unsound'
          ? { ...transcript, endedAt: transcript.issuedAt }
          : { ...transcript, exchanges: transcript.exchanges.map((one) => ({ ...one, beacon: 'c'.repeat(64) })) };
      altered = withRejection(altered, line, { code, transcript: other });
    }
    const handed = await handedOver(altered, run.signer);
    const result = verifyBundle(handed);
    expect([problems(result), result.outcome]).toEqual(['', 'not_passed']);
    const report = JSON.parse(textOf(handed, PATHS.report)) as Report;
    expect(report.verdicts.find((v) => v.outcome === 'fail')!.reasons.map((r) => r.code)).toEqual(
      expect.arrayContaining(['below_limit', 'evidence_mismatch']),
    );
  }, 60_000);

  it('never gets better by one measurement that is refused, whichever it is', async () => {
    for (const line of measuredLines(bundle)) {
      const missing = ownDigests(bundle, line);
      if (missing.length === 0) continue;
      const replayed = replay(without(withRejection(bundle, line, { code: 'evidence_missing', missing }), missing));
      if (!replayed.ok) throw new Error(JSON.stringify(replayed.defects));
      const { outcome } = buildReport(replayed.replay, FACTS).overall;
      expect(outcome, `line ${line + 1}`).toBe('not_passed');
    }
  });

  it('counts against the platform only: what was refused is no pass and no measurement', async () => {
    const line = lineOf(bundle, 'node-0001', 1);
    const missing = ownDigests(bundle, line);
    const altered = without(withRejection(bundle, line, { code: 'evidence_missing', missing }), missing);
    const report = JSON.parse(textOf(await handedOver(altered, run.signer), PATHS.report)) as Report;
    expect(report.attempts.some(({ node }) => node === 'node-0001')).toBe(false);
    expect(report.verdicts.every(({ outcome }) => outcome !== 'pass')).toBe(true);
    expect(report.rejected.find(({ node }) => node === 'node-0001')).toMatchObject({
      code: 'evidence_missing',
      missing,
    });
  }, 60_000);
});

describe('a rejection', () => {
  const verified = async (altered: MemoryBundle): Promise<string> => {
    const result = verifyBundle(await signedAnew(altered, run.signer));
    expect([result.authentic, result.outcome]).toEqual([false, undefined]);
    return problems(result);
  };

  it('means what its code says, whatever its words are', async () => {
    const line = lineOf(bundle, 'node-0001', 1);
    const missing = ownDigests(bundle, line);
    const detail = `evidence samples.json (${missing[0]}) is missing`;
    expect(await verified(withRejection(bundle, line, { code: 'samples_invalid', detail }))).toContain(
      'rejection_unfounded',
    );
    expect(await verified(withRejection(bundle, line, { code: 'evidence_missing', detail }))).toContain(
      'rejection_unfounded',
    );
    const removed = without(withRejection(bundle, line, { code: 'summary_unfounded', detail }), missing);
    expect(await verified(removed)).toContain('evidence_missing');
    const spoken = without(withRejection(bundle, line, { code: 'evidence_missing', missing, detail: '' }), missing);
    expect(problems(verifyBundle(await handedOver(spoken, run.signer)))).toBe('');
  }, 60_000);

  it('for missing evidence is believed for just what the result names and is not here', async () => {
    const line = lineOf(bundle, 'node-0001', 1);
    const own = ownDigests(bundle, line);
    expect(own.length).toBeGreaterThan(1);
    const reject = (missing: readonly string[], gone = missing) =>
      verified(without(withRejection(bundle, line, { code: 'evidence_missing', missing }), gone));
    // It names none of these.
    const strange = 'a'.repeat(64);
    expect(await reject([strange])).toContain('rejection_unfounded');
    expect(await reject([...own, strange].sort(), own)).toContain('rejection_unproven');
    // Something else is gone, or only some of it is said.
    expect(await reject(own.slice(1), own)).toContain('rejection_unproven');
    expect(await reject([...own].reverse(), own)).toContain('rejection_unproven');
    // All of it, or some, is here all the same.
    expect(await reject(own, [])).toContain('rejection_unfounded');
    expect(await reject(own, own.slice(1))).toContain('no later result brought it');
  }, 120_000);

  it('that names missing digests for another reason is not believed', async () => {
    const line = lineOf(bundle, 'node-0001', 1);
    const { transcript } = entriesOf(bundle)[line] as Measured;
    const late = { ...transcript, endedAt: transcript.issuedAt };
    const missing = ownDigests(bundle, line);
    const altered = withRejection(bundle, line, { code: 'time_unsound', missing, transcript: late });
    expect(await verified(altered)).toContain('rejection_unproven');
  });

  it('for evidence that a later result brought is believed', async () => {
    // The first attempt of this node was refused for another reason; its evidence is here.
    const entries = entriesOf(bundle);
    const at = entries.findIndex((e) => e.kind === 'rejection' && e.node === 'node-0003');
    const { sha256, ...entry } = entries[at] as Extract<LogEntry, { kind: 'rejection' }>;
    const delivery = JSON.parse(textOf(bundle, blobPath(sha256))) as { envelope: unknown };
    const first = payloadOf(delivery.envelope).predicate as Measurement;
    const missing = digestsOf(first);
    const said: LogEntry = { ...entry, sha256, code: 'evidence_missing', missing };
    const early = withEntries(bundle, entries.with(at, said));
    expect(await verified(early)).toContain('no later result brought it');
    const brought = await withMeasurement(
      early,
      lineOf(early, 'node-0003', 2),
      run.nodeSigners.get('node-0003')!,
      (m, statement) => {
        for (const ref of [first.raw!, ...first.evidence]) {
          const late = { ...ref, name: `late-${ref.name}` };
          m.evidence.push(late);
          statement.subject.push({ name: late.name, digest: { sha256: late.sha256 } });
        }
      },
    );
    expect(problems(verifyBundle(await handedOver(brought, run.signer)))).toBe('');
  }, 60_000);
});
