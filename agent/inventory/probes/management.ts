import koffi from 'koffi';
import { DIALECTS, type Dialect, type DialectName } from './dialects.ts';

const ADDRESS_TEXT = 32;
const PCI = {
  'text first': koffi.struct('pciTextFirst', {
    legacy: koffi.array('char', 16),
    numbers: koffi.array('uint32', 5),
    busId: koffi.array('char', ADDRESS_TEXT),
  }),
  'numbers first': koffi.struct('pciNumbersFirst', {
    numbers: koffi.array('uint32', 6),
    busId: koffi.array('char', ADDRESS_TEXT),
  }),
};
const Memory = koffi.struct('memoryInfo', { total: 'uint64', free: 'uint64', used: 'uint64' });
const Utilization = koffi.struct('utilizationRates', { gpu: 'uint32', memory: 'uint32' });

/** Clock domains and sensors have the same numbers in every dialect. */
const CORE_CLOCK = 1;
const MEMORY_CLOCK = 2;
const DEVICE_SENSOR = 0;
const UNCORRECTED = 1;
const SINCE_LOAD = 0;
/** Biren's flash firmware. */
const FLASH = 6;
/** Functions that have versions with one and the same meaning. Versions of others take other structures. */
const VERSIONED: readonly string[] = ['Init', 'DeviceGetCount', 'DeviceGetHandleByIndex', 'DeviceGetPciInfo'];
/** What Biren's library gives for two devices without a link. */
const NO_PORT = 9999;
const MOST_DEVICES = 256;

/**
 * Helper process: devices through a management library without starting a program for each sample.
 * `[LIBRARY [INTERVAL_MS [ID]]]`: devices are `ID-0`, `ID-1` …; without an interval it prints one document
 * (`{ok, value}`) and ends; with one it prints a line of samples at every interval until its standard input closes. A
 * crash of the library ends only this process.
 */
