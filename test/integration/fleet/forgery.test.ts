import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalize } from '../../../evidence/canonical.ts';
import { signCheckpoint } from '../../../evidence/checkpoint.ts';
import { sha256Hex, sm3Hex } from '../../../evidence/digest.ts';
import { seal } from '../../../evidence/envelope.ts';
import { generateKeyPair, pemSigner, type Signer } from '../../../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../../../evidence/statement.ts';
import type { LogEntry } from '../../../model/log.ts';
import { outcomeWord } from '../../../model/outcome.ts';
import { renderPages } from '../../../reports/build/pages.ts';
import { buildReport } from '../../../reports/build/report.ts';
import { bundleReadme } from '../../../reports/text/readme.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { type Bundle, DOCUMENTS, isAfterManifest, logOrigin, PATHS, RENDERED } from '../../../reports/verify/layout.ts';
import { replay } from '../../../reports/verify/replay.ts';
import type { Trust } from '../../../reports/verify/trust.ts';
import { type Verification, verifyBundle } from '../../../reports/verify/verify.ts';
import { bundleOf, type MemoryBundle, memoryBundle, withFile } from '../../tamper/memory-bundle.ts';
import { joinStage, openStage, type Stage } from './scripted.ts';

/** A run of two attempts that both failed, as the real controller recorded it. */
async function failedRun(): Promise<{ stage: Stage; bundle: MemoryBundle }> {
  const stage = await openStage();
  const agent = await joinStage(stage);
  await agent.answer(await agent.order());
  const { logIndex } = await agent.next('resultReceipt');
  expect(Number(logIndex)).toBeGreaterThan(0);
  const second = await agent.order();
  const [entry] = lines(openBundle(stage.directory.path)).filter((e) => e.kind === 'measurement');
  const payload = Buffer.from((entry as { envelope: { payload: string } }).envelope.payload, 'base64');
  await agent.answer(second, { sequence: 2, previous: sha256Hex(payload) });
  await agent.next('resultReceipt');
  await stage.done;
  await stage.report();
  return { stage, bundle: memoryBundle(stage.directory.path) };
}

const lines = (bundle: Pick<Bundle, 'read'>): LogEntry[] =>
  Buffer.from(bundle.read(PATHS.log)!)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogEntry);

const withLog = (bundle: MemoryBundle, entries: readonly LogEntry[]): MemoryBundle =>
  withFile(bundle, PATHS.log, Buffer.from(entries.map((e) => `${canonicalize(e)}\n`).join('')));

/** Makes the manifest fit again, as anybody can. */
function withManifest(bundle: MemoryBundle): MemoryBundle {
  const files = bundle.paths
    .filter((path) => !isAfterManifest(path))
    .map((path) => {
      const bytes = bundle.read(path)!;
      return { path, bytes: bytes.byteLength, sha256: sha256Hex(bytes), sm3: sm3Hex(bytes) };
    });
  return withFile(bundle, PATHS.manifest, canonicalBytes({ schema: 'assay/manifest/v1', run: 'at-test', files }));
}

/** Judges, renders and signs everything anew with a key, as somebody who holds a controller's key could. */
async function resigned(bundle: MemoryBundle, signer: Signer): Promise<MemoryBundle> {
  let forged = withFile(bundle, PATHS.controllerKey, Buffer.from(signer.publicKeyPem));
  const entries = await Promise.all(
    lines(forged).map(async (entry) => {
      if (entry.kind !== 'plan') return entry;
      const { payload } = entry.envelope as { payload: string };
      return { ...entry, envelope: await seal(PAYLOAD_TYPE, Buffer.from(payload, 'base64'), [signer]) };
    }),
  );
  forged = withLog(forged, entries);
  const replayed = replay(forged);
  if (!replayed.ok) return withManifest(forged);
  const facts = { number: 'AT-TEST', judgedAt: '2026-01-01T00:00:00.000Z', software: { name: 'assay', version: '0' } };
  const report = buildReport(replayed.replay, facts);
  const bytes = Buffer.from(canonicalize(report));
  forged = withFile(forged, PATHS.report, bytes);
  for (const [path, text] of renderPages(report)) forged = withFile(forged, path, Buffer.from(text));
  forged = withFile(forged, PATHS.readme, Buffer.from(bundleReadme(report)));
  const evaluation = {
    schema: 'assay/evaluation/v1',
    run: report.run,
    ...facts,
    outcome: outcomeWord(report.overall),
    log: report.log,
  };
  const made = [PATHS.report, ...RENDERED, ...DOCUMENTS].filter((path) => forged.read(path));
  const subjects = made.map((name) => ({
    name,
    digest: { sha256: sha256Hex(forged.read(name)!) },
  }));
  const payload = canonicalBytes(statement(subjects, 'evaluation', evaluation));
  forged = withFile(forged, PATHS.evaluation, canonicalBytes(await seal(PAYLOAD_TYPE, payload, [signer])));
  const checkpoint = { origin: logOrigin(report.run), size: report.log.entries, root: report.log.root };
  return withManifest(withFile(forged, PATHS.checkpoint, Buffer.from(await signCheckpoint(checkpoint, signer))));
}

const found = (v: Verification): string =>
  v.steps.flatMap((s) => s.defects.map((d) => `${d.path}: ${d.problem}`)).join('\n');

