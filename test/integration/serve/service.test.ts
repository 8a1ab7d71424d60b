import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../../../agent/serve/service.ts';
import { identityToken, operatorToken } from '../../../benchmarks/users/identity.ts';
import { forward, INPUTS, RECORD_NETWORK, TASK_NETWORK } from '../../../benchmarks/users/network.ts';
import { markGauges, readGauge } from '../../../benchmarks/users/server-gauge.ts';
import { decodeInferResponse, encodeInferRequest, type WireInferResponse } from '../../../proto/inference/grpc.ts';
import { decodeResponse, encodeRequest, HEADER_LENGTH, headerLength } from '../../../proto/inference/http.ts';
import { loadSchema, serviceDefinition } from '../../../proto/loader.ts';

const KEY = 'a key of this test';
/** What happens in another process happens soon, but not at once. */
const WITHIN = { timeout: 20_000 };
let service: RunningService;

beforeAll(async () => {
  service = await startService({ host: '127.0.0.1', port: 0, identityKey: KEY, workers: 1 });
});
afterAll(() => service.stop());

const inputOf = (rows: number, seed = 0) =>
  Float32Array.from({ length: rows * INPUTS }, (_, i) => ((i * 7 + seed) % 16) - 8);
const tensorOf = (rows: number, values: Float32Array) =>
  ({ name: 'input', datatype: 'FP32', shape: [rows, INPUTS], data: new Uint8Array(values.buffer) }) as const;

