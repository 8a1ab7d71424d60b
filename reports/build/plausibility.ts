import { AGREEMENT, ratesAgree } from '../../benchmarks/compute/challenge/proof.ts';
import { type Ceiling, ceiling, findChip } from '../../benchmarks/compute/chips.ts';
import { PRECISIONS, precisionLabel } from '../../benchmarks/compute/precision.ts';
import type { Assignment } from '../../model/assignment.ts';
import { chipName, deviceName, devicesBehind, type Labelled } from '../../model/devices.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import type { Examination, Finding, Metric, Telemetry } from '../../model/measurement.ts';
import { holdsBack } from '../judge/readings.ts';
import { remember } from './remembered.ts';

/** Metrics that are operations per second of one device. */
const RATES: readonly string[] = ['compute.gemm.rate', 'compute.gemm.peak', 'compute.challenge.rate'];

/** What an attempt says of itself that bears on whether its rates can be true. */
export interface Examined {
  readonly examination: Examination;
  readonly telemetry: readonly Telemetry[];
}

/**
 * Attempts with what the inventory of their node says about their numbers; the judge sees it like any other finding.
 */
export function withPlausibility<A extends Attempted & { readonly measurement: Pick<Examined, 'telemetry'> }>(
  attempts: readonly A[],
  inventories: readonly Inventory[],
): A[] {
  const byNode = new Map(inventories.map((inventory) => [inventory.node, inventory]));
  return attempts.map((one) => {
    const { examination, measurement } = one;
    const inventory = byNode.get(measurement.node);
    const found = plausibilityFindings(inventory, { examination, telemetry: measurement.telemetry });
    if (found.length === 0) return one;
    return { ...one, examination: { ...examination, findings: [...examination.findings, ...found] } };
  });
}

/**
 * Whether the rates of one attempt can be true of the devices that its node has. A device that the inventory does not
 * list has no rate (`unlisted_device`). One that it lists is held to the published peak of its chip, or to the
 * theoretical one of the processor. Above the ceiling a rate is `implausible`, which holds it back where the ceiling
 * is beyond doubt and is shown where it is not; where nothing trustworthy is known that is said (`no_reference`) and
 * nothing is guessed. Pure: the inventory is the node's own word, so this catches mistakes and crude lies only.
 */
export function plausibilityFindings(
  inventory: Inventory | undefined,
  { examination, telemetry }: Examined,
): Finding[] {
  const findings: Finding[] = [];
  const rates = examination.metrics.filter((metric) => RATES.includes(metric.metric) && !emulated(metric, examination));
  // A node with many devices gives several rates of each at each precision: each is looked up once.
  const whys = new Map<string, string | undefined>();
  const limits = new Map<string, Limit>();
  for (const metric of rates) {
    const { device = '', precision = '' } = metric.labels;
    const unlisted = remember(whys, device, () => unlistedBecause(device, inventory));
    if (unlisted) {
      const detail = `${precision} on ${device}: ${unlisted}`;
      const { metric: id, labels } = metric;
      findings.push({ code: 'unlisted_device', detail, metric: id, labels, weight: 'holds' });
      continue;
    }
    const limit = remember(limits, `${device}\n${precision}`, () =>
      device === 'cpu' ? processorLimit(metric, inventory, telemetry) : acceleratorLimit(metric, inventory),
    );
    findings.push(...compare(metric, limit));
  }
  if (inventory) findings.push(...countFindings(rates, inventory));
  return distinct(findings);
}

/**
 * Why a label means no device of the node; undefined where it means one. All processors of a node are one device,
 * `cpu`. An accelerator is a word and a number below the count of what software can address: dies, cards without dies,
 * and slices of cards.
 */
function unlistedBecause(label: string, inventory: Inventory | undefined): string | undefined {
  if (!inventory) return 'there is no inventory of the node';
  if (label === 'cpu') return undefined;
  const number = /^[a-z]+:(0|[1-9][0-9]{0,5})$/.exec(label)?.[1];
  if (number === undefined) return 'this is no name of a device';
  const whole = inventory.accelerators.map((one) =>
    one.kind === 'partition' ? { ...one, kind: 'package' as const } : one,
  );
  const listed = devicesBehind(label, whole).candidates.length;
  if (listed === 0) return 'the inventory lists no device that this can be';
  return Number(number) < listed ? undefined : `the inventory lists only ${listed} that this can be`;
}

