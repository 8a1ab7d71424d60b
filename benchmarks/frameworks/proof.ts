import type { Transcript } from '../../model/assignment.ts';
import { exact } from '../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../model/measurement.ts';
import type { Proof } from '../benchmark.ts';
import { engineEvidence, frameworkOf } from './engines.ts';
import { agreement, classify, readLabels, readWeights } from './network.ts';
import { answersCommit, type FrameworkRun, FrameworksSamples, type PrecisionRun, weightsCommit } from './samples.ts';
import { examplesOf, TASK } from './task.ts';
import { twinsOf } from './twins.ts';

/** Share of held-out labels that must be right, and of labels that the handed-over weights must give again. */
const AGREEMENT = 0.99;
/** Fewest held-out inputs that show 99 % with 99 % confidence (LoadGen's rule). */
const HELD_OUT = 459;

/**
 * Makes levels of what frameworks answered: labels are made anew from the beacons and from the weights, and so are the
 * numbers that only the engine has. Which engine it was follows from what the agent saw of the process from outside.
 * The numbers are E1: the node says which framework worked.
 */
export const proof: Proof<typeof FrameworksSamples> = {
  id: 'frameworks.train',
  version: '2.0.0',
  raw: FrameworksSamples,
  examine(raw, { settings, transcript }) {
    const metrics: Metric[] = [];
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const heldOut = typeof settings.heldOut === 'number' ? settings.heldOut : HELD_OUT;
    for (const run of raw.runs) {
      const { engine, build, detail: evidence } = engineEvidence(run);
      const order = transcript ? orderProblem(raw, run, transcript) : undefined;
      if (order) findings.push({ code: 'evidence_mismatch', detail: `${run.title}: ${order}`, weight: 'holds' });
      if (run.failure)
        findings.push({ ...run.failure, detail: `${run.title}: ${run.failure.detail}`, weight: 'informs' });
      if (build !== 'known' && !run.failure) {
        informs(findings, build ? 'build_unknown' : 'engine_unproven', `${run.title}: ${evidence}`);
      }
      for (const one of run.runs) {
        const { passed, detail, share } = examineRun(raw, run, one, { heldOut, precisions: settings.precisions });
        const right = passed && build !== undefined && !run.failure;
        checks.push({
          id: `${run.framework}.${one.precision}`,
          passed: right,
          detail: `${detail}; ${evidence}`,
        });
        const onCpu = !onAccelerator(run);
        const labels = {
          framework: run.framework,
          engine,
          build: build ?? 'unproven',
          device: onCpu ? 'cpu' : run.device,
          precision: one.precision,
          level: onCpu ? 'L1' : 'L2',
        };
        if (!right)
          findings.push({
            code: 'incorrect_result',
            detail: `${run.title}: ${passed ? evidence : detail}`,
            metric: 'frameworks.adapted.level',
            labels,
            weight: 'informs',
          });
        const counts = right && !(onCpu && raw.accelerators.length > 0);
        const durationS = one.trainSeconds + one.inferSeconds;
        const common = { labels, durationS, samples: heldOut, verified: right, level: 'E1' } as const;
        metrics.push({ metric: 'frameworks.adapted.level', estimate: exact(counts ? 1 : 0, '1', heldOut), ...common });
        metrics.push({ metric: 'frameworks.adapted.agreement', estimate: exact(share, '1', heldOut), ...common });
      }
      describe(findings, raw, run);
    }
    for (const { run, precision, detail } of twinsOf(raw.runs)) {
      const labels = { framework: run.framework, ...(precision === undefined ? {} : { precision }) };
      findings.push({ code: 'same_engine', detail, metric: 'frameworks.adapted.level', labels, weight: 'holds' });
    }
    for (const { framework, install } of raw.absent) {
      informs(findings, 'tool_missing', `${frameworkOf(framework)?.title ?? framework}: ${install}`);
    }
    for (const { framework, version } of raw.present) {
      const title = frameworkOf(framework)?.title ?? framework;
      informs(findings, 'unsupported', `${title} ${version} is installed (L0); this version has no probe for it`);
    }
    for (const { framework, version, command } of raw.unreachable) {
      const title = frameworkOf(framework)?.title ?? framework;
      const where = `${title} ${version} is in ${command.join(' ')} (L0)`;
      const why = 'its process cannot be seen from outside, as in a container or behind a wrapper';
      informs(findings, 'engine_unproven', `${where}; ${why}: it was not tried`);
    }
    for (const { command, problem } of raw.interpreters) {
      if (problem !== '') informs(findings, 'crashed', `${command.join(' ')}: ${problem}`);
    }
    // Without a metric nothing else would say why there is none.
    if (metrics.length === 0) findings.push(nothingOf(raw));
    return { metrics, checks, findings };
  },
};

