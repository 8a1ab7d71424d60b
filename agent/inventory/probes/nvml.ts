import koffi from 'koffi';

/**
 * Helper process: GPUs through NVIDIA's management library, or another vendor's with the same interface, without
 * starting a program for each sample. `nvml.ts [LIBRARY [INTERVAL_MS [ID]]]`: devices are `ID-0`, `ID-1` …; without an
 * interval it prints one document (`{ok, value}`) and ends; with one it
 * prints a line of samples at every interval until its standard input closes. A crash of the library ends only this
 * process. Structures and constants: NVML API reference guide, version 12.
 */
const libraries = process.argv[2]
  ? [process.argv[2]]
  : ['libnvidia-ml.so.1', '/usr/local/nvidia/lib64/libnvidia-ml.so.1', '/usr/lib/wsl/lib/libnvidia-ml.so.1'];
const intervalMs = Number(process.argv[3] ?? 0);
const id = process.argv[4] || 'nvidia';

const PciInfo = koffi.struct('nvmlPciInfo_t', {
  busIdLegacy: koffi.array('char', 16),
  domain: 'uint32',
  bus: 'uint32',
  device: 'uint32',
  pciDeviceId: 'uint32',
  pciSubSystemId: 'uint32',
  busId: koffi.array('char', 32),
});
const Memory = koffi.struct('nvmlMemory_t', { total: 'uint64', free: 'uint64', used: 'uint64' });
const Utilization = koffi.struct('nvmlUtilization_t', { gpu: 'uint32', memory: 'uint32' });

/** Bits of the current clock event reasons; idle (bit 0) is no throttling. */
const REASONS: readonly [bigint, string][] = [
  [0x2n, 'applications_clocks_setting'],
  [0x4n, 'sw_power_cap'],
  [0x8n, 'hw_slowdown'],
  [0x10n, 'sync_boost'],
  [0x20n, 'sw_thermal_slowdown'],
  [0x40n, 'hw_thermal_slowdown'],
  [0x80n, 'hw_power_brake_slowdown'],
  [0x100n, 'display_clock_setting'],
];

function open() {
  const nvml = load();
  const handle = koffi.pointer('nvmlDevice_t', koffi.opaque());
  const number = (name: string, type = 'uint32') => {
    const call = nvml.func(name, 'int', [handle, koffi.out(koffi.pointer(type))]);
    return (device: unknown): number | bigint | undefined => {
      const out: (number | bigint)[] = [0];
      return call(device, out) === 0 ? out[0] : undefined;
    };
  };
  const numberOf = (name: string, which: number) => {
    const call = nvml.func(name, 'int', [handle, 'uint32', koffi.out(koffi.pointer('uint32'))]);
    return (device: unknown): number | undefined => {
      const out = [0];
      return call(device, which, out) === 0 ? out[0] : undefined;
    };
  };
  const text = (name: string) => {
    const call = nvml.func(name, 'int', [handle, 'void *', 'uint32']);
    return (device: unknown): string | undefined => {
      const buffer = Buffer.alloc(128);
      return call(device, buffer, buffer.length) === 0 ? cString(buffer) : undefined;
    };
  };
  const struct = (name: string, type: ReturnType<typeof koffi.struct>) => {
    const call = nvml.func(name, 'int', [handle, koffi.out(koffi.pointer(type))]);
    return (device: unknown): Record<string, unknown> | undefined => {
      const out: Record<string, unknown> = {};
      return call(device, out) === 0 ? out : undefined;
    };
  };
  /** Older libraries, and those of others, do not have every function. */
  const optional = <T>(bind: () => (device: unknown) => T): ((device: unknown) => T | undefined) => {
    try {
      return bind();
    } catch {
      return () => undefined;
    }
  };
  const init = nvml.func('nvmlInit_v2', 'int', [])();
  if (init !== 0) throw new Error(`nvmlInit_v2 gives ${init}`);
  const count = [0];
  const counted = nvml.func('nvmlDeviceGetCount_v2', 'int', [koffi.out(koffi.pointer('uint32'))])(count);
  if (counted !== 0) throw new Error(`nvmlDeviceGetCount_v2 gives ${counted}`);
  const byIndex = nvml.func('nvmlDeviceGetHandleByIndex_v2', 'int', ['uint32', koffi.out(koffi.pointer(handle))]);
  const devices = Array.from({ length: Math.min(count[0]!, 256) }, (_, index) => {
    const out: unknown[] = [null];
    return byIndex(index, out) === 0 ? out[0] : undefined;
  });
  return {
    devices,
    name: optional(() => text('nvmlDeviceGetName')),
    uuid: optional(() => text('nvmlDeviceGetUUID')),
    serial: optional(() => text('nvmlDeviceGetSerial')),
    pci: optional(() => struct('nvmlDeviceGetPciInfo_v3', PciInfo)),
    memory: optional(() => struct('nvmlDeviceGetMemoryInfo', Memory)),
    utilization: optional(() => struct('nvmlDeviceGetUtilizationRates', Utilization)),
    milliwatts: optional(() => number('nvmlDeviceGetPowerUsage')),
    reasons: optional(() => number('nvmlDeviceGetCurrentClocksThrottleReasons', 'uint64')),
    celsius: optional(() => numberOf('nvmlDeviceGetTemperature', 0)),
    smClock: optional(() => numberOf('nvmlDeviceGetClockInfo', 1)),
    cores: optional(() => number('nvmlDeviceGetNumGpuCores')),
    driver: () => {
      const buffer = Buffer.alloc(128);
      const call = nvml.func('nvmlSystemGetDriverVersion', 'int', ['void *', 'uint32']);
      return call(buffer, buffer.length) === 0 ? cString(buffer) : undefined;
    },
  };
}

