import type { Facts } from './device.ts';
import { addFacts, device } from './device.ts';
import type { Machine } from './machine.ts';
import { clean } from './output.ts';
import { bytes, celsius, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { isHygon, LINK_ARGS, parseLinks, parseRocmJson, ROCM_ARGS, ROCM_SHORT_ARGS } from './rocm.ts';

/** Hygon DCU: `hy-smi` in JSON, else its table with `--showmeminfo vram`, else `rocm-smi` of the DTK. */
export const hygon: Collector = {
  vendor: 'hygon',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'hygon');
    for (const program of ['hy-smi', 'rocm-smi'] as const) {
      const kept = await readJson(reading, program);
      if (reading.devices.length > 0) return await withVirtual(reading, program);
      if (program === 'hy-smi' && reading.has(program)) await readTable(reading, kept);
      if (reading.devices.length > 0) return reading;
    }
    return reading;
  },
};

/** The cards that the program lists as JSON; gives its last answer where none could be read. */
async function readJson(reading: Reading, program: 'hy-smi' | 'rocm-smi'): Promise<string | undefined> {
  let last: string | undefined;
  for (const args of [ROCM_ARGS, ROCM_SHORT_ARGS]) {
    const text = await reading.detail(program, args);
    if (!reading.has(program)) return undefined;
    last = text ?? last;
    const parsed = parseRocmJson(text ?? '');
    if (!parsed) continue;
    const own = parsed.cards.filter((card) => program !== 'rocm-smi' || isHygon(card));
    const links = own.length > 1 ? await reading.detail(program, LINK_ARGS, {}, true) : undefined;
    const peers = parseLinks(links ?? '', 'hygon');
    for (const card of own) {
      const identity = { id: `hygon-${card.index}`, kind: 'package', vendor: 'hygon' } as const;
      const made = device(identity, `${program} --json`, { ...card.facts, driver: parsed.driver });
      reading.devices.push(addFacts(made, `${program} --showtopotype`, { peers: peers.get(card.index) }));
    }
    return last;
  }
  return last;
}

async function readTable(reading: Reading, json: string | undefined): Promise<void> {
  const text = (await reading.run('hy-smi', [])) ?? json;
  if (text === undefined) return;
  const rows = parseTable(text);
  if (!rows) {
    reading.unknownLayout('hy-smi', text);
    return;
  }
  const memory = parseMemory((await reading.detail('hy-smi', ['--showmeminfo', 'vram'])) ?? '');
  for (const { index, facts } of rows) {
    const identity = { id: `hygon-${index}`, kind: 'package', vendor: 'hygon' } as const;
    reading.devices.push(device(identity, 'hy-smi', { ...facts, ...memory.get(index) }));
  }
}

/** Rows under the heading `HCU Temp AvgPwr Perf PwrCap VRAM% HCU% Mode` (older: DCU). Undefined without that heading. */
export function parseTable(text: string): { index: number; facts: Facts }[] | undefined {
  const lines = clean(text).split('\n');
  const at = lines.findIndex((line) => /^\s*(?:HCU|DCU|GPU)\s+Temp\b/i.test(line));
  if (at < 0) return undefined;
  const names = lines[at]!.trim().toLowerCase().split(/\s+/);
  const busy = /^(?:hcu|dcu|gpu)%$/;
  return lines.slice(at + 1).flatMap((line) => {
    const cells = line.trim().split(/\s+/);
    if (cells.length !== names.length || !/^\d+$/.test(cells[0]!)) return [];
    const cell = (name: string | RegExp) => {
      const column = names.findIndex((n) => (typeof name === 'string' ? n === name : name.test(n)));
      return column < 0 ? '' : cells[column]!;
    };
    const facts: Facts = {
      temperatureC: celsius(cell('temp')),
      powerW: watts(cell('avgpwr')),
      powerLimitW: watts(cell('pwrcap')),
      utilization: share(cell(busy)),
      health: cell('mode'),
    };
    return [{ index: Number(cells[0]), facts }];
  });
}

/** `HCU[0] : vram Total Memory (MiB): 65520`, older `GPU[0] : VRAM Total Memory (B): …`. */
export function parseMemory(text: string): Map<number, Facts> {
  const memory = new Map<number, Facts>();
  for (const line of clean(text).split('\n')) {
    const match = /^\s*(?:HCU|DCU|GPU)\[(\d+)\]\s*:\s*vram (total|total used) memory \((\w+)\)\s*:\s*(\S+)/i.exec(line);
    if (!match) continue;
    const [, index, what, unit, value] = match as unknown as [string, string, string, string, string];
    const read = bytes(value, unit);
    const facts = memory.get(Number(index)) ?? {};
    memory.set(
      Number(index),
      /used/i.test(what) ? { ...facts, memoryUsedBytes: read } : { ...facts, memoryBytes: read },
    );
  }
  return memory;
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
