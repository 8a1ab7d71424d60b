import { exact, fromWindows } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof, Surroundings } from '../../benchmark.ts';
import { type Computing, type Equipped, libraryFindings } from '../advice.ts';
import { type Precision, precisionLabel } from '../precision.ts';
import { nodeEfficiency } from './efficiency.ts';
import { commitLabel, FirstGemmRaw, type FirstGemmResult, GemmRaw, type GemmResult, operations } from './samples.ts';
import { commitment, correctness, firstRows, lookedAt, openedRows, overClock } from './verification.ts';

/** What must hold of a result for its rates to be verified. */
type ChecksOf<R> = (result: R, precision: Precision, challenge: string, around: Surroundings, what: string) => Check[];

/** Every window ends with a look at its last product, and is believed only with it. */
export const proof: Proof<typeof GemmRaw> = {
  id: 'compute.gemm',
  version: '1.1.0',
  raw: GemmRaw,
  examine: (raw, surroundings) =>
    examine(raw, surroundings, (result: GemmResult, ...of) => [
      ...correctness(result, of[0], of[3]),
      openedRows(result, ...of),
      lookedAt(result, ...of),
    ]),
};

/** Version 1.0.0, for bundles that were made with it: one output was looked at, after the last window. */
export const firstProof: Proof<typeof FirstGemmRaw> = {
  id: 'compute.gemm',
  version: '1.0.0',
  raw: FirstGemmRaw,
  examine: (raw, surroundings) =>
    examine(raw, surroundings, (result: FirstGemmResult, ...of) => [
      ...correctness(result, of[0], of[3]),
      firstRows(result, ...of),
    ]),
};

/** Samples of either version. */
interface Samples<R> extends Equipped {
  readonly challenge: string;
  readonly precisions: readonly (Omit<FirstGemmRaw['precisions'][number], 'results'> & { results: R[] })[];
}

function examine<R extends FirstGemmResult>(raw: Samples<R>, surroundings: Surroundings, checksOf: ChecksOf<R>) {
  const metrics: Metric[] = [];
  const checks: Check[] = [];
  const findings: Finding[] = [];
  const opening = surroundings.transcript?.exchanges[0];
  if (surroundings.transcript && opening?.beacon !== raw.challenge) {
    const detail = 'the inputs do not derive from the challenge of this attempt';
    findings.push({ code: 'stale', detail, weight: 'holds' });
  }
  const seenBefore = new Set<string>();
  for (const { precision, unsupported, results, nodePower } of raw.precisions) {
    if (results.length === 0) {
      const detail = `${precision}: ${unsupported ?? 'no result'}`;
      findings.push({ code: 'unsupported', detail, weight: 'informs' });
    }
    const from = Math.max(...results.map((result) => result.windows[0]?.startNs ?? Number.POSITIVE_INFINITY));
    const to = Math.min(...results.map((result) => result.windows.at(-1)?.endNs ?? 0));
    const rates: Metric[] = [];
    for (const result of results) {
      const subject = JSON.stringify([precision, result.device]);
      const fault = seenBefore.has(subject)
        ? 'a second result of the same device'
        : notAsked(precision, result, surroundings.settings);
      seenBefore.add(subject);
      if (fault) {
        // Nothing more is looked at: what was not asked for must cost whoever checks nothing.
        const detail = `${precision} on ${result.device}: ${fault}`;
        const labels = { precision: precisionLabel(precision), device: result.device };
        findings.push({ code: 'evidence_mismatch', detail, metric: 'compute.gemm.rate', labels, weight: 'holds' });
        continue;
      }
      const seen = examineResult(result, precision, { from, to }, raw.challenge, surroundings, (what) =>
        checksOf(result, precision, raw.challenge, surroundings, what),
      );
      metrics.push(...seen.metrics);
      rates.push(...seen.metrics.filter(({ metric }) => metric === 'compute.gemm.rate'));
      checks.push(...seen.checks);
      findings.push(...seen.findings);
    }
    const whole = nodePower && nodeEfficiency(precisionLabel(precision), results, work, nodePower, rates);
    if (typeof whole === 'string') {
      findings.push({ code: 'no_meter', detail: `${precision} on the whole node: ${whole}`, weight: 'informs' });
    } else if (whole) metrics.push(whole);
  }
  if (metrics.length === 0) {
    findings.push({ code: 'zero_work', detail: 'no precision gave a rate', weight: 'holds' });
  }
  findings.push(...libraryFindings(raw, askedOf(raw), computingOf(raw), 'compute.gemm.rate'));
  return { metrics, checks, findings };
}

const askedOf = ({ precisions }: Samples<FirstGemmResult>) => precisions.map(({ precision }) => precision);

/** What computed on each device, and what its trials dropped. */
function computingOf({ precisions }: Samples<FirstGemmResult>): Computing[] {
  return precisions.flatMap(({ precision, results, trials }) =>
    results.map(({ device, backend }) => ({
      precision,
      device,
      backend,
      dropped: trials.flatMap((trial) =>
        device === 'cpu' && trial.device === device && trial.failed !== undefined
          ? [{ backend: trial.backend, why: trial.failed }]
          : [],
      ),
    })),
  );
}

