import { type AmdEntry, addCards } from './amd-cards.ts';
import { documentsIn } from './documents.ts';
import type { Machine } from './machine.ts';
import { at, firstText, listAt, textAt } from './output.ts';
import { bytes, celsius, megahertz, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { isHygon, LINK_ARGS, parseLinks, parseRocmJson, ROCM_ARGS, ROCM_SHORT_ARGS } from './rocm.ts';
import { parseRocmTable } from './rocm-table.ts';
import { isIdentity, isName } from './value.ts';

/**
 * AMD: `amd-smi` in JSON, else `rocm-smi` in JSON (which on Hygon machines lists Hygon's cards: those are left to it),
 * else the table of `rocm-smi`.
 */
export const amd: Collector = {
  vendor: 'amd',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'amd');
    const fixed = await reading.run('amd-smi', ['static', '--json']);
    if (fixed !== undefined) {
      const [live, list] = await Promise.all([
        reading.detail('amd-smi', ['metric', '--json']),
        reading.detail('amd-smi', ['list', '--json']),
      ]);
      const cards = parseAmdSmi(fixed, live ?? '', list ?? '');
      if (cards) {
        addCards(reading, cards, 'amd-smi', 'amd-smi');
        if (cards.length === 0) reading.say('tool_reports_none', `amd-smi static --json: ${fixed.slice(0, 400)}`);
        reading.component('AMD GPU driver', cards[0]?.facts.driver, 'amd-smi static');
        return reading;
      }
      reading.unknownLayout('amd-smi static --json', fixed);
    }
    await readRocm(reading);
    return reading;
  },
};

async function readRocm(reading: Reading): Promise<void> {
  let last: string | undefined;
  for (const args of [ROCM_ARGS, ROCM_SHORT_ARGS]) {
    const text = await reading.detail('rocm-smi', args);
    if (!reading.has('rocm-smi')) return;
    const parsed = parseRocmJson(text ?? '');
    last = text ?? last;
    if (!parsed) continue;
    const own = parsed.cards.filter((card) => !isHygon(card));
    const links = own.length > 1 ? await reading.detail('rocm-smi', LINK_ARGS, {}, true) : undefined;
    const peers = parseLinks(links ?? '', 'amd');
    const entries = own.map(({ index, deviceId, facts }) => {
      const pciId = deviceId === undefined ? undefined : `1002:${deviceId}`;
      return { index, partition: 0, facts: { ...facts, pciId, driver: parsed.driver }, peers: peers.get(index) };
    });
    addCards(reading, entries, 'rocm-smi --json', 'rocm-smi --showtopotype');
    return;
  }
  const text = await reading.detail('rocm-smi', []);
  const rows = parseRocmTable(text ?? '');
  last = text ?? last;
  if (rows) {
    addCards(reading, rows, 'rocm-smi', 'rocm-smi');
    if (rows.length === 0) reading.say('tool_reports_none', `rocm-smi: ${(text ?? '').slice(0, 400)}`);
  } else if (last !== undefined) {
    reading.unknownLayout('rocm-smi --json', last);
  }
}

/**
 * Cards from `amd-smi static`, with live figures of `amd-smi metric` and the UUIDs of `amd-smi list`. The list is the
 * document itself or, from ROCm 7, its `gpu_data`. Undefined where the first is no such document.
 */
function parseAmdSmi(fixed: string, running: string, list: string): AmdEntry[] | undefined {
  const cards = entries(fixed);
  if (!cards) return undefined;
  const byIndex = (text: string) => new Map((entries(text) ?? []).map((entry) => [textAt(entry, 'gpu'), entry]));
  const metrics = byIndex(running);
  const names = byIndex(list);
  return cards.map((card, position) => {
    const key = textAt(card, 'gpu');
    const metric = metrics.get(key);
    const of = (...paths: string[]) => firstText(card, ...paths);
    const live = (...paths: string[]) => firstText(metric, ...paths);
    const name = (...paths: string[]) => firstText(names.get(key), ...paths);
    const id = (path: string) => /^(?:0x)?([0-9a-f]{4})$/i.exec(of(path))?.[1]?.toLowerCase();
    return {
      index: plainNumber(key ?? '') ?? position,
      partition: plainNumber(of('partition.partition_id').split(',')[0]!) ?? 0,
      facts: {
        chip: [of('asic.market_name'), of('board.product_name')].find(isName),
        uuid: name('uuid'),
        serial: [of('board.product_serial'), of('asic.asic_serial')].find(isIdentity),
        pciAddress: of('bus.bdf') || name('bdf'),
        pciId: `${id('asic.vendor_id')}:${id('asic.device_id')}`,
        memoryBytes: bytes(of('vram.size') || live('mem_usage.total_vram'), 'MB'),
        memoryUsedBytes: bytes(live('mem_usage.used_vram'), 'MB'),
        driver: of('driver.version', 'driver.driver_version'),
        firmware: of('vbios.version', 'ifwi.version'),
        temperatureC: celsius(live('temperature.hotspot', 'temperature.edge')),
        powerW: watts(live('power.socket_power', 'power.current_socket_power', 'power.average_socket_power')),
        powerLimitW: watts(of(...POWER_LIMITS)),
        clockMHz: megahertz(live('clock.gfx_0.clk', 'clock.gfx.clk')),
        clockMaxMHz: megahertz(live('clock.gfx_0.max_clk', 'clock.gfx.max_clk')),
        memoryClockMHz: megahertz(live('clock.mem_0.clk', 'clock.mem.clk')),
        utilization: share(live('usage.gfx_activity')),
        linkWidth: plainNumber(live('pcie.width', 'pcie.current_lanes')),
        eccUncorrected: plainNumber(live('ecc.total_uncorrectable_count', 'ecc.total_uncorrectable')),
        throttleReasons: /^throttled$/i.test(live('power.throttle_status')) ? ['throttled'] : undefined,
        memoryTemperatureC: celsius(live('temperature.mem')),
        capability: of('asic.target_graphics_version'),
        computeUnits: plainNumber(of('asic.num_compute_units', 'asic.num_of_compute_units')),
        partitioning: of('partition.compute_partition', 'partition.accelerator_partition'),
      },
    };
  });
}

/** Where versions of `amd-smi static` have the power limit, newest first. */
const POWER_LIMITS = [
  'limit.ppt0.max_power_limit',
  'limit.ppt0.socket_power_limit',
  'limit.max_power',
  'limit.max_power_limit',
  'limit.socket_power',
  'limit.socket_power_limit',
  'limit.power_cap',
];

/** Entries of the list, which is the document itself, its `gpu_data`, or one object for each card. */
function entries(text: string): unknown[] | undefined {
  const documents = documentsIn(text);
  const found = documents.flatMap((document) => (Array.isArray(document) ? document : listOf(document)));
  const listed = documents.some((document) => Array.isArray(document) || at(document, 'gpu_data') !== undefined);
  return found.length > 0 || listed ? found.filter((entry) => at(entry, 'gpu') !== undefined) : undefined;
}

function listOf(document: unknown): unknown[] {
  if (at(document, 'gpu_data') !== undefined) return listAt(document, 'gpu_data');
  return at(document, 'gpu') === undefined ? [] : [document];
}
