import type { Accelerator, InventoryFinding } from '../../model/inventory.ts';

/** Cards whose dies their tools list as devices of their own. Counts and sums go over cards, measurements over dies. */
const MULTI_DIE: readonly { vendor: string; chip: RegExp; dies: number }[] = [
  { vendor: 'Cambricon', chip: /MLU370[- ]?X8/i, dies: 2 },
  { vendor: 'Iluvatar CoreX', chip: /BI-?V150|MR-?V100[- ]?DUO/i, dies: 2 },
  { vendor: 'AMD', chip: /MI250/i, dies: 2 },
  { vendor: 'NVIDIA', chip: /\bK80\b|\bM60\b/i, dies: 2 },
  { vendor: 'NVIDIA', chip: /\bA16\b/i, dies: 4 },
];

/**
 * Puts the devices of multi-die cards under one package each: by equal serial number, else by the PCI bridge they
 * share, else in the order they are listed, which is told. Never gives more packages than ⌈devices / dies⌉ would.
 * `upstream` gives the bridges above a PCI address from the root down.
 */
export function groupDies(
  devices: readonly Accelerator[],
  upstream: (address: string) => readonly string[],
): { devices: Accelerator[]; findings: InventoryFinding[] } {
  const grouped: Accelerator[] = [];
  const findings: InventoryFinding[] = [];
  const waiting = new Map<(typeof MULTI_DIE)[number], Accelerator[]>();
  for (const device of devices) {
    const rule = device.kind === 'package' ? ruleFor(device) : undefined;
    if (!rule) grouped.push(device);
    else if (!waiting.get(rule)?.push(device)) waiting.set(rule, [device]);
  }
  for (const [rule, dies] of waiting) {
    const { cards, byOrder } = intoCards(dies, rule.dies, upstream);
    if (byOrder) {
      findings.push({
        code: 'grouped_by_order',
        detail: `${dies[0]!.chip?.value}: ${dies.length} devices are ${cards.length} cards, paired in listed order: neither serial numbers nor PCI bridges say which belong together`,
      });
    }
    for (const card of cards) grouped.push(...asCard(card));
  }
  return { devices: grouped, findings };
}

function ruleFor(device: Accelerator) {
  const chip = device.chip?.value ?? '';
  return MULTI_DIE.find((rule) => rule.vendor === device.vendor.value && rule.chip.test(chip));
}

function intoCards(dies: readonly Accelerator[], perCard: number, upstream: (address: string) => readonly string[]) {
  const least = Math.ceil(dies.length / perCard);
  const serials = dies.map((die) => die.serial?.value);
  if (serials.every((serial) => serial !== undefined)) {
    const cards = [...Map.groupBy(dies, (die) => die.serial!.value).values()];
    if (cards.length <= least && cards.every((card) => card.length <= perCard)) return { cards, byOrder: false };
  }
  const bridges = dies.map((die) => (die.pciAddress ? upstream(die.pciAddress.value) : []));
  // The deepest bridge level at which exactly the dies of one card come together.
  for (let depth = Math.max(...bridges.map((b) => b.length)); depth > 0; depth--) {
    if (bridges.some((b) => b.length < depth)) continue;
    const cards = [...Map.groupBy(dies, (_, i) => bridges[i]!.slice(0, depth).join('/')).values()];
    if (cards.length === least && cards.every((card) => card.length <= perCard)) return { cards, byOrder: false };
  }
  const cards: Accelerator[][] = [];
  for (let from = 0; from < dies.length; from += perCard) cards.push(dies.slice(from, from + perCard));
  return { cards, byOrder: dies.length > perCard };
}

function asCard(dies: readonly Accelerator[]): Accelerator[] {
  const first = dies[0]!;
  const id = `${first.id}-card`;
  const card: Accelerator = { id, kind: 'package', vendor: first.vendor };
  if (first.chip) card.chip = first.chip;
  if (first.driver) card.driver = first.driver;
  if (first.serial && dies.every((die) => die.serial?.value === first.serial!.value)) card.serial = first.serial;
  if (dies.every((die) => die.memoryBytes)) {
    card.memoryBytes = { value: dies.reduce((sum, die) => sum + die.memoryBytes!.value, 0), source: 'sum of its dies' };
  }
  return [card, ...dies.map((die): Accelerator => ({ ...die, kind: 'die', parent: id }))];
}
