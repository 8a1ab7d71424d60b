import { Worker } from 'node:worker_threads';
import autocannon from 'autocannon';
import { arrivalTimes, playArrivals } from '../../../benchmarks/users/arrivals.ts';
import { UserClient } from '../../../benchmarks/users/client.ts';
import { readHistogram } from '../../../benchmarks/users/latency.ts';

/**
 * A server that stalls twice for a second in eighteen, at 1,000 requests a second: the true 99th percentile is 0.91 s.
 * Ours (open loop, from the intended start) beside autocannon (closed loop, 10 connections), one after the other on
 * the same kind of server. Goal: ours shows 0.85 to 1.05 s.
 * Usage: node test/bench/users/stall.ts
 */
const SECONDS = 18;
const RATE = 1_000;

async function withServer<T>(run: (url: URL) => Promise<T>): Promise<T> {
  const file = new URL('../../integration/users/stall-server.ts', import.meta.url);
  const worker = new Worker(file, { workerData: { stallsMs: [4_000, 11_000], lengthMs: 1_000 } });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  try {
    return await run(new URL(`http://127.0.0.1:${port}`));
  } finally {
    await worker.terminate();
  }
}

const ours = await withServer(async (url) => {
  const now = () => performance.now();
  const clients = Array.from(
    { length: 1_500 },
    () => new UserClient(url, { path: '/', token: 't', timeoutMs: 30_000, now }),
  );
  for (const client of clients) await client.open('/');
  const body = new TextEncoder().encode('{}');
  const result = await playArrivals({
    clients,
    work: { next: () => ({ body, jsonLength: undefined, weight: 1, settle: (reply) => reply.failure }) },
    dueMs: arrivalTimes('constant', RATE, SECONDS, Math.random),
    graceMs: 5_000,
    now,
  });
  await Promise.all(clients.map((client) => client.close()));
  return result;
});
const closed = await withServer((url) =>
  autocannon({ url: url.href, connections: 10, duration: SECONDS, method: 'POST', body: '{}' }),
);

const seen = readHistogram(ours.responses)!;
const service = readHistogram(ours.services)!;
console.log(`stall server, two stalls of 1 s in ${SECONDS} s; true p99 at ${RATE}/s: 910 ms`);
console.log(
  `Assay, open loop    p50 ${ms(seen.at(0.5))}  p99 ${ms(seen.at(0.99))}  (service time p99 ${ms(service.at(0.99))}; ${ours.due} due, ${ours.dropped} dropped, ${ours.answered} answered)`,
);
console.log(
  `autocannon, closed  p50 ${closed.latency.p50.toFixed(2)} ms  p99 ${closed.latency.p99.toFixed(2)} ms  (${closed.requests.total} requests)`,
);
const kept = seen.at(0.99) >= 0.85 && seen.at(0.99) <= 1.05;
console.log(kept ? 'goal kept' : 'goal missed: p99 must be 850 to 1,050 ms');
process.exitCode = kept ? 0 : 1;

function ms(seconds: number): string {
  return `${(seconds * 1_000).toFixed(2)} ms`;
}