function infer(body: Uint8Array | string, headers: Record<string, string> = {}, model = TASK_NETWORK.model) {
  return fetch(`${service.url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: typeof body === 'string' ? body : Buffer.from(body),
    headers: { authorization: `Bearer ${identityToken(KEY, 3)}`, ...headers },
  });
}

async function inferBinary(rows: number, values: Float32Array) {
  const { bytes, headerLength: length } = encodeRequest({ id: 'q', inputs: [tensorOf(rows, values)] });
  const response = await infer(bytes, { [HEADER_LENGTH]: String(length) });
  const body = new Uint8Array(await response.arrayBuffer());
  const decoded = decodeResponse(body, headerLength(response.headers.get(HEADER_LENGTH) ?? undefined));
  return { status: response.status, body, decoded };
}

/** Sends bytes as they are and gives what comes back until the connection closes or falls silent. */
async function raw(bytes: string | Uint8Array, silenceMs = 300): Promise<string> {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

describe('the built-in inference service over HTTP', () => {
  it('says that it lives, what it is and what its models take', async () => {
    for (const path of ['/v2/health/live', '/v2/health/ready', `/v2/models/${service.model}/ready`]) {
      expect((await fetch(service.url + path)).status).toBe(200);
    }
    expect(await (await fetch(`${service.url}/v2`)).json()).toMatchObject({ extensions: ['binary_tensor_data'] });
    expect(await (await fetch(`${service.url}/v2/models/${RECORD_NETWORK.model}`)).json()).toMatchObject({
      inputs: [
        { name: 'input', datatype: 'FP32', shape: [-1, 64] },
        { name: 'id', datatype: 'INT64', shape: [-1] },
      ],
    });
  });

  it('answers bytes and JSON alike, as the second implementation does', async () => {
    const values = inputOf(3);
    const expected = forward(TASK_NETWORK, values, 3);
    const { status, decoded } = await inferBinary(3, values);
    expect(status).toBe(200);
    expect(decoded.ok && decoded.value.id).toBe('q');
    expect(decoded.ok && Buffer.from(decoded.value.outputs[0]!.data).equals(Buffer.from(expected.buffer))).toBe(true);
    const asked = { inputs: [{ name: 'input', datatype: 'FP32', shape: [3, INPUTS], data: [...values] }] };
    const answer = (await (await infer(JSON.stringify(asked))).json()) as { outputs: { data: number[] }[] };
    expect(answer.outputs[0]!.data).toEqual([...expected]);
  });

  it('hands the ids of records through', async () => {
    const ids = BigInt64Array.from([5n, -7n, 2n ** 62n]);
    const id = { name: 'id', datatype: 'INT64', shape: [3], data: new Uint8Array(ids.buffer) } as const;
    const { bytes, headerLength: length } = encodeRequest({ inputs: [tensorOf(3, inputOf(3)), id] });
    const response = await infer(bytes, { [HEADER_LENGTH]: String(length) }, RECORD_NETWORK.model);
    const decoded = decodeResponse(
      new Uint8Array(await response.arrayBuffer()),
      headerLength(response.headers.get(HEADER_LENGTH) ?? undefined),
    );
    const record = decoded.ok && decoded.value.outputs.find((output) => output.name === 'record');
    expect(record && [...new BigInt64Array(new Uint8Array(record.data).buffer)]).toEqual([...ids]);
  });

  it('gives each of many at once its own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 150 }, async (_, seed) => {
        const values = inputOf(1 + (seed % 5), seed);
        const { decoded } = await inferBinary(1 + (seed % 5), values);
        const expected = Buffer.from(forward(TASK_NETWORK, values, 1 + (seed % 5)).buffer);
        return decoded.ok && Buffer.from(decoded.value.outputs[0]!.data).equals(expected);
      }),
    );
    expect(answers.every(Boolean)).toBe(true);
  });

  it.each([
    ['no credential', { authorization: '' }],
    ['a made-up credential', { authorization: 'Bearer 3.AAAA' }],
    ["another service's credential", { authorization: `Bearer ${identityToken('another', 3)}` }],
    ["the operator's credential", { authorization: `Bearer ${operatorToken(KEY)}` }],
  ])('turns away %s', async (_what, headers) => {
    const response = await infer('{}', headers);
    expect(response.status).toBe(401);
    expect(await response.json()).toHaveProperty('error');
  });

  it('says clearly what is wrong with a request', async () => {
    const nan = inputOf(2);
    nan[70] = Number.NaN;
    expect((await inferBinary(2, nan)).status).toBe(422);
    expect((await inferBinary(5_000, inputOf(5_000))).status).toBe(413);
    expect((await infer('{')).status).toBe(400);
    const shape = await infer(
      JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] }),
    );
    expect(shape.status).toBe(400);
    expect(await shape.json()).toEqual({ error: 'input input has shape [-1,64], not [1,3]' });
    expect((await infer('{}', {}, 'no-such-model')).status).toBe(404);
    expect((await fetch(`${service.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${service.url}/v2/models/${service.model}/infer`)).status).toBe(405);
    expect((await infer(new Uint8Array(17 * 1024 * 1024))).status).toBe(413);
  });

  it('cuts off a body without an end when it gets too long', async () => {
    const head = `POST /v2/models/${service.model}/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer ${identityToken(KEY, 1)}\r\n\r\n`;
    const chunk = `${(1024 * 1024).toString(16)}\r\n${'a'.repeat(1024 * 1024)}\r\n`;
    expect(await raw(head + chunk.repeat(17), 30_000)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('goes on answering whatever bytes it is sent', async () => {
    const hostile = [
      'nonsense\r\n\r\n',
      '\0\0\0\0',
      'GET / HTTP/9.9\r\n\r\n',
      `POST /v2/models/${service.model}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n`,
      `POST /v2/models/${service.model}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET /v2/models/${encodeURIComponent('../../etc/passwd')} HTTP/1.1\r\nHost: x\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ];
    for (const bytes of hostile) expect(await raw(bytes)).not.toMatch(/^HTTP\/1\.1 (200|5)/);
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        raw(
          Uint8Array.from({ length: 400 }, (_x, j) => (i * 31 + j * j * 7) & 255),
          100,
        ),
      ),
    );
    const deep = '['.repeat(200_000);
    expect((await infer(`{"inputs":[{"name":"input","datatype":"FP32","shape":[1,64],"data":${deep}`)).status).toBe(
      400,
    );
    expect((await inferBinary(1, inputOf(1))).status).toBe(200);
  });

  it('forgets a caller who leaves in the middle, and counts nothing for it', async () => {
    const head = `POST /v2/models/${service.model}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nAuthorization: Bearer ${identityToken(KEY, 1)}\r\n\r\nhalf`;
    await raw(head, 50);
    expect(await readGauge(service.url, 'requests')).toMatchObject({ min: 0 });
    const none = 'assay_serve_inflight_requests{since_mark="current"} 0';
    await expect.poll(async () => (await fetch(`${service.url}/metrics`)).text(), WITHIN).toContain(none);
  });

  it('lets only the operator start the gauges anew, and counts rows while they wait', async () => {
    const mark = (token: string) =>
      fetch(`${service.url}/metrics/mark`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect((await mark(identityToken(KEY, 1))).status).toBe(401);
    expect((await mark(operatorToken(KEY))).status).toBe(200);
    expect(await readGauge(service.url, 'records')).toMatchObject({ min: 0, max: 0 });
    await Promise.all(Array.from({ length: 20 }, () => inferBinary(50, inputOf(50))));
    const reading = await readGauge(service.url, 'records');
    // Those of more than one request at a time.
    expect(reading!.max).toBeGreaterThan(50);
    expect(reading!.max).toBeLessThanOrEqual(1_000);
  });
});

