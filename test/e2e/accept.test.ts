import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../model/report.ts';
import { checkFiles } from '../../reports/verify/files.ts';
import { verifyBundle } from '../../reports/verify/verify.ts';
import { alterations } from '../tamper/alterations.ts';
import { memoryBundle } from '../tamper/memory-bundle.ts';
import { assay, type Ended, listing, processesWith, ROOT } from './program.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assay-e2e-'));
const bundle = join(scratch, 'bundle');
let ended: Ended;
let before: string[];
let after: string[];
let report: Report;

/** A home and a temporary folder of its own, so that whatever a library litters is seen. */
const home = join(scratch, 'home');
const temporary = join(scratch, 'temporary');
const project = (): string[] => listing(ROOT).filter((p) => !/^(node_modules|\.git|\.cache|test)\b/.test(p));

beforeAll(async () => {
  mkdirSync(home);
  mkdirSync(temporary);
  before = project();
  const env = { HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: join(home, '.cache') };
  ended = await assay(['accept', '--profile', 'quick', '--out', bundle], { env });
  after = project();
  report = JSON.parse(readFileSync(join(bundle, 'report.json'), 'utf8')) as Report;
}, 600_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('assay accept --profile quick on this machine', () => {
  it('ends with "not passed" and exit code 1', () => {
    expect(ended.status, ended.stderr).toBe(1);
    expect(report.overall.outcome).toBe('not_passed');
    expect(ended.stdout).toContain('NOT PASSED');
  });

  it('gives every target of the guide a verdict, in the order of the guide', () => {
    const guide = JSON.parse(readFileSync(join(bundle, 'guide.json'), 'utf8')) as { targets: { id: string }[] };
    expect(report.verdicts.map((v) => v.target)).toEqual(guide.targets.map((t) => t.id));
    for (const verdict of report.verdicts) {
      if (verdict.outcome !== 'pass') expect(verdict.reasons.length, verdict.target).toBeGreaterThan(0);
    }
  });

  it('states the true gap of the computing capacity, with the precision beside it', () => {
    const [requirement] = report.verdicts.find((v) => v.target === 'compute.capacity')!.requirements;
    expect(requirement!.outcome).toBe('fail');
    expect(requirement!.estimate!.value).toBeGreaterThan(1e9);
    expect(requirement!.estimate!.value).toBeLessThan(1e15);
    expect(requirement!.choice?.value).toMatch(/^(FP|BF|TF|INT)\d+$/);
  });

  it('never passes a target that asks for more time than the quick profile has', () => {
    for (const id of ['users.concurrent', 'records.simultaneous', 'compute.capacity']) {
      expect(report.verdicts.find((v) => v.target === id)?.outcome, id).not.toBe('pass');
    }
  });

  it('carries the digest of a signed measurement on every measured line', () => {
    for (const verdict of report.verdicts.filter(
      (v) => v.requirements.some((r) => r.estimate) && v.kind !== 'registered',
    )) {
      expect(verdict.evidence.length, verdict.target).toBeGreaterThan(0);
    }
  });

  it('ships a report that fits the schema it ships', () => {
    const schema = JSON.parse(readFileSync(join(bundle, 'report.schema.json'), 'utf8')) as object;
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });
    const valid = ajv.compile(schema);
    expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
    expect(valid({ ...report, verdicts: 'none' })).toBe(false);
  });

  it('leaves no process behind', () => {
    expect(processesWith(bundle)).toEqual([]);
  });

  it('leaves no file outside its output folder and no scratch inside it', () => {
    expect(after).toEqual(before);
    expect([listing(home), listing(temporary)]).toEqual([[], []]);
    expect(readdirSync(bundle).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is verified by the launcher, with the exit code of its outcome', async () => {
    const verified = await assay(['verify', bundle]);
    expect(verified.status, verified.stdout).toBe(1);
    expect(verified.stdout).toContain('不通过');
  });

  it('is told from a changed, a shortened and a padded copy', async () => {
    const copy = join(scratch, 'copy');
    cpSync(bundle, copy, { recursive: true });
    writeFileSync(join(copy, 'extra.txt'), 'x');
    const added = await assay(['verify', copy]);
    expect([added.status, added.stdout.includes('extra.txt: 清单中没有此文件，系后来加入 was added')]).toEqual([
      2,
      true,
    ]);
    rmSync(join(copy, 'extra.txt'));
    rmSync(join(copy, 'report.md'));
    const removed = await assay(['verify', copy]);
    expect([removed.status, removed.stdout.includes('report.md: 文件缺失 is missing')]).toEqual([2, true]);
  });
});

describe('a tampered bundle', () => {
  it('is found out whatever file is altered, and the file is named', () => {
    const whole = memoryBundle(bundle);
    expect(verifyBundle(whole).authentic).toBe(true);
    let tried = 0;
    for (const { path, how, altered } of alterations(whole)) {
      // A changed digest in the manifest is seen as a file that does not fit it.
      const named = checkFiles(altered).map((d) => d.path);
      expect(path === 'manifest.json' ? named.length > 0 : named.includes(path), `${path}: ${how}`).toBe(true);
      tried++;
    }
    expect(tried).toBeGreaterThan(60);
  });

  it('is not authentic as a whole, whichever kind of file it is', () => {
    const whole = memoryBundle(bundle);
    const kinds = [
      'report.json',
      'report.html',
      'guide.json',
      'log/entries.jsonl',
      'evaluation.dsse.json',
      'keys/controller.pem',
    ];
    for (const { path, how, altered } of alterations(whole)) {
      if (!kinds.includes(path) || !/flipped|removed/.test(how)) continue;
      const result = verifyBundle(altered);
      expect([result.authentic, result.outcome], `${path}: ${how}`).toEqual([false, undefined]);
    }
  }, 300_000);
});

