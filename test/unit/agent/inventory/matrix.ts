/**
 * Who tells what: the facts that the collectors really read on the recorded machines, by vendor, as the two tables of
 * docs/inventory.md. `node test/unit/agent/inventory/matrix.ts` prints them; `matrix.test.ts` holds the page to them.
 */
import { fileURLToPath } from 'node:url';
import type { Accelerator } from '../../../../model/inventory.ts';
import { inventoryOf, recorded, recordedNames } from './recordings.ts';

/** Facts with their names for people, in the order of the table. */
export const FIELDS = {
  chip: 'chip',
  uuid: 'UUID',
  serial: 'serial number',
  pciAddress: 'PCI address',
  pciId: 'PCI ids',
  memoryBytes: 'memory',
  memoryUsedBytes: 'memory in use',
  driver: 'driver',
  firmware: 'firmware',
  runtime: 'runtime',
  health: 'health',
  eccUncorrected: 'uncorrected errors',
  throttleReasons: 'throttle reasons',
  temperatureC: 'temperature',
  memoryTemperatureC: 'memory temperature',
  powerW: 'power',
  powerLimitW: 'power limit',
  clockMHz: 'clock',
  clockMaxMHz: 'highest clock',
  memoryClockMHz: 'memory clock',
  utilization: 'utilisation',
  linkGeneration: 'PCIe generation',
  linkWidth: 'PCIe width',
  peers: 'link peers',
  partitioning: 'partitioning',
  computeUnits: 'compute units',
  capability: 'architecture',
  deviceNode: 'device node',
} as const satisfies Partial<Record<keyof Accelerator, string>>;

export type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];

/** Columns: the vendors as they are asked, Gaudi with its own tool beside Intel's GPUs. */
const COLUMNS: readonly (readonly [vendor: string, heading: string])[] = [
  ['NVIDIA', 'NVIDIA'],
  ['AMD', 'AMD'],
  ['Intel', 'Intel GPU'],
  ['Intel Gaudi', 'Gaudi'],
  ['Huawei Ascend', 'Ascend'],
  ['Cambricon', 'Cambricon'],
  ['Hygon', 'Hygon'],
  ['Kunlunxin', 'Kunlunxin'],
  ['Moore Threads', 'Moore Threads'],
  ['MetaX', 'MetaX'],
  ['Iluvatar CoreX', 'Iluvatar'],
  ['Biren', 'Biren'],
  ['Enflame', 'Enflame'],
  ['T-Head', 'T-Head'],
];

const NO_VERDICT = 'the tool counts errors and gives no verdict';
const NO_TEXT = 'no output of the tool that we know has it';
const NO_NODE = 'nothing that is read ties a number of `/dev` to the card';

/** Why a vendor's cell is empty. What no recorded machine tells needs one of these. */
export const NOT_TOLD: Readonly<Record<string, Partial<Record<Field, string>>>> = {
  AMD: { health: NO_VERDICT },
  Intel: {
    runtime: NO_TEXT,
    throttleReasons: NO_TEXT,
    powerLimitW: NO_TEXT,
    memoryClockMHz: NO_TEXT,
    capability: NO_TEXT,
  },
  'Intel Gaudi': {
    runtime: NO_TEXT,
    memoryClockMHz: NO_TEXT,
    peers: 'its links are Ethernet ports; the report has their addresses, not what is at the other end',
    partitioning: 'a card is not split',
    computeUnits: NO_TEXT,
    capability: 'the chip’s name is the architecture’s',
  },
  'Huawei Ascend': {
    throttleReasons: NO_TEXT,
    powerLimitW: NO_TEXT,
    capability: 'the chip’s name is the architecture’s',
  },
  Cambricon: {
    throttleReasons: NO_TEXT,
    memoryTemperatureC: NO_TEXT,
    clockMHz: NO_TEXT,
    clockMaxMHz: NO_TEXT,
    memoryClockMHz: NO_TEXT,
    partitioning: 'a virtual function shows as `VF` in the table of version 4; MLU instances have no text that we know',
    computeUnits: NO_TEXT,
    capability: NO_TEXT,
    deviceNode: NO_NODE,
  },
  Hygon: {
    eccUncorrected: NO_TEXT,
    throttleReasons: NO_TEXT,
    clockMaxMHz: NO_TEXT,
    memoryClockMHz: NO_TEXT,
  },
  Kunlunxin: {
    health: NO_VERDICT,
    throttleReasons: NO_TEXT,
    memoryTemperatureC: NO_TEXT,
    clockMaxMHz: NO_TEXT,
    memoryClockMHz: NO_TEXT,
    computeUnits: NO_TEXT,
  },
  'Moore Threads': {
    health: NO_TEXT,
    eccUncorrected: 'the table has the mode of ECC and no count',
    throttleReasons: NO_TEXT,
    memoryTemperatureC: NO_TEXT,
    capability: NO_TEXT,
    deviceNode: NO_NODE,
  },
  MetaX: {
    memoryTemperatureC: NO_TEXT,
    clockMaxMHz: NO_TEXT,
    capability: NO_TEXT,
    deviceNode: 'every card is behind `/dev/mxcd`',
  },
  'Iluvatar CoreX': { health: NO_TEXT, partitioning: NO_TEXT, deviceNode: NO_NODE },
  Biren: {
    runtime: NO_TEXT,
    memoryTemperatureC: NO_TEXT,
    computeUnits: 'neither the tool nor its library has it',
    capability: 'neither the tool nor its library has it',
    deviceNode: NO_NODE,
  },
  Enflame: {
    firmware: NO_TEXT,
    runtime: NO_TEXT,
    throttleReasons: NO_TEXT,
    memoryTemperatureC: NO_TEXT,
    clockMHz: NO_TEXT,
    clockMaxMHz: NO_TEXT,
    partitioning: 'static slices (DRS) have no text that we know',
    computeUnits: NO_TEXT,
    capability: NO_TEXT,
    deviceNode: NO_NODE,
  },
};

