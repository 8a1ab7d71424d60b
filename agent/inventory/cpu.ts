import type { Cpu, InventoryFinding, Unread } from '../../model/inventory.ts';
import { coreRates } from './cpu-units.ts';
import { jsonIn } from './documents.ts';
import type { Machine, Read } from './machine.ts';
import { at, clean, listAt, textAt } from './output.ts';
import { fromLscpu, type Processor, parseCpuinfo, vendorOf } from './processor.ts';
import { isAbsent } from './quantity.ts';
import type { Ran } from './spawn.ts';

const CPUINFO = '/proc/cpuinfo';
const CPUFREQ = '/sys/devices/system/cpu/cpu0/cpufreq';

/** The processor from `/proc/cpuinfo`, `lscpu`, cpufreq and the host document, each fact with its source. */
export async function readCpu(
  machine: Machine,
  host: Read<unknown>,
): Promise<{ cpu: Cpu; findings: InventoryFinding[]; unread: Unread[] }> {
  const unread: Unread[] = [];
  const findings: InventoryFinding[] = [];
  const [info, listing, base, maximum, quota] = await Promise.all([
    machine.readFile(CPUINFO),
    machine.run('lscpu', ['-J']),
    kilohertz(machine, `${CPUFREQ}/base_frequency`),
    kilohertz(machine, `${CPUFREQ}/cpuinfo_max_freq`),
    machine.readFile('/sys/fs/cgroup/cpu.max'),
  ]);
  const lscpu = await lscpuFields(machine, listing);
  const read = info.ok ? parseCpuinfo(info.value) : undefined;
  const parsed = read ?? fromLscpu(lscpu);
  const source = read ? CPUINFO : 'lscpu';
  if (!info.ok) unread.push({ what: 'processor', source: CPUINFO, why: info.why });
  else if (!read) unread.push({ what: 'processor', source: CPUINFO, why: 'no processor in it' });
  const facts = host.ok ? host.value : undefined;
  const cpu: Cpu = {};

  put(
    cpu,
    'vendor',
    text(parsed?.vendor, source) ??
      text(vendorOf(lscpu['Vendor ID'], undefined, lscpu['Model name'], 'unknown', ''), 'lscpu') ??
      text(textAt(facts, 'cpu', 'manufacturer'), 'systeminformation.cpu()'),
  );
  const modelName = parsed?.model ?? lscpu['Model name'] ?? textAt(facts, 'cpu', 'brand');
  put(
    cpu,
    'model',
    text(modelName, parsed?.model ? source : lscpu['Model name'] ? 'lscpu' : 'systeminformation.cpu()'),
  );
  put(cpu, 'architecture', text(parsed && parsed.architecture !== 'unknown' ? parsed.architecture : undefined, source));
  const threads = Number(lscpu['Thread(s) per core']);
  const perSocket = Number(lscpu['Core(s) per socket'] ?? lscpu['Core(s) per cluster']);
  const sockets = Number(lscpu['Socket(s)'] ?? lscpu['Cluster(s)']);
  put(cpu, 'logicalCores', number(parsed?.logicalCores, source));
  put(cpu, 'sockets', number(sockets, 'lscpu') ?? number(parsed?.sockets, CPUINFO));
  put(
    cpu,
    'physicalCores',
    number(parsed?.physicalCores, CPUINFO) ??
      number(sockets * perSocket, 'lscpu') ??
      number((parsed?.logicalCores ?? Number.NaN) / threads, 'lscpu') ??
      number(at(facts, 'cpu', 'physicalCores'), 'systeminformation.cpu()'),
  );
  put(cpu, 'baseClockMHz', number(base, `${CPUFREQ}/base_frequency`) ?? number(nameClock(modelName), 'model name'));
  put(
    cpu,
    'maxClockMHz',
    number(maximum, `${CPUFREQ}/cpuinfo_max_freq`) ?? number(Number.parseFloat(lscpu['CPU max MHz'] ?? ''), 'lscpu'),
  );
  if (parsed && parsed.flags.size > 0) cpu.simd = { value: simd(parsed), source };
  if (parsed) peaks(parsed, cpu, unread);
  for (const what of ['baseClockMHz', 'maxClockMHz', 'physicalCores'] as const) {
    if (!cpu[what])
      unread.push({ what: `processor ${what}`, source: `${CPUFREQ}, lscpu`, why: 'the system does not tell' });
  }
  const [limit, period] = quota.ok ? quota.value.trim().split(/\s+/).map(Number) : [];
  if (limit && period && cpu.logicalCores && limit / period < cpu.logicalCores.value) {
    findings.push({
      code: 'cpu_limited',
      detail: `/sys/fs/cgroup/cpu.max: ${limit / period} of ${cpu.logicalCores.value} logical cores may be used`,
    });
  }
  return { cpu, findings, unread };
}

