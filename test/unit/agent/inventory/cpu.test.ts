import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCpuinfo } from '../../../../agent/inventory/cpu.ts';
import { inventoryOf, smallMachine } from './recordings.ts';

function cores(n: number, fields: (core: number) => Record<string, string | number>): string {
  return Array.from({ length: n }, (_, i) =>
    Object.entries({ processor: i, ...fields(i) })
      .map(([key, value]) => `${key}\t: ${value}`)
      .join('\n'),
  ).join('\n\n');
}
const x86 = (vendor: string, family: number, model: number, name: string, flags: string, mhz = 2000) =>
  cores(4, (i) => ({
    vendor_id: vendor,
    'cpu family': family,
    model,
    'model name': name,
    'cpu MHz': `${mhz}.000`,
    'physical id': i >> 1,
    'core id': i & 1,
    flags,
  }));
const AVX512 = 'fpu sse2 sse4_2 avx avx2 fma avx512f avx512_vnni avx512_bf16';
const arm = (implementer: string, part: string, features: string) =>
  cores(2, () => ({ BogoMIPS: '100.00', Features: features, 'CPU implementer': implementer, 'CPU part': part }));

async function cpuOf(cpuinfo: string, files: Record<string, string> = {}, lscpu?: object) {
  const commands = lscpu ? { 'lscpu -J': JSON.stringify(lscpu) } : {};
  return await inventoryOf(smallMachine({ files: { '/proc/cpuinfo': cpuinfo, ...files }, commands }));
}
const peak = (inventory: Awaited<ReturnType<typeof cpuOf>>, precision: string) =>
  inventory.cpu.peaks?.find((p) => p.precision === precision)?.opsPerSecond;

