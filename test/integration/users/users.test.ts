import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../../../agent/serve/service.ts';
import { benchmark } from '../../../benchmarks/users/benchmark.ts';
import { descriptor } from '../../../benchmarks/users/descriptor.ts';
import type { Examination } from '../../../model/measurement.ts';
import { runAndExamine, startLiar, type Tamper } from './harness.ts';

const settings = {
  ...descriptor.profiles.quick,
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
    return await runAndExamine(benchmark, { ...settings, ...changes }, liar.service);
  } finally {
    await liar.stop();
  }
}

/** Requests of the gate: twenty tasks, a stranger's and a misshapen one. */
const GATE = 22;
const isTask = (call: { path: string }) => call.path.endsWith('/infer');

/** Bytes of the answer's output, as a view into the body. */
function outputOf(reply: { headers: Record<string, unknown>; body: Buffer }): Buffer {
  return reply.body.subarray(Number(reply.headers['inference-header-content-length']));
}

describe('users.concurrent against the built-in service', () => {
  it('keeps nearly every user in flight at every moment, and proves the right answers of all', async () => {
    const { raw, examination, phases } = await runAndExamine(benchmark, settings, service);
    expect(value(examination, 'users.inflight.min')).toBeGreaterThanOrEqual(50);
    expect(value(examination, 'users.inflight.min')).toBeLessThanOrEqual(60);
    expect(value(examination, 'users.identities')).toBe(60);
    expect(value(examination, 'users.error.share')).toBe(0);
    expect(value(examination, 'users.burst.inflight')).toBeGreaterThan(10);
    // Served in turn, users differ by an answer or two, which is more of a few answers than of many.
    const each = raw.held.reduce((total, count) => total + count, 0) / 60;
    expect(value(examination, 'users.fairness.jain')).toBeGreaterThan(1 / (1 + (2 / each) ** 2));
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
    expect(examination.metrics.find((m) => m.metric === 'users.identities')?.level).toBe('E1');
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
    const { raw, examination } = await runAndExamine(benchmark, { ...settings, shards: 2 }, service);
    expect(raw.generators.length).toBe(2);
    expect(value(examination, 'users.identities')).toBe(60);
    expect(value(examination, 'users.inflight.min')).toBeGreaterThanOrEqual(45);
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
  });

  it('shows fewer in flight when users rest between tasks', async () => {
    const { examination } = await runAndExamine(benchmark, { ...settings, thinkMs: 1_500 }, service);
    expect(value(examination, 'users.inflight.min')).toBeLessThan(30);
  });

  it('ends at once when it is cancelled, with nothing left', async () => {
    const cancel = new AbortController();
    const before = process
      .getActiveResourcesInfo()
      .filter((name) => name === 'MessagePort' || name === 'Worker').length;
    const run = runAndExamine(benchmark, { ...settings, holdS: 120 }, service, cancel.signal);
    setTimeout(() => cancel.abort(new Error('cancelled by the test')), 1_500);
    const from = performance.now();
    await expect(run).rejects.toThrow('cancelled by the test');
    expect(performance.now() - from).toBeLessThan(20_000);
    const after = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker').length;
    expect(after).toBe(before);
  });

  it('is unsupported where there is nothing to test, and where an endpoint has no tokens for its users', async () => {
    await expect(runAndExamine(benchmark, settings, undefined)).rejects.toMatchObject({ reason: 'unsupported' });
    const endpoint = { ...settings, endpoint: service.url };
    await expect(runAndExamine(benchmark, endpoint, service)).rejects.toMatchObject({ reason: 'unsupported' });
  });
});

describe('users.concurrent against a service that cheats', () => {
  it('finds wrong answers even in the rows that are not compared while the clock runs', async () => {
    let tasks = 0;
    const { raw, examination } = await against(async (call, forward) => {
      const reply = await forward();
      // The gate is let pass; then the first value of every fifth answer, in the task's own row, is off by one.
      if (isTask(call) && ++tasks > GATE && tasks % 5 === 0 && reply.status === 200) {
        const output = outputOf(reply);
        output.writeFloatLE(output.readFloatLE(0) + 1, 0);
      }
      return reply;
    });
    const all = raw.tasks.reduce((total, count) => total + count, 0);
    expect(raw.wrongLater / all).toBeGreaterThan(0.15);
    expect(raw.wrongLater / all).toBeLessThan(0.25);
    expect(value(examination, 'users.error.share')).toBeGreaterThan(0.15);
  });

  it('counts errors by their class', async () => {
    let tasks = 0;
    const { raw, examination } = await against(async (call, forward) => {
      const reply = await forward();
      if (!isTask(call) || ++tasks <= GATE) return reply;
      if (tasks % 7 === 0) return { status: 503, headers: {}, body: Buffer.from('{}') };
      if (tasks % 7 === 1) return { ...reply, body: reply.body.subarray(0, reply.body.length - 4) };
      if (tasks % 7 === 2) throw new Error('hang up');
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

  it('ends at the gate against a service that is always wrong, with a measurement that says so', async () => {
    const { raw, examination, phases } = await against(async (_call, forward) => {
      const reply = await forward();
      if (reply.status === 200 && reply.body.length > 100) outputOf(reply).fill(0);
      return reply;
    });
    expect(phases.at(-1)).toBe('correctness_gate');
    expect(raw.gate.failures).toEqual({ wrong_answer: 20 });
    expect(examination.findings.map((finding) => finding.code)).toEqual(['incorrect_result']);
    expect(value(examination, 'users.identities')).toBe(0);
    expect(examination.metrics.every((metric) => !metric.verified)).toBe(true);
  });

  it('ends at the gate where nothing listens, with a measurement that says so', async () => {
    const gone = await startLiar(service, async (_call, forward) => forward());
    await gone.stop();
    const { raw, examination } = await runAndExamine(benchmark, settings, gone.service);
    expect(raw.gate.failures).toEqual({ refused: 20 });
    expect(examination.findings.map((finding) => finding.code)).toEqual(['incorrect_result']);
  });

  it('bears failures that were not in the hold, as long as they are owned to', async () => {
    let tasks = 0;
    const { raw, examination } = await against(async (call, forward) => {
      // After the gate, the first answers of the ramp are lost.
      if (isTask(call) && ++tasks > GATE && tasks <= GATE + 20) {
        return { status: 503, headers: {}, body: Buffer.from('{}') };
      }
      return forward();
    });
    expect(raw.missed.reduce((total, count) => total + count, 0)).toBeGreaterThanOrEqual(20);
    expect(passed(examination, 'answers_right')).toBe(true);
    expect(value(examination, 'users.error.share')).toBe(0);
  });
});