/** The most that a rate may be, or why that is not known. */
type Limit = { readonly most: number; readonly holds: boolean; readonly basis: string } | { readonly unknown: string };

/** No clock and no number of units that was assumed is wrong by so much: such a rate is of work that was not done. */
const BEYOND_DOUBT = 10;

function compare(metric: Metric, limit: Limit): Finding[] {
  const { precision = '', device = '' } = metric.labels;
  const what = `${precision} on ${device}`;
  if ('unknown' in limit) {
    const labels = { precision, device };
    return [{ code: 'no_reference', detail: `${what}: ${limit.unknown}`, labels, weight: 'informs' }];
  }
  const { value } = metric.estimate;
  // A value that is not a number is held back elsewhere; here it must not slip through as "not above".
  if (value <= limit.most || !Number.isFinite(value)) return [];
  return [
    {
      code: 'implausible',
      detail: `${what}: ${tera(value)} is above ${tera(limit.most)}, ${limit.basis}`,
      metric: metric.metric,
      labels: metric.labels,
      weight: limit.holds || value > BEYOND_DOUBT * limit.most ? 'holds' : 'informs',
    },
  ];
}

function acceleratorLimit({ labels }: Metric, inventory: Inventory | undefined): Limit {
  const { precision = '', device: label = '' } = labels;
  if (!inventory) return { unknown: 'there is no inventory of the node' };
  const { candidates, device } = devicesBehind(label, inventory.accelerators);
  if (candidates.length === 0) return { unknown: 'the inventory lists slices of a card without the card' };
  const considered = device ? [device] : candidates;
  let best: { ceiling: Ceiling; chip: string } | undefined;
  for (const one of considered) {
    const name = chipName(one, inventory.accelerators);
    const chip = findChip(one.vendor.value, name);
    const seen = deviceName(one, inventory.accelerators);
    if (!chip) return { unknown: `no entry for ${seen} in the table of chips` };
    const found = ceiling(chip, precision, one.kind === 'die' ? 'die' : 'package');
    if (!found) return { unknown: `no trustworthy ${precision} figure of ${seen}` };
    // Which of unequal devices the label means is not known: the fastest is assumed.
    if (!best || found.limit > best.ceiling.limit) best = { ceiling: found, chip: `${one.vendor.value} ${chip.chip}` };
  }
  const { opsPerSecond, limit, confidence, holds, source } = best!.ceiling;
  const more = `${Math.round((limit / opsPerSecond - 1) * 100)} %`;
  const basis = `${more} more than the dense peak of ${best!.chip}, ${tera(opsPerSecond)} (${confidence} confidence: ${source})`;
  return { most: limit, holds, basis };
}

/** Room for what a clock reading leaves out. */
const CLOCK_MARGIN = 1.02;
/** No processor runs faster, whatever a node says of its clock, megahertz. */
const FASTEST_MHZ = 7_000;
/**
 * Peaks from a clock that is not the highest one, or from vector units that were assumed, are off by less than this.
 */
const DOUBTFUL_MARGIN = 1.5;

function processorLimit({ labels }: Metric, inventory: Inventory | undefined, telemetry: readonly Telemetry[]): Limit {
  const { precision = '' } = labels;
  const peak = inventory?.cpu.peaks?.find((entry) => entry.precision === precision);
  if (!peak) return { unknown: 'no theoretical peak of the processor is known' };
  if (peak.clock !== 'maximum' || peak.assumedUnits) {
    const basis = `half more than the theoretical peak, which is no upper limit: ${peak.basis}`;
    return { most: peak.opsPerSecond * DOUBTFUL_MARGIN, holds: false, basis };
  }
  // Some drivers give the highest clock without turbo: a clock that was really seen raises the limit.
  const seen = telemetry.reduce((most, { cpuClockMHz = 0 }) => (cpuClockMHz > most ? cpuClockMHz : most), 0);
  const clockMHz = Math.max(peak.clockMHz, Math.min(seen, FASTEST_MHZ));
  const most = peak.opsPerSecond * (clockMHz / peak.clockMHz) * CLOCK_MARGIN;
  const turbo = clockMHz > peak.clockMHz ? `, and ${Math.round(clockMHz)} MHz were seen` : '';
  return { most, holds: true, basis: `2 % more than the theoretical peak: ${peak.basis}${turbo}` };
}

