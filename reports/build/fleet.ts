import { LEAST_OVERLAP } from '../../benchmarks/compute/challenge/proof.ts';
import { devicesBehind } from '../../model/devices.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import type { Finding, Metric } from '../../model/measurement.ts';
import { hostOf, isIdentity } from '../../model/uniqueness.ts';
import { type Asked, type Attempted, agreementFindings, countedRates } from './plausibility.ts';
import { largestTogether } from './windows.ts';

/** The rate that is added up over devices and nodes, and where its window begins by the controller's clock. */
const RATE = 'compute.challenge.rate';
const OPENED = 'compute.challenge.opened';
/** Any of these shows that a device took part. */
const MEASURED: readonly string[] = ['compute.gemm.rate', RATE];

/**
 * Attempts with what only shows when all of them are looked at together: rates that were not measured in one window,
 * devices of containers on one machine that may be the same, and challenged rates that plain products do not bear out.
 * The judge sees it like any other finding. Without a plan nobody asked for plain products. Pure.
 */
export function withFleet<A extends Attempted>(
  attempts: readonly A[],
  inventories: readonly Inventory[],
  plan: Asked = { assignments: [] },
): A[] {
  const hosts = machineFindings(attempts, inventories);
  const rates = agreementFindings(attempts, plan);
  const sound = attempts.map((one) => added(one, [...(hosts.get(one) ?? []), ...(rates.get(one) ?? [])]));
  // What is held back already needs no window, and must not stand for another in one.
  const windows = windowFindings(sound);
  return sound.map((one) => added(one, windows.get(one) ?? []));
}

function added<A extends Attempted>(attempt: A, findings: readonly Finding[]): A {
  if (findings.length === 0) return attempt;
  const { examination } = attempt;
  return { ...attempt, examination: { ...examination, findings: [...examination.findings, ...findings] } };
}

interface Rated<A> {
  readonly attempt: A;
  readonly node: string;
  readonly device: string;
  readonly metric: Metric;
}

/** Rates that would count, by precision: those of one precision are added, others never are. */
function ratedByPrecision<A extends Attempted>(attempts: readonly A[]): Map<string, Rated<A>[]> {
  const rated = attempts.flatMap((attempt) =>
    countedRates(attempt.examination, RATE).map((metric) => {
      const { node } = attempt.measurement;
      return { attempt, node, device: metric.labels.device ?? '', metric };
    }),
  );
  return Map.groupBy(rated, ({ metric }) => metric.labels.precision ?? '');
}

/**
 * Rates of devices that did not work in one window with the others. One device could have answered for several of them,
 * one after the other. Of all devices the largest set that did is counted: with repeats the worst value of each counts,
 * so that one window they share bounds the sum. The window of an attempt is the one that its own devices share. One
 * device that answers for several nodes within this rule seems at most 22 % faster than it is: their times begin and
 * end at most a ninth of the shared one before and after it.
 */
function windowFindings<A extends Attempted>(attempts: readonly A[]): Map<A, Finding[]> {
  const found = new Map<A, Finding[]>();
  for (const [precision, rated] of ratedByPrecision(attempts)) {
    const subjectOf = ({ node, device }: Rated<A>): string => JSON.stringify([node, device]);
    const all = new Set(rated.map(subjectOf));
    if (all.size < 2) continue;
    const timed = rated.flatMap((one) => {
      const fromS = openedAt(one);
      return fromS === undefined ? [] : [{ subject: subjectOf(one), fromS, toS: fromS + one.metric.durationS }];
    });
    const together = largestTogether(timed, LEAST_OVERLAP);
    for (const one of rated) {
      if (together.has(subjectOf(one))) continue;
      const others = `the window that ${together.size} of ${all.size} devices share by the controller's clock`;
      note(found, one, 'not_simultaneous', `${precision} on ${one.device} of ${one.node}: not in ${others}`);
    }
  }
  return found;
}

/** Most nodes that are named in one finding. */
const NAMED = 20;

/**
 * Devices that the inventories of measured nodes list and of which no attempt has a rate: nothing is added for them,
 * and whoever expects them should know. Slices of cards are measured in place of the cards: nodes with such are left
 * out.
 */
