import { addFacts, device, type Facts } from './device.ts';
import { jsonIn } from './documents.ts';
import type { Machine } from './machine.ts';
import { at, listAt, textAt } from './output.ts';
import { bytes, celsius, megahertz, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { isHygon, LINK_ARGS, parseLinks, parseRocmJson, ROCM_ARGS, ROCM_SHORT_ARGS } from './rocm.ts';

/** AMD: `amd-smi` in JSON, else `rocm-smi` in JSON (which on Hygon machines lists Hygon's cards: those are left to it). */
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
        for (const card of cards) addCard(reading, card);
        if (cards.length === 0) reading.say('tool_reports_none', `amd-smi static --json: ${fixed.slice(0, 400)}`);
        reading.component('AMD GPU driver', cards[0]?.facts.driver, 'amd-smi static');
        return reading;
      }
      reading.unknownLayout('amd-smi static --json', fixed);
    }
    let last: string | undefined;
    for (const args of [ROCM_ARGS, ROCM_SHORT_ARGS]) {
      const text = await reading.detail('rocm-smi', args);
      if (!reading.has('rocm-smi')) return reading;
      const parsed = parseRocmJson(text ?? '');
      last = text ?? last;
      if (!parsed) continue;
      const own = parsed.cards.filter((card) => !isHygon(card));
      const links = own.length > 1 ? await reading.detail('rocm-smi', LINK_ARGS, {}, true) : undefined;
      const peers = parseLinks(links ?? '', 'amd');
      for (const card of own) {
        const identity = { id: `amd-${card.index}`, kind: 'package', vendor: 'amd' } as const;
        const made = device(identity, 'rocm-smi --json', { ...card.facts, driver: parsed.driver });
        reading.devices.push(addFacts(made, 'rocm-smi --showtopotype', { peers: peers.get(card.index) }));
      }
      return reading;
    }
    if (last !== undefined) reading.unknownLayout('rocm-smi --json', last);
    return reading;
  },
};

interface AmdCard {
  readonly index: number;
  readonly facts: Facts;
  /** Number of the compute partition this entry is, 0 for the first; more than one where the card is split. */
  readonly partition: number;
}

/**
 * Cards from `amd-smi static`, with live figures of `amd-smi metric` and the UUIDs of `amd-smi list`. The list is the
 * document itself or, from ROCm 7, its `gpu_data`. Undefined where the first is no such document.
 */
export function parseAmdSmi(fixed: string, live: string, list: string): AmdCard[] | undefined {
  const cards = entries(fixed);
  if (!cards) return undefined;
  const byIndex = (text: string) => new Map((entries(text) ?? []).map((entry) => [textAt(entry, 'gpu'), entry]));
  const metrics = byIndex(live);
  const names = byIndex(list);
  return cards.map((card, position) => {
    const key = textAt(card, 'gpu');
    const metric = metrics.get(key);
    const text = (value: unknown, ...path: string[]) => textAt(value, ...path) ?? '';
    const vendorId = text(card, 'asic', 'vendor_id').replace(/^0x/i, '');
    const deviceId = text(card, 'asic', 'device_id').replace(/^0x/i, '');
    const compute = text(card, 'partition', 'compute_partition') || text(card, 'partition', 'accelerator_partition');
    return {
      index: plainNumber(key ?? '') ?? position,
      partition: plainNumber(text(card, 'partition', 'partition_id').split(',')[0]!) ?? 0,
      facts: {
        chip: text(card, 'asic', 'market_name') || text(card, 'board', 'product_name'),
        uuid: text(names.get(key), 'uuid'),
        serial: text(card, 'board', 'product_serial') || text(card, 'asic', 'asic_serial'),
        pciAddress: text(card, 'bus', 'bdf') || text(names.get(key), 'bdf'),
        pciId:
          /^[0-9a-f]{4}$/i.test(vendorId) && /^[0-9a-f]{4}$/i.test(deviceId)
            ? `${vendorId}:${deviceId}`.toLowerCase()
            : '',
        memoryBytes: bytes(text(card, 'vram', 'size') || text(metric, 'mem_usage', 'total_vram'), 'MB'),
        memoryUsedBytes: bytes(text(metric, 'mem_usage', 'used_vram'), 'MB'),
        driver: text(card, 'driver', 'version') || text(card, 'driver', 'driver_version'),
        firmware: text(card, 'vbios', 'version') || text(card, 'ifwi', 'version'),
        temperatureC: celsius(text(metric, 'temperature', 'hotspot')) ?? celsius(text(metric, 'temperature', 'edge')),
        powerW: watts(text(metric, 'power', 'socket_power')),
        powerLimitW: watts(text(card, 'limit', 'max_power')) ?? watts(text(card, 'limit', 'socket_power')),
        clockMHz: megahertz(text(metric, 'clock', 'gfx_0', 'clk')),
        clockMaxMHz: megahertz(text(metric, 'clock', 'gfx_0', 'max_clk')),
        memoryClockMHz: megahertz(text(metric, 'clock', 'mem_0', 'clk')),
        utilization: share(text(metric, 'usage', 'gfx_activity')),
        linkWidth: plainNumber(text(metric, 'pcie', 'width')),
        eccUncorrected: plainNumber(text(metric, 'ecc', 'total_uncorrectable_count')),
        throttleReasons: /^throttled$/i.test(text(metric, 'power', 'throttle_status')) ? ['throttled'] : undefined,
        memoryTemperatureC: celsius(text(metric, 'temperature', 'mem')),
        capability: text(card, 'asic', 'target_graphics_version'),
        computeUnits: plainNumber(text(card, 'asic', 'num_compute_units')),
        partitioning: compute,
      },
    };
  });
}

function entries(text: string): unknown[] | undefined {
  const document = jsonIn(text);
  if (Array.isArray(document)) return document.filter((entry) => at(entry, 'gpu') !== undefined);
  const wrapped = at(document, 'gpu_data');
  return Array.isArray(wrapped) ? listAt(document, 'gpu_data') : undefined;
}

/** A card that is split (CPX, DPX …) is listed once for each partition: the first entry is the card, all are slices. */
function addCard(reading: Reading, card: AmdCard): void {
  const mode = card.facts.partitioning ?? '';
  const split = mode !== '' && !/^(?:SPX|N\/A)$/i.test(mode);
  const id = `amd-${card.index}`;
  if (!split) {
    reading.devices.push(device({ id, kind: 'package', vendor: 'amd' }, 'amd-smi', card.facts));
    return;
  }
  let parent = reading.devices.filter((d) => d.kind === 'package').at(-1)?.id;
  if (card.partition === 0 || parent === undefined) {
    parent = `${id}-card`;
    const whole = { ...card.facts, utilization: undefined, memoryBytes: undefined, memoryUsedBytes: undefined };
    reading.devices.push(device({ id: parent, kind: 'package', vendor: 'amd' }, 'amd-smi', whole));
    reading.say('virtual_devices', `amd-smi: ${id} is split (${mode})`, parent);
  }
  const slice = { ...card.facts, serial: undefined, pciAddress: undefined, partitioning: `${mode} ${card.partition}` };
  reading.devices.push(device({ id, kind: 'partition', parent, vendor: 'amd' }, 'amd-smi', slice));
}
