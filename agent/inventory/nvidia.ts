import { addFacts, device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { at, clean, csvOutput, listAt, textAt } from './output.ts';
import { bytes, celsius, isAbsent, megahertz, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';

/**
 * NVIDIA. Two readings that must agree: the full report (`nvidia-smi -q -x`, read by the package `node-nvidia-smi` in a
 * helper process) and the CSV query. MIG instances come from the report and get their UUIDs from `nvidia-smi -L`;
 * NVLink peers from `nvidia-smi topo -m`. What answers to this name may be another vendor's compatibility layer: the
 * PCI vendor decides, where the readings are put together with the bus.
 */
export const nvidia: Collector = {
  vendor: 'nvidia',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'nvidia');
    const table = await csvReading(reading);
    if (!reading.has('nvidia-smi')) {
      await readLibrary(reading, machine);
      return reading;
    }

    const document = await machine.document('nvidia-smi');
    const report = document.ok ? parseReport(document.value) : undefined;
    if (!document.ok) {
      reading.unread.push({ what: 'full report', source: 'nvidia-smi -q -x', why: document.why });
    } else if (!report) {
      reading.unknownLayout('nvidia-smi -q -x', JSON.stringify(document.value).slice(0, 8_000));
    }
    const list = await (report || table ? reading.detail : reading.run).call(reading, 'nvidia-smi', ['-L']);
    if (!report && !table) {
      if (/no devices (?:were )?found/i.test(list ?? '')) reading.say('tool_reports_none', `nvidia-smi -L: ${list}`);
      return reading;
    }
    const topology = await reading.detail('nvidia-smi', ['topo', '-m']);
    const migUuids = parseMigList(list ?? '');
    const peers = parseTopology(topology ?? '');
    const gpus = report?.gpus ?? table ?? [];
    if (report && table) disagreements(report.gpus, table, reading);
    if (gpus.length === 0)
      reading.say('tool_reports_none', `nvidia-smi answers and lists no GPU: ${list ?? ''}`.trim());
    if (report?.attached !== undefined && report.attached !== report.gpus.length) {
      reading.say(
        'count_mismatch',
        `nvidia-smi says ${report.attached} attached GPUs and describes ${report.gpus.length}`,
      );
    }
    for (const [index, gpu] of gpus.entries()) {
      const id = `nvidia-${gpu.index ?? index}`;
      const source = report ? 'nvidia-smi -q -x' : 'nvidia-smi --query-gpu';
      const made = device({ id, kind: 'package', vendor: 'nvidia' }, source, { ...gpu.facts, peers: peers[index] });
      const same = table?.find((other) => sameGpu(other, gpu));
      if (report && same) addFacts(made, 'nvidia-smi --query-gpu', same.facts);
      const uuids = migUuids[index] ?? [];
      reading.devices.push(made);
      const slices = Math.max(gpu.mig.length, uuids.length);
      for (let slice = 0; slice < slices; slice++) {
        const facts = { ...gpu.mig[slice], uuid: uuids[slice]?.uuid, chip: uuids[slice]?.profile };
        reading.devices.push(
          device({ id: `${id}.mig-${slice}`, kind: 'partition', parent: id, vendor: 'nvidia' }, source, facts),
        );
      }
    }
    reading.version('nvidia-smi', report?.driver ?? gpus[0]?.facts.driver);
    reading.component('NVIDIA driver', report?.driver ?? gpus[0]?.facts.driver, 'nvidia-smi');
    reading.component('CUDA (driver)', report?.cuda, 'nvidia-smi -q -x');
    return reading;
  },
};

