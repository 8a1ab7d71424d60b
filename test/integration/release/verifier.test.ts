import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../evidence/digest.ts';
import { verifyInclusion } from '../../../evidence/merkle.ts';
import { signBundle } from '../../../reports/release/desk.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { buildVerifier } from '../../../reports/verify/single-file.ts';
import type { Verification } from '../../../reports/verify/verify.ts';
import type { SyntheticRun } from '../../bench/report/synthetic.ts';
import { madeBundle } from '../../tamper/forger.ts';
import type { MemoryBundle } from '../../tamper/memory-bundle.ts';
import { passingRun, registerGuide } from '../../tamper/register-guide.ts';
import { person, scratch, small } from './folder.ts';

const { folder, lay } = scratch();
const outside = join(folder, 'machine without packages');
const verifier = join(outside, 'assay-verify.mjs');
let bundle: MemoryBundle;
let run: SyntheticRun;
let digest: string;
beforeAll(async () => {
  ({ bundle, run } = await small());
  mkdirSync(outside);
  digest = await buildVerifier(verifier);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A Node before 22 that the system has. */
const OLD_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return /^v20\./.test(stdout ?? '');
});

/** Plain Node in a folder of its own, with nothing in its environment but the path. */
const check = (...args: string[]) =>
  spawnSync(process.execPath, [verifier, ...args], {
    cwd: outside,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  });

