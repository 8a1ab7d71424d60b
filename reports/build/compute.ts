import { AGREEMENT, ratesAgree } from '../../benchmarks/compute/challenge/proof.ts';
import type { Compute, ComputeDevice, ComputePrecision, ComputeTotal } from '../../model/compute.ts';
import { median } from '../../model/estimate.ts';
import type { Requirement } from '../../model/guide.ts';
import type { Verdict } from '../../model/report.ts';
import type { Case } from '../judge/case.ts';
import { fold } from '../judge/fold.ts';
import type { Reading } from '../judge/readings.ts';
import type { Kinds } from './kinds.ts';
import { byPrecision, counting, type Device, devicesOf, keyOf, lowest, readingsOf } from './rates.ts';
import { roofs } from './roofs.ts';

/** Most devices of one precision that are listed; every value of all of them stands under its attempt. */
const LISTED = 20;
/** Most different things that nodes said they cannot do. */
const REMARKS = 24;
/** Widest first; what is not named here comes after, by name. */
const ORDER: readonly string[] = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8', 'INT8', 'INT4'];
/** Metrics that a guide can ask a computing rate of. */
const RATES: readonly string[] = ['compute.gemm.rate', 'compute.challenge.rate'];
const BENCHMARKS: readonly string[] = ['compute.gemm', 'compute.challenge'];

/**
 * Computing rates of a run by precision, with what was claimed and required, what the controller timed, how much of the
 * dense peak it is, and the slowest devices. Sums are those that the judge would make. Undefined where no rate was
 * measured. Pure.
 */
export function computeOf(run: Case, verdicts: readonly Verdict[], kinds: Kinds): Compute | undefined {
  const measured = byPrecision(readingsOf('compute.gemm.rate', 'op/s', run));
  const challenged = byPrecision(readingsOf('compute.challenge.rate', 'op/s', run));
  const fastest = byPrecision(readingsOf('compute.gemm.peak', 'op/s', run));
  const sustained = byPrecision(readingsOf('compute.gemm.sustained', 'ratio', run));
  const opened = byPrecision(readingsOf('compute.challenge.opened', 's', run));
  const attempts = new Map(run.attempts.map(({ sha256, attempt }) => [sha256, attempt]));
  const overhead = byPrecision(readingsOf('compute.challenge.overhead', 'ratio', run));
  const efficiency = {
    plain: byPrecision(readingsOf('compute.gemm.efficiency', 'op/J', run)),
    challenge: byPrecision(readingsOf('compute.challenge.efficiency', 'op/J', run)),
  };
  const machines = byPrecision(readingsOf('compute.gemm.nodeEfficiency', 'op/J', run));
  const names = [...new Set([...measured.keys(), ...challenged.keys()])].sort(byWidth);
  const unsupported = remarks(run);
  if (names.length === 0) return undefined;
  const found = names.map((precision): [Device[], ComputePrecision] => {
    const devices = devicesOf(precision, measured, challenged, efficiency, kinds);
    const timed = devices.filter((device) => device.rate !== undefined);
    const counted = timed.some((device) => device.counts) ? timed.filter((device) => device.counts) : timed;
    const shown = timed.length > 0 ? counted : devices.filter((device) => device.challenged);
    const windows = lowest(fastest.get(precision) ?? []);
    const lasting = lowest(sustained.get(precision) ?? []);
    const proving = [...lowest(overhead.get(precision) ?? []).values()].map((e) => e.value);
    const plain = total(measured.get(precision));
    const proven = total(challenged.get(precision));
    return [
      devices,
      {
        precision,
        ...asked(precision, run, verdicts),
        ...(plain && { measured: plain }),
        ...(proven && { challenged: proven }),
        ...together(opened.get(precision) ?? [], counting(challenged.get(precision) ?? []).used, attempts),
        ...agreement(devices),
        ...(windows.size > 0 && { fastest: sumOf([...windows.values()].map((e) => e.value)) }),
        ...(lasting.size > 0 && { sustained: least([...lasting.values()].map((e) => e.value)) }),
        ...(proving.length > 0 && { proofShare: proving.reduce((a, b) => Math.max(a, b)) }),
        ...peak(shown, (plain?.estimate ?? proven?.estimate)?.value ?? Number.NaN),
        withoutPeak: shown.filter((device) => device.peak === undefined).length,
        backends: [...new Set(shown.map((device) => device.backend))].filter((name) => name !== '').sort(),
        ...energyOf(counted, devices),
        ...nodeEfficiency(counted, machines.get(precision) ?? []),
        slowest: slowest(timed),
      },
    ];
  });
  const all = found.flatMap(([devices]) => devices);
  const every = new Set(all.map(({ key }) => key));
  const metered = new Set(
    all.filter((d) => (d.efficiency ?? d.challengeEfficiency) !== undefined).map(({ key }) => key),
  );
  return {
    precisions: found.map(([, precision]) => precision),
    roofs: roofs(
      found.map(([devices, { precision }]) => ({ precision, devices })),
      memoryOf(run),
      kinds,
    ),
    metered: metered.size,
    devices: every.size,
    unmetered: unmetered(run),
    unsupported,
  };
}