/** More devices measured than the node lists, and devices that its own bus does not have. */
function countFindings(rates: readonly Metric[], inventory: Inventory): Finding[] {
  const findings: Finding[] = [];
  const offBus = new Set(inventory.findings.flatMap(({ code, device }) => (code === 'not_on_bus' ? [device] : [])));
  const doubtful = (one: Accelerator) => offBus.has(one.id) || (one.parent !== undefined && offBus.has(one.parent));
  for (const [key, own] of Map.groupBy(rates, kindOf)) {
    const [metric = '', precision = ''] = key.split('\n');
    const labels = [...new Set(own.map((rate) => rate.labels.device ?? ''))].filter((label) => label !== 'cpu');
    const behind = labels.map((label): [string, Labelled] => [label, devicesBehind(label, inventory.accelerators)]);
    const listed = behind[0]?.[1].candidates ?? [];
    const vendors = new Set(listed.map((one) => one.vendor.value));
    const slices = inventory.accelerators.filter((one) => one.kind === 'partition' && vendors.has(one.vendor.value));
    if (listed.length > 0 && labels.length > listed.length + slices.length) {
      const detail = `${precision}: ${labels.length} devices were measured (${labels.join(', ')}), the inventory lists ${listed.length}`;
      findings.push({ code: 'implausible', detail, metric, labels: { precision }, weight: 'holds' });
    }
    if (slices.length > 0) findings.push(...slicesFindings(own, listed, inventory));
    for (const [label, { candidates, device }] of behind) {
      const odd = (device ? [device] : candidates).filter(doubtful).map((one) => one.id);
      if (odd.length === 0) continue;
      const detail = `${label} is or may be ${odd.join(', ')}, which a tool reports and the PCI bus does not have`;
      findings.push({ code: 'implausible', detail, labels: { device: label }, weight: 'informs' });
    }
  }
  return findings;
}

/** Slices are parts of their cards: all that is measured together cannot be more than all cards can do. */
function slicesFindings(own: readonly Metric[], cards: readonly Accelerator[], inventory: Inventory): Finding[] {
  const [{ metric, labels } = { metric: '', labels: {} as Metric['labels'] }] = own;
  const { precision = '' } = labels;
  const ceilings = cards.map((card) => {
    const chip = findChip(card.vendor.value, chipName(card, inventory.accelerators));
    return chip && ceiling(chip, precision, card.kind === 'die' ? 'die' : 'package');
  });
  const limit = ceilings.reduce((sum, one) => sum + (one?.limit ?? Number.NaN), 0);
  const total = [...Map.groupBy(own, (rate) => rate.labels.device).values()].reduce(
    (sum, rates) => sum + Math.max(...rates.map(({ estimate }) => estimate.value)),
    0,
  );
  if (cards.length === 0 || !(total > limit)) return [];
  const detail = `${precision}: ${tera(total)} on slices of ${cards.length} cards, which give ${tera(limit)} at most`;
  const weight = ceilings.every((one) => one?.holds) ? 'holds' : 'informs';
  return [{ code: 'implausible', detail, metric, labels: { precision }, weight }];
}

/** Rates that are summed with each other: one metric, one precision, one kind of device. */
function kindOf({ metric, labels }: Metric): string {
  return [metric, labels.precision ?? '', labels.device?.split(':')[0] ?? ''].join('\n');
}

/** What a plan asks of its nodes. */
export interface Asked {
  readonly assignments: readonly Pick<Assignment, 'benchmark' | 'node' | 'settings'>[];
}

/** One attempt of a node, for what is compared over attempts. */
export interface Attempted {
  readonly measurement: { readonly node: string };
  readonly examination: Examination;
}

