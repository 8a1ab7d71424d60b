import type { Estimate } from '../../model/estimate.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { Report, RequirementResult } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { byName } from './summary.ts';

/** `unclear`: the values differ by no more than their uncertainties together; `gained` and `lost`: only one has a value. */
export type Direction = 'better' | 'worse' | 'same' | 'unclear' | 'gained' | 'lost' | 'none';

export interface ValueChange {
  readonly metric: string;
  readonly unit: string;
  readonly limit: number;
  readonly before: Estimate | undefined;
  readonly after: Estimate | undefined;
  readonly direction: Direction;
  /** Requirement or chosen label differ, so that the two values are not about the same thing. */
  readonly otherTerms: boolean;
}

export interface TargetChange {
  readonly target: string;
  readonly title: Text;
  readonly before: Outcome | undefined;
  readonly after: Outcome | undefined;
  readonly values: readonly ValueChange[];
}

export interface NodeChange {
  readonly node: string;
  readonly presence: 'both' | 'added' | 'removed';
  readonly values: readonly (ValueChange & { readonly target: string })[];
  /** What the machine itself has that it had not, or the other way round, as `name: before → after`. */
  readonly equipment: readonly { readonly what: string; readonly before: string; readonly after: string }[];
}

/** What changed between two acceptances. */
export interface Difference {
  readonly sameGuide: boolean;
  readonly targets: readonly TargetChange[];
  /** Only nodes with a change. */
  readonly nodes: readonly NodeChange[];
  readonly nodesCompared: number;
}

/**
 * Compares two reports target by target and node by node. A value counts as changed only when the difference is larger
 * than the two expanded uncertainties together (root of the sum of squares); counts of things change by any amount.
 */
export function compareReports(before: Report, after: Report): Difference {
  const old = new Map(before.verdicts.map((verdict) => [verdict.target, verdict]));
  const now = new Map(after.verdicts.map((verdict) => [verdict.target, verdict]));
  const ids = [...now.keys(), ...[...old.keys()].filter((id) => !now.has(id))];
  const targets = ids.map((id): TargetChange => {
    const a = old.get(id);
    const b = now.get(id);
    return {
      target: id,
      title: (b ?? a)!.title,
      before: a?.outcome,
      after: b?.outcome,
      values: pairs(a?.requirements ?? [], b?.requirements ?? []).map(([x, y]) =>
        valueChange(x, y, x?.estimate, y?.estimate),
      ),
    };
  });
  const { nodes, compared } = compareNodes(before, after);
  return { sameGuide: before.guide.sha256 === after.guide.sha256, targets, nodes, nodesCompared: compared };
}

/** Requirements of one target in both reports, matched by metric and sense. */
function pairs(
  before: readonly RequirementResult[],
  after: readonly RequirementResult[],
): [RequirementResult | undefined, RequirementResult | undefined][] {
  const key = (result: RequirementResult): string => `${result.metric} ${result.comparison}`;
  const old = new Map(before.map((result) => [key(result), result]));
  const matched = after.map((result): [RequirementResult | undefined, RequirementResult | undefined] => [
    old.get(key(result)),
    result,
  ]);
  const known = new Set(after.map(key));
  for (const result of before) if (!known.has(key(result))) matched.push([result, undefined]);
  return matched;
}

function valueChange(
  x: RequirementResult | undefined,
  y: RequirementResult | undefined,
  before: Estimate | undefined,
  after: Estimate | undefined,
): ValueChange {
  const terms = (y ?? x)!;
  const otherTerms =
    x !== undefined &&
    y !== undefined &&
    (x.limit !== y.limit || x.unit !== y.unit || x.choice?.value !== y.choice?.value);
  return {
    metric: terms.metric,
    unit: terms.unit,
    limit: terms.limit,
    before,
    after,
    direction:
      otherTerms && x?.choice?.value !== y?.choice?.value ? 'unclear' : direction(before, after, terms.comparison),
    otherTerms,
  };
}

/** Which way a value went. */
export function direction(
  before: Estimate | undefined,
  after: Estimate | undefined,
  comparison: '>=' | '<=',
): Direction {
  if (!before) return after ? 'gained' : 'none';
  if (!after) return 'lost';
  if (before.unit !== after.unit) return 'unclear';
  const step = after.value - before.value;
  if (step === 0) return 'same';
  if (!Number.isFinite(step) || Math.abs(step) <= Math.hypot(before.U, after.U)) return 'unclear';
  return step > 0 === (comparison === '>=') ? 'better' : 'worse';
}

function compareNodes(before: Report, after: Report): { nodes: NodeChange[]; compared: number } {
  const old = nodeValues(before);
  const now = nodeValues(after);
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
    const values = keys
      .map((key) => {
        const [x, y] = [a.get(key), b.get(key)];
        return { target: (y ?? x)!.target, ...valueChange(x?.result, y?.result, x?.estimate, y?.estimate) };
      })
      .filter((value) => value.direction !== 'same' && value.direction !== 'unclear');
    const equipment = compareEquipment(oldEquipment.get(node), newEquipment.get(node));
    return values.length + equipment.length > 0 ? [{ node, presence: 'both', values, equipment }] : [];
  });
  return { nodes, compared: all.length };
}

interface NodeValue {
  readonly target: string;
  readonly result: RequirementResult;
  readonly estimate: Estimate;
}

function nodeValues(report: Report): Map<string, Map<string, NodeValue>> {
  const byNode = new Map<string, Map<string, NodeValue>>();
  for (const verdict of report.verdicts) {
    for (const result of verdict.requirements) {
      for (const { node, estimate } of result.nodes) {
        const values = byNode.get(node) ?? new Map<string, NodeValue>();
        values.set(`${verdict.target} ${result.metric} ${result.comparison}`, {
          target: verdict.target,
          result,
          estimate,
        });
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

/** Facts by which a changed machine is noticed: parts, identities and versions, nothing that varies from minute to minute. */
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
