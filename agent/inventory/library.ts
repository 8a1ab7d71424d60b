import type { Accelerator } from '../../model/inventory.ts';
import { addFacts, device, type Facts } from './device.ts';
import { nodesOf } from './device-nodes.ts';
import type { DocumentName, Machine } from './machine.ts';
import { at, textAt } from './output.ts';
import { pciAddress, plainNumber } from './quantity.ts';
import type { Collected } from './reading.ts';
import type { VendorKey } from './vendor.ts';

/** A vendor's management library: the helper process that asks it, its name and its driver's name for people. */
interface Library {
  readonly vendor: VendorKey;
  readonly document: DocumentName;
  readonly name: string;
  readonly driver: string;
}

const LIBRARIES: readonly Library[] = [
  { vendor: 'nvidia', document: 'nvml', name: 'NVML', driver: 'NVIDIA driver' },
  { vendor: 'iluvatar', document: 'ixml', name: 'IXML', driver: 'Iluvatar driver' },
  { vendor: 'thead', document: 'hgml', name: 'HGML', driver: 'T-Head PPU driver' },
  { vendor: 'biren', document: 'brml', name: 'BRML', driver: 'Biren driver' },
  { vendor: 'mthreads', document: 'mtml', name: 'MTML', driver: 'Moore Threads driver' },
];

interface Told {
  readonly index: number;
  readonly facts: Facts;
}

/**
 * What the vendor's management library tells beyond its tool: facts that the tool did not print are added to the
 * devices that were read, matched by UUID or PCI address, or by number where a side has neither. Where no tool gave a
 * device but device nodes are there (a container may have been handed the library only), the library's devices are the
 * reading. A library that is not installed says nothing.
 */
export async function addLibrary(collected: Collected, machine: Machine, vendor: VendorKey): Promise<void> {
  const library = LIBRARIES.find((one) => one.vendor === vendor);
  if (!library) return;
  const { devices, findings, software, unread } = collected;
  const cards = devices.filter((one) => one.kind !== 'partition');
  const alone = cards.length === 0;
  if (alone && (await nodesOf(machine, vendor)).length === 0) return;
  const document = await machine.document(library.document);
  if (!document.ok) {
    if (alone || !document.missing) unread.push({ what: 'accelerators', source: library.name, why: document.why });
    return;
  }
  const told = parseLibrary(document.value);
  if (!alone && told.length !== cards.length) {
    const detail = `the tool lists ${cards.length} devices, ${library.name} ${told.length}`;
    findings.push({ code: 'readings_disagree', detail });
  }
  if (alone) {
    for (const { index, facts } of told) {
      devices.push(device({ id: `${vendor}-${index}`, kind: 'package', vendor }, library.name, facts));
    }
  }
  const byKey = new Map(told.toReversed().flatMap((one) => keysOf(one, vendor).map((key) => [key, one] as const)));
  for (const card of cards) {
    const keys = [bare(card.uuid?.value ?? ''), card.pciAddress?.value ?? '', card.id];
    const same = keys.map((key) => byKey.get(key)).find((one) => one && isSame(card, one, vendor));
    if (same) addFacts(card, library.name, same.facts);
  }
  const driver = devices.find((one) => one.driver?.source === library.name)?.driver?.value;
  if (driver !== undefined && !software.some((part) => part.name === library.driver)) {
    software.push({ name: library.driver, version: driver, source: library.name });
  }
}

function bare(uuid: string): string {
  return uuid.toLowerCase().replace(/^(?:gpu|ppu)-/, '');
}

/** Everything by which a device of the library may be found. */
function keysOf({ index, facts }: Told, vendor: VendorKey): string[] {
  return [bare(facts.uuid ?? ''), pciAddress(facts.pciAddress ?? '') ?? '', `${vendor}-${index}`].filter(Boolean);
}

function isSame(card: Accelerator, { index, facts }: Told, vendor: VendorKey): boolean {
  if (card.uuid && facts.uuid) return bare(card.uuid.value) === bare(facts.uuid);
  const address = pciAddress(facts.pciAddress ?? '');
  if (card.pciAddress && address !== undefined) return card.pciAddress.value === address;
  return card.id === `${vendor}-${index}`;
}

const TEXTS = ['chip', 'uuid', 'serial', 'pciAddress', 'driver', 'firmware', 'health', 'capability'] as const;
const NUMBERS = [
  ...([
    'memoryBytes',
    'memoryUsedBytes',
    'eccUncorrected',
    'temperatureC',
    'powerW',
    'powerLimitW',
    'clockMHz',
  ] as const),
  ...(['clockMaxMHz', 'memoryClockMHz', 'utilization', 'linkGeneration', 'linkWidth', 'computeUnits'] as const),
];

/** Devices of the document that a helper process for a management library prints. What has no number is left out. */
export function parseLibrary(document: unknown): Told[] {
  return (Array.isArray(document) ? document : []).flatMap((one: unknown): Told[] => {
    const index = plainNumber(textAt(one, 'index') ?? '');
    if (index === undefined || !Number.isInteger(index) || index < 0) return [];
    const peers = at(one, 'peers');
    const reasons = at(one, 'throttleReasons');
    return [
      {
        index,
        facts: {
          ...Object.fromEntries(TEXTS.map((name) => [name, textAt(one, name)])),
          ...Object.fromEntries(NUMBERS.map((name) => [name, plainNumber(textAt(one, name) ?? '')])),
          peers: listOfTexts(peers),
          throttleReasons: listOfTexts(reasons),
        },
      },
    ];
  });
}

function listOfTexts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