export function serve(name: DialectName, defaultId: string, argv: readonly string[]): void {
  const dialect: Dialect = DIALECTS[name];
  const intervalMs = Number(argv[1] ?? 0);
  const id = argv[2] || defaultId;
  try {
    const library = open(dialect, argv[0] ? [argv[0]] : dialect.libraries);
    if (intervalMs > 0) {
      const print = () => process.stdout.write(`${JSON.stringify(sample(library, id))}\n`);
      print();
      setInterval(print, intervalMs);
      process.stdin.on('end', () => process.exit(0)).resume();
    } else {
      const value = describe(library, id);
      process.stdout.write(JSON.stringify({ ok: true, value }), () => process.exit(0));
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const missing = /cannot open shared object|no such file/i.test(why);
    process.stdout.write(`${JSON.stringify({ ok: false, missing, why })}\n`, () =>
      process.exit(intervalMs > 0 ? 1 : 0),
    );
  }
}

/** The library from the first place that has it. The first failure is the one told. */
export function loadFrom(paths: readonly string[]): ReturnType<typeof koffi.load> {
  let first: unknown;
  for (const path of paths) {
    try {
      return koffi.load(path);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

export function cString(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString('latin1', 0, end < 0 ? buffer.length : end);
}

/** Types of a function's arguments. */
export type KoffiTypes = (string | ReturnType<typeof koffi.struct> | ReturnType<typeof koffi.out>)[];

type Ask<T> = (device: unknown) => T | undefined;

function open(dialect: Dialect, paths: readonly string[]) {
  const loaded = loadFrom(paths);
  const handle = koffi.pointer('device', koffi.opaque());
  /** Older libraries, and those of others, do not have every function, or have it under another version's name. */
  const bind = (name: string, types: KoffiTypes) => {
    let first: unknown;
    for (const version of VERSIONED.includes(name) ? dialect.versions : ['']) {
      try {
        return loaded.func(`${dialect.prefix}${name}${version}`, 'int', types);
      } catch (error) {
        first ??= error;
      }
    }
    throw first;
  };
  const optional = <T>(make: () => Ask<T>): Ask<T> => {
    try {
      return make();
    } catch {
      return () => undefined;
    }
  };
  const number = (name: string, type = 'uint32', ...which: number[]) =>
    optional<number | bigint>(() => {
      const call = bind(name, [handle, ...which.map(() => 'uint32'), koffi.out(koffi.pointer(type))]);
      return (device) => {
        const out: (number | bigint)[] = [0];
        return call(device, ...which, out) === 0 ? out[0] : undefined;
      };
    });
  const text = (name: string, ...which: number[]) =>
    optional<string>(() => {
      const call = bind(name, [handle, ...which.map(() => 'uint32'), 'void *', 'uint32']);
      return (device) => {
        const buffer = Buffer.alloc(128);
        return call(device, ...which, buffer, buffer.length) === 0 ? cString(buffer) : undefined;
      };
    });
  const struct = (name: string, type: ReturnType<typeof koffi.struct>) =>
    optional<Record<string, unknown>>(() => {
      const call = bind(name, [handle, koffi.out(koffi.pointer(type))]);
      return (device) => {
        const out: Record<string, unknown> = {};
        return call(device, out) === 0 ? out : undefined;
      };
    });
  const capability = optional<string>(() => {
    const out = koffi.out(koffi.pointer('int'));
    const call = bind('DeviceGetCudaComputeCapability', [handle, out, out]);
    return (device) => {
      const [major, minor] = [[0], [0]];
      return call(device, major, minor) === 0 ? `${major[0]}.${minor[0]}` : undefined;
    };
  });
  const must = (name: string, status: number) => {
    if (status !== 0) throw new Error(`${dialect.prefix}${name} gives ${status}`);
  };
  must('Init', bind('Init', [])());
  const count = [0];
  must('DeviceGetCount', bind('DeviceGetCount', [koffi.out(koffi.pointer('uint32'))])(count));
  const byIndex = bind('DeviceGetHandleByIndex', ['uint32', koffi.out(koffi.pointer(handle))]);
  const devices = Array.from({ length: Math.min(count[0]!, MOST_DEVICES) }, (_, index) => {
    const out: unknown[] = [null];
    return byIndex(index, out) === 0 ? out[0] : undefined;
  });
  return {
    dialect,
    devices,
    name: text('DeviceGetName'),
    uuid: text('DeviceGetUUID'),
    serial: text('DeviceGetSerial'),
    firmware: dialect.prefix === 'brml' ? text('DeviceGetFirmwareVersion', FLASH) : text('DeviceGetVbiosVersion'),
    pci: struct('DeviceGetPciInfo', PCI[dialect.pci]),
    memory: struct('DeviceGetMemoryInfo', Memory),
    utilization: struct('DeviceGetUtilizationRates', Utilization),
    milliwatts: number('DeviceGetPowerUsage'),
    milliwattLimit: number('DeviceGetPowerManagementLimit'),
    reasons: number('DeviceGetCurrentClocksThrottleReasons', 'uint64'),
    celsius: number('DeviceGetTemperature', 'uint32', DEVICE_SENSOR),
    clock: number('DeviceGetClockInfo', 'uint32', CORE_CLOCK),
    maxClock: number('DeviceGetMaxClockInfo', 'uint32', CORE_CLOCK),
    memoryClock: number('DeviceGetClockInfo', 'uint32', MEMORY_CLOCK),
    uncorrected: number('DeviceGetTotalEccErrors', 'uint64', UNCORRECTED, SINCE_LOAD),
    generation: number('DeviceGetCurrPcieLinkGeneration'),
    width: number('DeviceGetCurrPcieLinkWidth'),
    health: dialect.health ? number('DeviceGetHealthStatus') : () => undefined,
    cores: number('DeviceGetNumGpuCores'),
    capability,
    port: dialect.link
      ? portBetween(() => bind('DeviceGetP2PStatus', [handle, handle, koffi.out(koffi.pointer('uint32'))]))
      : () => undefined,
    driver: optional<string>(() => {
      const call = bind('SystemGetDriverVersion', ['void *', 'uint32']);
      return () => {
        const buffer = Buffer.alloc(128);
        return call(buffer, buffer.length) === 0 ? cString(buffer) : undefined;
      };
    }),
  };
}

type Library = ReturnType<typeof open>;

function portBetween(bind: () => (a: unknown, b: unknown, out: number[]) => number) {
  return (a: unknown, b: unknown): number | undefined => {
    try {
      const out = [NO_PORT];
      return bind()(a, b, out) === 0 && out[0] !== NO_PORT ? out[0] : undefined;
    } catch {
      return undefined;
    }
  };
}

function sample(library: Library, id: string) {
  return library.devices.flatMap((device, index) => {
    if (!device) return [];
    const busy = library.utilization(device)?.gpu;
    const bits = library.reasons(device);
    return {
      id: `${id}-${index}`,
      powerW: scaled(library.milliwatts(device), 1 / 1000),
      temperatureC: scaled(library.celsius(device)),
      clockMHz: scaled(library.clock(device)),
      utilization: typeof busy === 'number' ? busy / 100 : undefined,
      throttleReasons:
        bits === undefined
          ? undefined
          : library.dialect.reasons.filter(([bit]) => (BigInt(bits) & bit) !== 0n).map(([, name]) => name),
    };
  });
}

function describe(library: Library, id: string) {
  const { devices, dialect } = library;
  const driver = library.driver(undefined);
  const samples = new Map(sample(library, id).map((one) => [one.id, one]));
  return devices.flatMap((device, index) => {
    if (!device) return [];
    const pci = library.pci(device);
    const memory = library.memory(device);
    const health = library.health(device);
    const peers = devices.flatMap((other, to) =>
      other && to !== index && library.port(device, other) !== undefined ? [`${id}-${to} ${dialect.link}`] : [],
    );
    return {
      ...samples.get(`${id}-${index}`),
      index,
      driver,
      chip: library.name(device),
      uuid: library.uuid(device),
      serial: library.serial(device),
      firmware: library.firmware(device),
      capability: library.capability(device),
      computeUnits: scaled(library.cores(device)),
      pciAddress: pci === undefined ? undefined : String(pci.busId),
      memoryBytes: memory === undefined ? undefined : Number(memory.total),
      memoryUsedBytes: memory === undefined ? undefined : Number(memory.used),
      powerLimitW: scaled(library.milliwattLimit(device), 1 / 1000),
      clockMaxMHz: scaled(library.maxClock(device)),
      memoryClockMHz: scaled(library.memoryClock(device)),
      eccUncorrected: scaled(library.uncorrected(device)),
      linkGeneration: scaled(library.generation(device)),
      linkWidth: scaled(library.width(device)),
      health: health === undefined ? undefined : dialect.health?.[Number(health)],
      ...(peers.length > 0 ? { peers } : {}),
    };
  });
}

function scaled(value: number | bigint | undefined, factor = 1): number | undefined {
  return value === undefined ? undefined : Number(value) * factor;
}
