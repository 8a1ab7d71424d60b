import { type Static, Type } from 'typebox';
import { fromWindows } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof, Surroundings } from '../../benchmark.ts';
import { FORMS, PRECISIONS, precisionLabel, RESIDUAL_BOUND, residualClass } from '../precision.ts';
import { openingFault, openingName } from './opening.ts';

const strict = { additionalProperties: false } as const;
const Hex64 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Positive = Type.Number({ exclusiveMinimum: 0 });

/** One device that was measured at one precision. */
export const GemmResult = Type.Object(
  {
    device: Type.String({ minLength: 1 }),
    backend: Type.String({ minLength: 1 }),
    size: Type.Integer({ minimum: 1 }),
    /** Why the precision is not the hardware's own. */
    emulated: Type.Optional(Type.String()),
    /** A small product compared whole: elements that were wrong, of how many. */
    gate: Type.Object(
      { wrong: Type.Integer({ minimum: 0 }), elements: Type.Integer({ minimum: 1 }), worst: Type.Number() },
      strict,
    ),
    warmUpS: Type.Number({ minimum: 0 }),
    /** Whole products in a stretch of time; nanoseconds since the measurement began, on the machine's clock. */
    windows: Type.Array(
      Type.Object(
        {
          startNs: Type.Integer({ minimum: 0 }),
          endNs: Type.Integer({ minimum: 0 }),
          iterations: Type.Integer({ minimum: 1 }),
        },
        strict,
      ),
    ),
    /** What the device used from the first window's start to the last one's end. */
    energy: Type.Optional(Type.Object({ joules: Positive, source: Type.Enum(['rapl', 'nvml']) }, strict)),
    /** Freivalds' check of the output that lay there after the last window; the beacon came after its digest was out. */
    verification: Type.Object(
      {
        /** Root over the digests of the output's rows, as it was committed to. */
        root: Hex64,
        beacon: Hex64,
        rounds: Type.Integer({ minimum: 1 }),
        rms: Type.Number({ minimum: 0 }),
        worst: Type.Number({ minimum: 0 }),
      },
      strict,
    ),
    /** Rows of that output that the beacon picked; their bytes are kept as evidence. */
    opening: Type.Object(
      {
        form: Type.Enum(['float64', 'float32', 'int32']),
        /** Digests that lead from each row to the root. */
        paths: Type.Array(Type.Array(Hex64, { maxItems: 64 }), { maxItems: 64 }),
      },
      strict,
    ),
  },
  strict,
);
export type GemmResult = Static<typeof GemmResult>;

/** Raw samples of compute.gemm. */
export const GemmRaw = Type.Object(
  {
    challenge: Hex64,
    threads: Type.Integer({ minimum: 1 }),
    /** What one turn of the measuring loop costs without a product in it, nanoseconds. */
    nullNs: Positive,
    engines: Type.Array(
      Type.Object(
        { name: Type.String(), devices: Type.Array(Type.String()), failed: Type.Optional(Type.String()) },
        strict,
      ),
    ),
    precisions: Type.Array(
      Type.Object(
        {
          precision: Type.Enum(PRECISIONS),
          /** Why there is no result. */
          unsupported: Type.Optional(Type.String()),
          trials: Type.Array(
            Type.Object(
              {
                device: Type.String(),
                backend: Type.String(),
                size: Type.Integer({ minimum: 1 }),
                opsPerSecond: Type.Optional(Positive),
                failed: Type.Optional(Type.String()),
              },
              strict,
            ),
          ),
          results: Type.Array(GemmResult),
        },
        strict,
      ),
    ),
  },
  strict,
);
export type GemmRaw = Static<typeof GemmRaw>;

/** Label under which the digest of an output is committed before it may be checked. */
export function commitLabel(precision: string, device: string): string {
  return `compute.gemm output ${precision} ${device}`;
}

