import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../model/log.ts';
import { addendumPath } from '../../../reports/release/addendum.ts';
import { LABELS } from '../../../reports/text/catalog.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { replay } from '../../../reports/verify/replay.ts';
import type { Trust } from '../../../reports/verify/trust.ts';
import type { Verification } from '../../../reports/verify/verify.ts';
import { assay } from '../../e2e/program.ts';
import { entriesOf, withEntries } from '../../tamper/forger.ts';
import { memoryBundle } from '../../tamper/memory-bundle.ts';
import { Authority, hasOpenssl } from '../evidence/authority.ts';
import { scratch } from './folder.ts';

const { folder } = scratch();
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A run that measures nothing: what is handed over and stamped is a whole bundle all the same. */
const accept = (out: string, ...more: string[]) =>
  assay(['accept', '--target', 'service.clients', '--out', out, ...more]);

const text = (bundle: string, path: string): string => readFileSync(join(bundle, path), 'utf8');

async function stampsOf(bundle: string, caPem: string): Promise<Verification> {
  const controller = text(bundle, PATHS.controllerKey);
  const trust: Trust = {
    schema: 'assay/trust/v1',
    controllers: [{ name: 'laboratory', publicKey: controller }],
    reviewers: [],
    approvers: [],
    stampAuthorities: [caPem],
    guides: [],
  };
  writeFileSync(join(folder, 'trust.json'), JSON.stringify(trust));
  return JSON.parse((await assay(['verify', bundle, '--trust', join(folder, 'trust.json'), '--json'])).stdout);
}
const stepOf = (result: Verification, id: string) => result.steps.find((s) => s.id === id)!;

describe.skipIf(!hasOpenssl)('accept and a time-stamping authority (skipped: no openssl command here)', () => {
  let authority: Authority;
  let url: string;
  beforeAll(async () => {
    authority = new Authority(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    url = await authority.listen();
  }, 60_000);
  afterAll(() => authority?.close());

  it('has the evaluation stamped once it is signed, and the report says what was true when it was made', async () => {
    const bundle = join(folder, 'stamped');
    const ended = await accept(bundle, '--authority', url);
    expect([ended.status, ended.stderr], ended.stderr).toEqual([3, expect.not.stringContaining('stamp_failed')]);
    const addendum = JSON.parse(text(bundle, addendumPath(1))) as { path: string };
    // The manifest names the digest of the signed evaluation and of every other file.
    expect(addendum.path).toBe(PATHS.manifest);
    expect(text(bundle, PATHS.manifest)).toContain(`"path":"${PATHS.evaluation}"`);
    const result = await stampsOf(bundle, authority.caPem);
    expect([result.authentic, stepOf(result, 'stamps').state, stepOf(result, 'pages').state]).toEqual([
      true,
      'good',
      'good',
    ]);
    for (const what of ['the plan: ', 'the log at its end: ']) {
      expect(stepOf(result, 'stamps').note?.en).toContain(what);
    }
    expect(stepOf(result, 'stamps').note?.en.match(/by CN=Test Authority/g)).toHaveLength(3);
    const stamps = entriesOf(memoryBundle(bundle)).filter((entry) => entry.kind === 'stamp');
    expect(stamps.map(({ of }) => of)).toEqual(['plan', 'log']);
    for (const path of [PATHS.html, PATHS.markdown]) {
      for (const sentence of Object.values(LABELS.notStamped)) expect(text(bundle, path)).toContain(sentence);
    }
  }, 120_000);

  it('has the plan stamped before anything runs and the log at its end, each in its place and of nothing else', async () => {
    const bundle = memoryBundle(join(folder, 'stamped'));
    const entries = entriesOf(bundle);
    const problemOf = (changed: readonly LogEntry[]): string => {
      const replayed = replay(withEntries(bundle, changed));
      return replayed.ok ? '' : replayed.defects.map(({ code }) => code).join();
    };
    expect(problemOf(entries)).toBe('');
    const [plan, log] = entries.filter((entry) => entry.kind === 'stamp');
    const without = (gone: unknown) => entries.filter((entry) => entry !== gone);
    const at = entries.findIndex((entry) => entry.kind === 'plan');
    const otherwise = (entry: LogEntry | undefined, change: object) =>
      entries.map((one) => (one === entry ? ({ ...one, ...change } as LogEntry) : one));
    // Each of these would let a stamp speak for other moments than those it was asked for.
    expect(problemOf([...entries.slice(0, at), plan!, ...without(plan).slice(at)])).toContain('entry_order');
    expect(problemOf(entries.flatMap((entry) => (entry === plan ? [entry, entry] : [entry])))).toContain('entry_order');
    // After the plan and before its stamp.
    expect(problemOf([...without(log).slice(0, at + 1), log!, ...without(log).slice(at + 1)])).toContain('stamp_other');
    expect(problemOf(otherwise(plan, { sha256: '0'.repeat(64) }))).toContain('stamp_other');
    expect(problemOf(otherwise(log, { response: plan!.response }))).toContain('stamp_other');
    expect(problemOf(otherwise(log, { response: 'AAAA' }))).toContain('stamp_invalid');
  });

  it('is done without a stamp where none is available, says so, and the bundle is stamped later', async () => {
    const bundle = join(folder, 'later');
    authority.instead = { status: 503, body: Buffer.from('closed') };
    const ended = await accept(bundle, '--authority', url);
    authority.instead = undefined;
    expect(ended.status).toBe(3);
    expect(ended.stderr).toMatch(/warning: 未加盖时间戳 not stamped; .*stamp_failed: .*status 503/);
    expect(ended.stderr).toMatch(/测试计划未加盖时间戳 the plan was not stamped: stamp_failed/);
    expect(ended.stderr).toMatch(/测试日志未加盖时间戳 the log was not stamped: stamp_failed/);
    expect(openBundle(bundle).paths.filter((path) => path.startsWith('addenda/'))).toEqual([]);
    expect(stepOf(await stampsOf(bundle, authority.caPem), 'stamps')).toMatchObject({
      state: 'not_checked',
      note: { zh: '未加盖时间戳', en: 'not stamped' },
    });
    expect((await assay(['stamp', bundle, '--authority', url])).stdout.trim()).toBe(addendumPath(1));
    const result = await stampsOf(bundle, authority.caPem);
    expect([result.authentic, stepOf(result, 'stamps').state]).toEqual([true, 'good']);
  }, 120_000);

  it.each(['tsa.example', 'ftp://tsa.example/', ''])('is refused at once with the address "%s"', async (address) => {
    const bundle = join(folder, 'refused');
    for (const args of [
      ['accept', '--out', bundle],
      ['stamp', bundle],
    ]) {
      const { status, stderr } = await assay([...args, '--authority', address]);
      expect([status, stderr]).toEqual([64, expect.stringContaining('http:// or https://')]);
    }
  });
});
