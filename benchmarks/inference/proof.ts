import { fromWindows, percentile } from '../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../model/measurement.ts';
import type { Proof } from '../benchmark.ts';
import { departures, type Knob } from '../departures.ts';
import { sumOf } from '../users/series.ts';
import { accuracyText, answerProblems, ranPrecision } from './accuracy.ts';
import { leastQueries, shownPercentile } from './early-stopping.ts';
import { networksOf, scenariosOf } from './order.ts';
import { InferenceRaw, type PlayedRaw } from './raw.ts';

/** Least samples of Offline by MLPerf's rules. */
const OFFLINE_SAMPLES = 24_576;

type ModelRaw = InferenceRaw['models'][number];

/**
 * What the raw samples of `inference.onnx` amount to. Percentiles are those that the run shows with 99 % confidence
 * (early stopping); Server's rate is the highest one that kept the limit below the lowest one that did not. A model
 * counts when its answers agree with the reference within the bound of its precision, differ between samples, and the
 * provider that was asked for really ran.
 */
export const proof: Proof<typeof InferenceRaw> = {
  id: 'inference.onnx',
  version: '1',
  raw: InferenceRaw,
  examine(raw, surroundings) {
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const metrics: Metric[] = [];
    for (const model of raw.models) examineModel(model, surroundings.settings, { checks, findings, metrics });
    const departed = departures(knobs(raw, surroundings.settings));
    checks.push({
      id: 'as_assigned',
      passed: departed === undefined,
      detail: departed ?? 'networks, provider and scenarios are those of the assignment',
    });
    if (departed !== undefined) findings.push({ code: 'evidence_mismatch', detail: departed, weight: 'holds' });
    for (const run of raw.nullRuns) examineNull(run, { checks, findings, metrics });
    if (metrics.every((metric) => metric.metric === 'inference.overhead.p50')) {
      findings.push({ code: 'zero_work', detail: 'no model ran', weight: 'holds' });
    }
    return { metrics, checks, findings };
  },
};

/** What must be as the assignment says. A network that could not run was not asked anything. */
function knobs(raw: InferenceRaw, asked: Readonly<Record<string, unknown>>): Knob[] {
  const names = networksOf(asked).map(({ model }) => model);
  const ran = raw.models.filter((model) => model.unsupported === null);
  const scenarios = (model: ModelRaw) => [...new Set(model.played.map((played) => played.scenario))].sort();
  return [
    ['networks', raw.models.map(({ model }) => model), names],
    ...ran.map((model): Knob => [`provider of ${model.model}`, model.asked, asked.provider]),
    ...ran.map((model): Knob => [`scenarios of ${model.model}`, scenarios(model), scenariosOf(asked)?.toSorted()]),
  ];
}

interface Into {
  readonly checks: Check[];
  readonly findings: Finding[];
  readonly metrics: Metric[];
}