/** Dense operations of one product: a multiply and an add for each of n³ terms. */
export function operations(size: number): number {
  return 2 * size ** 3;
}

export const proof: Proof<typeof GemmRaw> = {
  id: 'compute.gemm',
  version: '1.0.0',
  raw: GemmRaw,
  examine(raw, surroundings) {
    const metrics: Metric[] = [];
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const opening = surroundings.transcript?.exchanges[0];
    if (surroundings.transcript && opening?.beacon !== raw.challenge) {
      const detail = 'the inputs do not derive from the challenge of this attempt';
      findings.push({ code: 'stale', detail, weight: 'holds' });
    }
    for (const { precision, unsupported, results } of raw.precisions) {
      if (results.length === 0) {
        const detail = `${precision}: ${unsupported ?? 'no result'}`;
        findings.push({ code: 'unsupported', detail, weight: 'informs' });
      }
      const from = Math.max(...results.map((result) => result.windows[0]?.startNs ?? Number.POSITIVE_INFINITY));
      const to = Math.min(...results.map((result) => result.windows.at(-1)?.endNs ?? 0));
      for (const result of results) {
        const seen = examineResult(result, precision, { from, to }, raw, surroundings);
        metrics.push(...seen.metrics);
        checks.push(...seen.checks);
        findings.push(...seen.findings);
      }
    }
    if (metrics.length === 0) {
      findings.push({ code: 'zero_work', detail: 'no precision gave a rate', weight: 'holds' });
    }
    return { metrics, checks, findings };
  },
};

function examineResult(
  result: GemmResult,
  precision: (typeof PRECISIONS)[number],
  common: { from: number; to: number },
  raw: GemmRaw,
  surroundings: Surroundings,
): { metrics: Metric[]; checks: Check[]; findings: Finding[] } {
  const labels = { precision: precisionLabel(precision), device: result.device, backend: result.backend };
  const metric = 'compute.gemm.rate';
  const what = `${precision} on ${result.device} by ${result.backend}, n = ${result.size}`;
  const findings: Finding[] = [];
  const hold = (code: Finding['code'], detail: string) =>
    findings.push({ code, detail: `${what}: ${detail}`, metric, labels, weight: 'holds' });

  const checks = [...correctness(result, precision, what), openedRows(result, precision, raw, surroundings, what)];
  const committed = commitment(result, precision, surroundings);
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
  const late = overClock(result, raw, precision, surroundings);
  if (late) hold('clock_unsound', late);
  if (rates.length >= 3 && rates.every((rate) => rate === rates[0])) {
    hold('implausible', `all ${rates.length} windows have exactly the same rate`);
  }
  if (result.emulated) hold('emulated', result.emulated);

  const third = Math.max(1, Math.floor(rates.length / 3));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const sustained = mean(rates.slice(-third)) / mean(rates.slice(0, third));
  if (rates.length >= 6 && sustained < 0.95) {
    const detail = `${what}: the last third ran at ${(sustained * 100).toFixed(1)} % of the first`;
    findings.push({ code: 'throttled', detail, metric, labels, weight: 'informs' });
  }

  const verified = checks.every((check) => check.passed) && !committed && !result.emulated;
  if (!checks.every((check) => check.passed)) hold('incorrect_result', 'the product that was timed is not right');
  const shared = { labels, durationS, samples: rates.length, verified, level: 'E1' as const };
  const single = (value: number, unit: string) =>
    ({ value, unit, U: 0, k: 2, n: 1, method: 'exact' }) satisfies Metric['estimate'];
  const total = result.windows.reduce((sum, w) => sum + w.iterations, 0) * operations(result.size);
  const efficiency: Metric[] = result.energy
    ? [{ ...shared, metric: 'compute.gemm.efficiency', estimate: single(total / result.energy.joules, 'op/J') }]
    : [];
  return {
    metrics: [
      { ...shared, metric, estimate: fromWindows(rates, 'op/s') },
      {
        ...shared,
        metric: 'compute.gemm.peak',
        estimate: { ...single(Math.max(...rates), 'op/s'), n: rates.length, method: 'maximum' },
      },
      { ...shared, metric: 'compute.gemm.sustained', estimate: single(sustained, 'ratio') },
      { ...shared, metric: 'compute.gemm.residual', estimate: single(result.verification.rms, 'ratio') },
      ...efficiency,
    ],
    checks,
    findings,
  };
}

