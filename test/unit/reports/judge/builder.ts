import type { Plan } from '../../../../model/assignment.ts';
import type { Guide, Requirement } from '../../../../model/guide.ts';
import type { Finding, Metric } from '../../../../model/measurement.ts';
import type { Case, JudgedAttempt } from '../../../../reports/judge/case.ts';

type MeasuredTarget = Extract<Guide['targets'][number], { kind: 'measured' | 'counted' }>;

const text = (s: string) => ({ zh: s, en: s });

export function target(requirement: Partial<Requirement>, changes: Partial<MeasuredTarget> = {}): MeasuredTarget {
  return {
    id: 'compute.capacity',
    clause: '1',
    title: text('capacity'),
    kind: 'measured',
    mandatory: true,
    requirement: text('at least 100'),
    rule: 'guarded',
    requirements: [{ metric: 'rate', fold: 'sum', comparison: '>=', limit: 100, unit: 'op/s', ...requirement }],
    sufficiency: { level: 'E1' },
    ...changes,
  };
}

export function metric(value: number, changes: Partial<Metric> & { U?: number } = {}): Metric {
  const { U = 0, ...rest } = changes;
  return {
    metric: 'rate',
    labels: { device: 'cpu' },
    estimate: { value, unit: 'op/s', U, k: 2, n: 10, method: 'batch_means' },
    durationS: 10,
    samples: 10,
    verified: true,
    level: 'E1',
    ...rest,
  };
}

export function attempt(
  node: string,
  metrics: Metric[],
  changes: Partial<JudgedAttempt> & { findings?: Finding[] } = {},
): JudgedAttempt {
  const { findings = [], ...rest } = changes;
  return {
    assignment: `bench.${node}`,
    attempt: 1,
    node,
    state: 'completed',
    examination: { metrics, checks: [], findings },
    sha256: node.padEnd(64, '0'),
    ...rest,
  };
}

/** A run with one assignment a node; every attempt given was issued. */
export function makeCase(
  targets: Guide['targets'],
  attempts: readonly JudgedAttempt[],
  changes: Partial<Case> = {},
): Case {
  const nodes = [...new Set(attempts.map((a) => a.node))];
  const issued: Record<string, number> = {};
  for (const a of attempts) issued[a.assignment] = Math.max(issued[a.assignment] ?? 0, a.attempt);
  const metrics = [...new Set(targets.flatMap((t) => t.requirements.map((r) => r.metric)))];
  const plan: Plan = {
    schema: 'assay/plan/v2',
    run: 'r',
    createdAt: '2026-01-01T00:00:00.000Z',
    guide: { id: 'g', version: '1', sha256: '0'.repeat(64) },
    profile: 'standard',
    controller: { relation: 'independent', holder: 'Example Laboratory' },
    nodes,
    assignments: nodes.map((node) => ({
      id: `bench.${node}`,
      node,
      benchmark: 'bench',
      version: '1',
      metrics,
      settings: {},
      expectedS: 1,
      timeoutS: 10,
      writesBytes: 0,
      repeats: 1,
    })),
    unmeasured: [],
    synthetic: false,
  };
  return {
    guide: {
      schema: 'assay/guide/v1',
      id: 'g',
      version: '1',
      title: text('guide'),
      document: { number: '1', issued: '2020-01-01', issuer: text('x'), annex: text('x') },
      allowsWaivers: false,
      targets,
    },
    guideKnown: true,
    claims: undefined,
    plan,
    issued,
    attempts,
    unanswered: [],
    registers: undefined,
    counted: [],
    waivers: [],
    findings: [],
    judgedAt: '2026-01-02T00:00:00.000Z',
    ...changes,
  };
}
