import { Type } from 'typebox';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Proof } from '../../../../benchmarks/benchmark.ts';
import { canonicalBytes } from '../../../../evidence/canonical.ts';
import { sha256Hex } from '../../../../evidence/digest.ts';
import { type Envelope, seal } from '../../../../evidence/envelope.ts';
import { generateKeyPair, pemSigner, type Signer } from '../../../../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../../../../evidence/statement.ts';
import type { Assignment, Transcript } from '../../../../model/assignment.ts';
import { exact } from '../../../../model/estimate.ts';
import { type Examination, evidenceOf, type Measurement } from '../../../../model/measurement.ts';
import { type Admission, admit, type Expectation } from '../../../../reports/verify/admission.ts';
import { environmentBytes, environmentRef, PLAIN_ENVIRONMENT } from '../../../plain-environment.ts';

const challenge = 'ab'.repeat(32);
const settings = { seconds: 5, names: ['a', 'b'], nested: { deep: [1, { x: null }] } };
const assignment: Assignment = {
  id: 'test.count.1',
  node: 'n1',
  benchmark: 'test.count',
  version: '1.0.0',
  metrics: ['count'],
  settings,
  expectedS: 5,
  timeoutS: 60,
  writesBytes: 0,
  repeats: 1,
};
const transcript: Transcript = {
  schema: 'assay/transcript/v1',
  run: 'r1',
  assignment: assignment.id,
  attempt: 1,
  node: 'n1',
  issuedAt: '2026-11-21T01:00:00.000Z',
  endedAt: '2026-11-21T01:00:10.000Z',
  exchanges: [{ index: 0, label: 'open', commit: '', beacon: challenge, receivedNs: '1', answeredNs: '2' }],
  clock: [
    { askedNs: '0', answeredNs: '1', bootS: 100 },
    { askedNs: '9000000000', answeredNs: '9000000001', bootS: 109 },
  ],
};
const samples = canonicalBytes({ count: 7 });

const give = (value: number): Examination => ({
  metrics: [
    {
      metric: 'count',
      labels: {},
      estimate: exact(value, 'count'),
      durationS: 5,
      samples: 1,
      verified: true,
      level: 'E1',
    },
  ],
  checks: [],
  findings: [],
});
const Raw = Type.Object({ count: Type.Number() }, { additionalProperties: false });
/** Counts what is in the samples; what it makes of them can be replaced. */
const proofOf = (examine: Proof<typeof Raw>['examine']): Proof =>
  ({ id: 'test.count', version: '1.0.0', raw: Raw, examine }) as unknown as Proof;
const honest = proofOf((raw) => give(raw.count));

let signer: Signer;
beforeAll(() => {
  signer = pemSigner(generateKeyPair().privatePem);
});

const measurement = (): Measurement => ({
  schema: 'assay/measurement/v1',
  run: 'r1',
  assignment: assignment.id,
  attempt: 1,
  node: 'n1',
  benchmark: 'test.count',
  version: '1.0.0',
  sequence: 1,
  previous: '',
  challenge,
  settings: structuredClone(settings),
  state: 'completed',
  startedAt: '2026-11-21T01:00:01.000Z',
  endedAt: '2026-11-21T01:00:09.000Z',
  elapsedS: 8,
  phases: [{ name: 'measure', startedAt: '2026-11-21T01:00:02.000Z', durationS: 5 }],
  raw: { name: 'samples.json', mediaType: 'application/json', sha256: sha256Hex(samples), bytes: samples.byteLength },
  evidence: [],
  environment: environmentRef(),
  examination: give(7),
  telemetry: [],
  software: [],
});

async function sealed(m: Measurement, order: object = {}): Promise<Envelope> {
  const { id, benchmark, version, timeoutS } = assignment;
  const asked = { run: 'r1', assignment: id, attempt: 1, benchmark, version, settings, timeoutS, ...order };
  const subjects = [
    { name: `order/${id}/1`, digest: { sha256: sha256Hex(canonicalBytes(asked)) } },
    ...evidenceOf(m).map((ref) => ({ name: ref.name, digest: { sha256: ref.sha256 } })),
  ];
  return seal(PAYLOAD_TYPE, canonicalBytes(statement(subjects, 'measurement', m)), [signer]);
}

