import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { parseLibrary } from '../../../agent/inventory/library.ts';
import { type LiveDevices, watchDevices } from '../../../agent/inventory/live.ts';

const compiler = ['/usr/bin/cc', '/usr/bin/gcc'].find((path) => existsSync(path));
const folder = mkdtempSync(join(tmpdir(), 'assay-libraries-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const source = (file: string) => readFileSync(path(file), 'utf8');
function compile(name: string, text: string): string {
  const library = join(folder, `${name}.so`);
  writeFileSync(`${library}.c`, text);
  execFileSync(compiler!, ['-shared', '-fPIC', '-o', library, `${library}.c`]);
  return library;
}
function ask(probe: string, library: string): { ok: boolean; value?: unknown; why?: string; missing?: boolean } {
  const helper = path(`../../../agent/inventory/probes/${probe}.ts`);
  return JSON.parse(execFileSync(process.execPath, [helper, library], { encoding: 'utf8' }));
}
const now = () => process.hrtime.bigint();
async function until(done: () => boolean): Promise<void> {
  for (let waited = 0; !done() && waited < 10_000; waited += 10) await new Promise((r) => setTimeout(r, 10));
  expect(done()).toBe(true);
}
/** Process ids of helpers that have this library on their command line. */
const helpers = (library: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(library);
    } catch {
      return false;
    }
  });
async function firstOf(live: LiveDevices) {
  let seen = live.since();
  await until(() => {
    if (seen.length === 0) seen = live.since();
    return seen.length > 0;
  });
  return seen;
}

describe.skipIf(compiler === undefined)(
  `vendors’ management libraries${compiler ? '' : ' (skipped: no C compiler here)'}`,
  () => {
    it.each([
      ['nvml', 'nvml', 'nvidia'],
      ['ixml', 'nvml', 'iluvatar'],
      ['hgml', 'hgml', 'thead'],
    ])('%s: NVIDIA’s way of asking under the prefix %s', async (probe, prefix, id) => {
      const library = compile(`lib${probe}`, source('fake-nvml.c').replaceAll('nvml', prefix));
      const answer = ask(probe, library);
      expect(answer).toMatchObject({ ok: true });
      expect(parseLibrary(answer.value)[1]).toMatchObject({
        index: 1,
        facts: {
          uuid: 'GPU-00000000-0000-4000-8000-000000000001',
          pciAddress: '00000000:3C:00.0',
          computeUnits: 16896,
          driver: '555.42',
          throttleReasons: ['sw_power_cap', 'hw_thermal_slowdown'],
        },
      });
      const live = watchDevices({ intervalMs: 20, now, library, probe: probe as 'nvml' });
      expect((await firstOf(live)).map((one) => one.id)).toEqual([`${id}-0`, `${id}-1`]);
      live.stop();
    });

    it('brml: its own structures, health, firmware and links', () => {
      const answer = ask('brml', compile('libbrml', source('fake-brml.c')));
      expect(parseLibrary(answer.value)).toMatchObject([
        { facts: { pciAddress: '0000:21:00.0', health: 'OK', peers: ['biren-1 BRLink'], throttleReasons: [] } },
        {
          facts: {
            chip: 'Biren101',
            serial: 'BR001',
            firmware: '2.5.1',
            driver: '1.8.0',
            memoryBytes: 34_091_302_912,
            health: 'warning',
            peers: ['biren-0 BRLink'],
            throttleReasons: ['hw_slowdown', 'hw_power_brake_slowdown'],
          },
        },
        { facts: { pciAddress: '0000:23:00.0', health: 'critical warning', peers: undefined } },
      ]);
    });

    it('mtml: objects one from the other; what a device does not have is left out', () => {
      const answer = ask('mtml', compile('libmtml', source('fake-mtml.c')));
      expect(parseLibrary(answer.value)).toMatchObject([
        {
          facts: {
            chip: 'MTT S5000',
            serial: 'MT0',
            driver: '3.3.2',
            computeUnits: 56,
            pciAddress: '00000000:08:00.0',
            linkGeneration: 5,
            linkWidth: 16,
            memoryBytes: 85_899_345_920,
            powerW: 180.5,
            utilization: 0.5,
            temperatureC: 45,
            clockMHz: 1750,
          },
        },
        { facts: { uuid: '4f1c00d1', memoryBytes: undefined, powerW: 180.501 } },
      ]);
    });

    it.each(['nvml', 'ixml', 'hgml', 'brml', 'mtml'])(
      '%s: a library without its functions, or none, gives a reason',
      (probe) => {
        const empty = ask(probe, compile('libempty', 'int nothing;'));
        expect(empty).toMatchObject({ ok: false, missing: false, why: expect.stringMatching(/\S/) });
        expect(ask(probe, join(folder, 'absent.so'))).toMatchObject({ ok: false, missing: true });
      },
    );

    it('one helper process without children gives all the samples', async () => {
      const library = compile('libsteady', source('fake-nvml.c'));
      const live = watchDevices({ intervalMs: 10, now, library });
      await firstOf(live);
      const [pid, ...more] = helpers(library);
      expect(more).toEqual([]);
      let readings = 0;
      for (const end = performance.now() + 600; performance.now() < end; ) {
        await new Promise((r) => setTimeout(r, 20));
        if (live.since().length > 0) readings++;
        expect(helpers(library)).toEqual([pid]);
        expect(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()).toBe('');
      }
      expect(readings).toBeGreaterThan(10);
      live.stop();
      await until(() => helpers(library).length === 0);
    });

    const after = (calls: number, then: string) =>
      source('fake-nvml.c').replace(
        /int nvmlDeviceGetPowerUsage[^\n]*/,
        `int sleep(int); static int calls; int nvmlDeviceGetPowerUsage(void *d, unsigned *mw) { (void)d; *mw = 90000; if (++calls > ${calls}) { ${then} } return 0; }`,
      );

    it('a library that crashes after some samples: told, the samples before it kept, no process left', async () => {
      const library = compile('libcrash-later', after(20, '*(volatile int *)0 = 1;'));
      const live = watchDevices({ intervalMs: 10, now, library });
      expect((await firstOf(live))[0]).toMatchObject({ id: 'nvidia-0', powerW: 90 });
      await until(() => live.problem() !== undefined);
      expect(live.problem()).toContain('SIGSEGV');
      await until(() => helpers(library).length === 0);
      live.since();
      expect(live.since()).toEqual([]);
    });

    it('a library that hangs after some samples: told, nothing old is called live, and stop() ends it', async () => {
      const library = compile('libhang-later', after(20, 'for (;;) sleep(60);'));
      const live = watchDevices({ intervalMs: 10, now, library });
      await firstOf(live);
      await until(() => live.problem() !== undefined);
      expect(live.problem()).toMatch(/^no reading for \d+ ms$/);
      expect(live.since()).toEqual([]);
      expect(helpers(library)).toHaveLength(1);
      live.stop();
      await until(() => helpers(library).length === 0);
    });

    it('a library that answers with errors or impossible counts gives no device', async () => {
      const library = compile('liberrors', 'int nvmlInit_v2(void) { return 9; }');
      expect(ask('nvml', library)).toMatchObject({ ok: false, missing: false, why: 'nvmlInit gives 9' });
      const many = compile(
        'libmany',
        `int nvmlInit_v2(void) { return 0; } int nvmlDeviceGetCount_v2(unsigned *n) { *n = 4000000000u; return 0; }
         int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **p) { (void)i; (void)p; return 6; }`,
      );
      expect(ask('nvml', many)).toEqual({ ok: true, value: [] });
    });
  },
);
