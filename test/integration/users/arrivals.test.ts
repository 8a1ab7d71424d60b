import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { arrivalTimes, playArrivals } from '../../../benchmarks/users/arrivals.ts';
import { UserClient } from '../../../benchmarks/users/client.ts';
import type { Work } from '../../../benchmarks/users/crowd.ts';
import { readHistogram } from '../../../benchmarks/users/latency.ts';

const body = new TextEncoder().encode('{}');
const work: Work = { next: () => ({ body, jsonLength: undefined, weight: 1, settle: (reply) => reply.failure }) };

async function against(
  server: { stallsMs: number[]; lengthMs: number },
  rate: number,
  seconds: number,
  connections: number,
) {
  const worker = new Worker(new URL('./stall-server.ts', import.meta.url), { workerData: server });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const now = () => performance.now();
  const url = new URL(`http://127.0.0.1:${port}`);
  const clients = Array.from(
    { length: connections },
    () => new UserClient(url, { path: '/', token: 't', timeoutMs: 10_000, now }),
  );
  await Promise.all(clients.map((client) => client.open('/')));
  const result = await playArrivals({
    clients,
    work,
    dueMs: arrivalTimes('constant', rate, seconds, Math.random),
    graceMs: 3_000,
    now,
  });
  await Promise.all(clients.map((client) => client.close()));
  const told = new Promise<{ stalledMs: number; lateMs: number }>((resolve) => worker.once('message', resolve));
  worker.postMessage('report');
  const { stalledMs, lateMs } = await told;
  await worker.terminate();
  return { ...result, latency: readHistogram(result.responses)!, stalledS: stalledMs / 1e3, lateS: lateMs / 1e3 };
}

describe('an open loop', () => {
  it('puts a stall on every task that was due in it: the 99th percentile is the true one', async () => {
    // 250 of 2,000 tasks are due in the stall; the worst hundredth of all waited 0.46 s and more.
    const seen = await against({ stallsMs: [1_500], lengthMs: 500 }, 500, 4, 1_500);
    expect(seen.dropped).toBe(0);
    expect(seen.answered).toBe(seen.due);
    expect(seen.latency.count).toBe(seen.due);
    expect(seen.latency.at(0.99)).toBeGreaterThan(0.42);
    // What comes on top of the stall is what this machine was late itself, to start tasks and to answer them.
    const late = readHistogram(seen.lags)!.at(0.99) + seen.lateS;
    expect(seen.latency.at(0.99)).toBeLessThan(seen.stalledS + 0.1 + 4 * late);
    expect(seen.latency.at(0.5)).toBeLessThan(seen.latency.at(0.99) / 2);
  });

  it('counts starts that it could not make, instead of waiting with them', async () => {
    const seen = await against({ stallsMs: [300], lengthMs: 500 }, 500, 1.5, 20);
    expect(seen.dropped).toBeGreaterThan(150);
    expect(seen.dropped + seen.answered).toBe(seen.due);
  });

  it('counts what never comes back with its age', async () => {
    const seen = await against({ stallsMs: [100], lengthMs: 5_500 }, 100, 0.5, 60);
    expect(seen.failures.unfinished).toBeGreaterThan(10);
    expect(seen.latency.count).toBe(seen.due);
    expect(seen.latency.at(0.99)).toBeGreaterThan(3);
  });
});
