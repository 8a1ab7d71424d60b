import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** Answers at once, but for stalls: from `stallsMs[i]` after the first request on it does nothing for `lengthMs`. */
const { stallsMs, lengthMs } = workerData as { stallsMs: number[]; lengthMs: number };
const cell = new Int32Array(new SharedArrayBuffer(4));
let armed = false;

const server = createServer((request, response) => {
  if (!armed && request.method === 'POST') {
    armed = true;
    for (const at of stallsMs) setTimeout(() => Atomics.wait(cell, 0, 0, lengthMs), at);
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
