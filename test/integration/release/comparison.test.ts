import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '../../../evidence/digest.ts';
import { AS_SIGNED, OUTSIDE_SIGNATURE } from '../../../reports/text/verification.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import type { SyntheticRun } from '../../bench/report/synthetic.ts';
import { assay } from '../../e2e/program.ts';
import { signedAnew, textOf } from '../../tamper/forger.ts';
import { type MemoryBundle, withFile } from '../../tamper/memory-bundle.ts';
import { scratch, small } from './folder.ts';

const { folder, lay } = scratch();
let bundle: MemoryBundle;
let run: SyntheticRun;
beforeAll(async () => {
  ({ bundle, run } = await small());
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('report compares with a bundle of another version that this one would judge otherwise, and says so', async () => {
  const text = textOf(bundle, PATHS.report);
  const report = Buffer.from(text.replace('"not_passed"', '"passed"'));
  expect(report.toString('utf8')).not.toBe(text);
  const earlier = lay(
    await signedAnew(withFile(bundle, PATHS.report, report), run.signer, (statement) => {
      statement.subject.find((s) => s.name === PATHS.report)!.digest.sha256 = sha256Hex(report);
      statement.predicate.outcome = 'passed';
    }),
  );
  const out = join(folder, 'pages');
  const { status, stdout, stderr } = await assay(['report', lay(bundle), '--compare', earlier, '--out', out]);
  // What had passed and does not pass now is worse.
  expect([status, stdout.includes('comparison.html')], stderr).toEqual([1, true]);
  expect(stdout).toMatch(/^变差 WORSE\n.*\nthe whole no longer passes\n/);
  expect(stderr).toContain(OUTSIDE_SIGNATURE.en);
  const compared = await assay(['report', lay(bundle), '--compare', earlier, '--json']);
  expect([compared.status, JSON.parse(compared.stdout).result]).toEqual([1, 'worse']);
  const same = await assay(['report', lay(bundle), '--compare', lay(bundle)]);
  expect([same.status, same.stdout.split('\n')[0]], same.stderr).toEqual([0, '未变差 NOT WORSE']);
  expect(stderr).toContain(`${earlier}: ${AS_SIGNED.en}`);
  expect(stderr).toContain(`${earlier}：${AS_SIGNED.zh}`);
  const page = readFileSync(join(out, 'comparison.html'), 'utf8');
  expect(page).toMatch(/(?<!NOT )PASSED/);
  expect(page.split(AS_SIGNED.en).length - 1).toBe(1);
  // The later one was judged again here; pages of the earlier one alone say that it was not.
  expect(readFileSync(join(out, PATHS.html), 'utf8')).not.toContain(AS_SIGNED.en);
  const alone = join(folder, 'alone');
  expect((await assay(['report', earlier, '--out', alone])).status).toBe(0);
  for (const path of [PATHS.html, PATHS.markdown]) {
    const text = readFileSync(join(alone, path), 'utf8');
    expect([text.includes(AS_SIGNED.en), text.includes(AS_SIGNED.zh)]).toEqual([true, true]);
  }
}, 600_000);

it('report does not compare with a bundle that was changed', async () => {
  const earlier = lay(bundle);
  writeFileSync(join(earlier, PATHS.report), textOf(bundle, PATHS.report).replace('"not_passed"', '"passed"'));
  const out = join(folder, 'none');
  const { status, stderr } = await assay(['report', lay(bundle), '--compare', earlier, '--out', out]);
  expect([status, stderr]).toEqual([2, expect.stringContaining('bundle_not_authentic')]);
  expect(existsSync(out)).toBe(false);
}, 600_000);
