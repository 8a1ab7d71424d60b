import koffi from 'koffi';
import { cString, type KoffiTypes, loadFrom } from './management.ts';

/**
 * Helper process: Moore Threads' management library, one JSON document. Objects (library, device, graphics core, memory)
 * are made and asked one after the other. Structures and names: mtml.h of the MTML SDK. `[LIBRARY]`.
 */
const LIBRARIES = [
  'libmtml.so',
  'libmtml.so.1',
  '/usr/local/musa/lib/libmtml.so',
  '/usr/lib/x86_64-linux-gnu/libmtml.so',
];
const MOST_DEVICES = 256;

const PciInfo = koffi.struct('MtmlPciInfo', {
  sbdf: koffi.array('char', 32),
  numbers: koffi.array('uint32', 6),
  speeds: koffi.array('float', 2),
  maxWidth: 'uint32',
  width: 'uint32',
  maxGeneration: 'uint32',
  generation: 'uint32',
  reserved: koffi.array('int', 6),
});

function describe(path: string | undefined) {
  const mtml = loadFrom(path ? [path] : LIBRARIES);
  const object = koffi.pointer('mtmlObject', koffi.opaque());
  const made = koffi.out(koffi.pointer(object));
  const make = (name: string, from: unknown[], types: KoffiTypes): unknown => {
    const out: unknown[] = [null];
    const status = mtml.func(name, 'int', [...types, made])(...from, out);
    return status === 0 ? out[0] : undefined;
  };
  const library = make('mtmlLibraryInit', [], []);
  if (!library) throw new Error('mtmlLibraryInit fails');
  const number = (name: string, of: unknown, type = 'uint32'): number | undefined =>
    quietly(() => {
      const out: (number | bigint)[] = [0];
      const status = mtml.func(name, 'int', [object, koffi.out(koffi.pointer(type))])(of, out);
      return status === 0 ? Number(out[0]) : undefined;
    });
  const text = (name: string, of: unknown): string | undefined =>
    quietly(() => {
      const buffer = Buffer.alloc(80);
      return mtml.func(name, 'int', [object, 'void *', 'uint32'])(of, buffer, buffer.length) === 0
        ? cString(buffer)
        : undefined;
    });
  // The length stands before the buffer in this one.
  const serial = (of: unknown): string | undefined =>
    quietly(() => {
      const buffer = Buffer.alloc(64);
      return mtml.func('mtmlDeviceGetSerialNumber', 'int', [object, 'uint32', 'void *'])(of, buffer.length, buffer) ===
        0
        ? cString(buffer)
        : undefined;
    });
  const pciOf = (of: unknown): Record<string, unknown> | undefined =>
    quietly(() => {
      const out: Record<string, unknown> = {};
      const call = mtml.func('mtmlDeviceGetPciInfo', 'int', [object, koffi.out(koffi.pointer(PciInfo))]);
      return call(of, out) === 0 ? out : undefined;
    });
  const system = quietly(() => make('mtmlLibraryInitSystem', [library], [object]));
  const driver = system ? text('mtmlSystemGetDriverVersion', system) : undefined;
  const count = number('mtmlLibraryCountDevice', library);
  if (count === undefined) throw new Error('mtmlLibraryCountDevice fails');
  return Array.from({ length: Math.min(count, MOST_DEVICES) }, (_, index) => {
    const device = make('mtmlLibraryInitDeviceByIndex', [library, index], [object, 'uint32']);
    if (!device) return undefined;
    const core = quietly(() => make('mtmlDeviceInitGpu', [device], [object]));
    const memory = quietly(() => make('mtmlDeviceInitMemory', [device], [object]));
    const pci = pciOf(device);
    const milliwatts = number('mtmlDeviceGetPowerUsage', device);
    const busy = core ? number('mtmlGpuGetUtilization', core) : undefined;
    return {
      index,
      driver,
      chip: text('mtmlDeviceGetName', device),
      uuid: text('mtmlDeviceGetUUID', device),
      serial: serial(device),
      firmware: text('mtmlDeviceGetMtBiosVersion', device),
      computeUnits: number('mtmlDeviceCountGpuCores', device),
      pciAddress: pci === undefined ? undefined : String(pci.sbdf),
      linkGeneration: pci?.generation,
      linkWidth: pci?.width,
      powerW: milliwatts === undefined ? undefined : milliwatts / 1000,
      memoryBytes: memory ? number('mtmlMemoryGetTotal', memory, 'uint64') : undefined,
      memoryUsedBytes: memory ? number('mtmlMemoryGetUsed', memory, 'uint64') : undefined,
      temperatureC: core ? number('mtmlGpuGetTemperature', core) : undefined,
      clockMHz: core ? number('mtmlGpuGetClock', core) : undefined,
      clockMaxMHz: core ? number('mtmlGpuGetMaxClock', core) : undefined,
      utilization: busy === undefined ? undefined : busy / 100,
    };
  }).filter((one) => one !== undefined);
}

/** A function that this version of the library does not have tells nothing. */
function quietly<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function print(answer: unknown): void {
  process.stdout.write(JSON.stringify(answer), () => process.exit(0));
}

try {
  print({ ok: true, value: describe(process.argv[2]) });
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  print({ ok: false, missing: /cannot open shared object|no such file/i.test(why), why });
}