/** Without the tool but with device nodes (a container may have the library only): the management library itself. */
async function readLibrary(reading: Reading, machine: Machine): Promise<void> {
  const nodes = await machine.readDirectory('/dev');
  if (!nodes.ok || !nodes.value.some((name) => /^nvidia\d+$/.test(name))) return;
  const document = await machine.document('nvml');
  if (!document.ok) {
    reading.unread.push({ what: 'NVIDIA GPUs', source: 'NVML', why: document.why });
    return;
  }
  for (const gpu of Array.isArray(document.value) ? document.value : []) {
    const text = (name: string) => textAt(gpu, name);
    const number = (name: string) => plainNumber(text(name) ?? '');
    const index = number('index');
    if (index === undefined) continue;
    const identity = { id: `nvidia-${index}`, kind: 'package', vendor: 'nvidia' } as const;
    const facts: Facts = {
      chip: text('chip'),
      uuid: text('uuid'),
      serial: text('serial'),
      pciAddress: text('pciAddress'),
      driver: text('driver'),
      memoryBytes: number('memoryBytes'),
      memoryUsedBytes: number('memoryUsedBytes'),
      temperatureC: number('temperatureC'),
      powerW: number('powerW'),
      clockMHz: number('clockMHz'),
      utilization: number('utilization'),
    };
    reading.devices.push(device(identity, 'NVML', facts));
  }
  reading.component('NVIDIA driver', reading.devices[0]?.driver?.value, 'NVML');
}

export interface Gpu {
  readonly index?: number;
  readonly facts: Facts;
  /** Facts of its MIG instances, in the report's order. */
  readonly mig: Facts[];
}

export interface NvidiaReport {
  readonly driver?: string | undefined;
  readonly cuda?: string | undefined;
  readonly attached?: number | undefined;
  readonly gpus: Gpu[];
}

/**
 * The report as `node-nvidia-smi` converts it from XML: one GPU is an object, several are a list, and the names of
 * elements differ between driver versions. Undefined where it has no `nvidia_smi_log`.
 */
export function parseReport(document: unknown): NvidiaReport | undefined {
  const log = at(document, 'nvidia_smi_log');
  if (typeof log !== 'object' || log === null) return undefined;
  const driver = textAt(log, 'driver_version');
  const cuda = textAt(log, 'cuda_version');
  const attached = plainNumber(textAt(log, 'attached_gpus') ?? '');
  return { driver, cuda, attached, gpus: listAt(log, 'gpu').map((gpu) => parseGpu(gpu, driver, cuda)) };
}

function parseGpu(gpu: unknown, driver: string | undefined, runtime: string | undefined): Gpu {
  const text = (...paths: string[]): string => {
    for (const path of paths) {
      const found = textAt(gpu, ...path.split('.'));
      if (found !== undefined && !isAbsent(found)) return found;
    }
    return '';
  };
  const migMode = text('mig_mode.current_mig');
  const deviceId = text('pci.pci_device_id');
  const facts: Facts = {
    chip: text('product_name'),
    uuid: text('uuid'),
    serial: text('serial'),
    pciAddress: text('pci.pci_bus_id', '$.id'),
    // Device and vendor in one number: 233010DE.
    pciId: /^(?:0x)?([0-9a-f]{4})([0-9a-f]{4})$/i.test(deviceId)
      ? deviceId.replace(/^(?:0x)?([0-9a-f]{4})([0-9a-f]{4})$/i, '$2:$1').toLowerCase()
      : undefined,
    memoryBytes: bytes(text('fb_memory_usage.total')),
    memoryUsedBytes: bytes(text('fb_memory_usage.used')),
    driver,
    runtime: runtime && `CUDA ${runtime}`,
    firmware: text('vbios_version'),
    eccUncorrected: uncorrected(gpu),
    temperatureC: celsius(text('temperature.gpu_temp')),
    powerW: watts(
      text(
        'gpu_power_readings.instant_power_draw',
        'gpu_power_readings.power_draw',
        'gpu_power_readings.average_power_draw',
        'power_readings.power_draw',
      ),
    ),
    powerLimitW: watts(
      text('gpu_power_readings.current_power_limit', 'gpu_power_readings.power_limit', 'power_readings.power_limit'),
    ),
    clockMHz: megahertz(text('clocks.sm_clock', 'clocks.graphics_clock')),
    clockMaxMHz: megahertz(text('max_clocks.sm_clock', 'max_clocks.graphics_clock')),
    memoryClockMHz: megahertz(text('clocks.mem_clock')),
    memoryTemperatureC: celsius(text('temperature.memory_temp')),
    fan: share(text('fan_speed')),
    utilization: share(text('utilization.gpu_util')),
    linkGeneration: plainNumber(
      text('pci.pci_gpu_link_info.pcie_gen.current_link_gen', 'pci.pci_gpu_link_info.pcie_gen.device_current_link_gen'),
    ),
    linkWidth: plainNumber(text('pci.pci_gpu_link_info.link_widths.current_link_width').replace(/x$/i, '')),
    throttleReasons: throttleReasons(gpu),
    health: health(gpu),
    partitioning: migMode === '' ? undefined : `MIG ${migMode.toLowerCase()}`,
    deviceNode: text('minor_number') === '' ? undefined : `/dev/nvidia${text('minor_number')}`,
  };
  const mig = listAt(gpu, 'mig_devices', 'mig_device').map(
    (slice): Facts => ({
      memoryBytes: bytes(textAt(slice, 'fb_memory_usage', 'total') ?? ''),
      memoryUsedBytes: bytes(textAt(slice, 'fb_memory_usage', 'used') ?? ''),
      partitioning: `MIG instance ${textAt(slice, 'gpu_instance_id') ?? '?'}/${textAt(slice, 'compute_instance_id') ?? '?'}`,
    }),
  );
  return { facts, mig };
}

