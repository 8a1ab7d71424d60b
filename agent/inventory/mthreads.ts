import { addFacts, device, type Facts } from './device.ts';
import { documentsIn } from './documents.ts';
import type { Machine } from './machine.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { at, clean, listAt } from './output.ts';
import { bytes, celsius, megahertz, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { bannerValue } from './smi-table.ts';
import { parseMatrix } from './topology.ts';

/** `MT2` is a path of two MTLinks. */
const MTLINK = { prefix: 'GPU', link: /^MT\d+$/, id: 'mthreads' };

/**
 * Moore Threads: `mthreads-gmi -q --json`, else `-q` as text, else the table of three lines for each device; MTLink
 * peers from `mthreads-gmi topo -m`, cores and whatever else the tool did not print from the management library (MTML).
 */
export const mthreads: Collector = {
  vendor: 'mthreads',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'mthreads');
    const text = await reading.run('mthreads-gmi', []);
    if (text === undefined) return reading;
    const table = parseTable(text);
    const json = parseJson((await reading.detail('mthreads-gmi', ['-q', '--json'])) ?? '');
    const query = json ?? parseQuery((await reading.detail('mthreads-gmi', ['-q'])) ?? '');
    const found = query ?? table;
    if (!found) {
      reading.unknownLayout('mthreads-gmi', text);
      return reading;
    }
    if (table?.cut) reading.say('count_mismatch', 'mthreads-gmi: rows of the table make no whole device');
    if (query && table && query.cards.length !== table.cards.length) {
      reading.say(
        'readings_disagree',
        `mthreads-gmi -q describes ${query.cards.length} devices, the table has ${table.cards.length}`,
      );
    }
    if (found.cards.length === 0) reading.say('tool_reports_none', `mthreads-gmi: ${text.slice(0, 400)}`);
    const driver = query?.driver ?? table?.driver;
    const links = await reading.detail('mthreads-gmi', ['topo', '-m'], {}, true);
    const peers = parseMatrix(links ?? '', MTLINK);
    const rows = new Map(table?.cards.map((row) => [row.index, row.facts]));
    for (const [position, card] of found.cards.entries()) {
      const facts = {
        ...rows.get(card.index ?? position),
        ...withoutGaps(card.facts),
        driver,
        partitioning: card.virtual ? 'vGPU' : undefined,
      };
      const identity = {
        id: `mthreads-${card.index ?? position}`,
        kind: card.virtual ? 'partition' : 'package',
        vendor: 'mthreads',
      } as const;
      const made = device(identity, query ? 'mthreads-gmi -q' : 'mthreads-gmi', facts);
      const own = card.virtual ? undefined : peers[card.index ?? position];
      reading.devices.push(addFacts(made, 'mthreads-gmi topo -m', { peers: own }));
    }
    reading.version('mthreads-gmi', table?.version);
    reading.component('Moore Threads driver', driver, 'mthreads-gmi');
    return reading;
  },
};

interface Card {
  readonly index?: number;
  readonly virtual: boolean;
  readonly facts: Facts;
}

/** The table: `ID Name |PCIe |%GPU Mem`, `Device Type …`, and the ECC mode. Undefined for other headings. */
export function parseTable(text: string) {
  const lines = clean(text).split('\n');
  const start = lines.findIndex((line) => /^\s*ID\s+Name\s*\|\s*PCIe\s*\|\s*%GPU\s+Mem/i.test(line));
  if (start < 0) return undefined;
  const banner = lines.slice(0, start).join('\n');
  const cards: Card[] = [];
  let cut = false;
  for (let at = start + 1; at < lines.length; at++) {
    if (/process/i.test(lines[at]!)) break;
    const upper = lines[at]!.split('|').map((cell) => cell.trim());
    const name = /^(\d+)\s+(\S.*)$/.exec(upper[0] ?? '');
    if (upper.length !== 3 || !name) continue;
    const middle = (lines[at + 1] ?? '').split('|').map((cell) => cell.trim());
    if (middle.length !== 3) cut = true;
    const memory = /(\S+)\s*\(([^)]+)\)$/.exec(upper[2] ?? '');
    cards.push({
      index: Number(name[1]),
      virtual: /virtual/i.test(middle[0] ?? ''),
      facts: {
        chip: name[2],
        pciAddress: pciAddress(upper[1] ?? ''),
        utilization: share((upper[2] ?? '').split(/\s+/)[0] ?? ''),
        memoryUsedBytes: bytes(memory?.[1] ?? ''),
        memoryBytes: bytes(memory?.[2] ?? ''),
        linkWidth: plainNumber(/^(\d+)x/i.exec(middle[1] ?? '')?.[1] ?? ''),
        temperatureC: celsius((middle[2] ?? '').split(/\s+/)[0] ?? ''),
      },
    });
  }
  return {
    version: bannerValue(banner, 'mthreads-gmi'),
    driver: bannerValue(banner, 'Driver Version'),
    cards,
    cut,
  };
}

