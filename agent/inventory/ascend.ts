import {
  parseBoard,
  parseChipBoard,
  parseCommon,
  parseEcc,
  parseHealth,
  parseMemory,
  parseProduct,
} from './ascend-detail.ts';
import { addFacts, device, type Facts } from './device.ts';
import type { Machine, RunOptions } from './machine.ts';
import { clean } from './output.ts';
import { bytes, celsius, isAbsent, pairOf, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';

/**
 * Huawei Ascend: the table of `npu-smi info` in its old and new forms, chip names from `-m` (the table may say only
 * `Ascend910` or `xxx`), and `-t board`, `common`, `ecc` and `memory` for each NPU. One NPU id is a card; its chips are
 * dies.
 */
export const ascend: Collector = {
  vendor: 'ascend',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'ascend');
    const options = {
      libraries: [
        '/usr/local/Ascend/driver/lib64',
        '/usr/local/Ascend/driver/lib64/driver',
        '/usr/local/Ascend/driver/lib64/common',
      ],
    };
    const text = await reading.run('npu-smi', ['info'], options);
    const mapText = text === undefined ? undefined : await reading.detail('npu-smi', ['info', '-m'], options);
    if (text === undefined) return reading;
    const table = parseInfo(text);
    const map = parseMapping(mapText ?? '');
    if (!table) reading.unknownLayout('npu-smi info', text);
    else if (table.cut) reading.say('count_mismatch', 'npu-smi info: rows of the table make no whole device');
    const chips = table?.chips ?? map?.map(({ npu, chip, name }) => ({ npu, chip, facts: { chip: name } })) ?? [];
    if (table && chips.length === 0) reading.say('tool_reports_none', 'npu-smi info: the table has no row');
    if (map && table && map.length !== table.chips.length) {
      reading.say(
        'readings_disagree',
        `npu-smi info lists ${table.chips.length} chips, npu-smi info -m lists ${map.length}`,
      );
    }
    reading.version('npu-smi', table?.version);
    const byNpu = [...Map.groupBy(chips, (chip) => chip.npu)];
    const names = new Map(map?.map((entry) => [`${entry.npu}/${entry.chip}`, entry.name]));
    const asked = reading.askable(byNpu, 'npu-smi info -t');
    for (const [npu, own] of byNpu.slice(asked.length)) {
      addNpu(reading, npu, own, {}, { chips: new Map(), board: {} }, undefined);
    }
    await Promise.all(
      asked.map(async ([npu, own]) => {
        const [board, common, product, ecc, memory] = await Promise.all(
          ['board', 'common', 'product', 'ecc', 'memory'].map((what) =>
            // Not every product counts errors or tells more of its memory.
            reading.detail('npu-smi', ['info', '-t', what, '-i', String(npu)], options, /ecc|memory/.test(what)),
          ),
        );
        const errors = parseEcc(ecc ?? '');
        const memories = parseMemory(memory ?? '');
        const named = own.map(({ chip, facts }) => {
          return { chip, facts: { ...facts, chip: betterName(facts.chip, names.get(`${npu}/${chip}`)) } };
        });
        for (const entry of named) {
          const args = ['info', '-t', 'board', '-i', String(npu), '-c', String(entry.chip)];
          const chipBoard = parseChipBoard((await reading.detail('npu-smi', args, options, true)) ?? '');
          entry.facts = {
            ...entry.facts,
            uuid: chipBoard.uuid,
            chip: betterName(entry.facts.chip, chipBoard.chip),
            eccUncorrected: errors.get(entry.chip),
            ...memories.get(entry.chip),
          };
          if (!/^ok$/i.test(entry.facts.health ?? 'ok')) {
            const why = ['info', '-t', 'health', '-i', String(npu), '-c', String(entry.chip)];
            entry.facts.health = parseHealth(
              entry.facts.health!,
              (await reading.detail('npu-smi', why, options, true)) ?? '',
            );
          }
        }
        addNpu(reading, npu, named, parseBoard(board ?? ''), parseCommon(common ?? ''), parseProduct(product ?? ''));
        for (const { chip } of own) await readVirtual(reading, npu, chip, own.length > 1, options);
      }),
    );
    reading.devices.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
    reading.component('Ascend driver', reading.devices.find((d) => d.driver)?.driver?.value, 'npu-smi info -t board');
    await readTopology(reading, options.libraries);
    return reading;
  },
};

interface Chip {
  readonly npu: number;
  readonly chip: number;
  readonly facts: Facts;
}

