import { isAbsent } from './quantity.ts';

/** What `/proc/cpuinfo` says of a processor, on any of the architectures that servers here have. */
export interface Processor {
  readonly architecture: 'x64' | 'arm64' | 'loongarch64' | 'sw64' | 'unknown';
  readonly vendor?: string;
  readonly model?: string;
  /** CPUID family and model (x86). */
  readonly family?: number;
  readonly modelNumber?: number;
  /** MIDR implementer and part (ARM). */
  readonly implementer?: number;
  readonly part?: number;
  readonly flags: ReadonlySet<string>;
  readonly logicalCores: number;
  /** Distinct cores and sockets, where the text tells them apart. */
  readonly physicalCores?: number;
  readonly sockets?: number;
  /** Highest clock of all cores at the moment of reading. */
  readonly clockNowMHz?: number;
}

/** Fields of `/proc/cpuinfo` of x86, ARM, LoongArch and Sunway kernels. Undefined where no processor is listed. */
export function parseCpuinfo(content: string): Processor | undefined {
  const blocks = content
    .split(/\n\s*\n/)
    .map(
      (block) =>
        new Map(
          block.split('\n').flatMap((line): [string, string][] => {
            const match = /^([^:]+?)\s*:\s?(.*)$/.exec(line);
            return match ? [[match[1]!.trim().toLowerCase(), match[2]!]] : [];
          }),
        ),
    )
    .filter((fields) => fields.has('processor') || fields.has('cpu') || fields.has('hart'));
  const first = blocks.find((fields) => fields.size > 2);
  if (!first) return undefined;
  const field = (...names: string[]) =>
    names.map((name) => first.get(name)).find((value) => value !== undefined && value !== '');
  const modelName = field('model name', 'cpu model', 'model')?.trim();
  const flags = new Set((field('flags', 'features') ?? '').toLowerCase().split(/\s+/).filter(Boolean));
  const implementer = hex(field('cpu implementer'));
  const part = hex(field('cpu part'));
  const architecture = architectureOf(first, flags, modelName);
  const vendor = vendorOf(field('vendor_id'), implementer, modelName, architecture, content);
  const places = new Set(
    blocks.map((b) => `${b.get('physical id') ?? b.get('package')}/${b.get('core id') ?? b.get('core')}`),
  );
  const packages = new Set(blocks.map((b) => b.get('physical id') ?? b.get('package')));
  const told = [...packages].every((value) => value !== undefined) && ![...places].some((p) => p.includes('undefined'));
  const clocks = blocks.map((b) => Number.parseFloat(b.get('cpu mhz') ?? '')).filter((mhz) => mhz > 0);
  const family = integer(field('cpu family'));
  const number = architecture === 'x64' ? integer(field('model')) : undefined;
  return {
    architecture,
    flags,
    logicalCores: blocks.filter((b) => b.has('processor')).length || blocks.length,
    ...(vendor === undefined ? {} : { vendor }),
    ...(modelName === undefined || /^\d+$/.test(modelName) ? {} : { model: modelName }),
    ...(family === undefined ? {} : { family }),
    ...(number === undefined ? {} : { modelNumber: number }),
    ...(implementer === undefined ? {} : { implementer }),
    ...(part === undefined ? {} : { part }),
    ...(told ? { physicalCores: places.size, sockets: packages.size } : {}),
    ...(clocks.length > 0 ? { clockNowMHz: Math.max(...clocks) } : {}),
  };
}

const MACHINES: Record<string, Processor['architecture']> = {
  x86_64: 'x64',
  aarch64: 'arm64',
  loongarch64: 'loongarch64',
  sw_64: 'sw64',
};