/** The library from the loader's own places, else from where containers have it. The first failure is the one told. */
function load(): ReturnType<typeof koffi.load> {
  let first: unknown;
  for (const path of libraries) {
    try {
      return koffi.load(path);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

type Nvml = ReturnType<typeof open>;

function sample(nvml: Nvml) {
  return nvml.devices.flatMap((device, index) => {
    if (!device) return [];
    const power = nvml.milliwatts(device);
    const busy = nvml.utilization(device)?.gpu;
    const bits = nvml.reasons(device);
    return {
      id: `${id}-${index}`,
      powerW: power === undefined ? undefined : Number(power) / 1000,
      temperatureC: nvml.celsius(device),
      clockMHz: nvml.smClock(device),
      utilization: typeof busy === 'number' ? busy / 100 : undefined,
      throttleReasons:
        bits === undefined ? undefined : REASONS.filter(([bit]) => (BigInt(bits) & bit) !== 0n).map(([, name]) => name),
    };
  });
}

function describe(nvml: Nvml) {
  const driver = nvml.driver();
  const samples = new Map(sample(nvml).map((s) => [s.id, s]));
  return nvml.devices.flatMap((device, index) => {
    if (!device) return [];
    const pci = nvml.pci(device);
    const memory = nvml.memory(device);
    return {
      ...samples.get(`${id}-${index}`),
      index,
      driver,
      chip: nvml.name(device),
      uuid: nvml.uuid(device),
      serial: nvml.serial(device),
      computeUnits: nvml.cores(device),
      pciAddress: pci === undefined ? undefined : String(pci.busId),
      memoryBytes: memory === undefined ? undefined : Number(memory.total),
      memoryUsedBytes: memory === undefined ? undefined : Number(memory.used),
    };
  });
}

function cString(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString('latin1', 0, end < 0 ? buffer.length : end);
}

try {
  const nvml = open();
  if (intervalMs > 0) {
    const print = () => process.stdout.write(`${JSON.stringify(sample(nvml))}\n`);
    print();
    setInterval(print, intervalMs);
    process.stdin.on('end', () => process.exit(0)).resume();
  } else {
    process.stdout.write(JSON.stringify({ ok: true, value: describe(nvml) }), () => process.exit(0));
  }
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  const missing = /cannot open shared object|no such file/i.test(why);
  process.stdout.write(`${JSON.stringify({ ok: false, missing, why })}\n`, () => process.exit(intervalMs > 0 ? 1 : 0));
}
