import { addFacts, device, type Facts } from './device.ts';
import { isAbsent, pciAddress } from './quantity.ts';
import type { Reading } from './reading.ts';

/** An entry of an AMD tool's list: a card, or one part of a card that is split (DPX, CPX …). */
export interface AmdEntry {
  readonly index: number;
  /** Number of the part, 0 for a whole card. */
  readonly partition: number;
  readonly facts: Facts;
  readonly peers?: string[] | undefined;
}

/**
 * Adds cards and their parts. The parts of a card are functions of one PCI device; where no address is printed they
 * follow the card in the list. A card that is not split is listed as it is; of one that is, the first entry gives the
 * card and all entries are its parts, whatever mode each of them prints.
 */
export function addCards(reading: Reading, entries: readonly AmdEntry[], source: string, linkSource: string): void {
  for (const parts of cardsOf(entries)) {
    const first = parts[0]!;
    const id = `amd-${first.index}`;
    const mode = parts.map(({ facts }) => facts.partitioning ?? '').find((text) => !isAbsent(text)) ?? '';
    if (parts.length === 1 && (mode === '' || /^spx$/i.test(mode))) {
      const made = device({ id, kind: 'package', vendor: 'amd' }, source, first.facts);
      reading.devices.push(addFacts(made, linkSource, { peers: first.peers }));
      continue;
    }
    const parent = `${id}-card`;
    const whole = { ...first.facts, utilization: undefined, partitioning: mode || undefined };
    reading.devices.push(device({ id: parent, kind: 'package', vendor: 'amd' }, source, whole));
    reading.say('virtual_devices', `${source}: ${id} is split (${mode || `${parts.length} parts`})`, parent);
    for (const [at, { index, partition, facts }] of parts.entries()) {
      const identity = { id: `amd-${index}`, kind: 'partition', parent, vendor: 'amd' } as const;
      reading.devices.push(device(identity, source, partOf(facts, `${mode || 'part'} ${partition || at}`)));
    }
  }
}

/** Facts of a part. Who it is, where it is and its memory are the card's: tools repeat them for each part. */
function partOf(facts: Facts, partitioning: string): Facts {
  const { chip, driver, firmware, capability, utilization } = facts;
  return { chip, driver, firmware, capability, utilization, partitioning };
}

/** Entries by card, the entry of the whole card first. */
function cardsOf(entries: readonly AmdEntry[]): AmdEntry[][] {
  const cards: AmdEntry[][] = [];
  const bySlot = new Map<string, AmdEntry[]>();
  for (const entry of entries) {
    const slot = pciAddress(entry.facts.pciAddress ?? '')?.replace(/\.\d$/, '');
    const same = slot !== undefined ? bySlot.get(slot) : entry.partition > 0 ? cards.at(-1) : undefined;
    if (same) {
      same.push(entry);
      continue;
    }
    const card = [entry];
    cards.push(card);
    if (slot !== undefined) bySlot.set(slot, card);
  }
  const functionOf = ({ facts }: AmdEntry) => Number(facts.pciAddress?.at(-1) ?? 0);
  for (const card of cards) card.sort((a, b) => a.partition - b.partition || functionOf(a) - functionOf(b));
  return cards;
}