/** Rows of `npu-smi info`: two for each chip. Undefined where headings of a chip are missing. */
export function parseInfo(text: string): { version?: string; chips: Chip[]; cut: boolean } | undefined {
  const table = smiTable(text);
  if (!table || !hasHeadings(table, [['npu', 'npu id'], 'name', 'health', 'chip', 'bus-id', 'memory-usage'])) {
    return undefined;
  }
  const version = bannerValue(table.banner, 'Version:') ?? bannerValue(table.banner, 'npu-smi');
  const chips = table.devices.flatMap((row): Chip[] => {
    const npu = plainNumber(row.value('npu', 'npu id'));
    // Versions without a heading for it print the number of the device node behind that of the chip.
    const [number = '', node = ''] = row.value('chip', 'chip id').split(/\s+/);
    const chip = plainNumber(number);
    if (npu === undefined || chip === undefined) return [];
    // HBM where the card has it, else the DDR.
    const memory = ['hbm-usage', 'memory-usage']
      .map((name) => pairOf(row.value(name)).map((text) => bytes(text, row.unit(name) || 'MB')))
      .find(([, total]) => total !== undefined && total > 0);
    const physical = row.value('device', 'phy-id', 'chip phy-id') || node;
    return [
      {
        npu,
        chip,
        facts: {
          chip: row.value('name'),
          health: row.value('health'),
          powerW: watts(row.value('power')),
          temperatureC: celsius(row.value('temp')),
          pciAddress: pciAddress(row.value('bus-id')),
          utilization: share(row.value('aicore')),
          memoryUsedBytes: memory?.[0],
          memoryBytes: memory?.[1],
          deviceNode: /^\d+$/.test(physical) ? `/dev/davinci${physical}` : undefined,
        },
      },
    ];
  });
  return { ...(version === undefined ? {} : { version }), chips, cut: table.cut > 0 };
}

/** `npu-smi info -m` by its heading. Rows of the board's controller (MCU) are no chips. */
export function parseMapping(text: string): { npu: number; chip: number; name: string }[] | undefined {
  const lines = clean(text).split('\n');
  const at = lines.findIndex((line) => /^\s*NPU ID\s+.*Chip ID\s+.*Chip Name\s*$/i.test(line));
  if (at < 0) return undefined;
  const split = (line: string) => line.trim().split(/\s{2,}|\t+/);
  const names = split(lines[at]!).map((name) => name.toLowerCase());
  const column = (name: string) => names.indexOf(name);
  return lines.slice(at + 1).flatMap((line) => {
    const cells = split(line);
    if (cells.length !== names.length || cells.some((cell) => /^mcu$/i.test(cell))) return [];
    const npu = plainNumber(cells[column('npu id')]!);
    const chip = plainNumber(cells[column('chip id')]!);
    return npu === undefined || chip === undefined ? [] : [{ npu, chip, name: cells[column('chip name')]! }];
  });
}

/** The longer of two names for one chip, where one is a placeholder or a part of the other. */
function betterName(table: string | undefined, map: string | undefined): string | undefined {
  if (map === undefined || isAbsent(map)) return table;
  if (table === undefined || /^x+$/i.test(table)) return map;
  return map.replace(/\s/g, '').includes(table.replace(/\s/g, '')) ? map : table;
}

function addNpu(
  reading: Reading,
  npu: number,
  chips: readonly { chip: number; facts: Facts }[],
  board: Facts,
  common: ReturnType<typeof parseCommon>,
  product: string | undefined,
): void {
  const id = `ascend-${npu}`;
  const source = 'npu-smi info';
  const only = chips.length === 1 ? chips[0]!.facts : undefined;
  const first = chips[0]!.facts;
  const known = chips.every(({ facts }) => facts.memoryBytes !== undefined);
  const card = device({ id, kind: 'package', vendor: 'ascend' }, source, {
    ...(only ?? {
      chip: first.chip,
      health: worst(chips.map(({ facts }) => facts.health ?? '')),
      eccUncorrected: sumOf(chips.map(({ facts }) => facts.eccUncorrected)),
    }),
    memoryBytes: known ? chips.reduce((sum, { facts }) => sum + facts.memoryBytes!, 0) : undefined,
  });
  addFacts(card, 'npu-smi info -t board', only ? board : { ...board, uuid: undefined, pciAddress: undefined });
  if (only) addFacts(card, 'npu-smi info -t common', common.chips.get(chips[0]!.chip) ?? {});
  else if (first.powerW !== undefined) addFacts(card, source, { powerW: first.powerW });
  addFacts(card, 'npu-smi info -t common', common.board);
  reading.devices.push(card);
  if (product) reading.component(`Ascend product ${npu}`, product, 'npu-smi info -t product');
  if (only) return;
  for (const { chip, facts } of chips) {
    // The table's power stands in the row of the NPU: it is the card's.
    const own = { ...facts, powerW: undefined };
    const die = device({ id: `${id}.${chip}`, kind: 'die', parent: id, vendor: 'ascend' }, source, own);
    addFacts(die, 'npu-smi info -t common', common.chips.get(chip) ?? {});
    addFacts(die, 'npu-smi info -t board', { driver: board.driver, firmware: board.firmware });
    reading.devices.push(die);
  }
}

