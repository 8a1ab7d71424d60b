import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt, scratch } from './attempt.ts';

const MiB = 1024 ** 2;
const missing = spawnSync('fio', ['--version']).status !== 0;

let place: ReturnType<typeof scratch>;
let tools: ReturnType<typeof scratch>;
beforeEach(() => {
  place = scratch();
  tools = scratch();
});
afterEach(() => {
  place.remove();
  tools.remove();
});

/** A program that says it is fio and then does what is told. */
function fake(body: string): string {
  const path = join(tools.path, 'fio');
  writeFileSync(
    path,
    `#!/bin/sh\ncase "$1" in\n--version) echo fio-9.9; exit 0;;\n--enghelp) exit 0;;\nesac\n${body}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

const settings = { fio: true, fioSeconds: 1, fioBytes: 16 * MiB };

describe('a program that is called fio', () => {
  it.each([
    ['prints no JSON', 'echo hello'],
    ['fails', 'echo "fio: no space" >&2; exit 1'],
    ['says 0 bytes', `echo '{"jobs":[{"error":0,"read":{"io_bytes":0},"write":{"io_bytes":0}}]}'`],
    ['dies', 'kill -9 $$'],
  ])('gives no number when it %s, and its streams are kept', async (_, body) => {
    const { examination, evidence } = await attempt(place.path, { settings: { ...settings, fioPath: fake(body) } });
    expect(examination.metrics.filter((one) => one.metric.startsWith('storage.fio'))).toEqual([]);
    expect(examination.findings.filter((one) => one.code === 'parse_error')).toHaveLength(4);
    expect(examination.metrics.find((one) => one.metric === 'storage.speed.read')?.verified).toBe(true);
    expect([...evidence.keys()].sort()).toEqual(
      ['write', 'read', 'qd1', 'qd32'].flatMap((point) => [`fio-${point}.stderr`, `fio-${point}.stdout`]).sort(),
    );
  });

  it('is not missed silently when it is not installed', async () => {
    const { examination } = await attempt(place.path, { settings: { ...settings, fioPath: '/nonexistent/fio' } });
    expect(examination.findings.map((one) => one.code)).toContain('tool_missing');
    expect(examination.metrics.find((one) => one.metric === 'storage.capacity.proven')?.verified).toBe(true);
  });
});

describe.skipIf(missing)(`the real fio${missing ? ' (skipped: fio is not installed)' : ''}`, () => {
  it('gives its four points, is identified by digest and leaves nothing', async () => {
    const { samples, examination, left } = await attempt(place.path, { settings });
    expect(samples.fio.version).toMatch(/^fio-/);
    expect(samples.fio.sha256).toMatch(/^[0-9a-f]{64}$/);
    const found = examination.metrics.filter((one) => one.metric.startsWith('storage.fio'));
    expect(found.map((one) => one.metric)).toEqual([
      'storage.fio.write',
      'storage.fio.read',
      'storage.fio.iops.qd1',
      'storage.fio.latency.qd1.p99',
      'storage.fio.iops.qd32',
    ]);
    expect(found.every((one) => one.estimate.value > 0 && !one.verified)).toBe(true);
    expect(left).toEqual([]);
  });
});
