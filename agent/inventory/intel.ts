import { device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { at, boxRows, csvOutput, jsonIn, listAt, textAt } from './output.ts';
import { bytes, megahertz, plainNumber, share } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';

/** Intel: `xpu-smi discovery` (Kunlunxin's tool of the same name is told apart by what it prints) and `hl-smi` for Gaudi. */
export const intel: Collector = {
  vendor: 'intel',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'intel');
    await readXpu(reading);
    await readGaudi(reading);
    return reading;
  },
};

async function readXpu(reading: Reading): Promise<void> {
  const banner = await reading.detail('xpu-smi', [], {}, true);
  if (banner !== undefined && isKunlunxin(banner)) {
    reading.tools.length = 0;
    return;
  }
  const text = await reading.detail('xpu-smi', ['discovery', '-j']);
  if (text === undefined) return;
  const devices = parseDiscovery(text) ?? parseDiscoveryTable(text);
  if (!devices) {
    reading.unknownLayout('xpu-smi discovery -j', text);
    return;
  }
  if (devices.length === 0) reading.say('tool_reports_none', `xpu-smi discovery: ${text.slice(0, 400)}`);
  for (const { index, facts, virtual } of devices) {
    const [more, stats] = await Promise.all([
      reading.detail('xpu-smi', ['discovery', '-d', String(index), '-j']),
      reading.detail('xpu-smi', ['stats', '-d', String(index), '-j']),
    ]);
    const known = { ...defined(facts), ...defined(parseDetail(more ?? '')), ...defined(parseStats(stats ?? '')) };
    const kind = virtual ? 'partition' : 'package';
    reading.devices.push(device({ id: `intel-${index}`, kind, vendor: 'intel' }, 'xpu-smi', known));
  }
}

/** Kunlunxin's tool names its own runtime in its banner; Intel's does not. */
export function isKunlunxin(text: string): boolean {
  return /XPU-RT|XPUSMI LOG|kunlun/i.test(text);
}

/** `xpu-smi discovery -j`. Undefined where there is no list of devices. */
export function parseDiscovery(text: string): { index: number; facts: Facts; virtual: boolean }[] | undefined {
  const document = jsonIn(text);
  if (!Array.isArray(at(document, 'device_list'))) return undefined;
  return listAt(document, 'device_list').map((entry, position) => ({
    index: plainNumber(textAt(entry, 'device_id') ?? '') ?? position,
    virtual: /virtual/i.test(textAt(entry, 'device_function_type') ?? ''),
    facts: {
      chip: textAt(entry, 'device_name'),
      uuid: textAt(entry, 'uuid'),
      pciAddress: textAt(entry, 'pci_bdf_address'),
      deviceNode: textAt(entry, 'drm_device'),
    },
  }));
}

/** The table of `xpu-smi discovery`: a device's facts stand in the rows under its id. */
export function parseDiscoveryTable(text: string): { index: number; facts: Facts; virtual: boolean }[] | undefined {
  const rows = boxRows(text);
  const start = rows.findIndex((row) => /^Device ID$/i.test(row[0] ?? ''));
  if (start < 0) return undefined;
  const devices: { index: number; fields: Map<string, string> }[] = [];
  for (const [id = '', fact = ''] of rows.slice(start + 1)) {
    if (/^\d+$/.test(id)) devices.push({ index: Number(id), fields: new Map() });
    const match = /^([^:]+):\s*(.*)$/.exec(fact);
    if (match) devices.at(-1)?.fields.set(match[1]!.trim().toLowerCase(), match[2]!.trim());
  }
  return devices.map(({ index, fields }) => ({
    index,
    virtual: /virtual/i.test(fields.get('function type') ?? ''),
    facts: {
      chip: fields.get('device name'),
      uuid: fields.get('uuid'),
      serial: fields.get('serial number'),
      pciAddress: fields.get('pci bdf address'),
      memoryBytes: bytes(fields.get('memory physical size') ?? ''),
      driver: fields.get('driver version'),
      firmware: fields.get('gfx firmware version'),
    },
  }));
}

/** `xpu-smi discovery -d N -j`. */
export function parseDetail(text: string): Facts {
  const entry = jsonIn(text);
  const field = (name: string) => textAt(entry, name) ?? '';
  return {
    serial: field('serial_number'),
    driver: field('driver_version'),
    firmware: field('gfx_firmware_version') || field('firmware_version'),
    memoryBytes: bytes(field('memory_physical_size_byte')),
    clockMaxMHz: megahertz(field('core_clock_rate_mhz')),
    linkGeneration: plainNumber(field('pcie_generation')),
    linkWidth: plainNumber(field('pcie_max_link_width')),
  };
}

/** `xpu-smi stats -d N -j`: metrics of the whole device by name. */
export function parseStats(text: string): Facts {
  const metrics = new Map<string, number>();
  const document = jsonIn(text);
  const all = [...listAt(document, 'device_level'), ...listAt(document, 'tile_level', 0, 'data_list')];
  for (const metric of all) {
    const value = at(metric, 'value') ?? at(metric, 'avg');
    const name = textAt(metric, 'metrics_type');
    if (name !== undefined && typeof value === 'number' && !metrics.has(name)) metrics.set(name, value);
  }
  const memory = metrics.get('XPUM_STATS_MEMORY_USED');
  return {
    powerW: metrics.get('XPUM_STATS_POWER'),
    temperatureC: metrics.get('XPUM_STATS_GPU_CORE_TEMPERATURE'),
    clockMHz: metrics.get('XPUM_STATS_GPU_FREQUENCY'),
    utilization: share(String(metrics.get('XPUM_STATS_GPU_UTILIZATION') ?? '')),
    memoryUsedBytes: memory === undefined ? undefined : bytes(`${memory} MiB`),
  };
}

const GAUDI_QUERY =
  'index,name,uuid,serial,bus_id,memory.total,memory.used,driver_version,temperature.aip,power.draw,utilization.aip';

async function readGaudi(reading: Reading): Promise<void> {
  const text = await reading.run('hl-smi', ['-Q', GAUDI_QUERY, '-f', 'csv']);
  if (text === undefined) return;
  const table = csvOutput(text, ['index', 'name']);
  if (!table) {
    reading.unknownLayout('hl-smi -Q', text);
    return;
  }
  if (table.rows.length === 0) reading.say('tool_reports_none', `hl-smi -Q: ${text.slice(0, 400)}`);
  for (const row of table.rows) {
    const identity = { id: `gaudi-${row.index}`, kind: 'package', vendor: 'intel' } as const;
    reading.devices.push(device(identity, 'hl-smi -Q', queryFacts(row, table.units)));
  }
}

/** Without the fields that were not printed, so that a later reading does not erase an earlier one. */
function defined(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''));
}