function examineModel(model: ModelRaw, settings: Readonly<Record<string, unknown>>, into: Into): void {
  const name = model.model;
  if (model.unsupported !== null) {
    into.findings.push({
      code: 'unsupported',
      detail: `${name}: ${model.unsupported}`,
      weight: 'informs',
      labels: { model: name },
    });
    return;
  }
  const problems = answerProblems(model);
  const verified = problems.length === 0;
  into.checks.push({
    id: `answers_right/${name}`,
    passed: verified,
    detail: verified ? accuracyText(model) : problems.join('; '),
  });
  if (!verified)
    into.findings.push({
      code: 'incorrect_result',
      detail: `${name}: ${problems.join('; ')}`,
      weight: 'holds',
      labels: { model: name },
    });

  const labels = { model: name, precision: ranPrecision(model), provider: model.asked };
  const metric = (id: string, estimate: Metric['estimate'], played: PlayedRaw, samples: number) => {
    into.metrics.push({
      metric: id,
      labels: { ...labels, scenario: played.scenario },
      estimate,
      durationS: played.seconds,
      samples,
      verified,
      level: 'E1',
    });
  };
  for (const played of model.played) {
    if (played.scenario === 'SingleStream' || played.scenario === 'MultiStream') {
      const p = played.scenario === 'SingleStream' ? 0.9 : 0.99;
      const id = p === 0.9 ? 'inference.latency.p90' : 'inference.latency.p99';
      const estimate = latencyAt(played.latenciesUs, p);
      if (!estimate) {
        into.findings.push({
          code: 'too_few_samples',
          detail: `${name}: ${played.latenciesUs.length} queries of ${played.scenario}, at least ${leastQueries(p, 0)} show it`,
          metric: id,
          labels: { ...labels, scenario: played.scenario },
          weight: 'holds',
        });
      }
      if (played.latenciesUs.length > 0)
        metric(id, estimate ?? unshown(played.latenciesUs, p), played, played.latenciesUs.length);
    } else if (played.scenario === 'Offline') {
      const done = sumOf(played.answered);
      if (done === 0 || played.seconds <= 0) continue;
      if (done < OFFLINE_SAMPLES) {
        into.findings.push({
          code: 'too_few_samples',
          detail: `${name}: ${done} samples of Offline, MLPerf asks for ${OFFLINE_SAMPLES}`,
          metric: 'inference.offline.rate',
          labels: { ...labels, scenario: played.scenario },
          weight: 'informs',
        });
      }
      metric('inference.offline.rate', offlineRate(played, done), played, done);
    }
  }
  examineServer(model, settings, into, (estimate, played) =>
    metric('inference.server.rate', estimate, played, played.latenciesUs.length),
  );
}

/** Calls that a window of Offline should see; with fewer, whether one ended just before or after moves it too much. */
const WINDOW_CALLS = 4;

/**
 * All samples over all the time, as MLPerf has it; the doubt is that of windows long enough to see several calls each,
 * at least a second. Of a run too short for two of them nothing is known of the spread.
 */
function offlineRate(played: PlayedRaw, done: number): Metric['estimate'] {
  const tenths = played.answered.slice(0, Math.floor(played.seconds * 10));
  const busy = tenths.filter((samples) => samples > 0).length;
  const width = Math.max(10, Math.ceil((WINDOW_CALLS * tenths.length) / Math.max(1, busy)));
  const windows: number[] = [];
  for (let at = 0; at + width <= tenths.length; at += width) {
    windows.push(sumOf(tenths.slice(at, at + width)) / (width / 10));
  }
  const value = done / played.seconds;
  return windows.length < 2 ? fromWindows([value], 'sample/s') : { ...fromWindows(windows, 'sample/s'), value };
}

/** Server: the trials at different rates give an edge, or only a floor. */
function examineServer(
  model: ModelRaw,
  settings: Readonly<Record<string, unknown>>,
  into: Into,
  emit: (estimate: Metric['estimate'], played: PlayedRaw) => void,
): void {
  const trials = model.played.filter((played) => played.scenario === 'Server' && played.rate !== null);
  if (trials.length === 0) return;
  const limitUs = serverLimitUs(model, settings);
  const kept = (trial: PlayedRaw) => {
    // A query that was due and has no latency was never answered: the trial shows nothing.
    if (trial.latenciesUs.length !== trial.due) return false;
    const shown = shownPercentile(trial.latenciesUs, 0.99);
    return shown !== undefined && limitUs !== undefined && shown <= limitUs;
  };
  const failing = trials.filter((trial) => !kept(trial)).map((trial) => trial.rate!);
  const lowestFailing = failing.length > 0 ? Math.min(...failing) : Number.POSITIVE_INFINITY;
  const best = trials
    .filter((trial) => kept(trial) && trial.rate! < lowestFailing)
    .sort((a, b) => b.rate! - a.rate!)[0];
  const limit = limitUs === undefined ? 'unknown' : `${(limitUs / 1_000).toFixed(1)} ms`;
  const edge = Number.isFinite(lowestFailing)
    ? `the next one tried, ${lowestFailing.toFixed(1)}, did not`
    : 'nothing higher was tried';
  const detail = best
    ? `${best.rate!.toFixed(1)} queries/s kept ${limit} at p99; ${edge}`
    : `no rate kept ${limit} at p99`;
  into.checks.push({ id: `server_limit/${model.model}`, passed: best !== undefined, detail });
  if (!best) {
    const few = trials.every((trial) => trial.latenciesUs.length < leastQueries(0.99, 0));
    into.findings.push({
      code: few ? 'too_few_samples' : 'above_limit',
      detail: `${model.model}: ${detail}`,
      metric: 'inference.server.rate',
      weight: 'informs',
    });
    return;
  }
  // The truth lies between this rate and the next one that failed.
  const U = Number.isFinite(lowestFailing) ? lowestFailing - best.rate! : 0;
  emit({ value: best.rate!, unit: 'query/s', U, k: 2, n: trials.length, method: 'maximum' }, best);
}