/** Sources by vendor, and the facts that each has given, over all recorded machines. */
export async function told(): Promise<Map<string, Map<string, Set<Field>>>> {
  const vendors = new Map(COLUMNS.map(([vendor]) => [vendor, new Map<string, Set<Field>>()]));
  for (const name of recordedNames()) {
    const { accelerators } = await inventoryOf(recorded(name));
    for (const one of accelerators) {
      const sources = vendors.get(one.id.startsWith('gaudi') ? 'Intel Gaudi' : one.vendor.value);
      for (const field of NAMES) {
        const source = one[field]?.source;
        if (!sources || source === undefined || source === 'sum of its dies') continue;
        const plain = source.replace(/^sysfs .*/, 'PCI bus').replace(/^\/.*/, (path) => `\`${path}\``);
        sources.set(plain, (sources.get(plain) ?? new Set()).add(field));
      }
    }
  }
  return vendors;
}

const LIBRARIES = /^(?:NVML|IXML|HGML|BRML|MTML)$/;
/** T: the vendor's tool, L: its library, K: its driver's topology, F: a file of its software, B: the PCI bus. */
function kind(source: string): string {
  if (source === 'PCI bus') return 'B';
  if (source === 'KFD topology') return 'K';
  if (LIBRARIES.test(source)) return 'L';
  return source.startsWith('`') ? 'F' : 'T';
}

/** Kinds of sources of one cell, the vendor's own word first. */
export function cell(sources: ReadonlyMap<string, ReadonlySet<Field>>, field: Field): string {
  const kinds = new Set([...sources].filter(([, fields]) => fields.has(field)).map(([source]) => kind(source)));
  return ['T', 'L', 'K', 'F', 'B'].filter((one) => kinds.has(one)).join(' ');
}

export async function matrix(): Promise<string> {
  const vendors = await told();
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    row(['fact', ...COLUMNS.map(([, heading]) => heading)]),
    `|---|${COLUMNS.map(() => '---').join('|')}|`,
    ...NAMES.map((field) =>
      row([FIELDS[field], ...COLUMNS.map(([vendor]) => cell(vendors.get(vendor)!, field) || '–')]),
    ),
  ];
  const ways = COLUMNS.flatMap(([vendor]) =>
    [...vendors.get(vendor)!]
      .filter(([source]) => /^[TL]$/.test(kind(source)))
      .sort(([a], [b]) => a.localeCompare(b, 'en'))
      .map(([source, fields]) => {
        const name = kind(source) === 'L' ? `library ${source}` : `\`${source}\``;
        return row([
          vendor,
          name,
          NAMES.filter((field) => fields.has(field))
            .map((field) => FIELDS[field])
            .join(', '),
        ]);
      }),
  );
  const gaps = COLUMNS.flatMap(([vendor]) =>
    [...Map.groupBy(Object.entries(NOT_TOLD[vendor] ?? {}) as [Field, string][], ([, why]) => why)].map(([why, all]) =>
      row([vendor, all.map(([field]) => FIELDS[field]).join(', '), why]),
    ),
  );
  return [
    ...table,
    '',
    row(['vendor', 'asked', 'gives']),
    '|---|---|---|',
    ...ways,
    '',
    row(['vendor', 'not told', 'why']),
    '|---|---|---|',
    ...gaps,
  ].join('\n');
}

/** Lines of the page between which the tables stand. */
export const MARKS = ['<!-- who tells what -->', '<!-- end of who tells what -->'] as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await matrix());
