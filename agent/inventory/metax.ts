import { addFacts, device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { parseDetails, parseOutlines, QUESTIONS } from './metax-detail.ts';
import { finder, outline } from './outline.ts';
import { clean } from './output.ts';
import { bytes, celsius, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';
import { parseMatrix } from './topology.ts';

const METAXLINK = { prefix: 'GPU', link: /^MX\d*$/, id: 'metax' };

/**
 * MetaX: the table of `mx-smi`, the UUIDs of `-L`, clocks and slices (sGPU) of `-j`, serial numbers, errors, throttle
 * reasons and compute units of its `--show-…` options, and the MetaXLink peers of `topo -m`. Moffett's tool has the same
 * name and another banner: it is told as another vendor's and not read.
 */
export const metax: Collector = {
  vendor: 'metax',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'metax');
    const text = await reading.run('mx-smi', []);
    if (text === undefined) return reading;
    if (/moffett/i.test(text)) {
      reading.say('other_vendor_tool', `mx-smi here is Moffett's: ${text.slice(0, 1_000)}`);
      return reading;
    }
    const table = parseTable(text);
    if (!table) {
      reading.unknownLayout('mx-smi', text);
      return reading;
    }
    const list = parseList((await reading.detail('mx-smi', ['-L'])) ?? '');
    if (table.attached !== undefined && table.attached !== table.cards.length) {
      reading.say('count_mismatch', `mx-smi says ${table.attached} attached GPUs and lists ${table.cards.length}`);
    }
    if (table.cut) reading.say('count_mismatch', 'mx-smi: rows of the table make no whole device');
    if (list.size > 0 && list.size !== table.cards.length) {
      reading.say('readings_disagree', `mx-smi lists ${table.cards.length} devices, mx-smi -L lists ${list.size}`);
    }
    if (table.cards.length === 0) reading.say('tool_reports_none', `mx-smi: ${text.slice(0, 400)}`);
    const links = await reading.detail('mx-smi', ['topo', '-m'], {}, true);
    const peers = parseMatrix(links ?? '', METAXLINK);
    const details = parseDetails((await reading.detail('mx-smi', ['-j'], {}, true)) ?? '');
    const answers = await Promise.all(
      QUESTIONS.map(async ({ option, facts }) => ({
        source: `mx-smi ${option}`,
        cards: parseOutlines((await reading.detail('mx-smi', [option], {}, true)) ?? '', facts),
      })),
    );
    for (const { index, facts } of table.cards) {
      const id = `metax-${index}`;
      const identity = { id, kind: 'package', vendor: 'metax' } as const;
      const card = device(identity, 'mx-smi', {
        ...facts,
        uuid: list.get(index),
        driver: table.driver,
        firmware: table.firmware,
        runtime: table.runtime && `MACA ${table.runtime}`,
      });
      const address = card.pciAddress?.value ?? '';
      const detail = details.get(address);
      if (detail) addFacts(card, 'mx-smi -j', detail.facts);
      for (const { source, cards } of answers) addFacts(card, source, cards.get(address) ?? {});
      reading.devices.push(addFacts(card, 'mx-smi topo -m', { peers: peers[index] }));
      for (const { number, memoryBytes, share: part } of detail?.slices ?? []) {
        const slice = { id: `${id}.s${number}`, kind: 'partition', parent: id, vendor: 'metax' } as const;
        const partitioning = ['sGPU', part && `${part} of the units`].filter(Boolean).join(' ');
        reading.devices.push(device(slice, 'mx-smi -j', { memoryBytes, partitioning }));
      }
    }
    reading.version('mx-smi', table.version);
    reading.component('MetaX driver', table.driver, 'mx-smi');
    reading.component('MACA', table.runtime, 'mx-smi');
    return reading;
  },
};

/** The table of `mx-smi`. Undefined for other headings. */
export function parseTable(text: string) {
  const table = smiTable(text);
  if (
    !table ||
    !hasHeadings(table, [
      ['GPU', 'NAME', 'Bus-id'],
      ['Temp', 'Pwr', 'Memory-Usage'],
    ])
  )
    return undefined;
  const modes = /Persistence-M/i.test(table.headings[0]!.join(' '));
  const cards: { index: number; facts: Facts }[] = [];
  for (const [upper = [], lower = []] of table.devices) {
    const name = /^(\d+)\s+(\S.*?)$/.exec(upper[0] ?? '');
    if (!name) continue;
    const power = /(\S+)\s*\/\s*(\S+)/.exec((lower[0] ?? '').replace(/^\S+\s+/, ''));
    const memory = /^(\S+?)\s*\/\s*(\S+)\s*(\S*)$/.exec(lower[1] ?? '');
    const [busy = '', slicing = ''] = (upper[2] ?? '').split(/\s+/);
    cards.push({
      index: Number(name[1]),
      facts: {
        chip: modes ? name[2]!.replace(/\s{2,}\S+$/, '') : name[2],
        pciAddress: pciAddress(upper[1] ?? ''),
        utilization: share(busy),
        temperatureC: celsius((lower[0] ?? '').split(/\s+/)[0] ?? ''),
        powerW: watts(power?.[1] ?? ''),
        powerLimitW: watts(power?.[2] ?? ''),
        memoryUsedBytes: bytes(memory?.[1] ?? '', memory?.[3]),
        memoryBytes: bytes(memory?.[2] ?? '', memory?.[3]),
        health: lower[2],
        partitioning: slicing === '' ? undefined : `sGPU ${slicing}`,
      },
    });
  }
  return {
    version: bannerValue(table.banner, 'MX-SMI'),
    driver: bannerValue(table.banner, 'Kernel Mode Driver Version'),
    runtime: bannerValue(table.banner, 'MACA Version'),
    firmware: bannerValue(table.banner, 'BIOS Version'),
    attached: plainNumber(finder(outline(text))('Attached GPUs')),
    cards,
    cut: table.cut > 0,
  };
}

/** UUIDs by index from `mx-smi -L`: `GPU#0  MXC500  0000:0e:00.0  Available (UUID: GPU-…)`. */
export function parseList(text: string): Map<number, string> {
  const uuids = new Map<number, string>();
  for (const line of clean(text).split('\n')) {
    const match = /^\s*GPU\s*#?\s*(\d+)\b.*\(UUID\s*:\s*([^)\s]+)\s*\)/i.exec(line);
    if (match) uuids.set(Number(match[1]), match[2]!);
  }
  return uuids;
}
