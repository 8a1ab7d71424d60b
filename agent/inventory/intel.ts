import { addFacts, device, type Facts } from './device.ts';
import { documentsIn, jsonIn } from './documents.ts';
import { readGaudi } from './gaudi.ts';
import type { Machine } from './machine.ts';
import { at, boxRows, clean, listAt, textAt } from './output.ts';
import { bytes, isAbsent, megahertz, plainNumber, share } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';

/**
 * Intel: `xpu-smi discovery`, `stats`, `health` and `topology` (Kunlunxin's tool of the same name is told apart by what
 * it prints) and `hl-smi` for Gaudi.
 */
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
  const peers = parseXeLinks((await reading.detail('xpu-smi', ['topology', '-m'], {}, true)) ?? '');
  const asked = new Set(reading.askable(devices, 'xpu-smi -d'));
  for (const one of devices) {
    const { index, facts, virtual } = one;
    const [more, stats, health, errors] = !asked.has(one)
      ? []
      : await Promise.all([
          reading.detail('xpu-smi', ['discovery', '-d', String(index), '-j']),
          reading.detail('xpu-smi', ['stats', '-d', String(index), '-j']),
          reading.detail('xpu-smi', ['health', '-d', String(index), '-j'], {}, true),
          reading.detail('xpu-smi', ['stats', '-d', String(index), '-r', '-j'], {}, true),
        ]);
    const known = { ...defined(facts), ...defined(parseDetail(more ?? '')), ...defined(parseStats(stats ?? '')) };
    const kind = virtual ? 'partition' : 'package';
    const partitioning = virtual ? 'virtual function' : undefined;
    const made = device({ id: `intel-${index}`, kind, vendor: 'intel' }, 'xpu-smi', { ...known, partitioning });
    addFacts(made, 'xpu-smi health', { health: parseHealth(health ?? '') });
    addFacts(made, 'xpu-smi stats -r', { eccUncorrected: parseErrors(errors ?? '') });
    reading.devices.push(addFacts(made, 'xpu-smi topology -m', { peers: peers.get(index) }));
  }
}

/**
 * Health from `xpu-smi health -d N -j`: components (temperatures, power, memory, Xe Link ports) that have another state
 * than well, by name. Undefined where no component has a state that says something.
 */
export function parseHealth(text: string): string | undefined {
  const document = jsonIn(text);
  if (typeof document !== 'object' || document === null) return undefined;
  const states = Object.entries(document).flatMap(([component, value]): [string, string][] => {
    const state = textAt(value, 'status');
    return state === undefined || isAbsent(state) ? [] : [[component, state]];
  });
  if (states.length === 0) return undefined;
  const faults = states.filter(([, state]) => !/^ok$/i.test(state));
  return faults.length === 0 ? 'OK' : faults.map(([component, state]) => `${component}: ${state}`).join(', ');
}

/**
 * Xe Link peers by device, from the matrix of `xpu-smi topology -m`: its rows and columns are tiles (`GPU 0/1`), `XL8`
 * is a bond of eight lanes and `XL*` a way over another tile. A device's own tiles are no peers.
 */
export function parseXeLinks(text: string): Map<number, string[]> {
  const peers = new Map<number, string[]>();
  let columns: number[] = [];
  for (const line of clean(text).split('\n')) {
    const names = [...line.matchAll(/\bGPU\s+(\d{1,3})\/\d{1,3}\b/g)].map((match) => Number(match[1]));
    const row = /^\s*GPU\s+\d{1,3}\/\d{1,3}\b/.test(line);
    if (names.length > 0 && !(row && names.length === 1 && columns.length > 0)) {
      columns = names;
      continue;
    }
    if (!row) continue;
    const own = names[0]!;
    const cells = line
      .replace(/^\s*GPU\s+\S+/, '')
      .split(/[\s|]+/)
      .filter(Boolean);
    const linked = columns.flatMap((to, i) =>
      to !== own && /^XL(?:\d+|\*)$/.test(cells[i] ?? '') ? [`intel-${to} ${cells[i]}`] : [],
    );
    if (linked.length > 0) peers.set(own, [...new Set([...(peers.get(own) ?? []), ...linked])]);
  }
  return peers;
}

/** Kunlunxin's tool names its own runtime in its banner; Intel's does not. */
export function isKunlunxin(text: string): boolean {
  return /XPU-RT|XPUSMI LOG|kunlun/i.test(text);
}

/** `xpu-smi discovery -j`. Undefined where there is no list of devices. */
export function parseDiscovery(text: string): { index: number; facts: Facts; virtual: boolean }[] | undefined {
  const isDevice = (one: unknown) => at(one, 'device_id') !== undefined;
  const documents = documentsIn(text);
  const wrapped = documents.find((one) => at(one, 'device_list') !== undefined);
  const list = wrapped
    ? listAt(wrapped, 'device_list')
    : documents.find((one) => Array.isArray(one) && one.every(isDevice));
  if (!Array.isArray(list)) return undefined;
  return list.map((entry: unknown, position) => ({
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
    computeUnits: plainNumber(field('number_of_eus')),
  };
}

/** `xpu-smi stats -d N -r -j`: all errors that were not corrected, of the device or else of its tiles. */
export function parseErrors(text: string): number | undefined {
  const document = jsonIn(text);
  const tiles = listAt(document, 'tile_level').flatMap((tile) => listAt(tile, 'data_list'));
  for (const level of [listAt(document, 'device_level'), tiles]) {
    const counts = level.flatMap((metric) => {
      const counted = /^XPUM_STATS_RAS_ERROR_CAT_\w+_UNCORRECTABLE$/.test(textAt(metric, 'metrics_type') ?? '');
      const count = at(metric, 'total') ?? at(metric, 'value');
      return counted && typeof count === 'number' ? [count] : [];
    });
    if (counts.length > 0) return counts.reduce((a, b) => a + b, 0);
  }
  return undefined;
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
    memoryTemperatureC: metrics.get('XPUM_STATS_MEMORY_TEMPERATURE'),
    clockMHz: metrics.get('XPUM_STATS_GPU_FREQUENCY'),
    utilization: share(String(metrics.get('XPUM_STATS_GPU_UTILIZATION') ?? '')),
    memoryUsedBytes: memory === undefined ? undefined : bytes(`${memory} MiB`),
  };
}

/** Without the fields that were not printed, so that a later reading does not erase an earlier one. */
function defined(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''));
}
