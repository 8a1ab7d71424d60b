import type { Processor } from './processor.ts';

/** Vector units of one core: how wide, how many that can start a fused multiply-add every cycle, and who says so. */
export interface VectorUnits {
  readonly name: string;
  readonly bits: 64 | 128 | 256 | 512;
  readonly units: number;
  /** `architecture`: published by its maker or measured; `assumed`: from the instruction set alone. */
  readonly basis: 'architecture' | 'assumed';
}

/** Operations that one core can start per cycle at one precision, a fused multiply-add counted as two. */
export interface CoreRate {
  readonly precision: 'FP64' | 'FP32' | 'FP16' | 'BF16' | 'INT8';
  readonly opsPerCycle: number;
  readonly how: string;
}

/**
 * Rates per core and cycle: vector width ÷ element width × units × 2, and the matrix unit's own rate where there is one
 * (Intel AMX: 16 × 64 bytes × 16 columns in 16 cycles, 1,024 BF16 or 2,048 INT8 operations). A precision without
 * hardware for it is left out: its rate by way of others is no peak. Undefined for an unknown core.
 */
export function coreRates(cpu: Processor): { vector: VectorUnits; rates: CoreRate[] } | undefined {
  const vector = vectorUnits(cpu);
  if (!vector) return undefined;
  const { bits, units } = vector;
  const has = (...flags: string[]) => flags.some((flag) => cpu.flags.has(flag));
  const lanes = (element: number) => (bits / element) * units * 2;
  const wide = bits === 512 ? 'AVX-512' : 'vector';
  const rates: CoreRate[] = [
    { precision: 'FP64', opsPerCycle: lanes(64), how: `${units} × ${bits}-bit FMA` },
    { precision: 'FP32', opsPerCycle: lanes(32), how: `${units} × ${bits}-bit FMA` },
  ];
  if (has('amx_fp16')) rates.push({ precision: 'FP16', opsPerCycle: 1024, how: 'AMX-FP16' });
  else if (has('avx512_fp16', 'fphp', 'asimdhp')) {
    rates.push({ precision: 'FP16', opsPerCycle: lanes(16), how: `${units} × ${bits}-bit FP16 FMA` });
  }
  if (has('amx_bf16')) rates.push({ precision: 'BF16', opsPerCycle: 1024, how: 'AMX-BF16' });
  else if (has('bf16') && cpu.architecture === 'arm64') {
    rates.push({ precision: 'BF16', opsPerCycle: 2 * lanes(16), how: `${units} × ${bits}-bit BFMMLA` });
  } else if (has('avx512_bf16')) {
    rates.push({ precision: 'BF16', opsPerCycle: lanes(16), how: `${units} × ${bits}-bit ${wide} dot product` });
  }
  if (has('amx_int8')) rates.push({ precision: 'INT8', opsPerCycle: 2048, how: 'AMX-INT8' });
  else if (has('i8mm'))
    rates.push({ precision: 'INT8', opsPerCycle: 2 * lanes(8), how: `${units} × ${bits}-bit SMMLA` });
  else if (has('avx512_vnni', 'avx_vnni', 'asimddp')) {
    rates.push({ precision: 'INT8', opsPerCycle: lanes(8), how: `${units} × ${bits}-bit dot product` });
  }
  return { vector, rates };
}

function vectorUnits(cpu: Processor): VectorUnits | undefined {
  if (cpu.architecture === 'arm64') return arm(cpu);
  if (cpu.architecture === 'loongarch64') {
    if (cpu.flags.has('lasx')) return { name: 'LoongArch LASX', bits: 256, units: 2, basis: 'architecture' };
    if (cpu.flags.has('lsx')) return { name: 'LoongArch LSX', bits: 128, units: 2, basis: 'assumed' };
    return undefined;
  }
  return cpu.architecture === 'x64' ? x86(cpu) : undefined;
}