/** Theoretical peaks: physical cores × clock × operations per cycle, with the clock that was assumed. */
function peaks(processor: Processor, cpu: Cpu, unread: Unread[]): void {
  const known = coreRates(processor);
  const cores = cpu.physicalCores?.value;
  const [clock, clockMHz] = cpu.maxClockMHz
    ? (['maximum', cpu.maxClockMHz.value] as const)
    : cpu.baseClockMHz
      ? (['base', cpu.baseClockMHz.value] as const)
      : (['current', processor.clockNowMHz] as const);
  if (!known || cores === undefined || !clockMHz) {
    const lacking = !known ? 'its vector units are not in the table' : 'cores or clock are unknown';
    unread.push({ what: 'theoretical peak of the processor', source: CPUINFO, why: lacking });
    return;
  }
  const note = known.vector.basis === 'assumed' ? ', units assumed from the instruction set' : '';
  const said = { maximum: 'maximum clock', base: 'base clock, no upper limit', current: 'clock now, no upper limit' };
  cpu.peaks = known.rates.map((rate) => ({
    precision: rate.precision,
    opsPerSecond: cores * clockMHz * 1e6 * rate.opsPerCycle,
    clockMHz,
    clock,
    ...(known.vector.basis === 'assumed' ? { assumedUnits: true } : {}),
    basis: `${cores} cores × ${rate.opsPerCycle} operations per cycle (${known.vector.name}: ${rate.how}${note}) × ${clockMHz} MHz (${said[clock]})`,
  }));
}

/**
 * Names of SIMD and matrix extensions for people, by architecture and the kernel's flag: one flag can mean two things
 * (`sme` is the Scalable Matrix Extension of Arm, and AMD's and Hygon's encryption of memory).
 */
const EXTENSIONS: Partial<Record<Processor['architecture'], Readonly<Record<string, string>>>> = {
  x64: {
    sse4_2: 'SSE4.2',
    avx: 'AVX',
    avx2: 'AVX2',
    fma: 'FMA',
    avx_vnni: 'AVX-VNNI',
    avx512f: 'AVX-512',
    avx512_vnni: 'AVX-512-VNNI',
    avx512_bf16: 'AVX-512-BF16',
    avx512_fp16: 'AVX-512-FP16',
    amx_tile: 'AMX',
    amx_int8: 'AMX-INT8',
    amx_bf16: 'AMX-BF16',
    amx_fp16: 'AMX-FP16',
  },
  arm64: {
    asimd: 'NEON',
    asimdhp: 'NEON-FP16',
    asimddp: 'NEON-DotProd',
    sve: 'SVE',
    sve2: 'SVE2',
    sme: 'SME',
    i8mm: 'I8MM',
    bf16: 'BF16',
  },
  loongarch64: { lsx: 'LSX', lasx: 'LASX' },
};

function simd(processor: Processor): string[] {
  const names = Object.entries(EXTENSIONS[processor.architecture] ?? {});
  return names.filter(([flag]) => processor.flags.has(flag)).map(([, name]) => name);
}

/** Fields of `lscpu` by name, from its JSON, else from the lines that versions without `-J` print. */
async function lscpuFields(machine: Machine, listing: Ran): Promise<Record<string, string>> {
  const fields: Record<string, string> = {};
  const add = (name: string | undefined, data: string | undefined) => {
    if (name && data && !isAbsent(data)) fields[name] ??= data;
  };
  const walk = (entries: unknown[]) => {
    for (const entry of entries) {
      add(textAt(entry, 'field')?.replace(/:$/, ''), textAt(entry, 'data'));
      walk(listAt(entry, 'children'));
    }
  };
  const document =
    listing.status === 'exited' ? jsonIn(listing.stdout, (one) => at(one, 'lscpu') !== undefined) : undefined;
  walk(listAt(document, 'lscpu'));
  if (document !== undefined || listing.status === 'not_found') return fields;
  const plain = await machine.run('lscpu', []);
  for (const line of plain.status === 'exited' ? clean(plain.stdout).split('\n') : []) {
    const match = /^\s*([^:]+?)\s*:\s*(.*?)\s*$/.exec(line);
    add(match?.[1], match?.[2]);
  }
  return fields;
}

/** Clock that a model name ends with (`… @ 2.60GHz`, `…@2.0GHz`). */
function nameClock(model: string | undefined): number | undefined {
  const match = /@\s*([\d.]+)\s*(G|M)Hz/i.exec(model ?? '');
  return match ? Math.round(Number(match[1]) * (match[2]!.toUpperCase() === 'G' ? 1000 : 1)) : undefined;
}

async function kilohertz(machine: Machine, path: string): Promise<number | undefined> {
  const file = await machine.readFile(path);
  const value = file.ok ? Number(file.value.trim()) : Number.NaN;
  return value > 0 ? value / 1000 : undefined;
}

function text(value: string | undefined, source: string) {
  return value === undefined || value.trim() === '' ? undefined : { value: value.trim(), source };
}

function number(value: unknown, source: string) {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? { value, source } : undefined;
}

function put<K extends keyof Cpu>(cpu: Cpu, key: K, value: Cpu[K] | undefined): void {
  if (value !== undefined) cpu[key] = value;
}
