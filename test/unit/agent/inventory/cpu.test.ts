import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCpuinfo } from '../../../../agent/inventory/processor.ts';
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

  // As kernels print them on such machines, shortened to a few cores; flags only those that matter here.
  const text = (n: number, block: (i: number) => string, tail = '') =>
    `${Array.from({ length: n }, (_, i) => block(i)).join('\n\n')}\n${tail}`;
  const MAXIMUM = (mhz: number) => ({ '/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq': `${mhz * 1000}\n` });
  const LSCPU = (sockets: number, cores: number, threads = 1) => ({
    lscpu: [
      { field: 'Thread(s) per core:', data: String(threads) },
      { field: 'Core(s) per socket:', data: String(cores) },
      { field: 'Socket(s):', data: String(sockets) },
    ],
  });
  const intelText = text(
    4,
    (i) =>
      `processor\t: ${i}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) Platinum 8480+\nstepping\t: 8\ncpu MHz\t\t: 2000.000\nphysical id\t: ${i >> 1}\nsiblings\t: 2\ncore id\t\t: ${i & 1}\ncpu cores\t: 2\nflags\t\t: fpu sse2 sse4_2 fma avx avx2 avx512f avx512_vnni avx512_bf16 avx512_fp16 avx_vnni amx_bf16 amx_tile amx_int8\nbogomips\t: 4000.00`,
  );
  const hygonText = text(
    4,
    (i) =>
      `processor\t: ${i}\nvendor_id\t: HygonGenuine\ncpu family\t: 24\nmodel\t\t: 4\nmodel name\t: Hygon C86 7390 32-core Processor\ncpu MHz\t\t: 2700.000\nphysical id\t: 0\ncore id\t\t: ${i}\nflags\t\t: fpu sse2 sse4_2 fma avx avx2 sha_ni`,
  );
  const kunpengText = text(
    4,
    (i) =>
      `processor\t: ${i}\nBogoMIPS\t: 200.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt fcma dcpop asimddp asimdfhm ssbs\nCPU implementer\t: 0x48\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0xd01\nCPU revision\t: 0`,
  );
  const phytiumText = text(
    4,
    (i) =>
      `processor\t: ${i}\nmodel name\t: Phytium,S2500/64\nBogoMIPS\t: 100.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid\nCPU implementer\t: 0x70\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0x663\nCPU revision\t: 3`,
  );
  const loongsonText = `system type\t\t: generic-loongson-machine\n\n${text(
    4,
    (i) =>
      `processor\t\t: ${i}\npackage\t\t\t: 0\ncore\t\t\t: ${i}\nCPU Family\t\t: Loongson-64bit\nModel Name\t\t: Loongson-3C5000\nCPU Revision\t\t: 0x10\nFPU Revision\t\t: 0x00\nCPU MHz\t\t\t: 2200.00\nBogoMIPS\t\t: 4400.00\nISA\t\t\t: loongarch32 loongarch64\nFeatures\t\t: cpucfg lam ual fpu lsx lasx crc32 complex crypto lvz\nHardware Watchpoint\t: yes`,
  )}`;
  const zhaoxinText = text(
    4,
    (i) =>
      `processor\t: ${i}\nvendor_id\t:   Shanghai  \ncpu family\t: 7\nmodel\t\t: 91\nmodel name\t: ZHAOXIN KaiSheng KH-40000/16@2.2GHz\ncpu MHz\t\t: 2200.000\nphysical id\t: 0\ncore id\t\t: ${i}\nflags\t\t: fpu sse2 sse4_2 avx avx2 sm2 sm3_sm4`,
  );
  const sunwayText = text(
    4,
    (i) =>
      `processor\t: ${i}\nvendor_id\t: sunway\ncpu family\t: 8\nmodel name\t: SW3231\nCPU variation\t: 3\ncpu MHz\t\t: 2400.00\ncache size\t: 512 KB\nphysical id\t: 0\nbogomips\t: 4800.00\ncpu\t\t: sw_64`,
  );

  it.each<
    [string, string, Record<string, string>, object | undefined, string[] | undefined, Record<string, number>, string?]
  >([
    [
      'Intel',
      intelText,
      MAXIMUM(3800),
      undefined,
      [
        ...['SSE4.2', 'AVX', 'AVX2', 'FMA', 'AVX-VNNI', 'AVX-512', 'AVX-512-VNNI', 'AVX-512-BF16', 'AVX-512-FP16'],
        ...['AMX', 'AMX-INT8', 'AMX-BF16'],
      ],
      { FP64: 32, FP32: 64, FP16: 128, BF16: 1024, INT8: 2048 },
    ],
    [
      'AMD',
      x86('AuthenticAMD', 25, 17, 'AMD EPYC 9654 96-Core Processor', AVX512),
      MAXIMUM(3700),
      undefined,
      ['SSE4.2', 'AVX', 'AVX2', 'FMA', 'AVX-512', 'AVX-512-VNNI', 'AVX-512-BF16'],
      { FP64: 16, FP32: 32, BF16: 64, INT8: 128 },
    ],
    ['Hygon', hygonText, MAXIMUM(2700), undefined, ['SSE4.2', 'AVX', 'AVX2', 'FMA'], { FP64: 16, FP32: 32 }],
    [
      'HiSilicon',
      kunpengText,
      MAXIMUM(2600),
      LSCPU(2, 2),
      ['NEON', 'NEON-FP16', 'NEON-DotProd'],
      { FP64: 8, FP32: 16, FP16: 32, INT8: 64 },
    ],
    ['Phytium', phytiumText, MAXIMUM(2100), LSCPU(1, 4), ['NEON'], { FP64: 4, FP32: 8 }],
    ['Loongson', loongsonText, {}, undefined, ['LSX', 'LASX'], { FP64: 16, FP32: 32 }, 'current'],
    ['Zhaoxin', zhaoxinText, MAXIMUM(2200), undefined, ['SSE4.2', 'AVX', 'AVX2'], {}],
    ['Sunway', sunwayText, {}, LSCPU(1, 4), undefined, {}],
  ])(
    '%s: extensions, and peaks of every precision with their clock',
    async (vendor, cpuinfo, files, lscpu, simd, perCycle, clock = 'maximum') => {
      const { cpu, unread } = await cpuOf(cpuinfo, files, lscpu);
      expect([cpu.vendor?.value, cpu.physicalCores?.value, cpu.simd?.value]).toEqual([vendor, 4, simd]);
      const mhz = clock === 'current' ? 2200 : Number.parseInt(Object.values(files)[0] ?? '0', 10) / 1000;
      expect(Object.fromEntries((cpu.peaks ?? []).map((one) => [one.precision, one.opsPerSecond]))).toEqual(
        Object.fromEntries(Object.entries(perCycle).map(([name, ops]) => [name, 4 * mhz * 1e6 * ops])),
      );
      for (const one of cpu.peaks ?? []) expect(one).toMatchObject({ clock, clockMHz: mhz });
      const silent = unread.some(({ what }) => what === 'theoretical peak of the processor');
      expect(silent).toBe(Object.keys(perCycle).length === 0);
    },
  );

  it('SVE of an ARM core is told; its peak is by the core, not by the flag', async () => {
    const features = 'fp asimd fphp asimdhp asimddp sve sve2 i8mm bf16';
    const { cpu } = await cpuOf(arm('0x41', '0xd49', features), MAXIMUM(3000), LSCPU(1, 2));
    expect(cpu.simd?.value).toEqual(['NEON', 'NEON-FP16', 'NEON-DotProd', 'SVE', 'SVE2', 'I8MM', 'BF16']);
    expect(cpu.peaks?.map(({ precision, opsPerSecond }) => [precision, opsPerSecond / 6e9])).toEqual([
      ['FP64', 8],
      ['FP32', 16],
      ['FP16', 32],
      ['BF16', 64],
      ['INT8', 128],
    ]);
  });

  it('reads lscpu where /proc/cpuinfo is not available, and fills in a vendor that it does not name', async () => {
    const fields = (more: Record<string, string>) => ({
      lscpu: Object.entries({
        'CPU(s)': '8',
        'Thread(s) per core': '2',
        'Core(s) per socket': '4',
        'Socket(s)': '1',
        ...more,
      }).map(([field, data]) => ({ field: `${field}:`, data })),
    });
    const hidden = smallMachine({
      commands: {
        'lscpu -J': JSON.stringify(
          fields({
            Architecture: 'x86_64',
            'Vendor ID': 'HygonGenuine',
            'Model name': 'Hygon C86 7285',
            'CPU family': '24',
            Model: '1',
            'CPU max MHz': '2000.0000',
            Flags: 'fpu sse2 avx avx2 fma',
          }),
        ),
      },
    });
    const { cpu, unread } = await inventoryOf(hidden);
    expect(cpu).toMatchObject({
      vendor: { value: 'Hygon', source: 'lscpu' },
      architecture: { value: 'x64', source: 'lscpu' },
      logicalCores: { value: 8 },
      physicalCores: { value: 4 },
      simd: { value: ['AVX', 'AVX2', 'FMA'], source: 'lscpu' },
    });
    expect(cpu.peaks?.[0]).toMatchObject({ precision: 'FP64', opsPerSecond: 4 * 2e9 * 8, clock: 'maximum' });
    expect(unread.some(({ source }) => source === '/proc/cpuinfo')).toBe(true);
    const nameless = cores(2, () => ({ BogoMIPS: '100.00' }));
    const named = await cpuOf(nameless, {}, fields({ Architecture: 'aarch64', 'Vendor ID': 'HiSilicon' }));
    expect(named.cpu.vendor).toEqual({ value: 'HiSilicon', source: 'lscpu' });
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
