import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../../../benchmarks/catalog.ts';
import { REPEATS } from '../../../../controller/accept.ts';
import { makePlan } from '../../../../controller/planner.ts';
import { type Plan, PROFILES, type Profile } from '../../../../model/assignment.ts';
import { builtinGuides } from '../../../../reports/guides/builtin.ts';
import { EASE, EFFORT, EFFORT_REPEATS, SCOPE, softerThanProfile } from '../../../../reports/verify/effort.ts';

const { guide, sha256 } = builtinGuides()[0]!;
const planOf = (profile: Profile, only: string[] = []): Plan =>
  makePlan({
    run: 'r1',
    createdAt: '2026-11-21T01:00:00.000Z',
    guide,
    guideSha256: sha256,
    profile,
    controller: { relation: 'independent', holder: 'Example Laboratory' },
    nodes: ['n1', 'n2'],
    settings: {},
    edge: ['n1'],
    beside: only.length > 0 ? [] : CATALOG.map((d) => d.id),
    only,
    repeats: REPEATS[profile],
    synthetic: false,
  });

describe('the effort of a profile', () => {
  it.each(CATALOG.map((d) => d.id))('is what the catalogue has for %s', (id) => {
    const { profiles } = CATALOG.find((d) => d.id === id)!;
    expect(EFFORT[id]).toBeDefined();
    for (const [knob, levels] of Object.entries({ ...EFFORT[id], ...EASE[id], ...SCOPE[id] })) {
      const own = PROFILES.map((profile) => (profiles[profile] as Record<string, unknown>)[knob]);
      expect([knob, ...own]).toEqual([knob, ...levels]);
    }
  });

  it('is that of benchmarks that exist, and has the repeats of an acceptance', () => {
    expect(Object.keys(EFFORT).sort()).toEqual(CATALOG.map((d) => d.id).sort());
    expect(PROFILES.map((profile) => REPEATS[profile])).toEqual(EFFORT_REPEATS);
  });
});

describe('a plan', () => {
  it.each(PROFILES)('that the planner makes for %s is not softer', (profile) => {
    expect(planOf(profile).assignments.length).toBeGreaterThan(0);
    expect(softerThanProfile(planOf(profile))).toEqual([]);
  });

  it('of the quick profile that calls itself standard is softer in every benchmark', () => {
    const found = softerThanProfile({ ...planOf('quick'), profile: 'standard' });
    for (const id of Object.keys(EFFORT)) expect(found.join('\n')).toContain(`${id}: repeats 1, the profile has 3`);
    expect(found).toContain('compute.gemm: seconds 5, the profile has 125');
  });

  it('is softer where one knob is turned down, left out or no number', () => {
    const plan = planOf('full');
    for (const seconds of [1799, undefined, '1800', Number.NaN]) {
      const assignments = plan.assignments.map((a) =>
        a.benchmark === 'compute.gemm' ? { ...a, settings: { ...a.settings, seconds } } : a,
      );
      expect(softerThanProfile({ ...plan, assignments })).toEqual([
        `compute.gemm: seconds ${String(seconds)}, the profile has 1800`,
      ]);
    }
  });

  it.each(['size', 'rows', 'deviceSize', 'deviceRows', 'matrices', 'audits'])(
    'is softer where its challenge is an easier chain by %s',
    (knob) => {
      const plan = planOf('standard');
      const assignments = plan.assignments.map((a) =>
        a.benchmark === 'compute.challenge'
          ? { ...a, settings: { ...a.settings, [knob]: (a.settings[knob] as number) / 2 } }
          : a,
      );
      expect(softerThanProfile({ ...plan, assignments })).toEqual([
        expect.stringMatching(`^compute.challenge: ${knob} \\d+, the profile has \\d+$`),
      ]);
    },
  );

  it.each<[string, Record<string, unknown>]>([
    ['storage.volume', { fillMaxSeconds: 1 }],
    ['storage.volume', { fillShare: 1e-9 }],
    ['compute.challenge', { precisions: ['INT8'] }],
    ['frameworks.train', { precisions: ['float32'] }],
    ['inference.onnx', { scenarios: 'SingleStream MultiStream Server Offline' }],
    ['users.concurrent', { rows: 1 }],
    ['users.concurrent', { thinkMs: 100_000 }],
    ['users.concurrent', { timeoutS: 600 }],
    ['users.concurrent', { graceS: 0.5 }],
    ['users.concurrent', { cachePairs: 20 }],
    ['records.simultaneous', { timeoutS: 600 }],
    ['records.simultaneous', { graceS: 0.5 }],
    ['records.simultaneous', { lot: 1 }],
    ['storage.volume', { blockTimeoutSeconds: 1e9 }],
    ['frameworks.train', { frameworks: ['pytorch'] }],
    ['frameworks.train', { frameworks: undefined }],
    ['edge.realtime', { deadlineMs: 1e9 }],
    ['inference.onnx', { serverLimitMs: 60_000 }],
    ['inference.onnx', { serverLimitMs: Number.NaN }],
  ])('is softer where its %s has %o', (benchmark, changes) => {
    const plan = planOf('standard');
    const assignments = plan.assignments.map((a) =>
      a.benchmark === benchmark ? { ...a, settings: { ...a.settings, ...changes } } : a,
    );
    expect(softerThanProfile({ ...plan, assignments })).toEqual([
      expect.stringContaining(`${benchmark}: ${Object.keys(changes)[0]} `),
    ]);
  });

  it('is softer where it asks for a version whose windows rest on one look', () => {
    const plan = planOf('standard');
    const assignments = plan.assignments.map((a) => (a.benchmark === 'compute.gemm' ? { ...a, version: '1.0.0' } : a));
    expect(softerThanProfile({ ...plan, assignments })).toEqual([
      expect.stringMatching(/^compute.gemm: version 1\.0\.0 /),
    ]);
  });

  it('is softer where it leaves a node out of what the others are measured by', () => {
    const plan = planOf('standard');
    for (const { id, scope } of CATALOG) {
      const assignments = plan.assignments.filter((a) => a.benchmark !== id || a.node !== 'n2');
      const said = scope === 'node' ? [`${id}: 1 of 2 nodes are left out`] : [];
      expect(softerThanProfile({ ...plan, assignments })).toEqual(said);
    }
  });

  it('is softer where nothing can bear its challenged rates out', () => {
    const plan = planOf('standard');
    const assignments = plan.assignments.filter(({ benchmark }) => benchmark !== 'compute.gemm');
    expect(softerThanProfile({ ...plan, assignments })).toEqual(['compute.gemm: 2 of 2 nodes are left out']);
    const none = assignments.filter(({ benchmark }) => benchmark !== 'compute.challenge');
    expect(softerThanProfile({ ...plan, assignments: none })).toEqual([]);
  });

  it('about one target is not softer, whichever it is', () => {
    for (const { id } of guide.targets) expect([id, softerThanProfile(planOf('standard', [id]))]).toEqual([id, []]);
  });

  it('is not softer where it asks for more', () => {
    const plan = planOf('quick');
    const assignments = plan.assignments.map((a) => ({ ...a, repeats: 5 }));
    expect(softerThanProfile({ ...plan, assignments })).toEqual([]);
  });
});