/** The small product before, and the large one that was timed. */
function correctness(result: GemmResult, precision: (typeof PRECISIONS)[number], what: string): Check[] {
  const { gate, verification } = result;
  const bound = RESIDUAL_BOUND[precision];
  const fits = verification.rms <= bound && verification.worst <= 10 * bound;
  const seen =
    FORMS[precision].kind === 'integer'
      ? `integer product, largest deviation ${verification.worst}`
      : `residual ${verification.rms.toExponential(2)} (class ${residualClass(verification.rms)}), ` +
        `worst row ${verification.worst.toExponential(2)}, bound ${bound}`;
  return [
    {
      id: 'gemm.gate',
      passed: gate.wrong === 0,
      detail: `${what}: small product, ${gate.wrong} of ${gate.elements} elements wrong`,
    },
    {
      id: 'gemm.freivalds',
      passed: fits,
      detail: `${what}: ${seen}, ${verification.rounds} random vectors on the timed output`,
    },
  ];
}

/** Rows that whoever checks recomputes for himself: nothing that the node says about them is believed. */
function openedRows(
  result: GemmResult,
  precision: (typeof PRECISIONS)[number],
  raw: GemmRaw,
  { settings, evidence }: Surroundings,
  what: string,
): Check {
  const count = typeof settings.openedRows === 'number' ? settings.openedRows : 4;
  const bytes = evidence(openingName(precision, result.device));
  const { root, beacon } = result.verification;
  const fault = bytes
    ? openingFault(
        { ...result.opening, precision, size: result.size, challenge: raw.challenge, root, beacon },
        count,
        bytes,
      )
    : 'the opened rows are not among the evidence';
  const detail = `${what}: ${fault ?? `${result.opening.paths.length} rows picked afterwards, recomputed and right`}`;
  return { id: 'gemm.rows', passed: fault === undefined, detail };
}

/** What is wrong with the commitment to the output, by the controller's own record; undefined if nothing is. */
function commitment(result: GemmResult, precision: string, { transcript }: Surroundings): string | undefined {
  if (!transcript) return undefined;
  const label = commitLabel(precision, result.device);
  const exchange = transcript.exchanges.find((entry) => entry.label === label);
  if (!exchange) return 'the output was never committed to';
  if (Buffer.from(exchange.commit, 'base64').toString('hex') !== result.verification.root) {
    return 'the output that was checked is not the one committed to';
  }
  return exchange.beacon === result.verification.beacon
    ? undefined
    : 'the random vectors do not come from the beacon that followed the commitment';
}

/** More time measured than the controller saw pass: a clock that runs fast makes rates small, one that lies makes them large. */
function overClock(
  result: GemmResult,
  raw: GemmRaw,
  precision: string,
  { transcript }: Surroundings,
): string | undefined {
  const exchange = transcript?.exchanges.find((entry) => entry.label === commitLabel(precision, result.device));
  const opening = transcript?.exchanges[0];
  if (!exchange || !opening || raw.challenge !== opening.beacon) return undefined;
  const seenS = Number(BigInt(exchange.receivedNs) - BigInt(opening.answeredNs)) / 1e9;
  const saidS = (result.windows.at(-1)!.endNs - result.windows[0]!.startNs) / 1e9;
  return saidS > seenS * 1.01 + 0.05
    ? `${saidS.toFixed(2)} s were measured in ${seenS.toFixed(2)} s of the controller's time`
    : undefined;
}