/** `-q --json`: `{"Driver Version", "GPU": [{…}]}`. Keys may carry a blank at their end. */
export function parseJson(text: string): { driver: string | undefined; cards: Card[] } | undefined {
  const document = documentsIn(text)
    .map(trimKeys)
    .find((one) => typeof at(one, 'GPU') === 'object');
  if (document === undefined) return undefined;
  const cards = listAt(document, 'GPU').map((gpu) => card(flatFinder(gpu)));
  const driver = at(document, 'Driver Version');
  return { driver: typeof driver === 'string' ? driver.trim() : undefined, cards };
}

/** `-q` as text: one outline for each `GPU0 <address>` or `GPU 0` line. */
export function parseQuery(text: string): { driver: string | undefined; cards: Card[] } | undefined {
  const { head, devices } = splitOutline(text, /^GPU\s*\d*\s*:?\s*(?:[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])?$/i);
  if (devices.length === 0) return undefined;
  const cards = devices.map(({ title, body }) => {
    const made = card(finder(outline(body)));
    const address = /[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/i.exec(title)?.[0];
    return address && !made.facts.pciAddress
      ? { ...made, facts: { ...made.facts, pciAddress: pciAddress(address) } }
      : made;
  });
  return { driver: finder(outline(head))('Driver Version') || undefined, cards };
}

function card(find: (...paths: string[]) => string): Card {
  const index = plainNumber(find('Index', 'Minor Number'));
  return {
    ...(index === undefined ? {} : { index }),
    virtual: /virtual/i.test(find('Device Type', 'Virtualization Mode/Device Type')),
    facts: {
      chip: find('Product Name'),
      uuid: find('GPU UUID', 'UUID'),
      serial: find('Serial Number'),
      firmware: find('MTBios Version', 'MTBios'),
      pciAddress: pciAddress(find('PCI/Bus ID', 'Bus ID', 'PCI/Bus Id')),
      memoryBytes: bytes(find('FB Memory Usage/Total')),
      memoryUsedBytes: bytes(find('FB Memory Usage/Used')),
      utilization: share(find('Utilization/Gpu')),
      temperatureC: celsius(find('GPU Current Temp')),
      powerW: watts(find('Power Draw')),
      powerLimitW: watts(find('Current Power Limit', 'Enforced Power Limit', 'Power Limit')),
      clockMHz: megahertz(find('Clocks/Graphics')),
      clockMaxMHz: megahertz(find('Max Clocks/Graphics')),
      memoryClockMHz: megahertz(find('Clocks/Memory')),
      linkGeneration: plainNumber(find('PCIe Generation/Current')),
      linkWidth: plainNumber(find('Link Width/Current').replace(/x/i, '')),
    },
  };
}

/** The same look-up for nested JSON objects: the last keys of the way to a leaf, in lower case. */
function flatFinder(value: unknown): (...paths: string[]) => string {
  const lines: { path: string[]; value: string }[] = [];
  const walk = (here: unknown, path: string[]) => {
    if (typeof here === 'object' && here !== null) {
      for (const [key, inner] of Object.entries(here)) walk(inner, [...path, key.toLowerCase()]);
    } else if (typeof here === 'string' || typeof here === 'number') {
      lines.push({ path, value: String(here).trim() });
    }
  };
  walk(value, []);
  return finder(lines);
}

function trimKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(trimKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.trim(), trimKeys(inner)]));
}

function withoutGaps(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''));
}