const expecting = (change: Partial<Expectation> = {}): Expectation => ({
  run: 'r1',
  assignment,
  attempt: 1,
  publicKey: signer.publicKeyPem,
  chain: { sequence: 0, previous: '' },
  transcript,
  blob: (sha256) => [samples, environmentBytes()].find((bytes) => sha256Hex(bytes) === sha256),
  proof: () => honest,
  ...change,
});
const admitted = async (
  change: (m: Measurement) => void,
  expectation: Partial<Expectation> = {},
): Promise<Admission> => {
  const m = measurement();
  change(m);
  return admit(await sealed(m), expecting(expectation));
};
const problemOf = (admission: Admission): string => (admission.ok ? 'none' : admission.problem);

describe('a measurement', () => {
  it('that is what was asked for is admitted with what its samples give', async () => {
    const admission = await admitted(() => {});
    expect(admission).toMatchObject({ ok: true, examination: give(7), measurement: { node: 'n1', sequence: 1 } });
    expect(admission.ok && 'examination' in admission.measurement).toBe(false);
  });

  it.each<[string, (m: Measurement) => void, string]>([
    ['of another run', (m) => Object.assign(m, { run: 'r2' }), 'run is r2, expected r1'],
    ['of another node', (m) => Object.assign(m, { node: 'n2' }), 'node is n2'],
    ['of another assignment', (m) => Object.assign(m, { assignment: 'x' }), 'assignment is x'],
    ['of another attempt', (m) => Object.assign(m, { attempt: 2 }), 'attempt is 2'],
    ['of another version', (m) => Object.assign(m, { version: '2' }), 'version is 2'],
    ['out of its order', (m) => Object.assign(m, { sequence: 2 }), 'sequence is 2'],
    ['after another than the one before', (m) => Object.assign(m, { previous: 'c'.repeat(64) }), 'previous is cccc'],
    ['for another challenge', (m) => Object.assign(m, { challenge: 'c'.repeat(64) }), 'challenge is cccc'],
    ['with another setting', (m) => Object.assign(m.settings, { seconds: 6 }), 'the settings are not those'],
    [
      'with another nested setting',
      (m) => Object.assign(m.settings, { nested: { deep: [1, { x: 0 }] } }),
      'the settings',
    ],
    ['with one setting less', (m) => delete m.settings.names, 'the settings are not those'],
    ['with one setting more', (m) => Object.assign(m.settings, { more: 1 }), 'the settings are not those'],
    [
      'that ended before it started',
      (m) => Object.assign(m, { endedAt: m.startedAt, startedAt: m.endedAt }),
      'ended before',
    ],
    ['longer than the controller waited', (m) => Object.assign(m, { elapsedS: 13 }), 'only 10 s by the controller'],
    ['that ended at no moment', (m) => Object.assign(m, { endedAt: '2026-11-21T23:59:60Z' }), 'is no moment'],
    ['that started at no moment', (m) => Object.assign(m, { startedAt: '2026-11-20T23:59:60Z' }), 'is no moment'],
    [
      'with a phase of no moment',
      (m) => Object.assign(m.phases[0]!, { startedAt: '2026-11-21T23:59:60Z' }),
      'is no moment',
    ],
    ['shorter than its phases', (m) => Object.assign(m, { elapsedS: 2 }), 'its phases took longer'],
    [
      'that completed and failed',
      (m) => Object.assign(m, { failure: { code: 'crashed', phase: '', detail: '' } }),
      'with a failure',
    ],
    ['that completed without samples', (m) => delete m.raw, 'without samples'],
    ['that failed for no reason', (m) => Object.assign(m, { state: 'failed' }), 'without a reason'],
    [
      'whose samples are not the bytes that were signed',
      (m) => Object.assign(m.raw!, { bytes: 1 }),
      'is not the bytes',
    ],
    ['whose samples are missing', (m) => Object.assign(m.raw!, { sha256: 'd'.repeat(64) }), 'is missing'],
    ['with two pieces of evidence of one name', (m) => m.evidence.push(m.raw!), 'two'],
    [
      'with a number that its samples do not give',
      (m) => Object.assign(m, { examination: give(8) }),
      'evidence_mismatch',
    ],
    [
      'with one metric less than its samples give',
      (m) => Object.assign(m.examination, { metrics: [] }),
      'evidence_mismatch',
    ],
  ])('%s is refused', async (_, change, problem) => {
    expect(problemOf(await admitted(change))).toContain(problem);
  });

  it('that failed but reports numbers is refused', async () => {
    const failure = { code: 'crashed' as const, phase: 'measure', detail: '' };
    expect(problemOf(await admitted((m) => Object.assign(m, { state: 'failed', failure })))).toContain(
      'reports metrics',
    );
  });

  it('that failed has no checks and findings but those that were made here', async () => {
    const admission = await admitted((m) => {
      const failure = { code: 'crashed' as const, phase: 'measure', detail: '' };
      Object.assign(m, { state: 'failed', failure });
      m.examination = {
        metrics: [],
        checks: [{ id: 'output.correct', passed: true, detail: 'says the agent' }],
        findings: [{ code: 'throttled', detail: 'says the agent', weight: 'informs' }],
      };
    });
    expect(admission).toMatchObject({ ok: true, examination: { metrics: [], checks: [], findings: [] } });
  });

  it('is refused where the record of the controller gives no time to compare its own with', async () => {
    for (const time of ['issuedAt', 'endedAt']) {
      const timeless = { ...transcript, [time]: '2026-11-21T23:59:60Z' };
      expect(problemOf(await admitted((m) => Object.assign(m, { elapsedS: 1e9 }), { transcript: timeless }))).toContain(
        'is no moment',
      );
    }
  });

  it('that is rejected for what it says is a link of its chain all the same', async () => {
    const refused = await admitted((m) => Object.assign(m, { examination: give(8) }));
    expect(refused).toMatchObject({ ok: false, chain: { sequence: 1 } });
    expect(!refused.ok && refused.chain.previous).toMatch(/^[0-9a-f]{64}$/);
    const shapeless = await admitted((m) => Object.assign(m, { elapsedS: 'long' }));
    expect(shapeless).toMatchObject({ ok: false, chain: { sequence: 1 } });
  });

  it.each<[string, (m: Measurement) => void]>([
    ['of another run', (m) => Object.assign(m, { run: 'r2' })],
    ['of another node', (m) => Object.assign(m, { node: 'n2' })],
    ['that is not the next', (m) => Object.assign(m, { sequence: 2 })],
    ['that follows another', (m) => Object.assign(m, { previous: 'c'.repeat(64) })],
  ])('%s does not move the chain on', async (_, change) => {
    expect(await admitted(change)).toMatchObject({ ok: false, chain: { sequence: 0, previous: '' } });
  });

  it('that is refused says which of its evidence is missing, and what it shows all the same', async () => {
    const more = { ...measurement().raw!, name: 'more.bin', sha256: 'a'.repeat(64) };
    const refused = await admitted((m) => m.evidence.push(more, { ...more, name: 'again.bin' }));
    if (refused.ok) throw new Error('it was admitted');
    expect(refused).toMatchObject({ code: 'evidence_missing', missing: [more.sha256] });
    const { sha256: environment } = measurement().environment!;
    expect(refused.named).toEqual([environment, sha256Hex(samples), more.sha256].sort());
    // Its samples cannot be looked at with the rest: what its node signed stands.
    expect(refused.shown()).toMatchObject({ examination: give(7), measurement: { node: 'n1' } });
  });

  it('that is refused shows what its samples give where they are here, whatever it says of them', async () => {
    const refused = await admitted((m) => Object.assign(m, { examination: give(8) }));
    expect(!refused.ok && refused.code).toBe('summary_unfounded');
    expect(!refused.ok && refused.shown()?.examination).toEqual(give(7));
    for (const change of [
      (m: Measurement) => Object.assign(m, { run: 'r2' }),
      (m: Measurement) => Object.assign(m, { node: 'n2' }),
      (m: Measurement) => Object.assign(m, { assignment: 'x' }),
      (m: Measurement) => Object.assign(m, { benchmark: 'other' }),
      (m: Measurement) => Object.assign(m, { state: 'failed' }),
    ]) {
      const other = await admitted(change);
      expect(!other.ok && other.shown()).toBe(undefined);
    }
  });

  it('that the node did not sign does not move its chain on', async () => {
    const { publicKeyPem } = pemSigner(generateKeyPair().privatePem);
    const stranger = await admitted(() => {}, { publicKey: publicKeyPem });
    expect(stranger).toMatchObject({ ok: false, chain: { sequence: 0, previous: '' } });
  });

  it('signed for another order, by another key or as another statement is refused', async () => {
    expect(problemOf(admit(await sealed(measurement(), { timeoutS: 61 }), expecting()))).toContain(
      'the signed subject',
    );
    const { publicKeyPem } = pemSigner(generateKeyPair().privatePem);
    expect(problemOf(await admitted(() => {}, { publicKey: publicKeyPem }))).toContain('no signature by a known key');
    for (const envelope of [undefined, null, 1, 'x', [], {}, { payload: 'x' }]) {
      expect(admit(envelope, expecting()).ok).toBe(false);
    }
  });
});