function x86(cpu: Processor): VectorUnits | undefined {
  const { family = 0, modelNumber: model = 0, flags } = cpu;
  const known = (name: string, bits: VectorUnits['bits'], units: number): VectorUnits => ({
    name,
    bits,
    units,
    basis: 'architecture',
  });
  if (cpu.vendor === 'AMD') {
    if (family === 0x17) return model < 0x30 ? known('Zen', 128, 2) : known('Zen 2', 256, 2);
    if (family === 0x19) return flags.has('avx512f') ? known('Zen 4', 256, 2) : known('Zen 3', 256, 2);
    // Zen 5 has a full 512-bit data path in servers and desktops, half of it in notebooks (models 20h to 3Fh, 60h on).
    if (family === 0x1a) {
      const half = (model >= 0x20 && model < 0x40) || model >= 0x60;
      return half ? known('Zen 5 (mobile)', 256, 2) : known('Zen 5', 512, 2);
    }
  }
  if (cpu.vendor === 'Hygon') {
    return model < 4 ? known('Dhyana', 128, 2) : { name: 'Hygon C86', bits: 256, units: 2, basis: 'assumed' };
  }
  // Zhaoxin's documents give no widths; AVX2 in its flags does not tell 256-bit units.
  if (cpu.vendor === 'Zhaoxin') return undefined;
  if (cpu.vendor === 'Intel' && flags.has('avx512f')) {
    // One 512-bit unit: Xeon Bronze and Silver up to Cascade Lake, and processors for clients.
    const one = /(?:Bronze|Silver) [34]\d[012]\d|Core\(TM\)|W-21[02]/i.test(cpu.model ?? '');
    return { name: 'Intel AVX-512', bits: 512, units: one ? 1 : 2, basis: 'architecture' };
  }
  if (flags.has('avx2') && flags.has('fma')) {
    return { name: 'AVX2', bits: 256, units: 2, basis: cpu.vendor === 'Intel' ? 'architecture' : 'assumed' };
  }
  // One multiplier beside one adder make the same rate as one fused unit.
  if (flags.has('avx')) return { name: 'AVX', bits: 256, units: 1, basis: 'assumed' };
  if (flags.has('sse2')) return { name: 'SSE2', bits: 128, units: 1, basis: 'assumed' };
  return undefined;
}

/** By implementer and part number of MIDR_EL1. */
const ARM: Record<string, VectorUnits> = {
  '48:d01': { name: 'TaiShan v110 (Kunpeng 920)', bits: 128, units: 2, basis: 'assumed' },
  '48:d02': { name: 'TaiShan v120', bits: 256, units: 2, basis: 'assumed' },
  '70:660': { name: 'Phytium FTC660', bits: 128, units: 1, basis: 'architecture' },
  '70:661': { name: 'Phytium FTC661', bits: 128, units: 1, basis: 'architecture' },
  '70:662': { name: 'Phytium FTC662', bits: 128, units: 1, basis: 'architecture' },
  '70:663': { name: 'Phytium FTC663', bits: 128, units: 1, basis: 'architecture' },
  '41:d0c': { name: 'Neoverse N1', bits: 128, units: 2, basis: 'architecture' },
  '41:d40': { name: 'Neoverse V1', bits: 256, units: 2, basis: 'architecture' },
  '41:d49': { name: 'Neoverse N2', bits: 128, units: 2, basis: 'architecture' },
  '41:d4f': { name: 'Neoverse V2', bits: 128, units: 4, basis: 'architecture' },
  '46:001': { name: 'A64FX', bits: 512, units: 2, basis: 'architecture' },
  'c0:ac3': { name: 'AmpereOne', bits: 128, units: 2, basis: 'assumed' },
};

function arm(cpu: Processor): VectorUnits | undefined {
  if (cpu.implementer === undefined || cpu.part === undefined) return undefined;
  return ARM[`${cpu.implementer.toString(16)}:${cpu.part.toString(16).padStart(3, '0')}`];
}