describe('the built-in inference service over gRPC', () => {
  const definition = serviceDefinition(loadSchema('inference/inference.proto'), 'inference.GRPCInferenceService');
  type Unary = (
    request: object,
    metadata: grpc.Metadata,
    done: (error: grpc.ServiceError | null, reply: object) => void,
  ) => void;
  let client: grpc.Client & Record<string, Unary>;
  beforeAll(() => {
    const Client = grpc.makeGenericClientConstructor(definition, 'inference');
    client = new Client(service.grpcUrl, grpc.credentials.createInsecure()) as unknown as typeof client;
  });
  afterAll(() => client.close());

  function call<T>(method: string, request: object, token = identityToken(KEY, 9)): Promise<T> {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return new Promise((resolve, reject) => {
      client[method]!(request, metadata, (error, reply) => (error ? reject(error) : resolve(reply as T)));
    });
  }

  it('gives the same bytes as over HTTP', async () => {
    const values = inputOf(4, 5);
    const reply = await call<WireInferResponse>(
      'ModelInfer',
      encodeInferRequest(service.model, { id: 'g', inputs: [tensorOf(4, values)] }),
    );
    const decoded = decodeInferResponse(reply);
    const http = await inferBinary(4, values);
    expect(
      decoded.ok &&
        http.decoded.ok &&
        Buffer.from(decoded.value.outputs[0]!.data).equals(Buffer.from(http.decoded.value.outputs[0]!.data)),
    ).toBe(true);
  });

  it('says that it lives and what its models take', async () => {
    expect(await call('ServerLive', {})).toEqual({ live: true });
    expect(await call('ModelReady', { name: service.model })).toEqual({ ready: true });
    expect(await call('ModelReady', { name: 'no-such-model' })).toMatchObject({});
    expect(await call('ModelMetadata', { name: service.model })).toMatchObject({
      inputs: [{ name: 'input', datatype: 'FP32', shape: ['-1', '64'] }],
    });
  });

  it('turns away strangers and requests that do not fit, each with its code', async () => {
    const nan = inputOf(1).fill(Number.NaN);
    const ask = (inputs: Parameters<typeof encodeInferRequest>[1]['inputs'], model = service.model, token?: string) =>
      call('ModelInfer', encodeInferRequest(model, { inputs }), token);
    await expect(ask([tensorOf(1, inputOf(1))], service.model, 'x')).rejects.toMatchObject({
      code: grpc.status.UNAUTHENTICATED,
    });
    await expect(ask([tensorOf(1, inputOf(1))], 'no-such-model')).rejects.toMatchObject({
      code: grpc.status.NOT_FOUND,
    });
    await expect(ask([])).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    await expect(ask([tensorOf(1, nan)])).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    await expect(ask([{ ...tensorOf(1, inputOf(1)), shape: [2, 64] }])).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
    });
  });
});

describe('the life of the service', () => {
  const alive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('ends when it is told to, and may be told twice', async () => {
    const other = await startService({ host: '127.0.0.1', port: 0, identityKey: KEY, workers: 2 });
    expect(alive(other.pid)).toBe(true);
    await Promise.all([other.stop(), other.stop()]);
    await other.stop();
    expect(alive(other.pid)).toBe(false);
    // One that is gone has no gauges; to ask for them is no error of the one who asks.
    expect(await markGauges(other.url, KEY)).toBe(false);
    expect(await readGauge(other.url, 'requests')).toBeNull();
  });

  it('says why it cannot start on a port that is taken', async () => {
    const port = Number(new URL(service.url).port);
    await expect(startService({ host: '127.0.0.1', port, identityKey: KEY, workers: 1 })).rejects.toThrow(/EADDRINUSE/);
  });

  it('does not outlive whoever started it, even if that one is killed', async () => {
    const file = fileURLToPath(new URL('../../../agent/serve/service.ts', import.meta.url));
    const code = `import { startService } from ${JSON.stringify(file)};
      const s = await startService({ host: '127.0.0.1', port: 0, identityKey: 'k', workers: 1 });
      console.log(s.pid);`;
    const parent = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await expect.poll(() => alive(pid), WITHIN).toBe(false);
  });
});