function sumOf(counts: readonly (number | undefined)[]): number | undefined {
  return counts.every((count) => count !== undefined) ? counts.reduce((a, b) => a + b!, 0) : undefined;
}

function worst(health: readonly string[]): string {
  return health.find((state) => !/^ok$/i.test(state) && !isAbsent(state)) ?? health[0] ?? '';
}

/** Virtual NPUs are slices of their chip; with them on, the chip's own utilisation reads 0. */
async function readVirtual(
  reading: Reading,
  npu: number,
  chip: number,
  many: boolean,
  options: RunOptions,
): Promise<void> {
  const args = ['info', '-t', 'info-vnpu', '-i', String(npu), '-c', String(chip)];
  const virtual = parseVirtual((await reading.detail('npu-smi', args, options, true)) ?? '');
  const parent = many ? `ascend-${npu}.${chip}` : `ascend-${npu}`;
  if (virtual.length > 0)
    reading.say('virtual_devices', `${parent}: ${virtual.length} virtual NPUs; its utilisation is not telling`, parent);
  const split = virtual.length > 0 ? reading.devices.find((made) => made.id === parent) : undefined;
  if (split) delete split.utilization;
  for (const { id, template } of virtual) {
    const identity = { id: `${parent}.v${id}`, kind: 'partition', parent, vendor: 'ascend' } as const;
    reading.devices.push(device(identity, 'npu-smi info -t info-vnpu', { partitioning: `vNPU ${template}` }));
  }
}

/** Rows of the table of `npu-smi info -t info-vnpu`: id first, template (`vir04`, `vir02_1c`) last. */
export function parseVirtual(text: string): { id: number; template: string }[] {
  return clean(text)
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*\|?\s*(\d+)\s*\|.*\|\s*(vir\w+)\s*\|?\s*$/.exec(line);
      return match ? [{ id: Number(match[1]), template: match[2]! }] : [];
    });
}

/** HCCS peers from the matrix of `npu-smi info -t topo`. */
async function readTopology(reading: Reading, libraries: readonly string[]): Promise<void> {
  const text = await reading.detail('npu-smi', ['info', '-t', 'topo'], { libraries }, true);
  const peers = parseTopology(text ?? '');
  const parents = new Set(reading.devices.flatMap((one) => (one.kind === 'die' ? [one.parent] : [])));
  const leaves = reading.devices.filter((d) => d.kind === 'die' || (d.kind === 'package' && !parents.has(d.id)));
  for (const [index, leaf] of leaves.entries()) {
    const own = (peers.get(index) ?? []).map((peer) => `${leaves[peer]?.id ?? peer} HCCS`);
    addFacts(leaf, 'npu-smi info -t topo', { peers: own });
  }
}

export function parseTopology(text: string): Map<number, number[]> {
  const peers = new Map<number, number[]>();
  let columns: number[] = [];
  for (const line of clean(text).split('\n')) {
    const cells = line.trim().split(/\s+/);
    if (
      cells.length > 1 &&
      cells.every((cell) => /^(?:NPU|Phy-ID)\d+$/i.test(cell) || /^(?:CPU|Affinity)/i.test(cell))
    ) {
      columns = cells.flatMap((cell) => /^(?:NPU|Phy-ID)(\d+)$/i.exec(cell)?.[1] ?? []).map(Number);
      continue;
    }
    const row = /^(?:NPU|Phy-ID)(\d+)$/i.exec(cells[0] ?? '')?.[1];
    if (row === undefined || columns.length === 0) continue;
    peers.set(
      Number(row),
      columns.filter((_, i) => /^HCCS/i.test(cells[i + 1] ?? '')),
    );
  }
  return peers;
}
