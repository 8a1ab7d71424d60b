import { beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair, pemSigner } from '../../evidence/keys.ts';
import type { LogEntry } from '../../model/log.ts';
import type { Measurement } from '../../model/measurement.ts';
import type { Report } from '../../model/report.ts';
import { blobPath, PATHS } from '../../reports/verify/layout.ts';
import { verifyBundle } from '../../reports/verify/verify.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import {
  entriesOf,
  handedOver,
  madeBundle,
  payloadOf,
  signedAnew,
  textOf,
  withEntries,
  withManifest,
  withMeasurement,
  withRejection,
} from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

type Measured = Extract<LogEntry, { kind: 'measurement' }>;

let bundle: MemoryBundle;
let run: SyntheticRun;
let entries: LogEntry[];
beforeAll(async () => {
  // One node of every fate: one completes at once, one crashes first, one lies first, one vanishes, one errs, one lags.
  ({ bundle, run } = await madeBundle({ accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 }));
  entries = entriesOf(bundle);
}, 60_000);

/** Everything that was found wrong, each as `step: path problem`. */
const found = (altered: MemoryBundle): string[] => {
  const result = verifyBundle(altered);
  expect(result.authentic).toBe(false);
  return result.steps.flatMap((step) => step.defects.map((d) => `${step.id}: ${d.path} ${d.problem}`));
};
const lineOf = (match: (entry: LogEntry) => boolean): number => {
  const line = entries.findIndex(match);
  expect(line).toBeGreaterThanOrEqual(0);
  return line;
};
const measurementOf = (node: string): number => lineOf((e) => e.kind === 'measurement' && e.node === node);

describe('lines of the log', () => {
  it('each dropped, doubled or exchanged with the next are found, whoever rewrites the manifest', () => {
    for (let i = 0; i < entries.length; i++) {
      const variants = [entries.toSpliced(i, 1), entries.toSpliced(i, 0, entries[i]!)];
      if (i + 1 < entries.length) variants.push(entries.toSpliced(i, 2, entries[i + 1]!, entries[i]!));
      for (const variant of variants) {
        const defects = found(withManifest(withEntries(bundle, variant)));
        expect(
          defects.some((d) => d.includes(PATHS.log)),
          `line ${i + 1}`,
        ).toBe(true);
      }
    }
  }, 60_000);

  it('cut off at any line are found, and so is a last line cut short', () => {
    for (let length = 0; length < entries.length; length++) {
      expect(found(withManifest(withEntries(bundle, entries.slice(0, length)))).join()).toContain(PATHS.log);
    }
    const bytes = bundle.read(PATHS.log)!;
    expect(found(withManifest(withFile(bundle, PATHS.log, bytes.subarray(0, -1)))).join()).toContain('is cut off');
  }, 60_000);

  it('with the same value in other bytes are found', () => {
    const text = Buffer.from(bundle.read(PATHS.log)!).toString('utf8');
    for (const other of [
      text.replace('{"at"', '{ "at"'),
      text.replaceAll('\n', '\r\n'),
      `\n${text}`,
      `\ufeff${text}`,
    ]) {
      expect(found(withManifest(withFile(bundle, PATHS.log, Buffer.from(other)))).join()).toContain(`${PATHS.log}:1`);
    }
    // A byte that is no UTF-8 must not read like the sign that decoders put in its place.
    const lost = lineOf((e) => e.kind === 'lost');
    const marked = entries.with(lost, { ...(entries[lost] as Extract<LogEntry, { kind: 'lost' }>), detail: '\ufffd' });
    const good = withEntries(bundle, marked);
    const bytes = Buffer.from(good.read(PATHS.log)!);
    const at = bytes.indexOf(Buffer.from('\ufffd'));
    const broken = Buffer.concat([bytes.subarray(0, at), Uint8Array.of(0xff), bytes.subarray(at + 3)]);
    expect(found(withManifest(withFile(bundle, PATHS.log, broken))).join()).toContain(
      `${PATHS.log}:${lost + 1} not strict JSON`,
    );
  });
});

