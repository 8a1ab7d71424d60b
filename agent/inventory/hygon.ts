import { addFacts, device } from './device.ts';
import type { Machine } from './machine.ts';
import { clean } from './output.ts';
import { bytes } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { isHygon, LINK_ARGS, parseLinks, parseRocmJson, ROCM_ARGS, ROCM_SHORT_ARGS } from './rocm.ts';
import { parseHygonTable, parseMemory } from './rocm-table.ts';

/** Hygon DCU: `hy-smi` in JSON, else its table with `--showmeminfo vram`, else the same of the DTK's `rocm-smi`. */
export const hygon: Collector = {
  vendor: 'hygon',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'hygon');
    for (const program of ['hy-smi', 'rocm-smi'] as const) {
      const { listed, text } = await readJson(reading, program);
      if (reading.devices.length > 0) return await withVirtual(reading, program);
      if (!listed && reading.has(program)) await readTable(reading, program, text);
      if (reading.devices.length > 0) return reading;
    }
    return reading;
  },
};

/** The cards that the program lists as JSON; whether it lists any, be they another vendor's, and its last answer. */
async function readJson(
  reading: Reading,
  program: 'hy-smi' | 'rocm-smi',
): Promise<{ listed: boolean; text: string | undefined }> {
  let last: string | undefined;
  for (const args of [ROCM_ARGS, ROCM_SHORT_ARGS]) {
    const text = await reading.detail(program, args);
    if (!reading.has(program)) break;
    last = text ?? last;
    const parsed = parseRocmJson(text ?? '');
    if (!parsed) continue;
    const own = parsed.cards.filter((card) => program !== 'rocm-smi' || isHygon(card));
    const links = own.length > 1 ? await reading.detail(program, LINK_ARGS, {}, true) : undefined;
    const peers = parseLinks(links ?? '', 'hygon');
    for (const card of own) {
      const identity = { id: `hygon-${card.index}`, kind: 'package', vendor: 'hygon' } as const;
      const pciId = card.deviceId === undefined ? undefined : `1d94:${card.deviceId}`;
      const made = device(identity, `${program} --json`, { ...card.facts, pciId, driver: parsed.driver });
      reading.devices.push(addFacts(made, `${program} --showtopotype`, { peers: peers.get(card.index) }));
    }
    return { listed: true, text };
  }
  return { listed: false, text: last };
}

/** The table without options; that of `rocm-smi` only where its headings say that it lists Hygon's cards. */
async function readTable(reading: Reading, program: 'hy-smi' | 'rocm-smi', json: string | undefined): Promise<void> {
  const own = program === 'hy-smi';
  const text = (own ? await reading.run(program, []) : await reading.detail(program, [])) ?? json;
  if (text === undefined) return;
  const rows = parseHygonTable(text, own ? undefined : /^(?:hcu|dcu)$/);
  if (!rows) {
    if (own) reading.unknownLayout(program, text);
    return;
  }
  if (rows.length === 0) reading.say('tool_reports_none', `${program}: ${text.slice(0, 400)}`);
  const memory = parseMemory((await reading.detail(program, ['--showmeminfo', 'vram'])) ?? '');
  for (const { index, facts } of rows) {
    const identity = { id: `hygon-${index}`, kind: 'package', vendor: 'hygon' } as const;
    reading.devices.push(device(identity, program, { ...facts, ...memory.get(index) }));
  }
}

/** Virtual DCUs are slices of their actual device. */
async function withVirtual(reading: Reading, program: string): Promise<Reading> {
  if (program !== 'hy-smi') return reading;
  const text = await reading.detail('hy-smi', ['virtual', '--show-device-info'], {}, true);
  for (const { index, actual, memoryBytes } of parseVirtual(text ?? '')) {
    const identity = { id: `hygon-v${index}`, kind: 'partition', parent: `hygon-${actual}`, vendor: 'hygon' } as const;
    const facts = { memoryBytes, partitioning: `virtual device of hygon-${actual}` };
    reading.devices.push(device(identity, 'hy-smi virtual', facts));
  }
  return reading;
}

export function parseVirtual(text: string): { index: number; actual: number; memoryBytes: number | undefined }[] {
  return clean(text)
    .split(/^\s*Virtual Device\s+/im)
    .slice(1)
    .flatMap((block) => {
      const index = /^(\d+)\s*:/.exec(block)?.[1];
      const actual = /^\s*Actual Device\s*:\s*(\d+)/im.exec(block)?.[1];
      const memory = /^\s*Global memory\s*:\s*(.+)$/im.exec(block)?.[1];
      if (index === undefined || actual === undefined) return [];
      return [{ index: Number(index), actual: Number(actual), memoryBytes: memory ? bytes(memory) : undefined }];
    });
}