/** Uncorrected errors since the driver was loaded, under whichever name this driver has. */
function uncorrected(gpu: unknown): number | undefined {
  const counts = ['sram_uncorrectable', 'sram_uncorrectable_parity', 'sram_uncorrectable_secded', 'dram_uncorrectable']
    .map((name) => plainNumber(textAt(gpu, 'ecc_errors', 'volatile', name) ?? ''))
    .filter((count) => count !== undefined);
  if (counts.length > 0) return counts.reduce((a, b) => a + b, 0);
  return plainNumber(textAt(gpu, 'ecc_errors', 'volatile', 'double_bit', 'total') ?? '');
}

/** Names of active reasons, without the driver's prefix. Idle is no throttling. */
function throttleReasons(gpu: unknown): string[] {
  const all = at(gpu, 'clocks_event_reasons') ?? at(gpu, 'clocks_throttle_reasons');
  if (typeof all !== 'object' || all === null) return [];
  return Object.entries(all)
    .filter(([, state]) => typeof state === 'string' && /^active$/i.test(state.trim()))
    .map(([name]) => name.replace(/^clocks_(?:event|throttle)_reasons?_/, ''))
    .filter((name) => name !== 'gpu_idle');
}

function health(gpu: unknown): string | undefined {
  const faults: string[] = [];
  if (/^yes$/i.test(textAt(gpu, 'remapped_rows', 'remapped_row_failure') ?? '')) faults.push('row remapping failed');
  if (/^yes$/i.test(textAt(gpu, 'retired_pages', 'pending_retirement') ?? '')) faults.push('page retirement pending');
  if (/reset|required/i.test(textAt(gpu, 'gpu_recovery_action') ?? '')) faults.push('reset required');
  if (faults.length > 0) return faults.join(', ');
  return at(gpu, 'remapped_rows') === undefined && at(gpu, 'retired_pages') === undefined ? undefined : 'OK';
}

const FULL_QUERY = [
  ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version'],
  ...['vbios_version', 'temperature.gpu', 'power.draw', 'power.limit', 'clocks.sm', 'clocks.max.sm', 'clocks.mem'],
  ...['utilization.gpu', 'pcie.link.gen.current', 'pcie.link.width.current', 'mig.mode.current'],
];
const LONG_QUERY = [
  ...FULL_QUERY,
  'compute_cap',
  'fan.speed',
  'temperature.memory',
  'ecc.errors.uncorrected.volatile.total',
];
const SMALL_QUERY = ['index', 'name', 'uuid', 'pci.bus_id', 'memory.total', 'driver_version'];