describe("even the controller's own key", () => {
  const forged = async (altered: MemoryBundle): Promise<string> =>
    found(await signedAnew(altered, run.signer)).join('\n');

  it('cannot take a failed attempt out of the log', async () => {
    const failed = measurementOf('node-0002');
    expect(await forged(withEntries(bundle, entries.toSpliced(failed, 1)))).toMatch(/node-0002|compute\.gemm\.2/);
    // Nor with the record that it was sent out: the numbers of the attempts have no gap.
    const issue = lineOf((e) => e.kind === 'issue' && e.node === 'node-0002');
    const both = entries.filter((_, line) => line !== failed && line !== issue);
    expect(await forged(withEntries(bundle, both))).toContain('attempt 2 of compute.gemm.2 after 0');
  });

  it('cannot leave the end of an attempt, of a node or of the run open', async () => {
    const lost = lineOf((e) => e.kind === 'lost');
    expect(await forged(withEntries(bundle, entries.toSpliced(lost, 1)))).toContain(
      'completeness: log/entries.jsonl compute.gemm.4/1 was sent out and has no end',
    );
    expect(await forged(withEntries(bundle, entries.slice(0, -1)))).toContain('does not say that the run ended');
  });

  it('cannot change a number that the samples do not give', async () => {
    const line = measurementOf('node-0001');
    const node = run.nodeSigners.get('node-0001')!;
    const altered = await withMeasurement(bundle, line, node, (m) => {
      m.examination.metrics[0]!.estimate.value *= 1.01;
    });
    const text = await forged(altered);
    expect(text).toContain(`summaries: ${PATHS.log}:${line + 1}`);
    expect(text).toContain('evidence_mismatch');
  });

  it('cannot turn a good result into a rejected one', async () => {
    const line = measurementOf('node-0005');
    const { envelope } = entries[line] as Measured;
    const altered = withRejection(bundle, line, { code: 'samples_invalid' });
    expect(await forged(altered)).toContain('compute.gemm.5 was rejected, and nothing is wrong with it');
    const { raw } = payloadOf(envelope).predicate as Measurement;
    const without = withFile(altered, blobPath(raw!.sha256), undefined);
    expect(await forged(without)).toContain('what was rejected of compute.gemm.5: evidence samples.json');
  });

  it('makes nothing of the samples of another measurement: they answer another challenge', async () => {
    const other = payloadOf((entries[measurementOf('node-0007')] as Measured).envelope);
    const theirs = structuredClone(other.predicate) as Measurement;
    const line = measurementOf('node-0001');
    const swapped = await withMeasurement(bundle, line, run.nodeSigners.get('node-0001')!, (m, statement) => {
      Object.assign(m, { raw: theirs.raw, evidence: theirs.evidence, examination: theirs.examination });
      statement.subject = [statement.subject[0]!, ...other.subject.slice(1)];
    });
    expect(await forged(swapped)).toContain('report: report.json is not the report that the evidence gives');
    const honestly = await handedOver(swapped, run.signer);
    expect(verifyBundle(honestly).authentic).toBe(true);
    const report = JSON.parse(textOf(honestly, PATHS.report)) as Report;
    const attempt = report.attempts.find((a) => a.node === 'node-0001')!;
    expect(attempt.findings.filter((f) => f.weight === 'holds').map((f) => f.code)).toContain('stale');
    expect(attempt.metrics.every((metric) => !metric.verified)).toBe(true);
  }, 60_000);

  it('cannot have a measurement signed by another key, or exchange two', async () => {
    const line = measurementOf('node-0001');
    const stranger = pemSigner(generateKeyPair().privatePem);
    for (const signer of [stranger, run.nodeSigners.get('node-0007')!, run.signer]) {
      const altered = await withMeasurement(bundle, line, signer, () => {});
      expect(await forged(altered)).toContain('no signature by a known key');
    }
    const other = measurementOf('node-0007');
    const [a, b] = [entries[line], entries[other]] as Measured[];
    const exchanged = entries
      .with(line, { ...a!, envelope: b!.envelope })
      .with(other, { ...b!, envelope: a!.envelope });
    expect(await forged(withEntries(bundle, exchanged))).toContain('no signature by a known key');
  });

  it('cannot let one node answer for two', async () => {
    const second = lineOf((e) => e.kind === 'node' && e.node === 'node-0002');
    const publicKey = run.nodeSigners.get('node-0001')!.publicKeyPem;
    const node = { ...(entries[second] as Extract<LogEntry, { kind: 'node' }>), publicKey };
    expect(await forged(withEntries(bundle, entries.with(second, node)))).toContain(
      'the key of node-0002 is also that of another node',
    );
  });
});

describe('a measurement of another run', () => {
  it('by the same node and key is not taken', async () => {
    const before = await madeBundle({
      run: 'at-20251121-010000-01d1',
      accelerators: 1,
      windows: 4,
      precisions: ['FP32'],
      readings: 1,
      seed: 7,
      signer: run.signer,
      nodeSigner: (node) => run.nodeSigners.get(node)!,
    });
    const old = entriesOf(before.bundle).find((e) => e.kind === 'measurement' && e.node === 'node-0001')!;
    const line = measurementOf('node-0001');
    const { at } = entries[line]!;
    const files = new Map([...before.bundle.files, ...bundle.files]);
    const whole = { ...bundle, files, paths: [...files.keys()].sort() };
    const replayed = withEntries(whole as MemoryBundle, entries.with(line, { ...old, at }));
    expect(found(await signedAnew(replayed, run.signer)).join('\n')).toContain('the transcript is of another run');
    // With the transcript of this run, its signed words still say which run they are of.
    const { transcript } = entries[line] as Measured;
    const dressed = { ...(old as Measured), at, transcript };
    const other = withEntries(whole as MemoryBundle, entries.with(line, dressed));
    expect(found(await signedAnew(other, run.signer)).join('\n')).toContain('run is at-20251121-010000-01d1');
  });
});
