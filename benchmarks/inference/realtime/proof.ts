import { percentile } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof } from '../../benchmark.ts';
import { departures } from '../../departures.ts';
import { accuracyText, answerProblems, ranPrecision } from '../accuracy.ts';
import { leastQueries, shownPercentile } from '../early-stopping.ts';
import { InferenceRaw } from '../raw.ts';

/** What the raw samples of `edge.realtime` amount to: they are those of one model in SingleStream. */
export const proof: Proof<typeof InferenceRaw> = {
  id: 'edge.realtime',
  version: '1',
  raw: InferenceRaw,
  examine(raw, surroundings) {
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const [model] = raw.models;
    const played = model?.played[0];
    if (raw.models.length !== 1 || !model || model.unsupported !== null || model.played.length !== 1 || !played) {
      findings.push({ code: 'zero_work', detail: model?.unsupported ?? 'no model ran', weight: 'holds' });
      return { metrics: [], checks, findings };
    }
    const { settings } = surroundings;
    const departed = departures([
      ['model', model.model, settings.model],
      ['provider', model.asked, settings.provider],
    ]);
    checks.push({
      id: 'as_assigned',
      passed: departed === undefined,
      detail: departed ?? 'network and provider are those of the assignment',
    });
    if (departed !== undefined) findings.push({ code: 'evidence_mismatch', detail: departed, weight: 'holds' });
    const { latenciesUs } = played;
    if (played.scenario !== 'SingleStream' || latenciesUs.length === 0) {
      findings.push({ code: 'zero_work', detail: 'no query was answered', weight: 'holds' });
      return { metrics: [], checks, findings };
    }
    const total = latenciesUs.reduce((sum, latency) => sum + latency, 0) / 1e6;
    if (Math.abs(total - played.seconds) > 0.02 * played.seconds + 0.05) {
      findings.push({
        code: 'implausible',
        detail: `latencies add up to ${total.toFixed(2)} s of ${played.seconds.toFixed(2)}`,
        weight: 'holds',
      });
    }
    const problems = answerProblems(model);
    const verified = problems.length === 0;
    checks.push({
      id: 'answers_right',
      passed: verified,
      detail: verified ? accuracyText(model) : problems.join('; '),
    });
    if (!verified) findings.push({ code: 'incorrect_result', detail: problems.join('; '), weight: 'holds' });

    const labels = { model: model.model, precision: ranPrecision(model), provider: model.asked };
    const n = latenciesUs.length;
    const metric = (id: string, estimate: Metric['estimate']): Metric => ({
      metric: id,
      labels,
      estimate,
      durationS: played.seconds,
      samples: n,
      verified,
      level: 'E1',
    });
    const metrics: Metric[] = [];
    for (const p of [0.5, 0.9, 0.99]) {
      const id = `edge.latency.p${p * 100}`;
      const value = percentile(latenciesUs, p);
      const shown = shownPercentile(latenciesUs, p);
      if (shown === undefined) {
        const detail = `${n} queries, at least ${leastQueries(p, 0)} show the percentile`;
        findings.push({ code: 'too_few_samples', detail, metric: id, weight: 'holds' });
      }
      const U = shown === undefined ? value : Math.max(0, shown - value);
      metrics.push(metric(id, { value: value / 1e6, unit: 's', U: U / 1e6, k: 2, n, method: 'percentile' }));
    }
    const deadlineUs = Number(settings.deadlineMs) * 1_000;
    if (!(deadlineUs > 0)) {
      findings.push({
        code: 'evidence_missing',
        detail: 'no deadline is set',
        metric: 'edge.deadline.misses',
        weight: 'holds',
      });
      return { metrics, checks, findings };
    }
    const missed = latenciesUs.filter((latency) => latency > deadlineUs).length;
    const p = missed / n;
    // Wilson's interval at z = 2, its upper end.
    const upper = (p + 2 / n + 2 * Math.sqrt((p * (1 - p)) / n + 1 / (n * n))) / (1 + 4 / n);
    metrics.push(
      metric('edge.deadline.misses', { value: p, unit: 'ratio', U: Math.max(0, upper - p), k: 2, n, method: 'count' }),
    );
    return { metrics, checks, findings };
  },
};