describe('processors', () => {
  it.each([
    ['Intel', x86('GenuineIntel', 6, 143, 'Intel(R) Xeon(R) Platinum 8462Y+', AVX512)],
    ['AMD', x86('AuthenticAMD', 25, 1, 'AMD EPYC 7763', 'fpu sse2 avx avx2 fma')],
    ['Hygon', x86('HygonGenuine', 24, 1, 'Hygon C86 7185 32-core Processor', 'fpu sse2 avx avx2 fma')],
    ['Zhaoxin', x86('  Shanghai  ', 7, 59, 'ZHAOXIN KaiSheng KH-37800D@2.7GHz', 'fpu sse2 avx avx2')],
    ['Zhaoxin', x86('CentaurHauls', 7, 91, 'ZHAOXIN KaiSheng KH-40000/16@2.2GHz', 'fpu sse2 avx avx2')],
    ['VIA', x86('CentaurHauls', 6, 15, 'VIA Nano L2200@1600MHz', 'fpu sse2')],
    ['HiSilicon', arm('0x48', '0xd01', 'fp asimd asimdhp asimddp')],
    ['Phytium', arm('0x70', '0x663', 'fp asimd')],
    [
      'Loongson',
      cores(2, (i) => ({
        package: 0,
        core: i,
        'CPU Family': 'Loongson-64bit',
        'Model Name': 'Loongson-3C5000',
        'CPU MHz': '2200.00',
        Features: 'cpucfg lam ual fpu lsx lasx',
      })),
    ],
    ['Sunway', cores(2, () => ({ vendor_id: 'sunway', 'model name': 'SW3231', 'cpu MHz': '2400.00', cpu: 'sw_64' }))],
  ])('recognises %s', async (vendor, cpuinfo) => {
    const { cpu } = await cpuOf(cpuinfo);
    expect(cpu.vendor?.value).toBe(vendor);
    expect(cpu.logicalCores?.value).toBeGreaterThan(0);
  });

  it('counts sockets and cores by their places', async () => {
    const { cpu } = await cpuOf(x86('GenuineIntel', 6, 143, 'Xeon', AVX512));
    expect(cpu).toMatchObject({ sockets: { value: 2 }, physicalCores: { value: 4 }, logicalCores: { value: 4 } });
  });

  it.each([
    ['Zen 1, two 128-bit units', x86('AuthenticAMD', 23, 1, 'EPYC 7601', 'sse2 avx avx2 fma'), 8],
    ['Zen 3, two 256-bit units', x86('AuthenticAMD', 25, 1, 'EPYC 7763', 'sse2 avx avx2 fma'), 16],
    ['Zen 4, AVX-512 in two halves', x86('AuthenticAMD', 25, 17, 'EPYC 9654', AVX512), 16],
    ['Zen 5, full 512 bits', x86('AuthenticAMD', 26, 2, 'EPYC 9755', AVX512), 32],
    ['Xeon Platinum, two 512-bit units', x86('GenuineIntel', 6, 143, 'Xeon(R) Platinum 8462Y+', AVX512), 32],
    ['Xeon Silver, one 512-bit unit', x86('GenuineIntel', 6, 85, 'Intel(R) Xeon(R) Silver 4210', AVX512), 16],
    ['Hygon of the first kind', x86('HygonGenuine', 24, 1, 'Hygon C86', 'sse2 avx avx2 fma'), 8],
  ])('%s: FP64 operations per core and cycle', async (_name, cpuinfo, perCycle) => {
    const inventory = await cpuOf(cpuinfo, { '/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq': '3000000\n' });
    expect(peak(inventory, 'FP64')).toBe(4 * 3e9 * perCycle);
    expect(peak(inventory, 'FP32')).toBe(4 * 3e9 * perCycle * 2);
    expect(inventory.cpu.peaks?.[0]).toMatchObject({ clock: 'maximum', clockMHz: 3000 });
  });

  it('gives the matrix unit its own rate', async () => {
    const amx = x86('GenuineIntel', 6, 143, 'Xeon', `${AVX512} amx_tile amx_int8 amx_bf16`);
    const inventory = await cpuOf(amx, { '/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq': '2000000\n' });
    expect(peak(inventory, 'INT8')).toBe(4 * 2e9 * 2048);
    expect(peak(inventory, 'BF16')).toBe(4 * 2e9 * 1024);
    expect(inventory.cpu.simd?.value).toContain('AMX-INT8');
  });

  it('says which clock it assumed, and that only the maximum limits', async () => {
    const cpuinfo = x86('AuthenticAMD', 26, 2, 'AMD EPYC', AVX512, 2600);
    expect((await cpuOf(cpuinfo)).cpu.peaks?.[0]).toMatchObject({ clock: 'current', clockMHz: 2600 });
    const base = await cpuOf(cpuinfo, { '/sys/devices/system/cpu/cpu0/cpufreq/base_frequency': '2700000\n' });
    expect(base.cpu.peaks?.[0]).toMatchObject({ clock: 'base', clockMHz: 2700 });
    const lscpu = { lscpu: [{ field: 'CPU max MHz:', data: '4100.0000' }] };
    expect((await cpuOf(cpuinfo, {}, lscpu)).cpu.peaks?.[0]).toMatchObject({ clock: 'maximum', clockMHz: 4100 });
  });

  it('has no peak for a core it does not know, and says so', async () => {
    const { cpu, unread } = await cpuOf(x86('  Shanghai  ', 7, 59, 'ZHAOXIN KH-37800D@2.7GHz', 'sse2 avx avx2'));
    expect(cpu.peaks).toBeUndefined();
    expect(unread.find((item) => item.what === 'theoretical peak of the processor')?.why).toContain('not in the table');
  });

  it('tells a quota of the container', async () => {
    const { findings } = await cpuOf(x86('GenuineIntel', 6, 143, 'Xeon', AVX512), {
      '/sys/fs/cgroup/cpu.max': '150000 100000\n',
    });
    expect(findings.find((finding) => finding.code === 'cpu_limited')?.detail).toContain('1.5 of 4');
    const unlimited = await cpuOf(x86('GenuineIntel', 6, 143, 'Xeon', AVX512), {
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
    });
    expect(unlimited.findings.some((finding) => finding.code === 'cpu_limited')).toBe(false);
  });

  it('reads nothing out of text that is no cpuinfo', () => {
    expect(parseCpuinfo('')).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = parseCpuinfo(text);
        if (read) expect(read.logicalCores).toBeGreaterThan(0);
      }),
    );
  });
});