function total(readings: readonly Reading[] | undefined): ComputeTotal | undefined {
  if (!readings) return undefined;
  const { used, counts } = counting(readings);
  const requirement: Requirement = { metric: '', fold: 'sum', comparison: '>=', limit: 0, unit: 'op/s' };
  const folded = fold(requirement, used);
  const held = readings.filter((reading) => reading.held.length > 0);
  return {
    ...(folded && Number.isFinite(folded.estimate.value + folded.estimate.U) && { estimate: folded.estimate }),
    devices: new Set(used.map(keyOf)).size,
    level: folded?.level ?? 'E0',
    counts,
    held: held.length,
    reasons: [...new Set(held.flatMap((reading) => reading.held.map(({ code }) => code)))].sort(),
  };
}

/** What was claimed and what the guide asks at this precision, and whether it was judged by it. */
function asked(
  precision: string,
  run: Case,
  verdicts: readonly Verdict[],
): Pick<ComputePrecision, 'claimed' | 'required' | 'judged'> {
  for (const target of run.guide.targets) {
    const index = target.requirements.findIndex(
      ({ metric, fold, unit, choose, where }) =>
        RATES.includes(metric) &&
        fold === 'sum' &&
        unit === 'op/s' &&
        (choose === 'precision' || where?.precision === precision),
    );
    const requirement = target.requirements[index];
    if (!requirement) continue;
    const result = verdicts.find((verdict) => verdict.target === target.id)?.requirements[index];
    const at = requirement.where?.precision ?? result?.choice?.value;
    const claim = run.claims?.targets[target.id];
    const claimedAt = claim?.choice ?? at;
    return {
      ...(claim && claimedAt === precision && claim.unit === 'op/s' && { claimed: claim.value }),
      required: requirement.limit,
      judged: at === precision && result?.estimate !== undefined,
    };
  }
  return { judged: false };
}

function agreement(devices: readonly Device[]): Pick<ComputePrecision, 'agreement'> {
  // A plain rate that does not count says nothing of the challenged one.
  const both = devices.filter((device) => device.rate && device.counts && device.challenged);
  const ratio = sumOf(both.map((d) => d.challenged!.value)) / sumOf(both.map((d) => d.rate!.value));
  if (both.length === 0 || !Number.isFinite(ratio)) return {};
  const outside = both.filter((d) => !ratesAgree(d.challenged!.value, d.rate!.value)).length;
  return { agreement: { ratio, devices: both.length, outside, ...AGREEMENT } };
}

/**
 * How far the windows of all nodes that count lie in each other. A node's devices share one, which its proof looks at.
 */
function together(
  opened: readonly Reading[],
  rates: readonly Reading[],
  attempts: ReadonlyMap<string, number>,
): Pick<ComputePrecision, 'together'> {
  const keyIn = (reading: Reading): string => `${reading.sha256} ${keyOf(reading)}`;
  const used = new Set(rates.map(keyIn));
  const windows = opened.filter((reading) => used.has(keyIn(reading)));
  const repeats = [...Map.groupBy(windows, ({ sha256 }) => attempts.get(sha256)).values()].map((own) => {
    const from = own.map(({ metric }) => metric.estimate.value).reduce((a, b) => Math.max(a, b));
    const to = own.map(({ metric }) => metric.estimate.value + metric.durationS).reduce((a, b) => Math.min(a, b));
    const longest = own.map(({ metric }) => metric.durationS).reduce((a, b) => Math.max(a, b));
    const seconds = Math.max(0, to - from);
    return { nodes: new Set(own.map(({ node }) => node)).size, seconds, share: longest > 0 ? seconds / longest : 0 };
  });
  const [worst] = repeats.sort((a, b) => b.nodes - a.nodes || a.share - b.share);
  return worst && worst.nodes > 1 ? { together: worst } : {};
}

/** Only where the peak of every device is known: a share of a part would look like one of the whole. */
function peak(devices: readonly Device[], measured: number): Pick<ComputePrecision, 'peak'> {
  if (devices.length === 0 || devices.some((device) => device.peak === undefined)) return {};
  const opsPerSecond = sumOf(devices.map((device) => device.peak!.opsPerSecond));
  if (!(opsPerSecond > 0 && Number.isFinite(measured))) return {};
  return {
    peak: {
      opsPerSecond,
      share: measured / opsPerSecond,
      firm: devices.every((device) => device.peak!.firm),
      basis: [...new Set(devices.map((device) => device.peak!.basis))].sort().slice(0, LISTED),
    },
  };
}