describe('the verifier as one file', () => {
  it('needs nothing but Node, and its bytes do not depend on where or when it is made', async () => {
    const text = readFileSync(verifier, 'utf8');
    const imported = [...text.matchAll(/^import\b[^'"]*["']([^'"]+)["']/gm)].map((match) => match[1]!);
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((name) => !name.startsWith('node:') && !NODE_OWN.has(name))).toEqual([]);
    expect(text.length).toBeLessThan(4_000_000);
    expect(await buildVerifier(join(folder, 'again.mjs'))).toBe(digest);
    expect(sha256Hex(readFileSync(verifier))).toBe(digest);
  }, 60_000);

  it('says of a good bundle how the platform was judged, in both languages', () => {
    const { status, stdout, stderr } = check(lay(bundle));
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toContain('证据包一致。判定结果：');
    expect(stdout).toContain('The bundle is consistent. Outcome: ');
    expect(stdout.match(/^ ?\d+ (ok | - ) /gm)).toHaveLength(10);
  });

  it('says the same as JSON, with what an auditor needs to compare and to look up', () => {
    const laid = lay(bundle);
    const result = JSON.parse(check(laid, '--json').stdout) as Verification & { schema: string };
    expect(result).toMatchObject({ schema: 'assay/verification/v1', authentic: true, outcome: 'not_passed' });
    const lines = readFileSync(join(laid, PATHS.log), 'utf8').split('\n');
    expect(result.log).toMatchObject({ size: lines.length - 1, keyId: run.signer.keyId });
    const grounds = result.verdicts!.find((v) => v.target === 'compute.precisions')!.evidence;
    expect(grounds.length).toBeGreaterThan(0);
    for (const { sha256, line } of grounds) {
      expect(JSON.parse(lines[line! - 1]!)).toMatchObject({ kind: 'measurement' });
      const { proof } = JSON.parse(check(laid, '--json', '--proof', sha256).stdout) as {
        proof: { line: number; index: number; size: number; root: string; leafHash: string; path: string[] };
      };
      expect(proof.line).toBe(line);
      expect(proof.root).toBe(result.log!.root);
      expect(proof.leafHash).toBe(sha256Hex(Buffer.concat([Uint8Array.of(0), Buffer.from(lines[line! - 1]!)])));
      expect(verifyInclusion(proof.leafHash, proof.index, proof.size, proof.path, proof.root)).toBe(true);
    }
    const unknown = check(laid, '--proof', '0'.repeat(64));
    expect([unknown.status, unknown.stdout]).toEqual([64, '']);
    expect(unknown.stderr).toMatch(/^assay: record_unknown: /);
    const none = check(laid, '--proof', 'zero');
    expect([none.status, none.stderr.startsWith('assay: digest_invalid: ')]).toEqual([64, true]);
  }, 60_000);

  it('tells a changed bundle from a good one, and names the file', () => {
    const laid = lay(bundle);
    writeFileSync(join(laid, PATHS.markdown), readFileSync(join(laid, PATHS.markdown), 'utf8').replace('#', '!'));
    const { status, stdout } = check(laid);
    expect(status).toBe(2);
    expect(stdout).toContain('report.md: 内容已被改动 was changed');
    expect(stdout).toContain('NOT AUTHENTIC');
    expect(JSON.parse(check(laid, '--json').stdout)).toMatchObject({ authentic: false, outcome: null });
  });

  it('believes the trust file it is given and nobody else', async () => {
    const laid = lay(bundle);
    const [reviewer, approver] = [person(), person()];
    const signedAt = '2026-11-21T03:00:00.000Z';
    await signBundle(laid, { role: 'reviewer', name: 'R', signer: reviewer, signedAt });
    const trust = join(folder, 'trust.json');
    const own = (publicKey: string) => ({
      schema: 'assay/trust/v1',
      controllers: [{ name: 'laboratory', publicKey }],
      reviewers: [{ name: 'R', publicKey: reviewer.publicKeyPem }],
      approvers: [],
      stampAuthorities: [],
      guides: [],
    });
    writeFileSync(trust, JSON.stringify(own(run.signer.publicKeyPem)));
    expect(check(laid, '--trust', trust).status).toBe(1);
    writeFileSync(trust, JSON.stringify(own(approver.publicKeyPem)));
    expect(check(laid, '--trust', trust).status).toBe(2);
    copyFileSync(trust, join(laid, 'trust.json'));
    const brought = check(laid, '--trust', join(laid, 'trust.json'));
    expect([brought.status, brought.stderr.includes('trust_invalid')]).toEqual([64, true]);
  });

  it('concludes of a self-test what the other verifier does: nothing without a trust file that has its key', async () => {
    const { bundle: self, run } = await madeBundle(passingRun({ relation: 'self', holder: '示例单位' }));
    const laid = lay(self);
    const trust = join(folder, 'self-trust.json');
    const controllers = [{ name: 'our own', publicKey: run.signer.publicKeyPem }];
    const nobody = { reviewers: [], approvers: [], stampAuthorities: [], guides: [registerGuide().sha256] };
    const by = (named: object[]) => {
      writeFileSync(trust, JSON.stringify({ schema: 'assay/trust/v1', ...nobody, controllers: named }));
      return check(laid, '--trust', trust);
    };
    expect([check(laid).status, by([]).status, by(controllers).status]).toEqual([3, 3, 0]);
    expect(by(controllers).stdout).toContain('SELF-TEST PASSED');
  }, 600_000);

  it('answers wrong use with a coded error and exit code 64, and --help with 0', () => {
    const laid = lay(bundle);
    const packed = join(folder, 'bundle.zip');
    writeFileSync(packed, 'PK');
    for (const [code, ...args] of [
      ['verifier_usage'],
      ['verifier_usage', 'a', 'b'],
      ['verifier_usage', '--fast'],
      ['bundle_unreadable', join(folder, 'none')],
      ['bundle_missing', dirname(laid)],
      ['bundle_missing', outside],
      ['bundle_packed', packed],
      ['bundle_is_file', join(laid, PATHS.html)],
      ['file_unreadable', laid, '--trust', 'none'],
    ] as const) {
      const { status, stderr } = check(...args);
      expect([status, stderr.split(': ', 2)[1]], args.join()).toEqual([64, code]);
      expect(stderr).toMatch(/[一-龥]/);
      // Where the file is carried to there is nothing else of ours.
      expect(stderr).not.toContain('./assay');
    }
    expect(check(dirname(laid)).stderr).toContain(`but in ${join(dirname(laid), 'bundle-')}`);
    expect(check(join(laid, PATHS.html)).stderr).toContain(`the bundle that it is in is ${laid}`);
    const help = check('--help');
    expect([help.status, help.stdout.includes('Usage: node assay-verify.mjs')]).toEqual([0, true]);
  });

  it.skipIf(!OLD_NODE)(
    'says on an older Node that it needs a newer one (skipped where the system has no Node 20)',
    () => {
      const run = spawnSync(OLD_NODE!, [verifier, lay(bundle)], { cwd: outside, env: {}, encoding: 'utf8' });
      expect([run.status, run.stdout]).toEqual([64, '']);
      expect(run.stderr).toMatch(/^assay: node_too_old: .*v20\./);
      expect(run.stderr).toContain('Node 22');
      expect(run.stderr).not.toContain('./assay');
    },
  );

  it('names files that operating systems added, and judges as before', () => {
    const laid = lay(bundle);
    writeFileSync(join(laid, '.DS_Store'), 'x');
    writeFileSync(join(laid, 'report.html:Zone.Identifier'), 'x');
    const { status, stdout } = check(laid);
    expect([status, stdout.includes('not read: .DS_Store, report.html:Zone.Identifier')]).toEqual([1, true]);
  });

  it('is built by the command that the documentation shows, and takes the options that it shows', () => {
    const root = resolve(import.meta.dirname, '../../..');
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const text = readFileSync(join(root, 'docs', 'evaluators.md'), 'utf8');
    const shown = [...text.matchAll(/^\$ npm run (\S+)$/gm)].map((match) => match[1]!);
    expect(shown).toEqual(['verifier']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(shown));
    const help = check('--help').stdout;
    const options = [...text.matchAll(/^\$ node assay-verify\.mjs (.+)$/gm)].flatMap(
      (m) => m[1]!.match(/--\S+/g) ?? [],
    );
    expect(options.length).toBeGreaterThan(0);
    for (const option of options) expect(help).toContain(`${option} `);
  });

  it('leaves nothing behind', () => {
    expect(existsSync(join(outside, 'node_modules'))).toBe(false);
    check(lay(bundle));
    expect(sha256Hex(readFileSync(verifier))).toBe(digest);
  });
});

/** Node's own modules under their old names, as bundled packages import them. */
const NODE_OWN = new Set(['assert', 'buffer', 'crypto', 'events', 'fs', 'os', 'path', 'stream', 'util', 'url', 'zlib']);