describe('what a proof makes of samples', () => {
  const withProof = (examine: Proof<typeof Raw>['examine']): Promise<Admission> =>
    admitted(() => {}, { proof: () => proofOf(examine) });

  it('is taken with the transcript, and compared without it', async () => {
    const judged = (transcripted: boolean): Examination => ({
      ...give(7),
      findings: transcripted ? [{ code: 'stale', detail: '', weight: 'holds' }] : [],
    });
    const admission = await withProof((_, surroundings) => judged(surroundings.transcript !== undefined));
    expect(admission).toMatchObject({ ok: true, examination: { findings: [{ code: 'stale' }] } });
  });

  it('is asked for once where the transcript makes no difference', async () => {
    let asked = 0;
    const examine: Proof<typeof Raw>['examine'] = (raw) => {
      asked++;
      return give(raw.count);
    };
    expect((await withProof(examine)).ok).toBe(true);
    expect(asked).toBe(1);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'is refused where it is %d',
    async (value) => {
      const only = (transcripted: boolean): Examination => give(transcripted ? value : 7);
      const late = await withProof((_, surroundings) => only(surroundings.transcript !== undefined));
      expect(problemOf(late)).toContain('the samples give no examination');
      expect((await withProof(() => give(value))).ok).toBe(false);
    },
  );

  it('is refused where it throws or where nobody knows the benchmark', async () => {
    const thrown = await withProof(() => {
      throw new RangeError('Maximum call stack size exceeded');
    });
    expect(problemOf(thrown)).toBe('the samples cannot be examined: Maximum call stack size exceeded');
    expect(problemOf(await admitted(() => {}, { proof: () => undefined }))).toBe('no proof for test.count 1.0.0');
  });

  it.each([
    ['no JSON', 'x', 'not strict JSON'],
    ['JSON of two readings', '{"count":1,"count":7}', 'not strict JSON'],
    ['JSON of another shape', '{"count":"7"}', 'the samples do not fit'],
    ['JSON with more than belongs there', '{"count":7,"more":1}', 'the samples do not fit'],
  ])('is not asked where the samples are %s', async (_, text, problem) => {
    const bytes = Buffer.from(text);
    const admission = await admitted((m) => Object.assign(m.raw!, { sha256: sha256Hex(bytes), bytes: bytes.length }), {
      blob: (sha256) => [bytes, environmentBytes()].find((known) => sha256Hex(known) === sha256),
    });
    expect(admission).toMatchObject({ ok: false, concerns: 'summary' });
    expect(problemOf(admission)).toContain(problem);
  });
});

describe('the environment of a measurement', () => {
  /** The findings that hold what was measured in an environment, or that nothing is known of it. */
  const held = async (bytes: Uint8Array | undefined, change: (m: Measurement) => void = () => {}) => {
    const admission = await admitted(
      (m) => {
        if (bytes) m.environment = environmentRef(bytes);
        else delete m.environment;
        change(m);
      },
      { blob: (sha256) => [samples, bytes].find((known) => known && sha256Hex(known) === sha256) },
    );
    if (!admission.ok) return admission.code;
    return admission.examination.findings
      .filter(({ weight, metric }) => weight === 'holds' && !metric)
      .map(({ code }) => code);
  };
  const [runner] = PLAIN_ENVIRONMENT.processes;
  const altered = environmentBytes({
    ...PLAIN_ENVIRONMENT,
    processes: [{ ...runner!, variables: { LD_PRELOAD: '/tmp/fast.so' } }],
  });

  it('holds nothing where it is plain, and all of it where it was altered', async () => {
    expect(await held(environmentBytes())).toEqual([]);
    expect(await held(altered)).toEqual(['environment_altered']);
  });

  it('holds what was measured where it is missing, or is no environment', async () => {
    expect(await held(undefined)).toEqual(['environment_unknown']);
    expect(await held(Buffer.from('{}'))).toEqual(['environment_unknown']);
  });

  it('is bytes that were signed: others, or none, are refused', async () => {
    const gone = await admitted(() => {}, { blob: (sha256) => (sha256 === sha256Hex(samples) ? samples : undefined) });
    expect(gone.ok || gone.code).toBe('evidence_missing');
    const other = await admitted((m) => Object.assign(m.environment!, { bytes: 1 }));
    expect(other.ok || other.code).toBe('evidence_changed');
  });

  it('says nothing of an attempt that has no numbers', async () => {
    const failed = (m: Measurement): void => {
      Object.assign(m, { state: 'failed', failure: { code: 'crashed', phase: 'x', detail: '' } });
      m.examination = { metrics: [], checks: [], findings: [] };
      delete m.raw;
    };
    expect(await held(altered, failed)).toEqual([]);
    expect(await held(undefined, failed)).toEqual([]);
  });
});