/** Of plain products of the devices that count, and of the challenges of all that were challenged. */
function energyOf(
  counted: readonly Device[],
  all: readonly Device[],
): Pick<ComputePrecision, 'efficiency' | 'challengeEfficiency'> {
  const plain = efficiencyOf(counted.map((d) => [d.rate?.value, d.efficiency]));
  const chained = efficiencyOf(all.map((d) => [d.challenged?.value, d.challengeEfficiency]));
  return { ...(plain && { efficiency: plain }), ...(chained && { challengeEfficiency: chained }) };
}

/** All operations over all energy, of the devices whose rate and efficiency are known. */
function efficiencyOf(
  devices: readonly (readonly [rate: number | undefined, opsPerJoule: number | undefined])[],
): ComputePrecision['efficiency'] {
  const metered = devices.flatMap(([rate, each]) => (rate !== undefined && each !== undefined ? [{ rate, each }] : []));
  const opsPerJoule = sumOf(metered.map(({ rate }) => rate)) / sumOf(metered.map(({ rate, each }) => rate / each));
  return Number.isFinite(opsPerJoule) ? { opsPerJoule, devices: metered.length } : undefined;
}

/** The same of whole machines: what all devices of a node did over what its own meter saw. */
function nodeEfficiency(
  devices: readonly Device[],
  readings: readonly Reading[],
): Pick<ComputePrecision, 'nodeEfficiency'> {
  const valid = readings.filter(({ held, metric }) => held.length === 0 && metric.estimate.value > 0);
  const worst = new Map<string, number>();
  for (const { node, metric } of valid) {
    worst.set(node, Math.min(metric.estimate.value, worst.get(node) ?? Number.POSITIVE_INFINITY));
  }
  const rates = [...Map.groupBy(devices, ({ node }) => node)].flatMap(([node, own]) => {
    const opsPerJoule = worst.get(node);
    return opsPerJoule === undefined ? [] : [{ rate: sumOf(own.map((d) => d.rate!.value)), opsPerJoule }];
  });
  const opsPerJoule = sumOf(rates.map(({ rate }) => rate)) / sumOf(rates.map((one) => one.rate / one.opsPerJoule));
  return Number.isFinite(opsPerJoule) ? { nodeEfficiency: { opsPerJoule, nodes: rates.length } } : {};
}

function slowest(devices: readonly Device[]): ComputeDevice[] {
  const middles = new Map(
    [...Map.groupBy(devices, (device) => device.chip)].map(([chip, own]) => [
      chip,
      median(own.map((device) => device.rate!.value)),
    ]),
  );
  const share = (device: Device): number => device.rate!.value / middles.get(device.chip)!;
  return devices
    .filter((device) => Number.isFinite(share(device)))
    .sort((a, b) => share(a) - share(b) || (a.key < b.key ? -1 : 1))
    .slice(0, LISTED)
    .map((device) => {
      const { node, label, chip, backend, counts, challenged, peak: top } = device;
      const rate = device.rate!;
      const ratio = challenged ? challenged.value / rate.value : Number.NaN;
      return {
        node,
        device: label,
        chip,
        backend,
        rate,
        ...(challenged && { challenged }),
        ...(Number.isFinite(ratio) && { ratio }),
        ...(top && { peakShare: rate.value / top.opsPerSecond }),
        medianShare: share(device),
        counts,
      };
    });
}

/** Bytes a second by node and label: STREAM's triad where it ran, else its copy. */
function memoryOf(run: Case): ReadonlyMap<string, { operation: string; bytesPerSecond: number }> {
  const readings = readingsOf('memory.bandwidth.rate', 'B/s', run).filter((reading) => reading.held.length === 0);
  const found = new Map<string, { operation: string; bytesPerSecond: number }>();
  for (const operation of ['copy', 'triad']) {
    const own = readings.filter(({ metric }) => metric.labels.operation === operation);
    for (const [key, { value }] of lowest(own)) found.set(key, { operation, bytesPerSecond: value });
  }
  return found;
}

/** Why no energy could be read, without the precision and device that it was said of. */
function unmetered(run: Case): string[] {
  const found = new Set<string>();
  for (const { examination } of run.attempts) {
    for (const { code, detail } of examination.findings) {
      if (code === 'no_meter' && found.size < REMARKS) found.add(detail.slice(detail.indexOf(': ') + 1).trim());
    }
  }
  return [...found].sort();
}

function remarks(run: Case): string[] {
  const benchmarks = new Map(run.plan.assignments.map(({ id, benchmark }) => [id, benchmark]));
  const found = new Set<string>();
  for (const { assignment, examination } of run.attempts) {
    if (!BENCHMARKS.includes(benchmarks.get(assignment) ?? '')) continue;
    for (const { code, detail } of examination.findings) {
      if (code === 'unsupported' && found.size < REMARKS) found.add(`${benchmarks.get(assignment)}: ${detail}`);
    }
  }
  return [...found].sort();
}

function byWidth(a: string, b: string): number {
  const place = (name: string): number => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);
  return place(a) - place(b) || (a < b ? -1 : 1);
}

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