let stage: Stage;
let other: Stage;
let bundle: MemoryBundle;
let stranger: MemoryBundle;
const attacker = pemSigner(generateKeyPair().privatePem);

beforeAll(async () => {
  ({ stage, bundle } = await failedRun());
  ({ stage: other, bundle: stranger } = await failedRun());
});
afterAll(() => {
  for (const s of [stage, other]) rmSync(s.scratch, { recursive: true, force: true });
});

const trust = (): Trust => ({
  schema: 'assay/trust/v1',
  controllers: [{ name: 'ours', publicKey: Buffer.from(bundle.read(PATHS.controllerKey)!).toString('utf8') }],
  reviewers: [],
  approvers: [],
  stampAuthorities: [],
  guides: [],
});

describe('a bundle that was forged with care', () => {
  it('is authentic as it was made', () => {
    expect(found(verifyBundle(bundle, trust()))).toBe('');
    expect(verifyBundle(bundle, trust()).authentic).toBe(true);
  });

  it.each<[string, (entries: LogEntry[]) => LogEntry[]]>([
    ['without its failed attempt', (entries) => entries.filter((e) => e.kind !== 'measurement')],
    ['without its first attempt', (e) => e.filter((_, i) => i !== e.findIndex((x) => x.kind === 'measurement'))],
    ['without the issue of an attempt', (e) => e.filter((_, i) => i !== e.findIndex((x) => x.kind === 'issue'))],
    ['with two entries swapped', (e) => [...e.slice(0, -3), e.at(-2)!, e.at(-3)!, e.at(-1)!]],
    ['with an entry twice', (e) => [...e.slice(0, -1), e.at(-2)!, e.at(-1)!]],
    ['cut off before its end', (e) => e.slice(0, -1)],
    ['that goes on after its end', (e) => [...e, e.at(-1)!]],
  ])('is found out: a log %s, with a manifest that fits', (_, change) => {
    const result = verifyBundle(withManifest(withLog(bundle, change(lines(bundle)))), trust());
    expect(result.authentic).toBe(false);
    expect(found(result)).toContain('log/');
  });

  it.each<[string, (entries: LogEntry[]) => LogEntry[]]>([
    ['a failed attempt is left out', (e) => e.filter((_, i) => i !== e.findIndex((x) => x.kind === 'measurement'))],
    [
      'the transcript of an attempt is changed',
      (e) => e.map((x) => (x.kind === 'measurement' ? { ...x, transcript: { ...x.transcript, attempt: 9 } } : x)),
    ],
    [
      'a measurement of another run is put in',
      (e) =>
        e.map((x) => (x.kind === 'measurement' ? (lines(stranger).find((y) => y.kind === 'measurement') ?? x) : x)),
    ],
  ])('is found out even if the controller itself signs it: %s', async (_, change) => {
    const forged = await resigned(withLog(bundle, change(lines(bundle))), attacker);
    const result = verifyBundle(forged);
    expect(result.authentic, found(result)).toBe(false);
  });

  it('is found out when all of it was signed anew by somebody else, by whoever has a trust file', async () => {
    const forged = await resigned(bundle, attacker);
    expect(found(verifyBundle(forged))).toBe('');
    const result = verifyBundle(forged, trust());
    expect(result.authentic).toBe(false);
    expect(found(result)).toContain('not the key of a controller that you trust');
  });

  it('is found out when it brings a softer guide under the name of a known one', async () => {
    const guide = JSON.parse(Buffer.from(bundle.read(PATHS.guide)!).toString('utf8')) as {
      targets: { mandatory: boolean }[];
    };
    for (const target of guide.targets) target.mandatory = false;
    const bytes = canonicalBytes(guide);
    const sha256 = sha256Hex(bytes);
    const entries = lines(bundle).map((entry): LogEntry => {
      if (entry.kind === 'inputs') return { ...entry, files: [{ path: PATHS.guide, sha256 }] };
      if (entry.kind !== 'plan') return entry;
      const envelope = entry.envelope as { payload: string };
      const text = Buffer.from(envelope.payload, 'base64')
        .toString('utf8')
        .replace(/("sha256":")[0-9a-f]{64}/g, `$1${sha256}`);
      return { ...entry, envelope: { ...envelope, payload: Buffer.from(text).toString('base64') } };
    });
    const forged = await resigned(withLog(withFile(bundle, PATHS.guide, bytes), entries), attacker);
    const result = verifyBundle(forged);
    expect(result.authentic).toBe(false);
    expect(found(result)).toContain('guide.json');
  });

  it('is found out when another page is put in with a manifest that fits', () => {
    const page = Buffer.from(Buffer.from(bundle.read(PATHS.html)!).toString('utf8').replaceAll('无法判定', '通过'));
    const result = verifyBundle(withManifest(withFile(bundle, PATHS.html, page)), trust());
    expect(found(result)).toContain('report.html: is not the page that the report gives');
  });

  it('does not become trusted by a trust file of its own', () => {
    const own = withManifest(withFile(bundleOf(bundle.files), 'trust.json', Buffer.from(canonicalize(trust()))));
    const mine = { ...trust(), controllers: [{ name: 'mine', publicKey: attacker.publicKeyPem }] };
    expect(verifyBundle(own, mine).authentic).toBe(false);
  });
});
