import type { Estimate } from '../../model/estimate.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import type { Report, RequirementResult } from '../../model/report.ts';
import { byName } from './summary.ts';
import { type Direction, type ValueChange, valueChange } from './value-change.ts';

export interface NodeChange {
  readonly node: string;
  readonly presence: 'both' | 'added' | 'removed';
  readonly values: readonly (ValueChange & { readonly target: string })[];
  /** What the machine itself has that it had not, or the other way round, as `name: before → after`. */
  readonly equipment: readonly { readonly what: string; readonly before: string; readonly after: string }[];
}

/** Nodes of two reports: those with a change, how many there are in all, and how many are in both. */
export interface NodeDifference {
  readonly nodes: readonly NodeChange[];
  readonly nodesCompared: number;
  readonly nodesInBoth: number;
}

/** Directions that are no change worth a line of a node. */
const QUIET: readonly Direction[] = ['same', 'unclear', 'none'];

/** Compares two reports node by node, over the targets that both judged. */
export function compareNodes(before: Report, after: Report, targets: ReadonlySet<string>): NodeDifference {
  const old = nodeValues(before, targets);
  const now = nodeValues(after, targets);
  const oldEquipment = new Map(before.inventories.map((inventory) => [inventory.node, inventory]));
  const newEquipment = new Map(after.inventories.map((inventory) => [inventory.node, inventory]));
  const wasThere = new Set([...old.keys(), ...oldEquipment.keys()]);
  const isThere = new Set([...now.keys(), ...newEquipment.keys()]);
  const all = [...new Set([...wasThere, ...isThere])].sort(byName);
  const nodes = all.flatMap((node): NodeChange[] => {
    if (!wasThere.has(node)) return [{ node, presence: 'added', values: [], equipment: [] }];
    if (!isThere.has(node)) return [{ node, presence: 'removed', values: [], equipment: [] }];
    const a = old.get(node) ?? new Map<string, NodeValue>();
    const b = now.get(node) ?? new Map<string, NodeValue>();
    const keys = [...b.keys(), ...[...a.keys()].filter((key) => !b.has(key))];
    const values = keys.map((key) => nodeChange(a.get(key), b.get(key))).filter((v) => !QUIET.includes(v.direction));
    const equipment = compareEquipment(oldEquipment.get(node), newEquipment.get(node));
    return values.length + equipment.length > 0 ? [{ node, presence: 'both', values, equipment }] : [];
  });
  const nodesInBoth = all.filter((node) => wasThere.has(node) && isThere.has(node)).length;
  return { nodes, nodesCompared: all.length, nodesInBoth };
}

interface NodeValue {
  readonly target: string;
  readonly result: RequirementResult;
  readonly estimate: Estimate;
}

function nodeChange(x: NodeValue | undefined, y: NodeValue | undefined): NodeChange['values'][number] {
  const change = valueChange(x?.result, y?.result, x?.estimate, y?.estimate);
  // A node has values of the judged choice alone: at another one they are of different things.
  const other = x !== undefined && y !== undefined && x.result.choice?.value !== y.result.choice?.value;
  return { target: (y ?? x)!.target, ...change, ...(other ? { direction: 'other' as const } : {}) };
}

function nodeValues(report: Report, targets: ReadonlySet<string>): Map<string, Map<string, NodeValue>> {
  const byNode = new Map<string, Map<string, NodeValue>>();
  for (const { target, requirements } of report.verdicts) {
    if (!targets.has(target)) continue;
    for (const result of requirements) {
      for (const { node, estimate } of result.nodes) {
        const values = byNode.get(node) ?? new Map<string, NodeValue>();
        values.set(`${target} ${result.metric} ${result.comparison}`, { target, result, estimate });
        byNode.set(node, values);
      }
    }
  }
  return byNode;
}

function compareEquipment(before: Inventory | undefined, after: Inventory | undefined): NodeChange['equipment'] {
  const a = equipment(before);
  const b = equipment(after);
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((what) => a.get(what) !== b.get(what))
    .map((what) => ({ what, before: a.get(what) ?? '', after: b.get(what) ?? '' }));
}

/**
 * Facts by which a changed machine is noticed: parts, identities and versions, nothing that varies from minute to
 * minute.
 */
function equipment(inventory: Inventory | undefined): Map<string, string> {
  const facts = new Map<string, string>();
  if (!inventory) return facts;
  const { host, cpu, memory } = inventory;
  const put = (what: string, value: string | number | undefined): void => {
    if (value !== undefined) facts.set(what, String(value));
  };
  put('product', host.product?.value);
  put('board serial', host.boardSerial?.value);
  put('os', host.os?.value);
  put('kernel', host.kernel?.value);
  put('cpu', cpu.model?.value);
  put('cpu cores', cpu.physicalCores?.value);
  put('memory bytes', memory.totalBytes?.value);
  for (const disk of inventory.disks)
    put(`disk ${disk.name}`, [disk.model?.value, disk.serial?.value, disk.bytes?.value].join(' '));
  for (const device of inventory.accelerators) put(`accelerator ${device.id}`, identity(device));
  for (const software of inventory.software) put(`software ${software.name}`, software.version);
  return facts;
}

function identity(device: Accelerator): string {
  return [
    device.chip?.value,
    device.uuid?.value ?? device.serial?.value ?? device.pciAddress?.value,
    device.driver?.value,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}