export function unmeasuredFindings(attempts: readonly Attempted[], inventories: readonly Inventory[]): Finding[] {
  const labels = new Map<string, Set<string>>();
  for (const { measurement, examination } of attempts) {
    const own = labels.get(measurement.node) ?? new Set();
    for (const { metric, labels: of } of examination.metrics) if (MEASURED.includes(metric)) own.add(of.device ?? '');
    labels.set(measurement.node, own);
  }
  const short = inventories.flatMap(({ node, accelerators }) => {
    const measured = labels.get(node);
    if (!measured?.size || accelerators.some(({ kind }) => kind === 'partition')) return [];
    const seen = new Set<string>();
    const some = [...Map.groupBy(measured, (label) => label.split(':')[0]!)].flatMap(([word, own]) => {
      const { candidates } = devicesBehind(word, accelerators);
      for (const { vendor } of candidates) seen.add(vendor.value);
      return own.length < candidates.length ? [`${node}: ${own.length} of ${candidates.length} (${word})`] : [];
    });
    const cards = accelerators.filter(({ kind, vendor }) => kind === 'package' && !seen.has(vendor.value));
    const none = [...Map.groupBy(cards, ({ vendor }) => vendor.value)];
    return [...some, ...none.map(([vendor, own]) => `${node}: 0 of ${own.length} (${vendor})`)];
  });
  if (short.length === 0) return [];
  const rest = short.length > NAMED ? `; and ${short.length - NAMED} more` : '';
  return [{ code: 'device_unmeasured', detail: `${short.slice(0, NAMED).join('; ')}${rest}`, weight: 'informs' }];
}

/** When the window of a rate began, Unix seconds; undefined where the controller saw none. */
function openedAt({ attempt, metric }: Rated<Attempted>): number | undefined {
  const { precision, device, backend } = metric.labels;
  return attempt.examination.metrics.find(
    ({ metric: id, labels, durationS }) =>
      id === OPENED &&
      labels.precision === precision &&
      labels.device === device &&
      labels.backend === backend &&
      durationS === metric.durationS,
  )?.estimate.value;
}

/**
 * Rates of several nodes on one machine that may be of one device: its processors, which all containers share, and
 * accelerators that the inventories give no common identity of. Where they give one, equal ones are found by it.
 */
function machineFindings<A extends Attempted>(
  attempts: readonly A[],
  inventories: readonly Inventory[],
): Map<A, Finding[]> {
  const found = new Map<A, Finding[]>();
  const hosts = hostOf(inventories);
  const byNode = new Map(inventories.map((inventory) => [inventory.node, inventory]));
  const machineOf = ({ node }: Rated<A>): string => {
    const inventory = byNode.get(node);
    return (inventory && hosts.get(inventory)) ?? `node ${node}`;
  };
  for (const [precision, rated] of ratedByPrecision(attempts)) {
    for (const [machine, own] of Map.groupBy(rated, machineOf)) {
      for (const [kind, same] of Map.groupBy(own, ({ device }) => device.split(':')[0]!)) {
        const nodes = [...new Set(same.map(({ node }) => node))];
        if (nodes.length < 2 || (kind !== 'cpu' && toldApart(same, byNode))) continue;
        const detail = `${precision} on ${kind}: ${nodes.join(', ')} are on one machine (${machine}) and may share it`;
        for (const one of same) note(found, one, 'shared_host', detail);
      }
    }
  }
  return found;
}

/** Whether all devices that the rates can be of have an identity of one kind. */
function toldApart(rated: readonly Rated<Attempted>[], byNode: ReadonlyMap<string, Inventory>): boolean {
  const devices = new Set(
    rated.flatMap(({ node, device }) => devicesBehind(device, byNode.get(node)?.accelerators ?? []).candidates),
  );
  const identities: ((device: Accelerator) => string | undefined)[] = [
    ({ uuid }) => uuid?.value,
    ({ pciAddress, kind }) => (kind === 'package' ? pciAddress?.value : undefined),
    ({ serial, kind }) => (kind === 'package' ? serial?.value : undefined),
  ];
  return devices.size > 0 && identities.some((of) => [...devices].every((device) => isIdentity(of(device))));
}

function note<A>(found: Map<A, Finding[]>, one: Rated<A>, code: Finding['code'], detail: string): void {
  const { attempt, metric } = one;
  const findings = found.get(attempt) ?? [];
  findings.push({ code, detail, metric: metric.metric, labels: metric.labels, weight: 'holds' });
  found.set(attempt, findings);
}
