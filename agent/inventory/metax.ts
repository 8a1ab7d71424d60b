import { addFacts, device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { parseDetails, parseOutlines, QUESTIONS } from './metax-detail.ts';
import { finder, outline } from './outline.ts';
import { clean } from './output.ts';
import { bytes, celsius, isAbsent, pairOf, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';
import { parseMatrix } from './topology.ts';

const METAXLINK = { prefix: 'GPU', link: /^MX\d*$/, id: 'metax' };

/** The vendor's own tool, and the same for cards of its chips that are sold under another brand (Mars). */
const PROGRAMS = ['mx-smi', 'ht-smi'] as const;

/**
 * MetaX: the table of `mx-smi` (`ht-smi`), the UUIDs of `-L`, clocks and slices (sGPU) of `-j`, serial numbers, errors,
 * throttle reasons and compute units of its `--show-…` options, and the MetaXLink peers of `topo -m`. Moffett's tool
 * has the same name and another banner: it is told as another vendor's and not read.
 */
export const metax: Collector = {
  vendor: 'metax',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'metax');
    for (const program of PROGRAMS) {
      const text = await reading.run(program, []);
      if (text !== undefined) await readTool(reading, program, text);
      if (reading.devices.length > 0) break;
    }
    return reading;
  },
};

async function readTool(reading: Reading, program: (typeof PROGRAMS)[number], text: string): Promise<void> {
  if (/moffett/i.test(text)) {
    reading.say('other_vendor_tool', `${program} here is Moffett's: ${text.slice(0, 1_000)}`);
    return;
  }
  const table = parseTable(text);
  if (!table) {
    reading.unknownLayout(program, text);
    return;
  }
  const list = parseList((await reading.detail(program, ['-L'])) ?? '');
  if (table.attached !== undefined && table.attached !== table.cards.length) {
    reading.say('count_mismatch', `${program} says ${table.attached} attached GPUs and lists ${table.cards.length}`);
  }
  if (table.cut) reading.say('count_mismatch', `${program}: rows of the table make no whole device`);
  if (list.size > 0 && list.size !== table.cards.length) {
    reading.say(
      'readings_disagree',
      `${program} lists ${table.cards.length} devices, ${program} -L lists ${list.size}`,
    );
  }
  if (table.cards.length === 0) reading.say('tool_reports_none', `${program}: ${text.slice(0, 400)}`);
  const links = await reading.detail(program, ['topo', '-m'], {}, true);
  const peers = parseMatrix(links ?? '', METAXLINK);
  const details = parseDetails((await reading.detail(program, ['-j'], {}, true)) ?? '');
  const answers = await Promise.all(
    QUESTIONS.map(async ({ option, facts }) => ({
      source: `${program} ${option}`,
      cards: parseOutlines((await reading.detail(program, [option], {}, true)) ?? '', facts),
    })),
  );
  const { driver, firmware, runtime } = table;
  for (const { index, facts } of table.cards) {
    const id = `metax-${index}`;
    const identity = { id, kind: 'package', vendor: 'metax' } as const;
    const card = device(identity, program, {
      ...facts,
      uuid: list.get(index),
      driver,
      firmware,
      runtime: runtime && `${runtime.name} ${runtime.version}`,
    });
    const address = card.pciAddress?.value ?? '';
    const detail = details.get(address);
    if (detail) addFacts(card, `${program} -j`, detail.facts);
    for (const { source, cards } of answers) addFacts(card, source, cards.get(address) ?? {});
    reading.devices.push(addFacts(card, `${program} topo -m`, { peers: peers[index] }));
    for (const { number, memoryBytes, share: part } of detail?.slices ?? []) {
      const slice = { id: `${id}.s${number}`, kind: 'partition', parent: id, vendor: 'metax' } as const;
      const partitioning = ['sGPU', part && `${part} of the units`].filter(Boolean).join(' ');
      reading.devices.push(device(slice, `${program} -j`, { memoryBytes, partitioning }));
    }
  }
  reading.version(program, table.version);
  reading.component('MetaX driver', driver, program);
  if (runtime) reading.component(runtime.name, runtime.version, program);
}

/**
 * The table of `mx-smi` by its headings, which differ between versions. Undefined where those of a card are missing.
 */
export function parseTable(text: string) {
  const table = smiTable(text);
  if (!table || !hasHeadings(table, [['gpu', 'board'], 'name', 'bus-id', 'memory-usage'])) return undefined;
  const cards = table.devices.flatMap((row): { index: number; facts: Facts }[] => {
    const index = plainNumber(row.value('gpu', 'board'));
    if (index === undefined) return [];
    const [power, limit] = pairOf(row.value('pwr:usage/cap', 'power:usage/cap'));
    const [used, total] = pairOf(row.value('memory-usage'));
    const slicing = row.value('sgpu-m');
    return [
      {
        index,
        facts: {
          chip: row.value('name'),
          pciAddress: pciAddress(row.value('bus-id')),
          utilization: share(row.value('gpu-util')),
          temperatureC: celsius(row.value('temp')),
          powerW: watts(power) ?? watts(row.value('power', 'pwr')),
          powerLimitW: watts(limit),
          memoryUsedBytes: bytes(used, row.unit('memory-usage') || 'MiB'),
          memoryBytes: bytes(total, row.unit('memory-usage') || 'MiB'),
          health: row.value('gpu-state'),
          partitioning: isAbsent(slicing) ? undefined : `sGPU ${slicing}`,
        },
      },
    ];
  });
  return {
    version: bannerValue(table.banner, 'MX-SMI') ?? bannerValue(table.banner, 'HT-SMI'),
    driver: bannerValue(table.banner, 'Kernel Mode Driver Version'),
    runtime: runtimeOf(table.banner),
    firmware: bannerValue(table.banner, 'BIOS Version'),
    attached: plainNumber(finder(outline(text))('Attached GPUs')),
    cards,
    cut: table.cut > 0,
  };
}

/** MACA, or HPCC as the software of cards under another brand is called. */
function runtimeOf(banner: string): { name: string; version: string } | undefined {
  for (const name of ['MACA', 'HPCC']) {
    const version = bannerValue(banner, `${name} Version`);
    if (version !== undefined) return { name, version };
  }
  return undefined;
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