/** The limit from the settings, or ten times the median of SingleStream. */
export function serverLimitUs(
  model: Pick<ModelRaw, 'played'>,
  settings: Readonly<Record<string, unknown>>,
): number | undefined {
  const asked = Number(settings.serverLimitMs);
  if (asked > 0) return asked * 1_000;
  const single = model.played.find((played) => played.scenario === 'SingleStream');
  return single && single.latenciesUs.length > 0 ? 10 * percentile(single.latenciesUs, 0.5) : undefined;
}

function examineNull(run: PlayedRaw, into: Into): void {
  if (run.latenciesUs.length === 0) return;
  const value = percentile(run.latenciesUs, 0.5) / 1e6;
  const width = Math.ceil(Math.sqrt(run.latenciesUs.length));
  const sorted = [...run.latenciesUs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const U = ((sorted[Math.min(sorted.length - 1, middle + width)]! - sorted[Math.max(0, middle - width)]!) / 2) * 1e-6;
  into.metrics.push({
    metric: 'inference.overhead.p50',
    labels: { scenario: run.scenario },
    estimate: { value, unit: 's', U, k: 2, n: sorted.length, method: 'percentile' },
    durationS: run.seconds,
    samples: sorted.length,
    verified: true,
    level: 'E1',
  });
  if (run.scenario !== 'Server') return;
  const p99 = percentile(run.latenciesUs, 0.99) / 1e3;
  const whole = run.latenciesUs.length === run.due;
  into.checks.push({
    id: 'tool_overhead',
    passed: whole && value <= 0.001,
    detail: `a system that does nothing answers in ${(value * 1e6).toFixed(0)} µs at the median and ${p99.toFixed(2)} ms at p99, at ${run.rate?.toFixed(0)} queries/s`,
  });
  if (!whole || value > 0.001) {
    into.findings.push({
      code: 'tool_saturated',
      detail: 'the tool itself was late by more than a millisecond at the median',
      weight: 'holds',
    });
  }
}

/** The percentile with what early stopping adds to it as its uncertainty; undefined if too few queries show it. */
function latencyAt(latenciesUs: readonly number[], p: number): Metric['estimate'] | undefined {
  const shown = shownPercentile(latenciesUs, p);
  if (shown === undefined) return undefined;
  const value = percentile(latenciesUs, p);
  return {
    value: value / 1e6,
    unit: 's',
    U: Math.max(0, shown - value) / 1e6,
    k: 2,
    n: latenciesUs.length,
    method: 'percentile',
  };
}

/** Too few queries: the percentile of those there are, as uncertain as itself. */
function unshown(latenciesUs: readonly number[], p: number): Metric['estimate'] {
  const value = percentile(latenciesUs, p) / 1e6;
  return { value, unit: 's', U: value, k: 2, n: latenciesUs.length, method: 'percentile' };
}
