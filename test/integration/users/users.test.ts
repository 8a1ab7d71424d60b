import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../../../agent/serve/service.ts';
import { usersBenchmark } from '../../../benchmarks/users/benchmark.ts';
import { usersDescriptor } from '../../../benchmarks/users/descriptor.ts';
import type { Examination } from '../../../model/measurement.ts';
import { runAndExamine, startLiar, type Tamper } from './harness.ts';

const settings = {
  ...usersDescriptor.profiles.quick,
  users: 60,
  rows: 2,
  settleS: 0.3,
  holdS: 1,
  graceS: 3,
  timeoutS: 5,
  burstUsers: 50,
  cachePairs: 20,
  nullS: 0.5,
};
let service: RunningService;
beforeAll(async () => {
  service = await startService({ host: '127.0.0.1', port: 0, identityKey: 'users test', workers: 1 });
});
afterAll(() => service.stop());

const value = (examination: Examination, id: string) =>
  examination.metrics.find((m) => m.metric === id)?.estimate.value;
const passed = (examination: Examination, id: string) => examination.checks.find((check) => check.id === id)?.passed;

async function against(tamper: Tamper, changes: Partial<typeof settings> = {}) {
  const liar = await startLiar(service, tamper);
  try {
    return await runAndExamine(usersBenchmark, { ...settings, ...changes }, liar.service);
  } finally {
    await liar.stop();
  }
}

/** Bytes of the answer's output, as a view into the body. */
function outputOf(reply: { headers: Record<string, unknown>; body: Buffer }): Buffer {
  return reply.body.subarray(Number(reply.headers['inference-header-content-length']));
}

describe('users.concurrent against the built-in service', () => {
  it('keeps nearly every user in flight at every moment, and proves the right answers of all', async () => {
    const { examination, phases } = await runAndExamine(usersBenchmark, settings, service);
    expect(value(examination, 'users.inflight.min')).toBeGreaterThanOrEqual(50);
    expect(value(examination, 'users.inflight.min')).toBeLessThanOrEqual(60);
    expect(value(examination, 'users.identities')).toBe(60);
    expect(value(examination, 'users.error.share')).toBe(0);
    expect(value(examination, 'users.burst.inflight')).toBeGreaterThan(10);
    expect(value(examination, 'users.fairness.jain')).toBeGreaterThan(0.9);
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
    expect(examination.metrics.find((m) => m.metric === 'users.identities')?.level).toBe('E2');
    for (const id of ['answers_right', 'gate', 'stranger_refused', 'misshapen_refused'])
      expect(passed(examination, id)).toBe(true);
    expect(phases).toEqual([
      'preconditions',
      'null_run',
      'correctness_gate',
      'warm_up',
      'measure',
      'drain',
      'cache_check',
      'rendezvous',
      'proof',
    ]);
  });

  it('adds up the shares of several generator threads', async () => {
    const { raw, examination } = await runAndExamine(usersBenchmark, { ...settings, shards: 2 }, service);
    expect(raw.generators.length).toBe(2);
    expect(value(examination, 'users.identities')).toBe(60);
    expect(value(examination, 'users.inflight.min')).toBeGreaterThanOrEqual(45);
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
  });

  it('shows fewer in flight when users rest between tasks', async () => {
    const { examination } = await runAndExamine(usersBenchmark, { ...settings, thinkMs: 400 }, service);
    expect(value(examination, 'users.inflight.min')).toBeLessThan(30);
  });

  it('ends at once when it is cancelled, with nothing left', async () => {
    const cancel = new AbortController();
    const before = process
      .getActiveResourcesInfo()
      .filter((name) => name === 'MessagePort' || name === 'Worker').length;
    const run = runAndExamine(usersBenchmark, settings, service, cancel.signal);
    setTimeout(() => cancel.abort(new Error('cancelled by the test')), 1_500);
    const from = performance.now();
    await expect(run).rejects.toThrow('cancelled by the test');
    expect(performance.now() - from).toBeLessThan(3_500);
    const after = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker').length;
    expect(after).toBe(before);
  });

  it('is unsupported where there is nothing to test, and where an endpoint has no tokens for its users', async () => {
    await expect(runAndExamine(usersBenchmark, settings, undefined)).rejects.toMatchObject({ reason: 'unsupported' });
    const endpoint = { ...settings, endpoint: service.url };
    await expect(runAndExamine(usersBenchmark, endpoint, service)).rejects.toMatchObject({ reason: 'unsupported' });
  });
});

describe('users.concurrent against a service that cheats', () => {
  it('finds wrong answers even in the rows that are not compared while the clock runs', async () => {
    let calls = 0;
    const { raw, examination } = await against(async (_call, forward) => {
      const reply = await forward();
      // The gate is let pass; then the first value of every fifth answer, in the task's own row, is off by one.
      if (++calls > 200 && calls % 5 === 0 && reply.status === 200 && reply.body.length > 100) {
        const output = outputOf(reply);
        output.writeFloatLE(output.readFloatLE(0) + 1, 0);
      }
      return reply;
    });
    expect(raw.wrongLater).toBeGreaterThan(10);
    expect(value(examination, 'users.error.share')).toBeGreaterThan(0.02);
  });

  it('counts errors by their class', async () => {
    let calls = 0;
    const { raw, examination } = await against(async (_call, forward) => {
      const reply = await forward();
      if (++calls <= 200 || reply.body.length < 100) return reply;
      if (calls % 7 === 0) return { status: 503, headers: {}, body: Buffer.from('{}') };
      if (calls % 7 === 1) return { ...reply, body: reply.body.subarray(0, reply.body.length - 4) };
      if (calls % 7 === 2) throw new Error('hang up');
      return reply;
    });
    expect(Object.keys(raw.failures).sort()).toEqual(expect.arrayContaining(['reset', 'shed', 'short_body']));
    expect(value(examination, 'users.error.share')).toBeGreaterThan(0.2);
  });

  it('finds a cache', async () => {
    const cache = new Map<string, Awaited<ReturnType<Parameters<Tamper>[1]>>>();
    const { examination } = await against(async (call, forward) => {
      const key = call.body.toString('base64');
      const known = cache.get(key);
      if (known) return known;
      const reply = await forward();
      await new Promise((resolve) => setTimeout(resolve, 4));
      if (call.body.length > 0 && reply.status === 200) cache.set(key, reply);
      return reply;
    });
    expect(examination.findings.map((finding) => finding.code)).toContain('cached');
  });

  it('finds that identities are not told apart', async () => {
    const { examination } = await against(async (call, forward) => {
      if (call.headers.authorization?.includes('nobody')) return { status: 200, headers: {}, body: Buffer.from('{}') };
      return forward();
    });
    expect(passed(examination, 'stranger_refused')).toBe(false);
    expect(examination.findings.find((finding) => finding.metric === 'users.identities')?.weight).toBe('holds');
  });

  it('does not begin against a service that is always wrong', async () => {
    const liar = await startLiar(service, async (_call, forward) => {
      const reply = await forward();
      if (reply.status === 200 && reply.body.length > 100) outputOf(reply).fill(0);
      return reply;
    });
    await expect(runAndExamine(usersBenchmark, settings, liar.service)).rejects.toThrow(/no right answer/);
    await liar.stop();
  });
});
