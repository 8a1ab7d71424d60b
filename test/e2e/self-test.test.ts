import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../model/report.ts';
import { builtinGuides } from '../../reports/guides/builtin.ts';
import { verifyFolder } from '../../reports/verify/desk.ts';
import { PATHS } from '../../reports/verify/layout.ts';
import type { Trust } from '../../reports/verify/trust.ts';
import { DOMAINS, registerGuide } from '../tamper/register-guide.ts';
import { assay, type Ended, listing, ROOT } from './program.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assay-self-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (name: string): string => join(scratch, name);
const bundle = at('bundle');
const text = (path: string): string => readFileSync(join(bundle, path), 'utf8');
const guide = registerGuide();
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
let ended: Ended;

function trusted(name: string, change: Partial<Trust>): string {
  const nobody = { controllers: [], reviewers: [], approvers: [], stampAuthorities: [], guides: [guide.sha256] };
  writeFileSync(at(name), JSON.stringify({ schema: 'assay/trust/v1', ...nobody, ...change }));
  return at(name);
}

beforeAll(async () => {
  mkdirSync(at('registers'));
  writeFileSync(at('registers/domains.csv'), DOMAINS);
  writeFileSync(at('guide.json'), guide.bytes);
  writeFileSync(
    at('claims.json'),
    JSON.stringify({ schema: 'assay/claims/v1', platform: { customer: '示例单位' }, targets: {} }),
  );
  await assay(['keygen', at('own')]);
  ended = await assay([
    ...['accept', '--profile', 'quick', '--guide', at('guide.json'), '--claims', at('claims.json')],
    ...['--registers', at('registers'), '--key', at('own.key'), '--out', bundle],
  ]);
}, 600_000);

describe('accept by a guide of one’s own', () => {
  it('passes every target and cannot tell the whole, which the terminal marks', () => {
    expect(ended.status, ended.stderr).toBe(3);
    for (const words of ['指南未知', 'guide not known', '无法判定 CANNOT TELL', 'SELF-TEST PASSED', '1 pass: 1 E0']) {
      expect(ended.stdout.replace(/\s+/g, ' ')).toContain(words);
    }
    const report = JSON.parse(text(PATHS.report)) as Report;
    expect(report).toMatchObject({
      controller: { relation: 'self', holder: '示例单位' },
      guide: { known: false },
      overall: { outcome: 'cannot_tell', judged: 'passed', passes: { E0: 1 } },
      verdicts: [{ outcome: 'pass', level: 'E0', relation: 'self' }],
    });
  });

  it('is a self-test in every file of the bundle that people read, and in the title of the PDF', () => {
    for (const path of [PATHS.html, PATHS.markdown, PATHS.readme]) {
      expect(text(path), path).toContain('算力平台自测报告');
      expect(text(path), path).toContain('示例单位');
    }
    for (const path of listing(bundle).filter((name) => /\.(html|md|txt|csv|xml|json)$/.test(name))) {
      if (path !== PATHS.guide) expect(text(path), path).not.toMatch(/验收(测试)?报告|Acceptance (Test )?Report/);
    }
  });

  it.skipIf(!existsSync('/usr/bin/pdfinfo'))(
    'names the PDF so (skipped: poppler-utils is not installed)',
    (context) => {
      context.skip(!existsSync(join(bundle, PATHS.pdf)), 'no browser printed a PDF here');
      const info = execFileSync('/usr/bin/pdfinfo', [join(bundle, PATHS.pdf)], { encoding: 'utf8' });
      expect(info).toMatch(/Title:\s+算力平台自测报告/);
    },
  );
});

describe('verify of that bundle', () => {
  it('passes only for a reader whose trust file has both the key and the guide', async () => {
    const own = { name: 'our own controller', publicKey: readFileSync(at('own.pem'), 'utf8') };
    const cases: [string, Partial<Trust> | undefined, number, string][] = [
      ['none', undefined, 3, 'no trust file'],
      ['no-guide', { controllers: [own], guides: [] }, 3, 'is not a guide that you trust'],
      ['no-key', {}, 3, 'is not in your trust file'],
      ['reviewer', { reviewers: [own] }, 3, 'is not in your trust file'],
      ['both', { controllers: [own] }, 0, 'belongs to: our own controller'],
    ];
    for (const [name, change, exit, words] of cases) {
      const trust = change && trusted(`${name}.json`, change);
      const result = await verifyFolder({ folder: bundle, trust, version });
      expect(result.exit, name).toBe(exit);
      expect(result.text, name).toContain(words);
      expect(result.text, name).toContain('whoever trusts the holder');
      expect(result.text, name).not.toContain('验收报告');
    }
    const json = JSON.parse((await assay(['verify', bundle, '--json'])).stdout);
    expect(json).toMatchObject({
      outcome: 'cannot_tell',
      controller: { relation: 'self', holder: '示例单位' },
      undecided: { steps: ['guide'], reasons: ['controller_unvouched'], judged: 'passed' },
    });
  }, 600_000);
});

describe('a foreign file under a known id', () => {
  it('is refused by accept and plan before anything is measured', async () => {
    const known = builtinGuides()[0]!.guide;
    writeFileSync(at('foreign.json'), JSON.stringify({ ...known, allowsWaivers: true }));
    for (const command of [['accept', '--out', at('foreign')], ['plan']]) {
      const refused = await assay([...command, '--guide', at('foreign.json')]);
      expect(refused.status).toBe(64);
      expect(refused.stderr).toContain('guide_foreign: ');
    }
    expect(existsSync(at('foreign'))).toBe(false);
  }, 600_000);
});
