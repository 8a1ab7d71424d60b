import type { Inference, InferenceOverhead, InferenceValue } from '../../model/compute.ts';
import { median } from '../../model/estimate.ts';
import type { Metric } from '../../model/measurement.ts';
import type { Case, JudgedAttempt } from '../judge/case.ts';
import { collect } from '../judge/readings.ts';

/** Metrics of the inference benchmarks, in the order of a table, and which end of them is the worse. */
const VALUES: readonly (readonly [metric: string, unit: string, worse: 'lower' | 'higher'])[] = [
  ['inference.latency.p90', 's', 'higher'],
  ['inference.latency.p99', 's', 'higher'],
  ['inference.server.rate', 'query/s', 'lower'],
  ['inference.offline.rate', 'sample/s', 'lower'],
  ['edge.latency.p50', 's', 'higher'],
  ['edge.latency.p90', 's', 'higher'],
  ['edge.latency.p99', 's', 'higher'],
  ['edge.deadline.misses', 'ratio', 'higher'],
];
const OVERHEAD = 'inference.overhead.p50';
/** Operator's own networks can be many; what is not listed stands under its attempt. */
const LISTED = 200;
const REMARKS = 24;
/** Real-time queries come one after the other, whatever the samples call it. */
const SINGLE_STREAM = 'SingleStream';

/**
 * Values of the inference benchmarks by network, precision, provider and scenario: the worst node, and the median of
 * all. Undefined where none of them ran. Pure.
 */
export function inferenceOf(run: Case): Inference | undefined {
  const benchmarks = new Map(run.plan.assignments.map(({ id, benchmark }) => [id, benchmark]));
  const attempts = run.attempts.filter(({ assignment }) =>
    ['inference.onnx', 'edge.realtime'].includes(benchmarks.get(assignment) ?? ''),
  );
  if (attempts.length === 0) return undefined;
  const bySha256 = new Map(attempts.map((attempt) => [attempt.sha256, attempt]));
  const values = VALUES.flatMap(([metric, unit, worse]) => {
    const comparison = worse === 'higher' ? '<=' : '>=';
    const { readings } = collect({ metric, fold: 'maximum', comparison, limit: 0, unit }, run);
    const finite = readings.filter(({ metric: { estimate } }) => Number.isFinite(estimate.value + estimate.U));
    return [...Map.groupBy(finite, (reading) => kindOf(reading.metric)).values()].map((own): InferenceValue => {
      const sign = worse === 'higher' ? -1 : 1;
      // A value that does not count must not hide behind those of other nodes: it is shown first.
      const order = [...own].sort(
        (a, b) =>
          Number(a.held.length === 0) - Number(b.held.length === 0) ||
          sign * (a.metric.estimate.value - b.metric.estimate.value) ||
          (a.node < b.node ? -1 : 1),
      );
      const { metric: shown, node, held, sha256, assignment } = order[0]!;
      const { model = '', precision = '', provider = '', scenario = SINGLE_STREAM } = shown.labels;
      return {
        benchmark: benchmarks.get(assignment) ?? '',
        model,
        precision,
        provider,
        scenario,
        metric,
        nodes: new Set(own.map((reading) => reading.node)).size,
        node,
        estimate: shown.estimate,
        median: median(own.map((reading) => reading.metric.estimate.value)),
        samples: shown.samples,
        durationS: shown.durationS,
        counts: held.length === 0,
        reasons: [...new Set(held.map(({ code }) => code))].sort(),
        detail: metric === 'inference.server.rate' ? detailOf(bySha256.get(sha256), `server_limit/${model}`) : '',
        ran: ranOf(bySha256.get(sha256), model),
      };
    });
  });
  const order = (value: InferenceValue): string => [value.benchmark, value.model, value.precision].join('\n');
  return {
    // Stable: within a network the order of the metrics stays.
    values: values.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0)).slice(0, LISTED),
    overheads: overheadsOf(run, bySha256),
    unsupported: remarks(attempts),
  };
}

const kindOf = ({ labels: { model = '', precision = '', provider = '', scenario = '' } }: Metric): string =>
  JSON.stringify([model, precision, provider, scenario]);

/** What the check of a network's answers says. */
function ranOf(attempt: JudgedAttempt | undefined, model: string): string {
  return detailOf(attempt, `answers_right/${model}`) || detailOf(attempt, 'answers_right');
}

function detailOf(attempt: JudgedAttempt | undefined, check: string): string {
  return attempt?.examination.checks.find(({ id }) => id === check)?.detail ?? '';
}

function overheadsOf(run: Case, bySha256: ReadonlyMap<string, JudgedAttempt>): InferenceOverhead[] {
  const { readings } = collect({ metric: OVERHEAD, fold: 'maximum', comparison: '<=', limit: 0, unit: 's' }, run);
  const finite = readings.filter(({ metric: { estimate } }) => Number.isFinite(estimate.value + estimate.U));
  return [...Map.groupBy(finite, ({ metric }) => metric.labels.scenario ?? '')].map(([scenario, own]) => {
    const worst = own.reduce((a, b) => (b.metric.estimate.value > a.metric.estimate.value ? b : a));
    return {
      scenario,
      nodes: new Set(own.map(({ node }) => node)).size,
      node: worst.node,
      estimate: worst.metric.estimate,
      detail: scenario === 'Server' ? detailOf(bySha256.get(worst.sha256), 'tool_overhead') : '',
    };
  });
}

function remarks(attempts: readonly JudgedAttempt[]): string[] {
  const found = new Set<string>();
  for (const { examination } of attempts) {
    for (const { code, detail } of examination.findings) {
      if (code === 'unsupported' && found.size < REMARKS) found.add(detail);
    }
  }
  return [...found].sort();
}
