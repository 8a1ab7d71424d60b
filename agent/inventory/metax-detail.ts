import type { Facts } from './device.ts';
import { jsonIn } from './documents.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { at, listAt, textAt } from './output.ts';
import { bytes, celsius, megahertz, pciAddress, plainNumber } from './quantity.ts';

/** A slice of a card (sGPU) as `mx-smi -j` lists it under its card. */
export interface Slice {
  readonly number: number;
  readonly memoryBytes?: number;
  readonly share?: string;
}

/** A card of `mx-smi -j`. */
export interface Detail {
  readonly facts: Facts;
  readonly slices: readonly Slice[];
}

/**
 * `mx-smi -j`: an object by PCI address. Clocks are numbers (`"XCORE": 1125`) or, in other versions, sections
 * (`"XCORE": {"XCORE_CLK": …}`). Empty where there is no such object.
 */
export function parseDetails(text: string): Map<string, Detail> {
  const details = new Map<string, Detail>();
  const document = jsonIn(text);
  if (typeof document !== 'object' || document === null) return details;
  for (const [key, card] of Object.entries(document)) {
    const address = pciAddress(key);
    if (address === undefined || typeof card !== 'object' || card === null) continue;
    const clock = (domain: string, inner: string) =>
      megahertz(textAt(card, 'clocks', domain) ?? textAt(card, 'clocks', domain, inner) ?? '');
    const reason = textAt(card, 'unavailable_reason') ?? '';
    details.set(address, {
      facts: {
        firmware: textAt(card, 'vbios_version'),
        temperatureC: celsius(textAt(card, 'hotspot') ?? ''),
        clockMHz: clock('XCORE', 'XCORE_CLK'),
        memoryClockMHz: clock('MC', 'MC_CLK') ?? clock('MC0', 'MC0_DFICLK'),
        health: reason === '' ? undefined : `not available: ${reason}`,
      },
      slices: listAt(card, 'sgpu_info').flatMap((slice) => {
        const number = plainNumber(textAt(slice, 'sgpu_id') ?? '');
        if (number === undefined) return [];
        const quota = bytes(textAt(slice, 'vram_quota') ?? '', 'MiB');
        const share = at(slice, 'compute_quota');
        return [
          {
            number,
            ...(quota === undefined ? {} : { memoryBytes: quota }),
            ...(typeof share === 'number' ? { share: `${share} %` } : {}),
          },
        ];
      }),
    });
  }
  return details;
}

/**
 * Facts by PCI address from the outlines of `mx-smi --show-…`: each card begins with `GPU#0  MXC500  0000:37:00.0`. A
 * card whose part says an error has none.
 */
export function parseOutlines(text: string, factsOf: (find: (...paths: string[]) => string, body: string) => Facts) {
  const cards = new Map<string, Facts>();
  for (const { title, body } of splitOutline(text, /^GPU#\d+\s+\S+\s+[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i)
    .devices) {
    const address = pciAddress(title.split(/\s+/)[2]!);
    if (address !== undefined) cards.set(address, factsOf(finder(outline(body)), body));
  }
  return cards;
}

/** What is asked beside the table, and the facts that each answer has. */
export const QUESTIONS: readonly {
  readonly option: string;
  readonly facts: Parameters<typeof parseOutlines>[1];
}[] = [
  { option: '--show-sn', facts: (find) => ({ serial: find('Serial Number/board serial', 'Board Serial Number') }) },
  {
    option: '--count-ecc',
    facts: (find) => {
      const counts = [find('ECC Errors/SRAM Uncorrectable'), find('ECC Errors/DRAM Uncorrectable')]
        .map(plainNumber)
        .filter((count) => count !== undefined);
      return { eccUncorrected: counts.length === 0 ? undefined : counts.reduce((a, b) => a + b, 0) };
    },
  },
  {
    option: '--show-clk-tr',
    facts: (_, body) => ({
      throttleReasons: outline(body)
        .filter(({ path, value }) => /throttle reason/.test(path[0] ?? '') && /^active$/i.test(value))
        .map(({ path }) => path.at(-1)!)
        .filter((reason) => reason !== 'idle'),
    }),
  },
  { option: '--show-ap-usage', facts: (_, body) => ({ computeUnits: unitsOf(body) }) },
];

/** Compute units of the table of their use: a row for each group, numbered from 0, a column for each unit of it. */
function unitsOf(body: string): number | undefined {
  const groups = body.split('\n').flatMap((line) => {
    const cells = line.trim().split(/\s+/);
    return /^dpc\d+$/i.test(cells[0] ?? '') ? [{ number: Number(cells[0]!.slice(3)), units: cells.length - 1 }] : [];
  });
  const units = groups.reduce((sum, group) => sum + group.units, 0);
  return units > 0 && groups.every(({ number }, at) => number === at) ? units : undefined;
}
