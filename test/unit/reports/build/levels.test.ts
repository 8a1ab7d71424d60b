import { describe, expect, it } from 'vitest';
import { withLevels } from '../../../../reports/build/levels.ts';
import type { Admitted } from '../../../../reports/verify/admission.ts';
import { metric } from '../judge/builder.ts';

const admitted = (benchmark: string): Admitted =>
  ({
    ok: true,
    measurement: { benchmark },
    examination: { metrics: [metric(1, { level: 'E2' }), metric(2, { level: 'E0' })], checks: [], findings: [] },
    sha256: 'a'.repeat(64),
  }) as unknown as Admitted;
const levels = (benchmark: string): string[] =>
  withLevels([admitted(benchmark)], 'independent')[0]!.examination.metrics.map((m) => m.level);

describe('the level of a number', () => {
  it('is E2 only where the agent could not make it up', () => {
    expect(levels('compute.challenge')).toEqual(['E2', 'E0']);
  });

  it.each(['storage.volume', 'users.concurrent', 'records.simultaneous', 'frameworks.train', 'something.new'])(
    'is at most E1 for %s',
    (benchmark) => expect(levels(benchmark)).toEqual(['E1', 'E0']),
  );
});
