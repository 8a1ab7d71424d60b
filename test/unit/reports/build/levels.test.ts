import { describe, expect, it } from 'vitest';
import type { Relation } from '../../../../model/controller.ts';
import { withLevels } from '../../../../reports/build/levels.ts';
import { builtinGuides } from '../../../../reports/guides/builtin.ts';
import type { Admitted } from '../../../../reports/verify/admission.ts';
import { metric } from '../judge/builder.ts';

const admitted = (benchmark: string): Admitted =>
  ({
    ok: true,
    measurement: { benchmark },
    examination: {
      metrics: (['E3', 'E2', 'E1', 'E0'] as const).map((level) => metric(1, { level })),
      checks: [],
      findings: [],
    },
    sha256: 'a'.repeat(64),
  }) as unknown as Admitted;
const levels = (benchmark: string, relation: Relation = 'independent'): string[] =>
  withLevels([admitted(benchmark)], relation)[0]!.examination.metrics.map((m) => m.level);

describe('the level of a number', () => {
  it('is E2 only where the agent could not make it up', () => {
    expect(levels('compute.challenge')).toEqual(['E2', 'E2', 'E1', 'E0']);
  });

  it.each(['storage.volume', 'users.concurrent', 'records.simultaneous', 'frameworks.train', 'something.new'])(
    'is at most E1 for %s',
    (benchmark) => expect(levels(benchmark)).toEqual(['E1', 'E1', 'E1', 'E0']),
  );

  it.each(['compute.challenge', 'users.concurrent'])(
    'is at most E1 for %s in a self-test, whatever it claims',
    (id) => {
      expect(levels(id, 'self')).toEqual(['E1', 'E1', 'E1', 'E0']);
    },
  );

  it('that a target of the compute guide asks for is the one that its kind of evidence can reach', () => {
    const { guide } = builtinGuides().find((one) => one.guide.id === 'gd-2021-compute')!;
    const asked = Object.groupBy(guide.targets, (target) => target.sufficiency.level);
    const ids = (level: 'E0' | 'E1' | 'E2' | 'E3') => (asked[level] ?? []).map(({ id }) => id).sort();
    expect(ids('E2')).toEqual(['compute.capacity']);
    expect(ids('E3')).toEqual([
      'edge.realtime',
      'interface.cloudEdge',
      'languages.adapted',
      'monitoring.alerting',
      'records.simultaneous',
      'users.concurrent',
    ]);
    expect(ids('E1')).toEqual([
      'compute.precisions',
      'domestic.ratio',
      'frameworks.adapted',
      'storage.capacity',
      'storage.speed',
    ]);
    expect(ids('E0')).toEqual(
      guide.targets
        .filter(({ kind }) => kind === 'registered')
        .map(({ id }) => id)
        .sort(),
    );
  });
});
