import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeInventory } from '../../../agent/inventory/inventory.ts';
import { watchDevices } from '../../../agent/inventory/live.ts';
import { realMachine, recordingMachine, replayMachine } from '../../../agent/inventory/machine.ts';
import { maskRecording } from '../../../agent/inventory/mask.ts';
import { startTelemetry } from '../../../agent/telemetry.ts';
import { Inventory } from '../../../model/inventory.ts';
import { Telemetry } from '../../../model/measurement.ts';
import { check } from '../../../model/schema.ts';

const directory = mkdtempSync(join(tmpdir(), 'assay-fake-'));
const SYSTEM = ['/usr/bin', '/bin'];
// Working directories of tools go here, so that others' on the same machine are not taken for leavings of ours.
const work = mkdtempSync(join(tmpdir(), 'assay-work-'));
process.env.TMPDIR = work;
const machine = (more: { timeoutMs?: number } = {}) => realMachine({ directories: [directory, ...SYSTEM], ...more });

function program(name: string, script: string): void {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
function remove(name: string): void {
  rmSync(join(directory, name), { force: true });
}
const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('assay-tool-'));
function alive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

afterAll(() => {
  for (const folder of [directory, work]) rmSync(folder, { recursive: true, force: true });
});

describe('running a program', () => {
  it('has no shell, a bare environment, its own directory, and brings back what it printed', async () => {
    program('tool-a', 'pwd; echo "$LC_ALL|$PATH|$HOME|$SECRET"; echo "$1"; echo oops >&2; exit 3');
    process.env.SECRET = 'must not be passed on';
    const ran = await machine().run('tool-a', ['$(echo no); *']);
    delete process.env.SECRET;
    const [cwd = '', environment = '', argument] = ran.stdout.split('\n');
    expect(ran).toMatchObject({ status: 'exited', exit: 3, stderr: 'oops\n', path: join(directory, 'tool-a') });
    expect(cwd).toContain('assay-tool-');
    expect(existsSync(cwd)).toBe(false);
    expect(environment).toBe(`C|${directory}:/usr/bin:/bin|${cwd}|`);
    expect(argument).toBe('$(echo no); *');
  });

  it('runs nothing outside its list of directories', async () => {
    for (const name of ['../bin/sh', '/bin/sh', 'no-such-tool', '', '-c', 'sh;ls']) {
      expect((await machine().run(name, [])).status).toBe('not_found');
    }
  });

  it('ends a hanging program together with its children', async () => {
    program('tool-b', 'sleep 60 & echo $!; echo $$; wait');
    const started = performance.now();
    const ran = await machine({ timeoutMs: 300 }).run('tool-b', []);
    expect(ran).toMatchObject({ status: 'timed_out', exit: null, why: 'no end after 300 ms' });
    expect(performance.now() - started).toBeLessThan(3_000);
    for (const pid of ran.stdout.trim().split('\n')) expect(alive(Number(pid))).toBe(false);
    expect(left()).toEqual([]);
  });

  it('does not wait for a child that outlives the program and holds its pipes', async () => {
    program('tool-c', 'sleep 60 & echo $!');
    const ran = await machine().run('tool-c', []);
    expect(ran).toMatchObject({ status: 'exited', exit: 0 });
    expect(alive(Number(ran.stdout.trim()))).toBe(false);
  });

  it.runIf(existsSync('/usr/bin/setsid'))(
    'ends children that left for a session of their own, however they left',
    async () => {
      const daemon = (start: string, before = '') =>
        `${start} /bin/sh -c '${before}(/bin/sh -c "echo \\$\\$; exec /bin/sleep 300" </dev/null &)'`;
      program(
        'tool-daemon',
        [
          // Its output closed, its directory left: the environment has the mark.
          `setsid /bin/sh -c 'cd /; (/bin/sh -c "echo \\$\\$ > \\$HOME/pid; exec /bin/sleep 300" </dev/null >/dev/null 2>&1 &)'`,
          daemon('env -i setsid'),
          daemon('env -i setsid', 'cd /; '),
          'while ! test -s "$HOME/pid"; do :; done; cat "$HOME/pid"; sleep "$1"',
        ].join('\n'),
      );
      for (const [wait, status] of [
        ['0', 'exited'],
        ['60', 'timed_out'],
      ] as const) {
        const ran = await machine({ timeoutMs: 5_000 }).run('tool-daemon', [wait]);
        const pids = ran.stdout.trim().split('\n').map(Number);
        expect([ran.status, pids.length]).toEqual([status, 3]);
        for (const pid of pids) expect(alive(pid)).toBe(false);
      }
    },
  );

  it('ends nothing that is not the tool’s', async () => {
    const other = spawn('/bin/sleep', ['300'], { detached: true, stdio: 'ignore' });
    try {
      program('tool-quick', 'echo done');
      await machine().run('tool-quick', []);
      expect(alive(other.pid!)).toBe(true);
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('stops a flood at the limit', async () => {
    program('tool-d', 'yes 0123456789abcdef');
    const ran = await machine().run('tool-d', []);
    expect(ran).toMatchObject({ status: 'too_large' });
    expect(ran.stdout.length).toBeLessThanOrEqual(1 << 20);
  });

  it('tells a program that was killed, and brings back a file that was asked for', async () => {
    program('tool-e', 'kill -9 $$');
    expect(await machine().run('tool-e', [])).toMatchObject({ status: 'failed', exit: null });
    program('tool-f', 'echo "{}" > kept.json; echo x > other');
    expect(await machine().run('tool-f', [], { collect: ['kept.json', 'absent'] })).toMatchObject({
      files: { 'kept.json': '{}\n' },
    });
  });

  it('reads Chinese output in either encoding', async () => {
    program('tool-g', "printf '\\304\\372\\272\\303 45C\\n'");
    expect((await machine().run('tool-g', [])).stdout).toBe('您好 45C\n');
    program('tool-h', "printf '您好\\n'");
    expect((await machine().run('tool-h', [])).stdout).toBe('您好\n');
  });
});

describe('a trial of the compute backends', () => {
  it('tells which devices and precisions each has here, and why the others do not work', async () => {
    const document = await realMachine().document('backends');
    if (!document.ok) throw new Error(document.why);
    const { ready, failed } = document.value as {
      ready: { backend: string; devices: { id: string; precisions: string[] }[] }[];
      failed: { name: string; why: string }[];
    };
    const here = ready.find(({ backend }) => backend === 'onnxruntime');
    expect(here?.devices).toMatchObject([{ id: 'cpu', precisions: expect.arrayContaining(['FP32']) }]);
    for (const { why } of failed) expect(why).not.toBe('');
    const names = [...ready.map(({ backend }) => backend), ...failed.map(({ name }) => name.split(/[ /]/)[0])];
    expect(new Set(names)).toEqual(new Set(['onednn', 'onnxruntime', 'openblas', 'torch', 'cublaslt']));
  }, 120_000);
});

describe('this machine', () => {
  it('gives a valid inventory, and its recording gives the same one without the machine', async () => {
    const recorder = recordingMachine(realMachine());
    const first = await takeInventory('node-1', recorder);
    expect(check(Inventory, first)).toMatchObject({ ok: true });
    expect(first.cpu.logicalCores?.value).toBeGreaterThan(0);
    expect(first.memory.totalBytes?.value).toBeGreaterThan(2 ** 28);
    expect(first.tools.length).toBeGreaterThanOrEqual(13);
    const recording = recorder.recording();
    const again = await takeInventory('node-1', replayMachine(JSON.parse(JSON.stringify(recording))));
    expect({ ...again, takenAt: '' }).toEqual({ ...first, takenAt: '' });
    const masked = maskRecording(recording, first, new TextEncoder().encode('k'));
    for (const secret of [
      first.host.machineId?.value,
      first.host.bootId?.value,
      ...first.links.map((l) => l.mac?.value),
    ]) {
      if (secret) expect(JSON.stringify(masked)).not.toContain(secret);
    }
    expect(left()).toEqual([]);
  });

  it('reads every vendor’s fake tool through the same way as on hardware', async () => {
    const folder = fileURLToPath(new URL('../../recorded/', import.meta.url));
    const recording = JSON.parse(readFileSync(join(folder, 'kunlunxin-p800-2.json'), 'utf8'));
    for (const { program: name, args, ran } of recording.commands) {
      if (name !== 'xpu-smi' || args.length > 1) continue;
      writeFileSync(join(directory, `answer${args.join('')}`), ran.stdout);
    }
    program('xpu-smi', `cat "${directory}/answer$1" 2>/dev/null || exit 1`);
    const inventory = await takeInventory('node-1', machine());
    remove('xpu-smi');
    expect(inventory.accelerators.filter((device) => device.vendor.value === 'Kunlunxin')).toMatchObject([
      { serial: { value: '02K15K64PX00041' }, memoryBytes: { value: 98304 * 2 ** 20 } },
      { serial: { value: '02K15K64PX00042' } },
    ]);
    expect(inventory.tools.find((tool) => tool.name === 'xpu-smi')).toMatchObject({
      found: true,
      vendor: 'kunlunxin',
      path: join(directory, 'xpu-smi'),
    });
  });
});

describe('NVIDIA through node-nvidia-smi', () => {
  const xml = (gpus: string) =>
    `<?xml version="1.0" ?>\n<nvidia_smi_log><driver_version>550.1</driver_version><attached_gpus>1</attached_gpus>${gpus}</nvidia_smi_log>`;
  const gpu = (n: number) =>
    `<gpu id="00000000:0${n}:00.0"><product_name>Fake ${n}</product_name><uuid>GPU-${n}</uuid><pci><pci_bus_id>00000000:0${n}:00.0</pci_bus_id></pci><fb_memory_usage><total>81559 MiB</total></fb_memory_usage></gpu>`;
  const smi = (report: string, more = '') =>
    program(
      'nvidia-smi',
      `case "$*" in "-q -x") ${more} cat <<'X'\n${report}\nX\n;; --query*) echo "index, name, uuid, pci.bus_id, memory.total [MiB]"; echo "0, Fake 1, GPU-1, 00000000:01:00.0, 81559 MiB";; -L) echo "GPU 0: Fake 1";; *) exit 2;; esac`,
    );
  const gpus = (inventory: Inventory) => inventory.accelerators.filter((device) => device.vendor.value === 'NVIDIA');

  it('takes one GPU, which the package gives as an object, and several, which are a list', async () => {
    smi(xml(gpu(1)));
    expect(gpus(await takeInventory('n', machine()))).toMatchObject([
      { uuid: { value: 'GPU-1', source: 'nvidia-smi -q -x' }, driver: { value: '550.1' } },
    ]);
    smi(xml(gpu(1) + gpu(2)));
    const two = await takeInventory('n', machine());
    expect(gpus(two)).toHaveLength(2);
    expect(two.findings.map((finding) => finding.code)).toEqual(
      expect.arrayContaining(['readings_disagree', 'count_mismatch']),
    );
  });

  it('falls back on the CSV query when one byte on standard error fails the package', async () => {
    smi(xml(gpu(1)), 'echo "WARNING: infoROM is corrupted" >&2;');
    const inventory = await takeInventory('n', machine());
    expect(gpus(inventory)).toMatchObject([{ uuid: { value: 'GPU-1', source: 'nvidia-smi --query-gpu' } }]);
    expect(inventory.unread.some((item) => item.why.includes('infoROM'))).toBe(true);
    remove('nvidia-smi');
  });
});

const hasCompiler = existsSync('/usr/bin/cc') || existsSync('/usr/bin/gcc');
describe.skipIf(!hasCompiler)(
  `NVIDIA's management library${hasCompiler ? '' : ' (skipped: no C compiler here)'}`,
  () => {
    const library = join(directory, 'libfake-ml.so');
    beforeAll(() => {
      const source = fileURLToPath(new URL('./fake-nvml.c', import.meta.url));
      execFileSync(existsSync('/usr/bin/cc') ? '/usr/bin/cc' : '/usr/bin/gcc', [
        '-shared',
        '-fPIC',
        '-o',
        library,
        source,
      ]);
    });
    const helper = fileURLToPath(new URL('../../../agent/inventory/probes/nvml.ts', import.meta.url));

    it('gives one document with identity, memory and state of every device', () => {
      const text = execFileSync(process.execPath, [helper, library], { encoding: 'utf8' });
      expect(JSON.parse(text)).toMatchObject({
        ok: true,
        value: [
          {
            index: 0,
            chip: 'Fake GPU 0',
            pciAddress: '00000000:3B:00.0',
            memoryBytes: 85899345920,
            powerW: 123.456,
            computeUnits: 16896,
            throttleReasons: [],
          },
          {
            index: 1,
            uuid: 'GPU-00000000-0000-4000-8000-000000000001',
            driver: '555.42',
            throttleReasons: ['sw_power_cap', 'hw_thermal_slowdown'],
          },
        ],
      });
    });

    const until = async (done: () => boolean) => {
      let reached = done();
      for (let waited = 0; !reached && waited < 10_000; waited += 20) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        reached = done();
      }
      expect(reached).toBe(true);
    };
    const compile = (name: string, source: string): string => {
      const path = join(directory, name);
      writeFileSync(`${path}.c`, source);
      execFileSync('cc', ['-shared', '-fPIC', '-o', path, `${path}.c`]);
      return path;
    };

    it('gives live figures without starting a program for each, and none when they are old', async () => {
      let late = 0n;
      const live = watchDevices({ intervalMs: 50, now: () => process.hrtime.bigint() + late, library });
      expect(live.problem()).toBeUndefined();
      let seen = live.since();
      await until(() => {
        seen = live.since();
        return seen.length > 0;
      });
      expect(seen).toMatchObject([
        { id: 'nvidia-0', temperatureC: 50, clockMHz: 1410, utilization: 0.4, throttleReasons: [] },
        { id: 'nvidia-1', temperatureC: 51, throttleReasons: ['sw_power_cap', 'hw_thermal_slowdown'] },
      ]);
      expect(live.since()).toEqual([]);
      late = 60_000_000_000n;
      expect(live.since()).toEqual([]);
      expect(live.problem()).toContain('no reading for');
      live.stop();
    });

    it('puts the devices into every sample of telemetry', async () => {
      const now = () => process.hrtime.bigint();
      const devices = watchDevices({ intervalMs: 20, now, library });
      await until(() => devices.since().length > 0);
      const telemetry = startTelemetry(process.pid, now, { everyMs: 150, devices });
      await new Promise((resolve) => setTimeout(resolve, 700));
      const samples = telemetry.stop();
      expect(samples.length).toBeGreaterThanOrEqual(2);
      for (const sample of samples) {
        expect(check(Telemetry, sample)).toMatchObject({ ok: true });
        expect(sample.devices?.map(({ id, powerW }) => [id, powerW])).toEqual([
          ['nvidia-0', expect.closeTo(123.456)],
          ['nvidia-1', expect.closeTo(123.457)],
        ]);
        expect(sample.unread).toBeUndefined();
      }
      await until(() => devices.problem() !== undefined);
    });

    it('another vendor’s library with fewer functions gives what it has', async () => {
      const poor = compile(
        'libpoor.so',
        `static int d; int nvmlInit_v2(void) { return 0; }
         int nvmlDeviceGetCount_v2(unsigned *n) { *n = 1; return 0; }
         int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **p) { (void)i; *p = &d; return 0; }
         int nvmlDeviceGetPowerUsage(void *p, unsigned *mw) { (void)p; *mw = 90000; return 0; }`,
      );
      const now = () => process.hrtime.bigint();
      const live = watchDevices({ intervalMs: 20, now, library: poor, id: 'iluvatar' });
      let seen = live.since();
      await until(() => {
        seen = live.since();
        return seen.length > 0;
      });
      expect(seen).toEqual([{ id: 'iluvatar-0', powerW: 90 }]);
      live.stop();
    });

    it('a library that hangs holds nobody up and is told once', async () => {
      const hanging = compile('libhanging.so', 'int sleep(int); int nvmlInit_v2(void) { for (;;) sleep(60); }');
      const now = () => process.hrtime.bigint();
      const devices = watchDevices({ intervalMs: 20, now, library: hanging, startMs: 200 });
      const started = performance.now();
      const telemetry = startTelemetry(process.pid, now, { everyMs: 100, devices });
      await new Promise((resolve) => setTimeout(resolve, 700));
      const samples = telemetry.stop();
      expect(performance.now() - started).toBeLessThan(3_000);
      expect(samples.every((sample) => sample.devices === undefined)).toBe(true);
      const told = samples.flatMap((sample) => sample.unread ?? []);
      expect(told).toEqual([{ what: 'devices', source: 'management library', why: 'no reading within 200 ms' }]);
    });

    it('a library that crashes ends its helper only', async () => {
      const crashing = compile('libcrashing.so', 'int nvmlInit_v2(void) { *(volatile int *)0 = 1; return 0; }');
      const live = watchDevices({ intervalMs: 20, now: () => process.hrtime.bigint(), library: crashing });
      await until(() => live.problem() !== undefined);
      expect(live.problem()).toContain('SIGSEGV');
      expect(live.since()).toEqual([]);
    });
  },
);

describe('without the management library', () => {
  it('says why and leaves no process', async () => {
    const live = watchDevices({ intervalMs: 50, now: () => process.hrtime.bigint(), library: '/nonexistent.so' });
    for (let i = 0; i < 500 && live.problem() === undefined; i++) await new Promise((r) => setTimeout(r, 20));
    expect(live.problem()).toContain('shared');
    expect(live.since()).toEqual([]);
  });
});
