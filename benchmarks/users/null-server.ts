import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { encodeResponse, HEADER_LENGTH } from '../../proto/inference/http.ts';
import { OUTPUTS } from './network.ts';

/**
 * A service that does nothing: it reads each request and gives one fixed answer of the right size at once. What is
 * measured against it is the cost of the generator itself, as LoadGen does with its null system.
 */
const { rows } = workerData as { rows: number };
const { bytes, headerLength } = encodeResponse(
  {
    modelName: 'null',
    outputs: [{ name: 'output', datatype: 'FP32', shape: [rows, OUTPUTS], data: new Uint8Array(rows * OUTPUTS * 4) }],
  },
  'all',
);
const headers = { 'content-length': bytes.byteLength, [HEADER_LENGTH]: headerLength! };

const server = createServer((request, response) => {
  request.on('end', () => {
    response.writeHead(200, headers);
    response.end(bytes);
  });
  request.resume();
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 }, () => {
  parentPort?.postMessage((server.address() as AddressInfo).port);
});