/**
 * Challenged rates that the rate of plain products on the same device at the same precision does not bear out, by
 * attempt. Only a plain rate that is verified and that nothing holds back can do so, or speak against one: any other is
 * as if it were not there. The fastest is taken, whichever attempt it is from.
 *
 * Small integers let units of a lower precision answer the challenge of a higher one: an accelerator that is challenged
 * much faster than its plain products are is held back. So is one whose plain rate the plan asked for and that has none
 * to show, or a node would only have to spoil it; where nobody asked, that is shown. A processor that is challenged
 * much faster is held back unless other software made the products: then it is shown, as is a processor without a plain
 * rate, whose theoretical peak is known. In INT8 all is only shown: matrices of eight bits leave no faster unit that
 * could answer. Slower than the plain products is a bound from below all the same, and is shown.
 */
export function agreementFindings<A extends Attempted>(attempts: readonly A[], plan: Asked): Map<A, Finding[]> {
  const key = (node: string, { labels }: Metric): string => JSON.stringify([node, labels.precision, labels.device]);
  const plain = new Map<string, Metric>();
  for (const { measurement, examination } of attempts) {
    for (const metric of countedRates(examination, 'compute.gemm.rate')) {
      const known = plain.get(key(measurement.node, metric));
      if (!known || metric.estimate.value > known.estimate.value) plain.set(key(measurement.node, metric), metric);
    }
  }
  const found = new Map<A, Finding[]>();
  for (const attempt of attempts) {
    const findings = countedRates(attempt.examination, 'compute.challenge.rate').flatMap((metric) =>
      disagreement(
        metric,
        plain.get(key(attempt.measurement.node, metric)),
        asksPlain(plan, attempt.measurement.node, metric.labels.precision ?? ''),
      ),
    );
    if (findings.length > 0) found.set(attempt, findings);
  }
  return found;
}

/** Whether the plan has plain products at this precision, a label, on the node. */
function asksPlain({ assignments }: Asked, node: string, precision: string): boolean {
  return assignments.some((one) => {
    if (one.benchmark !== 'compute.gemm' || one.node !== node) return false;
    const { precisions } = one.settings;
    // A list that is not there rules nothing out.
    return (
      !Array.isArray(precisions) || PRECISIONS.some((p) => precisions.includes(p) && precisionLabel(p) === precision)
    );
  });
}

function disagreement({ metric, labels, estimate }: Metric, plain: Metric | undefined, asked: boolean): Finding[] {
  const { precision = '', device = '', backend = '' } = labels;
  const say = (detail: string, weight: Finding['weight']): Finding[] => [
    { code: 'rates_differ', detail: `${precision} on ${device}: ${detail}`, metric, labels, weight },
  ];
  const otherUnits = precision !== 'INT8';
  if (!plain) {
    const detail = 'no verified rate of plain products to compare with';
    return say(detail, asked && otherUnits && device !== 'cpu' ? 'holds' : 'informs');
  }
  if (ratesAgree(estimate.value, plain.estimate.value)) return [];
  const ratio = estimate.value / plain.estimate.value;
  const by = plain.labels.backend ?? '';
  const detail = `challenged by ${backend} at ${ratio.toPrecision(3)} times the rate of plain products by ${by} (${AGREEMENT.least} to ${AGREEMENT.most} belong together)`;
  const otherSoftware = device === 'cpu' && by !== backend;
  return say(detail, ratio > AGREEMENT.most && otherUnits && !otherSoftware ? 'holds' : 'informs');
}

/** Values of a metric that are right and that nothing holds back so far. */
export function countedRates({ metrics, findings }: Examination, id: string): Metric[] {
  return metrics.filter(
    (metric) =>
      metric.metric === id &&
      metric.verified &&
      Number.isFinite(metric.estimate.value) &&
      !findings.some((finding) => holdsBack(finding, metric)),
  );
}

function emulated(metric: Metric, { findings }: Examination): boolean {
  return findings.some(
    ({ code, labels = {} }) =>
      code === 'emulated' && Object.entries(labels).every(([name, value]) => metric.labels[name] === value),
  );
}

function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()];
}

const tera = (opsPerSecond: number): string => `${(opsPerSecond / 1e12).toPrecision(4)} Tera-op/s`;
