import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalize, parseStrict } from '../../evidence/canonical.ts';
import { Envelope } from '../../evidence/envelope.ts';
import { check } from '../../model/schema.ts';
import { buildReport } from '../../reports/build/report.ts';
import { openBundle } from '../../reports/verify/disk.ts';
import { type Bundle, PATHS } from '../../reports/verify/layout.ts';
import { Evaluation } from '../../reports/verify/manifest.ts';
import { replay } from '../../reports/verify/replay.ts';
import { memoryBundle, withFile } from '../tamper/memory-bundle.ts';

const runs = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** What the controller signed with the report: number, moment, software. */
function evaluationOf(bundle: Bundle): Evaluation {
  const envelope = check(Envelope, parseStrict(bundle.read(PATHS.evaluation)!));
  if (!envelope.ok) throw new Error(envelope.problems.join());
  const { predicate } = JSON.parse(Buffer.from(envelope.value.payload, 'base64').toString('utf8')) as { predicate: unknown };
  const evaluation = check(Evaluation, predicate);
  if (!evaluation.ok) throw new Error(evaluation.problems.join());
  return evaluation.value;
}

describe('evidence that was saved from a real run', () => {
  it('is here', () => expect(runs.length).toBeGreaterThan(0));

  it.each(runs)('%s gives the same report, byte for byte', (name) => {
    const bundle = openBundle(join(import.meta.dirname, name));
    const replayed = replay(bundle);
    if (!replayed.ok) throw new Error(JSON.stringify(replayed.defects));
    const report = canonicalize(buildReport(replayed.replay, evaluationOf(bundle)));
    expect(report).toBe(Buffer.from(bundle.read(PATHS.report)!).toString('utf8'));
  });

  it.each(runs)('%s gives another report when an entry of its log is another', (name) => {
    const bundle = memoryBundle(join(import.meta.dirname, name));
    const log = Buffer.from(bundle.read(PATHS.log)!).toString('utf8');
    const last = log.trimEnd().lastIndexOf('\n') + 1;
    const altered = Buffer.from(log.slice(0, last) + log.slice(last).replace(/"at":"\d{4}/, '"at":"2099'));
    const replayed = replay(withFile(bundle, PATHS.log, altered));
    if (!replayed.ok) throw new Error(JSON.stringify(replayed.defects));
    const report = canonicalize(buildReport(replayed.replay, evaluationOf(bundle)));
    expect(report).not.toBe(Buffer.from(bundle.read(PATHS.report)!).toString('utf8'));
  });
});
