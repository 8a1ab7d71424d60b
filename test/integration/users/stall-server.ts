import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Answers at once, but for stalls: from `stallsMs[i]` after the first request on it does nothing for `lengthMs`. Asked
 * for it, tells how long the longest stall was in truth, and how late its loop came to anything at any other time.
 */
const { stallsMs, lengthMs } = workerData as { stallsMs: number[]; lengthMs: number };
const cell = new Int32Array(new SharedArrayBuffer(4));
let armed = false;
let stalledMs = 0;
let lateMs = 0;
let dueMs = performance.now() + 10;
setInterval(() => {
  lateMs = Math.max(lateMs, performance.now() - dueMs);
  dueMs = performance.now() + 10;
}, 10);
parentPort?.on('message', () => parentPort?.postMessage({ stalledMs, lateMs }));

function stall(): void {
  const from = performance.now();
  Atomics.wait(cell, 0, 0, lengthMs);
  stalledMs = Math.max(stalledMs, performance.now() - from);
  // What comes late from here on is no stall but this machine.
  dueMs = performance.now() + 10;
}

const server = createServer((request, response) => {
  if (!armed && request.method === 'POST') {
    armed = true;
    for (const at of stallsMs) setTimeout(stall, at);
  }
  request.on('end', () => {
    response.writeHead(200, { 'content-length': 2 });
    response.end('{}');
  });
  request.resume();
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  parentPort?.postMessage((server.address() as AddressInfo).port);
});