/**
 * Why a result is none of this assignment; undefined if it is. The sizes are the assignment's: a product of two numbers
 * would be right in every precision and show none.
 */
function notAsked(
  precision: Precision,
  { device, size }: FirstGemmResult,
  settings: Surroundings['settings'],
): string | undefined {
  const { precisions, sizes, deviceSizes } = settings;
  if (!Array.isArray(precisions) || !precisions.includes(precision)) return 'the precision was not asked for';
  const asked = device === 'cpu' ? sizes : deviceSizes;
  if (Array.isArray(asked) && asked.includes(size)) return undefined;
  return `matrices of ${size} were not asked for`;
}

function examineResult(
  result: FirstGemmResult,
  precision: Precision,
  common: { from: number; to: number },
  challenge: string,
  surroundings: Surroundings,
  checksOf: (what: string) => Check[],
): { metrics: Metric[]; checks: Check[]; findings: Finding[] } {
  const labels = { precision: precisionLabel(precision), device: result.device, backend: result.backend };
  const metric = 'compute.gemm.rate';
  const what = `${precision} on ${result.device} by ${result.backend}, n = ${result.size}`;
  const findings: Finding[] = [];
  const hold = (code: Finding['code'], detail: string) =>
    findings.push({ code, detail: `${what}: ${detail}`, metric, labels, weight: 'holds' });

  const checks = checksOf(what);
  const label = commitLabel(precision, result.device);
  const committed = commitment(result, label, surroundings);
  if (committed) hold('evidence_mismatch', committed);

  // Only what every device finished while all of them worked counts.
  const windows = result.windows.filter((window) => window.startNs >= common.from && window.endNs <= common.to);
  const rates = windows.map((w) => (w.iterations * operations(result.size) * 1e9) / (w.endNs - w.startNs));
  if (windows.length === 0 || !rates.every((rate) => Number.isFinite(rate) && rate > 0)) {
    hold('zero_work', 'no window with finished products');
    return { metrics: [], checks, findings };
  }
  const durationS = windows.reduce((sum, w) => sum + (w.endNs - w.startNs), 0) / 1e9;
  const disorder = result.windows.some((w, i) => i > 0 && w.startNs < result.windows[i - 1]!.endNs);
  if (disorder) hold('evidence_mismatch', 'windows overlap');
  const wanted = surroundings.settings.seconds;
  if (typeof wanted === 'number' && durationS < 0.9 * wanted) {
    hold('too_short', `${durationS.toFixed(2)} s were measured of ${wanted} s`);
  }
  const late = overClock(result, challenge, label, surroundings);
  if (late) hold('clock_unsound', late);
  if (rates.length >= 3 && rates.every((rate) => rate === rates[0])) {
    hold('implausible', `all ${rates.length} windows have exactly the same rate`);
  }
  if (result.emulated) hold('emulated', result.emulated);

  const third = Math.max(1, Math.floor(rates.length / 3));
  const fastest = rates.reduce((most, rate) => Math.max(most, rate));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const sustained = mean(rates.slice(-third)) / mean(rates.slice(0, third));
  if (rates.length >= 6 && sustained < 0.95) {
    const detail = `${what}: the last third ran at ${(sustained * 100).toFixed(1)} % of the first`;
    findings.push({ code: 'throttled', detail, metric, labels, weight: 'informs' });
  }

  const verified = checks.every((check) => check.passed) && !committed && !result.emulated;
  if (!checks.every((check) => check.passed)) hold('incorrect_result', 'the product that was timed is not right');
  const shared = { labels, durationS, samples: rates.length, verified, level: 'E1' as const };
  // All that was done between the two readings of the counter, whatever part of it the other devices shared.
  const efficiency: Metric[] = result.energy
    ? [
        {
          ...shared,
          metric: 'compute.gemm.efficiency',
          labels: { ...labels, meter: result.energy.source },
          estimate: exact(work(result) / result.energy.joules, 'op/J', 1, 'exact'),
        },
      ]
    : [];
  if (result.unmetered !== undefined) {
    const detail = `${what}: ${result.unmetered}`;
    findings.push({ code: 'no_meter', detail, metric: 'compute.gemm.efficiency', labels, weight: 'informs' });
  }
  return {
    metrics: [
      { ...shared, metric, estimate: fromWindows(rates, 'op/s') },
      {
        ...shared,
        metric: 'compute.gemm.peak',
        estimate: exact(fastest, 'op/s', rates.length, 'maximum'),
      },
      { ...shared, metric: 'compute.gemm.sustained', estimate: exact(sustained, 'ratio', 1, 'exact') },
      { ...shared, metric: 'compute.gemm.residual', estimate: exact(result.verification.rms, 'ratio', 1, 'exact') },
      ...efficiency,
    ],
    checks,
    findings,
  };
}

const work = ({ windows, size }: FirstGemmResult): number =>
  windows.reduce((sum, window) => sum + window.iterations, 0) * operations(size);
