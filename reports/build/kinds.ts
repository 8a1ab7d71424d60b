import { type Ceiling, type Chip, ceiling, findChip } from '../../benchmarks/compute/chips.ts';
import { chipName, deviceName, devicesBehind } from '../../model/devices.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import { remember } from './remembered.ts';

/** What is known of a measured device by its node's inventory and the table of chips. */
export interface Kinds {
  /** Vendor and chip, or the processor's name; where the inventory knows neither, the word that software calls it by. */
  chip(node: string, label: string): string;
  /** Dense peak at a precision. `firm`: an upper limit beyond doubt. */
  peak(
    node: string,
    label: string,
    precision: string,
  ): { readonly opsPerSecond: number; readonly firm: boolean; readonly basis: string } | undefined;
  /** Published memory bandwidth, bytes a second; of processors nothing is published. */
  bandwidth(node: string, label: string): number | undefined;
}

/** Looks devices up, each chip once: a fleet has thousands of one kind. */
export function kindsOf(inventories: readonly Inventory[]): Kinds {
  const byNode = new Map(inventories.map((inventory) => [inventory.node, inventory]));
  const lookups = new Map<string, Accelerator | undefined>();
  const chips = new Map<string, Chip | undefined>();
  const ceilings = new Map<string, Ceiling | undefined>();

  /** The accelerator that a label means, or any of those that it can mean where they are alike. */
  const accelerator = (node: string, label: string): Accelerator | undefined =>
    remember(lookups, `${node}\n${label}`, () => {
      const all = byNode.get(node)?.accelerators ?? [];
      const { device, candidates } = devicesBehind(label, all);
      const alike = new Set(candidates.map((one) => deviceName(one, all))).size === 1;
      return device ?? (alike ? candidates[0] : undefined);
    });
  const chipOf = (node: string, one: Accelerator): { name: string; chip: Chip | undefined } => {
    const name = `${one.vendor.value}\n${chipName(one, byNode.get(node)!.accelerators) ?? ''}`;
    const find = () => findChip(one.vendor.value, chipName(one, byNode.get(node)!.accelerators));
    return { name, chip: remember(chips, name, find) };
  };

  return {
    chip(node, label) {
      if (label === 'cpu') return byNode.get(node)?.cpu.model?.value ?? label;
      const one = accelerator(node, label);
      return one ? deviceName(one, byNode.get(node)!.accelerators) : label.replace(/[:-]?\d+$/, '');
    },
    peak(node, label, precision) {
      if (label === 'cpu') {
        const found = byNode.get(node)?.cpu.peaks?.find((entry) => entry.precision === precision);
        if (!found || !(found.opsPerSecond > 0)) return undefined;
        const firm = found.clock === 'maximum' && !found.assumedUnits;
        return { opsPerSecond: found.opsPerSecond, firm, basis: found.basis };
      }
      const one = accelerator(node, label);
      if (!one) return undefined;
      const { name, chip } = chipOf(node, one);
      // A label is a node's word: one that names a member of every object is no precision.
      if (!chip || precision in Object.prototype) return undefined;
      const kind = one.kind === 'die' ? 'die' : 'package';
      const found = remember(ceilings, `${name}\n${precision}\n${kind}`, () => ceiling(chip, precision, kind));
      if (!found) return undefined;
      const { opsPerSecond, holds: firm, confidence, source } = found;
      return { opsPerSecond, firm, basis: `${chip.vendor} ${chip.chip}, ${confidence} confidence: ${source}` };
    },
    bandwidth(node, label) {
      const one = label === 'cpu' ? undefined : accelerator(node, label);
      const chip = one && chipOf(node, one).chip;
      const published = chip?.bandwidthBytesPerSecond?.value;
      return published === undefined ? undefined : published / (one?.kind === 'die' ? chip!.dies : 1);
    },
  };
}