/** The same from `lscpu`, for a container that hides `/proc/cpuinfo`. It does not have the part number of ARM cores. */
export function fromLscpu(fields: Readonly<Record<string, string>>): Processor | undefined {
  const architecture = MACHINES[fields.Architecture ?? ''];
  const logicalCores = integer(fields['CPU(s)']);
  if (architecture === undefined || logicalCores === undefined) return undefined;
  const family = integer(fields['CPU family']);
  const modelNumber = integer(fields.Model);
  const vendor = vendorOf(
    fields['Vendor ID'],
    undefined,
    fields['Model name'],
    architecture,
    `cpu family : ${fields['CPU family']}`,
  );
  return {
    architecture,
    logicalCores,
    flags: new Set((fields.Flags ?? '').toLowerCase().split(/\s+/).filter(Boolean)),
    ...(vendor === undefined ? {} : { vendor }),
    ...(fields['Model name'] === undefined ? {} : { model: fields['Model name'] }),
    ...(family === undefined ? {} : { family }),
    ...(modelNumber === undefined ? {} : { modelNumber }),
  };
}

function architectureOf(
  fields: Map<string, string>,
  flags: ReadonlySet<string>,
  modelName: string | undefined,
): Processor['architecture'] {
  if (fields.has('cpu implementer')) return 'arm64';
  if (/loongson-64bit|loongarch/i.test(`${fields.get('cpu family')} ${fields.get('isa')}`) || flags.has('lsx'))
    return 'loongarch64';
  if (/\bsw_?64|sunway|shenwei|\bSW\d{4}/i.test(`${fields.get('cpu')} ${modelName} ${fields.get('vendor_id')}`))
    return 'sw64';
  return flags.has('sse2') ? 'x64' : 'unknown';
}

/** Implementer codes of MIDR_EL1 (Arm Architecture Reference Manual, and util-linux `lscpu-arm.c`). */
const IMPLEMENTERS: ReadonlyMap<number, string> = new Map([
  [0x41, 'ARM'],
  [0x42, 'Broadcom'],
  [0x43, 'Cavium'],
  [0x44, 'DEC'],
  [0x46, 'Fujitsu'],
  [0x48, 'HiSilicon'],
  [0x49, 'Infineon'],
  [0x4d, 'Motorola'],
  [0x4e, 'NVIDIA'],
  [0x50, 'Applied Micro'],
  [0x51, 'Qualcomm'],
  [0x53, 'Samsung'],
  [0x56, 'Marvell'],
  [0x61, 'Apple'],
  [0x66, 'Faraday'],
  [0x69, 'Intel'],
  [0x6d, 'Microsoft'],
  [0x70, 'Phytium'],
  [0xc0, 'Ampere'],
]);

/** Who designed it. `CentaurHauls` is VIA's old id, which Zhaoxin carries on from family 7 and under its own name. */
export function vendorOf(
  id: string | undefined,
  implementer: number | undefined,
  model: string | undefined,
  architecture: Processor['architecture'],
  content: string,
): string | undefined {
  switch (id?.trim()) {
    case 'GenuineIntel':
      return 'Intel';
    case 'AuthenticAMD':
      return 'AMD';
    case 'HygonGenuine':
      return 'Hygon';
    case 'Shanghai':
      return 'Zhaoxin';
    case 'CentaurHauls':
      return /zhaoxin|kaixian|kaisheng/i.test(model ?? '') || /^cpu family\s*:\s*[7-9]/m.test(content)
        ? 'Zhaoxin'
        : 'VIA';
  }
  if (architecture === 'loongarch64' || /loongson/i.test(model ?? '')) return 'Loongson';
  if (architecture === 'sw64') return 'Sunway';
  if (/phytium/i.test(model ?? '')) return 'Phytium';
  if (/kunpeng|hisilicon/i.test(model ?? '')) return 'HiSilicon';
  // An older lscpu prints the code where a newer one prints the name.
  const code = implementer ?? hex(id);
  if (code !== undefined) return IMPLEMENTERS.get(code) ?? `ARM implementer 0x${code.toString(16)}`;
  return id === undefined || isAbsent(id) ? undefined : id.trim();
}

const hex = (value: string | undefined) =>
  value && /^0x[0-9a-f]+$/i.test(value.trim()) ? Number(value.trim()) : undefined;
const integer = (value: string | undefined) => (value && /^\d+$/.test(value.trim()) ? Number(value.trim()) : undefined);
