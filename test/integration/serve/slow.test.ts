import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { callers } from '../../../agent/serve/credentials.ts';
import { Desk } from '../../../agent/serve/desk.ts';
import { httpFront } from '../../../agent/serve/http.ts';
import { Books } from '../../../agent/serve/metrics.ts';
import { builtInModels } from '../../../agent/serve/models.ts';
import { Queue } from '../../../agent/serve/queue.ts';
import { identityToken } from '../../../benchmarks/users/identity.ts';

describe('a slow caller', () => {
  it('is cut off after the time a request may take, and takes up nothing', async () => {
    const books = new Books(() => performance.now());
    const models = builtInModels();
    const queue = new Queue([], { limitBytes: 1e6, onBatch: () => {} });
    const server = httpFront(new Desk(models, queue, books), callers('k'), { bodyBytes: 1e6, requestMs: 500 });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(
      `POST /v2/models/${models[0]!.name}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nAuthorization: Bearer ${identityToken('k', 1)}\r\n\r\n`,
    );
    const drip = setInterval(() => socket.writable && socket.write('a'), 50);
    const from = performance.now();
    await once(socket, 'close');
    clearInterval(drip);
    expect(performance.now() - from).toBeLessThan(30_000);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(books.requests.read()).toMatchObject({ current: 0, max: 0 });
    await new Promise((closed) => server.close(closed));
  });
});
