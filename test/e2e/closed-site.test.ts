import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../model/report.ts';
import { callsAway, traced, untraceable } from './network-trace.ts';
import { listing, ROOT } from './program.ts';

const why = untraceable();
const scratch = mkdtempSync(join(tmpdir(), 'assay-closed-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** As an operator starts it: none of the variables by which ONNX Runtime or a tool would keep quiet on its own. */
function environment(home: string): NodeJS.ProcessEnv {
  const { PATH, LANG } = process.env;
  return { PATH, LANG, HOME: home };
}

describe.skipIf(why !== undefined)(`a site that is closed${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  it('is left by no call of a run, and nothing of it stays in the home', { timeout: 1_200_000 }, async () => {
    const home = join(scratch, 'home');
    mkdirSync(home);
    const bundle = join(scratch, 'bundle');
    const trace = join(scratch, 'run.trace');
    // Not by the launcher: the program itself must keep everybody quiet.
    const command = [process.execPath, join(ROOT, 'assay.ts'), 'accept', '--profile', 'quick', '--out', bundle];
    const targets = ['compute.precisions', 'frameworks.adapted', 'users.concurrent'];
    const { status, output } = await traced([...command, '--target', ...targets], trace, environment(home));
    expect([0, 1, 3], output).toContain(status);
    const report = JSON.parse(readFileSync(join(bundle, 'report.json'), 'utf8')) as Report;
    // What loads ONNX Runtime: a compute engine, a probe of frameworks, the service, and whoever checks its answers.
    const ran = report.attempts.map(({ benchmark }) => benchmark);
    expect(ran).toEqual(expect.arrayContaining(['compute.gemm', 'frameworks.train', 'users.concurrent']));
    expect(report.environment?.files.some(({ path }) => path.includes('libonnxruntime.so'))).toBe(true);
    expect(readFileSync(trace, 'utf8')).toMatch(/connect\(.*127\.0\.0\.1/);
    expect(callsAway(trace)).toEqual([]);
    expect(listing(home)).toEqual([]);
  });

  it('would be seen to be left, by any kind of call of any child', async () => {
    const trace = join(scratch, 'control.trace');
    const script = `
      const { spawnSync } = require('node:child_process');
      require('node:net').connect(443, '192.0.2.1').on('error', () => {});
      require('node:net').connect(443, '2001:db8::1').on('error', () => {});
      require('node:dgram').createSocket('udp4').send('x', 53, '192.0.2.2', function () { this.close?.(); process.exit(); });
      if (!process.argv[1]) spawnSync(process.execPath, ['-e', ${JSON.stringify("require('node:net').connect(80, '192.0.2.3').on('error', () => {})")}]);
    `;
    await traced([process.execPath, '-e', script], trace, environment(scratch));
    const away = callsAway(trace).join('\n');
    for (const address of ['192.0.2.1', '2001:db8::1', '192.0.2.2', '192.0.2.3']) expect(away).toContain(address);
  });
});