describe('bad input', () => {
  const file = (name: string, text: string): string => {
    const path = join(scratch, name);
    writeFileSync(path, text);
    return path;
  };
  const out = join(scratch, 'never');
  it.each<[string, () => string[], string, number]>([
    ['an unknown option', () => ['accept', '--fast'], 'usage', 64],
    ['an unknown command', () => ['measure'], 'usage', 64],
    ['an unknown profile', () => ['accept', '--profile', 'slow'], 'usage', 64],
    ['an unknown target', () => ['accept', '--target', 'compute.magic', '--out', out], 'usage', 64],
    ['an unknown guide', () => ['accept', '--guide', 'nope', '--out', out], 'guide_unknown', 64],
    ['a guide that is not there', () => ['accept', '--guide', './nope.json', '--out', out], 'file_unreadable', 64],
    ['a guide that is a folder', () => ['accept', '--guide', `${scratch}/`, '--out', out], 'file_unreadable', 64],
    ['a guide that is cut off', () => ['plan', '--guide', file('cut.json', '{"schema": "assay')], 'json_invalid', 64],
    [
      'a guide with a key twice',
      () => ['plan', '--guide', file('twice.json', '{"id": 1, "id": 2}')],
      'json_invalid',
      64,
    ],
    [
      'a guide of the wrong shape',
      () => ['plan', '--guide', file('shape.json', '{"targets": []}')],
      'guide_invalid',
      64,
    ],
    [
      'claims for a target that is not there',
      () => [
        'accept',
        '--claims',
        file('claims.json', '{"schema":"assay/claims/v1","targets":{"a.b":{"value":1,"unit":"x"}}}'),
        '--out',
        out,
      ],
      'claims_invalid',
      64,
    ],
    [
      'claims with a huge number',
      () => [
        'accept',
        '--claims',
        file('huge.json', '{"schema":"assay/claims/v1","targets":{"compute.capacity":{"value":1e999,"unit":"x"}}}'),
        '--out',
        out,
      ],
      'json_invalid',
      64,
    ],
    [
      'a folder of registers that is not there',
      () => ['accept', '--registers', join(scratch, 'none'), '--out', out],
      'registers_invalid',
      64,
    ],
    ['an output folder that is in use', () => ['accept', '--out', bundle], 'output_exists', 64],
    ['an output folder below a file', () => ['accept', '--out', join(file('plain', ''), 'x')], 'output_unwritable', 64],
    ['a bundle that is not there', () => ['verify', join(scratch, 'none')], 'bundle_unreadable', 64],
    [
      'an identity that is none',
      () => ['agent', '--controller', 'x:1', '--identity', file('id.json', '{}'), '--directory', out],
      'key_invalid',
      64,
    ],
  ])('%s gets a coded error and leaves nothing behind', async (_, args, code, status) => {
    const result = await assay(args());
    expect(result.stderr).toContain(`assay: ${code}: `);
    expect(result.stderr).toMatch(/[一-龥]/);
    expect(result.status).toBe(status);
    expect(existsSync(out)).toBe(false);
  });

  it('an empty folder is not a bundle, and not a pass', async () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty, { recursive: true });
    const { status, stderr } = await assay(['verify', empty]);
    expect([status, stderr]).toEqual([64, expect.stringContaining('bundle_missing')]);
  });
});

describe('plan and help', () => {
  it('plan says what would run, for how long, and starts nothing', async () => {
    const { status, stdout } = await assay(['plan', '--json'], { cwd: scratch });
    const plan = JSON.parse(stdout) as { assignments: unknown[]; expectedS: number; writesBytes: number };
    expect(status).toBe(0);
    expect(plan.assignments.length).toBeGreaterThan(3);
    expect(plan.expectedS).toBeGreaterThan(0);
    expect(plan.expectedS).toBeLessThan(300);
    expect(plan.writesBytes).toBeGreaterThan(0);
    expect(existsSync(join(scratch, 'assay-runs'))).toBe(false);
  });

  it.each(['accept', 'plan', 'verify', 'inventory', 'doctor', 'agent'])(
    '%s --help explains itself',
    async (command) => {
      const { status, stdout } = await assay([command, '--help']);
      expect(status).toBe(0);
      expect(stdout).toContain(`Usage: assay ${command}`);
    },
  );

  it('doctor says what to install for which target', async () => {
    const { status, stdout } = await assay(['doctor', '--json']);
    const result = JSON.parse(stdout) as { needs: { id: string; state: string; targets: string[]; todo?: object }[] };
    expect(status).toBe(0);
    for (const need of result.needs.filter((n) => n.state === 'missing')) expect(need.todo, need.id).toBeDefined();
  });
});

describe('Ctrl-C', () => {
  it('ends cleanly, leaves no process, and the bundle says what was not tested', async () => {
    const cut = join(scratch, 'cut');
    const result = await assay(['accept', '--target', 'compute.precisions', '--json', '--out', cut], {
      interruptAfter: '"type":"progress"',
    });
    expect(result.status).toBe(3);
    expect(processesWith(cut)).toEqual([]);
    const verification = verifyBundle(memoryBundle(cut));
    expect(verification.authentic).toBe(true);
    const stopped = JSON.parse(readFileSync(join(cut, 'report.json'), 'utf8')) as Report;
    expect(stopped.findings.map((f) => f.code)).toContain('cancelled');
    expect(stopped.overall.outcome).toBe('cannot_tell');
    expect(stopped.verdicts.flatMap((v) => v.reasons.map((r) => r.code))).toContain('cancelled');
    expect(stopped.verdicts.every((v) => v.outcome !== 'pass')).toBe(true);
  }, 120_000);
});