/** The CSV query, from many fields to few for drivers that do not know every one. Undefined where none reads. */
async function csvReading(reading: Reading): Promise<Gpu[] | undefined> {
  let last: string | undefined;
  for (const query of [LONG_QUERY, FULL_QUERY, SMALL_QUERY]) {
    const text = await reading.detail('nvidia-smi', [`--query-gpu=${query.join(',')}`, '--format=csv']);
    if (!reading.has('nvidia-smi')) return undefined;
    const gpus = parseCsv(text ?? '');
    if (gpus) return gpus;
    last = text ?? last;
  }
  if (last !== undefined) reading.unknownLayout('nvidia-smi --query-gpu', last);
  return undefined;
}

/** `--query-gpu=… --format=csv`, any subset and order of the fields above, with the heading. */
export function parseCsv(text: string): Gpu[] | undefined {
  const table = csvOutput(text, ['index', 'name', 'uuid']);
  if (!table) return undefined;
  return table.rows.map((row) => {
    const index = plainNumber(row.index ?? '');
    return { ...(index === undefined ? {} : { index }), mig: [], facts: queryFacts(row, table.units) };
  });
}

/** MIG instances by GPU index, from `nvidia-smi -L`. */
export function parseMigList(text: string): { profile: string; uuid: string }[][] {
  const found: { profile: string; uuid: string }[][] = [];
  let here: { profile: string; uuid: string }[] | undefined;
  for (const line of clean(text).split('\n')) {
    const gpu = /^GPU\s+(\d+):/.exec(line);
    if (gpu) {
      here = [];
      found[Number(gpu[1])] = here;
    }
    const slice = /^\s+MIG\s+(\S+)\s+Device\s+\d+:\s*\(UUID:\s*([^)\s]+)\)/.exec(line);
    if (slice && here) here.push({ profile: `MIG ${slice[1]}`, uuid: slice[2]! });
  }
  return found;
}

/** Peers by GPU index over NVLink, from the matrix of `nvidia-smi topo -m` (`NV18` is 18 links). */
export function parseTopology(text: string): string[][] {
  const peers: string[][] = [];
  let columns: string[] = [];
  for (const line of clean(text).split('\n')) {
    const cells = line.split('\t').map((cell) => cell.trim());
    if (cells[0] === '' && cells.some((cell) => /^GPU\d+$/.test(cell))) columns = cells;
    const row = /^GPU(\d+)$/.exec(cells[0] ?? '');
    if (!row || columns.length === 0) continue;
    peers[Number(row[1])] = cells.flatMap((cell, i) =>
      /^NV\d+$/.test(cell) && /^GPU\d+$/.test(columns[i] ?? '') ? [`nvidia-${columns[i]!.slice(3)} ${cell}`] : [],
    );
  }
  return peers;
}

function sameGpu(a: Gpu, b: Gpu): boolean {
  const address = pciAddress(a.facts.pciAddress ?? '');
  return address !== undefined && address === pciAddress(b.facts.pciAddress ?? '');
}

/** Every GPU that only one of the two readings has is told. */
function disagreements(report: Gpu[], table: Gpu[], reading: Reading): void {
  const keys = (gpus: Gpu[]) => new Set(gpus.map((g) => pciAddress(g.facts.pciAddress ?? '') ?? g.facts.uuid ?? '?'));
  const a = keys(report);
  const b = keys(table);
  const only = [...[...a].filter((key) => !b.has(key)), ...[...b].filter((key) => !a.has(key))];
  if (only.length > 0 || report.length !== table.length) {
    reading.say(
      'readings_disagree',
      `nvidia-smi -q -x has ${report.length} GPUs, --query-gpu has ${table.length}; in one of them only: ${only.join(', ')}`,
    );
  }
}