/** Why there is no metric at all: nothing was there to train, or nothing that was tried came so far. */
function nothingOf({ runs, present }: FrameworksSamples): Finding {
  if (runs.length === 0) {
    const others = present.map(({ framework, version }) => `${framework} ${version}`).join(', ');
    const detail = `no framework was found that can be tried${others ? `; without a probe: ${others}` : ''}`;
    return { code: 'tool_missing', detail, weight: 'holds' };
  }
  const why = runs.map((run) => `${run.title}: ${run.failure?.detail ?? run.refused[0]?.detail ?? 'it says nothing'}`);
  return { code: 'zero_work', detail: `no framework was trained: ${why.join('; ')}`, weight: 'holds' };
}

function informs(findings: Finding[], code: Finding['code'], detail: string): void {
  findings.push({ code, detail, weight: 'informs' });
}

/** Whether one framework's answers in one precision are right, and its own. */
function examineRun(
  raw: FrameworksSamples,
  run: FrameworkRun,
  one: PrecisionRun,
  { heldOut, precisions }: { readonly heldOut: number; readonly precisions: unknown },
): { passed: boolean; detail: string; share: number } {
  const no = (detail: string, share = 0) => ({ passed: false, detail: `${one.precision}: ${detail}`, share });
  if (!Array.isArray(precisions) || !precisions.includes(one.precision)) return no('it was not asked for');
  if (run.held === '') return no('it never came to inference');
  const labels = readLabels(one.labels);
  if (!labels || labels.length !== heldOut || heldOut < HELD_OUT)
    return no(`${one.labels.length} answers to ${heldOut} inputs`);
  const held = examplesOf(raw.challenge, run.held, 'held', heldOut);
  const share = agreement(labels, held.labels);
  if (share < AGREEMENT) return no(`${(share * 100).toFixed(1)} % of ${heldOut} answers are right`, share);
  const weights = readWeights(one.weights);
  if (!weights) return no('its weights cannot be read', share);
  const own = agreement(labels, classify(weights, held.inputs));
  if (own < AGREEMENT) return no(`its weights give ${(own * 100).toFixed(1)} % of its answers`, share);
  if (one.steps === 0 || !(one.lastLoss < one.firstLoss)) {
    return no(`the loss did not fall in ${one.steps} steps (${one.firstLoss} to ${one.lastLoss})`, share);
  }
  const percent = (share * 100).toFixed(1);
  return {
    passed: true,
    detail: `${one.precision}: ${percent} % of ${heldOut} held-out answers right, ${(own * 100).toFixed(1)} % as its weights give them; chance is ${(100 / TASK.classes).toFixed(1)} %`,
    share,
  };
}

/** What is wrong with the order of commits; empty if nothing. */
function orderProblem(raw: FrameworksSamples, run: FrameworkRun, { exchanges }: Transcript): string {
  const open = exchanges[0];
  if (open?.label !== 'open' || open.beacon !== raw.challenge) return 'the task is not the one that was given';
  const answers = exchanges.at(-1);
  if (answers?.label !== 'answers') return 'the answers were not committed';
  if (answers.commit !== base64(answersCommit(raw.runs))) return 'the answers are not the ones committed to';
  if (run.held === '') return '';
  const trained = exchanges.filter((exchange) => exchange.label === `trained.${run.framework}`);
  if (trained.length !== 1) return 'its weights were not committed exactly once';
  if (trained[0]!.beacon !== run.held) return 'the held-out inputs are not from the beacon that was given';
  if (trained[0]!.commit !== base64(weightsCommit(run))) return 'the weights are not the ones committed to';
  return '';
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** On an accelerator is what says so and has the file of one open: its word alone is nothing. */
function onAccelerator({ accelerated, outside }: FrameworkRun): boolean {
  return accelerated && (outside?.devices ?? []).length > 0;
}

function describe(findings: Finding[], raw: FrameworksSamples, run: FrameworkRun): void {
  if (run.runs.length > 0 && !onAccelerator(run)) {
    const devices = raw.accelerators.join(', ');
    if (run.accelerated) {
      const detail = `${run.title} says that it computes on ${run.device}; its process has no accelerator open`;
      informs(findings, 'cpu_fallback', detail);
    } else if (raw.accelerators.length > 0) {
      informs(findings, 'cpu_fallback', `${run.title} computed on the CPU of a node with ${devices}`);
    }
  }
  if (run.runs.length === 1) {
    const refused = run.refused.map(({ precision, detail }) => `${precision}: ${detail}`).join('; ');
    informs(findings, 'too_few_samples', `${run.title}: one precision only (${run.runs[0]!.precision}). ${refused}`);
  }
  if (run.onnx.state === 'failed') informs(findings, 'unsupported', `${run.title}: ONNX: ${run.onnx.detail}`);
  if (run.backend !== '')
    informs(findings, 'same_engine', `${run.title} computes with ${run.backend} and counts as that`);
}
