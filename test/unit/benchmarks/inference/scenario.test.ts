import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { providersOf } from '../../../../benchmarks/inference/provider.ts';
import { type Play, play, type System, type Timekeeper } from '../../../../benchmarks/inference/scenario.ts';
import { poissonSchedule, sampleOrder, seedOf } from '../../../../benchmarks/inference/schedule.ts';

/** A clock that only moves when somebody waits or works. */
function clock() {
  let now = 1_000;
  const time: Timekeeper = {
    now: () => now,
    waitUntil: (ms) => {
      now = Math.max(now, ms);
    },
  };
  return { time, work: (ms: number) => (now += ms) };
}
const order = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
const plan = (changes: Partial<Play>): Play => ({
  scenario: 'SingleStream',
  order: order(100),
  due: undefined,
  limitMs: 1e9,
  batch: 4,
  ...changes,
});

describe('a scenario', () => {
  it('SingleStream sends each query when the last is answered, and stops at its limit', async () => {
    const { time, work } = clock();
    const calls: number[][] = [];
    const system: System = async (samples) => {
      calls.push([...samples]);
      work(10);
    };
    const played = await play(plan({ limitMs: 35 }), system, time);
    expect(played.latenciesMs).toEqual([10, 10, 10, 10]);
    expect(calls).toEqual([[0], [1], [2], [3]]);
    expect(played.elapsedMs).toBe(40);
  });

  it('MultiStream asks for eight samples at once, and leaves a rest that is no query', async () => {
    const { time, work } = clock();
    const sizes: number[] = [];
    const played = await play(
      plan({ scenario: 'MultiStream', order: order(20) }),
      async (s) => {
        sizes.push(s.length);
        work(3);
      },
      time,
    );
    expect(sizes).toEqual([8, 8]);
    expect(played.latenciesMs).toEqual([3, 3]);
  });

  it('Offline answers all samples in batches and has no latencies', async () => {
    const { time, work } = clock();
    const played = await play(
      plan({ scenario: 'Offline', order: order(12) }),
      async () => {
        work(5);
      },
      time,
    );
    expect(played.latenciesMs).toEqual([]);
    expect(played.answered).toEqual([
      { atMs: 5, samples: 4 },
      { atMs: 10, samples: 8 },
      { atMs: 15, samples: 12 },
    ]);
  });

  it('Server counts latency from the scheduled moment: a stall falls on every query that was due in it', async () => {
    const { time, work } = clock();
    const due = Float64Array.from({ length: 50 }, (_, i) => i * 10);
    let calls = 0;
    const stalling: System = async () => {
      work(calls++ === 10 ? 200 : 1);
    };
    const { latenciesMs } = await play(plan({ scenario: 'Server', order: order(50), due, batch: 1 }), stalling, time);
    expect(latenciesMs.length).toBe(50);
    expect(latenciesMs.slice(0, 10).every((ms) => ms === 1)).toBe(true);
    expect(latenciesMs[10]).toBe(200);
    // The next one was due 10 ms into the stall, waited for its rest and took 1 ms itself, and so on.
    expect(latenciesMs[11]).toBe(191);
    expect(latenciesMs[12]).toBe(182);
    expect(latenciesMs.at(-1)).toBe(1);
  });

  it('Server takes queries that are due together in one call, never one that is not due yet', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 25 }),
        async (gaps, cost) => {
          const { time, work } = clock();
          let at = 0;
          const due = Float64Array.from(gaps, (gap) => (at += gap));
          const seen: number[] = [];
          const system: System = async (samples) => {
            for (const sample of samples) {
              expect(due[sample]!).toBeLessThanOrEqual(time.now() - 1_000);
              seen.push(sample);
            }
            expect(samples.length).toBeLessThanOrEqual(4);
            work(cost);
          };
          const { latenciesMs } = await play(
            plan({ scenario: 'Server', order: order(gaps.length), due }),
            system,
            time,
          );
          expect(seen).toEqual([...order(gaps.length)]);
          expect(latenciesMs.every((ms) => ms >= cost)).toBe(true);
        },
      ),
    );
  });
});

describe('a schedule', () => {
  const seed = createHash('sha256').update('schedule').digest('hex');

  it('is a Poisson process: right rate, intervals whose deviation equals their mean, no memory', () => {
    const due = poissonSchedule(seed, 500, 20_000);
    const gaps = Array.from(due, (at, i) => at - (i === 0 ? 0 : due[i - 1]!));
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((a, b) => a + (b - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(2, 1);
    expect(deviation / mean).toBeGreaterThan(0.97);
    expect(deviation / mean).toBeLessThan(1.03);
    let together = 0;
    for (let i = 1; i < gaps.length; i++) together += (gaps[i]! - mean) * (gaps[i - 1]! - mean);
    expect(Math.abs(together / gaps.length / deviation ** 2)).toBeLessThan(0.03);
  });

  it('follows from its seed, and each purpose has another seed', () => {
    expect([...poissonSchedule(seed, 10, 50)]).toEqual([...poissonSchedule(seed, 10, 50)]);
    expect(seedOf(seed, 'order')).not.toBe(seedOf(seed, 'schedule'));
    expect([...poissonSchedule(seedOf(seed, 'a'), 10, 50)]).not.toEqual([
      ...poissonSchedule(seedOf(seed, 'b'), 10, 50),
    ]);
  });

  it('asks for every sample about as often', () => {
    const counts = new Array(10).fill(0);
    for (const sample of sampleOrder(seed, 10, 20_000)) counts[sample]++;
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  });
});

describe('the providers of a profile', () => {
  const node = (provider: unknown) => ({ cat: 'Node', name: 'Conv_0_kernel_time', args: { provider } });

  it('are counted by the nodes they ran', () => {
    const profile = [
      node('CPUExecutionProvider'),
      node('CUDAExecutionProvider'),
      node('CPUExecutionProvider'),
      { cat: 'Session', name: 'x' },
    ];
    expect(providersOf(JSON.stringify(profile))).toEqual({ CPUExecutionProvider: 2, CUDAExecutionProvider: 1 });
  });

  it('are unknown for what is no profile', () => {
    for (const text of ['', '{', '{}', '[]', '[null]', JSON.stringify([node('')]), JSON.stringify([node(3)])]) {
      expect(providersOf(text)).toBeUndefined();
    }
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => providersOf(text) === undefined));
  });
});
