import { devicesBehind } from '../../model/devices.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import { duplicateFindings } from '../../model/uniqueness.ts';
import { type Attempted, countedRates } from './plausibility.ts';

/**
 * How many of the reported cards are confirmed. One is, if it answered the chained challenge: a
 * `compute.challenge.rate` that is right, above zero, held back by nothing, and of this card. Of a card with several
 * dies each must have answered. Where software numbers unequal cards in an order of its own, nobody knows which of them
 * answered: then all must have. A card that is cut into slices, or whose identity stands in two places of the fleet, is
 * not confirmed. Which model a card is no rate can confirm. Pure.
 */
export function confirmedAccelerators(attempts: readonly Attempted[], inventories: readonly Inventory[]): number {
  const answered = new Map<string, Set<string>>();
  for (const { measurement, examination } of attempts) {
    const labels = answered.get(measurement.node) ?? new Set();
    for (const { labels: of, estimate } of countedRates(examination, 'compute.challenge.rate')) {
      if (estimate.value > 0) labels.add(of.device ?? '');
    }
    answered.set(measurement.node, labels);
  }
  const twice = new Set(
    duplicateFindings(inventories).flatMap(({ devices }) => devices.map(({ node, id }) => JSON.stringify([node, id]))),
  );
  return inventories.reduce((sum, { node, accelerators }) => {
    const devices = devicesThatAnswered(answered.get(node) ?? new Set(), accelerators);
    const sound = (one: Accelerator): boolean => devices.has(one) && !twice.has(JSON.stringify([node, one.id]));
    const cards = accelerators.filter((card) => card.kind === 'package' && !twice.has(JSON.stringify([node, card.id])));
    const confirmed = cards.filter((card) => {
      const parts = accelerators.filter((part) => part.parent === card.id);
      if (parts.some((part) => part.kind === 'partition')) return false;
      const dies = parts.filter((part) => part.kind === 'die');
      return (dies.length > 0 ? dies : [card]).every(sound);
    });
    return sum + confirmed.length;
  }, 0);
}

/** The devices of a node that these labels mean beyond doubt. */
function devicesThatAnswered(labels: ReadonlySet<string>, accelerators: readonly Accelerator[]): Set<Accelerator> {
  const found = new Set<Accelerator>();
  for (const [word, own] of Map.groupBy(labels, (label) => label.split(':')[0]!)) {
    const meant = own.map((label) => devicesBehind(label, accelerators).device);
    const { candidates } = devicesBehind(word, accelerators);
    // As many labels as devices, and no number tells them apart: then it is all of them.
    const all = own.length >= candidates.length && meant.every((device) => device === undefined);
    for (const device of all ? candidates : meant) if (device) found.add(device);
  }
  return found;
}
