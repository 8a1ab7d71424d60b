import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { decodeRequest, encodeResponse, HEADER_LENGTH, headerLength } from '../../proto/inference/http.ts';
import type { Refusal } from './admission.ts';
import type { Caller } from './credentials.ts';
import type { Desk } from './desk.ts';
import { METRICS_TYPE, metricsText } from './metrics.ts';
import { metadata, type ServedModel } from './models.ts';

/** Limits of the HTTP front. */
export interface HttpLimits {
  /** Largest body, bytes. */
  readonly bodyBytes: number;
  /** A caller that has not sent its whole request by then is cut off, milliseconds. */
  readonly requestMs: number;
}

/** HTTP status of each refusal. */
export const STATUS: Record<Refusal, number> = {
  malformed: 400,
  unauthorized: 401,
  unknown: 404,
  too_large: 413,
  not_finite: 422,
  shed: 503,
  internal: 500,
};

/** Answers to what is no request at all, by Node's code. */
const CLIENT_ERRORS: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** The service over HTTP/1.1: health, metadata and inference of the Open Inference Protocol v2, and `/metrics`. */
export function httpFront(
  desk: Desk,
  caller: (authorization: string | undefined) => Caller,
  limits: HttpLimits,
): Server {
  const server = createServer(
    {
      keepAliveTimeout: 60_000,
      headersTimeout: Math.min(10_000, limits.requestMs),
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 8_192,
      noDelay: true,
    },
    (request, response) => {
      response.on('error', () => {});
      route(request, response).catch((error: unknown) => {
        refuse(response, 'internal', error instanceof Error ? error.message : 'it failed');
      });
    },
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    else socket.destroy();
  });
  return server;

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0]!;
    const method = request.method ?? '';
    if (path === '/metrics/mark') {
      if (method !== 'POST') return methodNotAllowed(response, 'POST');
      if (caller(request.headers.authorization)?.kind !== 'operator')
        return refuse(response, 'unauthorized', 'the operator may');
      desk.books.mark();
      return json(response, 200, {});
    }
    const match = /^\/v2\/models\/([\w.-]{1,128})(?:\/versions\/([\w.-]{1,32}))?(\/infer|\/ready)?$/.exec(path);
    if (match?.[3] === '/infer') {
      if (method !== 'POST') return methodNotAllowed(response, 'POST');
      return infer(request, response, desk.model(match[1]!, match[2]));
    }
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(response, 'GET');
    if (match) {
      const model = desk.model(match[1]!, match[2]);
      if (!model) return refuse(response, 'unknown', `no model ${match[1]}`);
      return json(response, 200, match[3] === '/ready' ? { name: model.name, ready: true } : metadata(model));
    }
    switch (path) {
      case '/v2/health/live':
        return json(response, 200, { live: true });
      case '/v2/health/ready':
        return json(response, 200, { ready: true });
      case '/v2':
        return json(response, 200, { name: 'assay', version: '2', extensions: ['binary_tensor_data'] });
      case '/metrics':
        return send(response, 200, METRICS_TYPE, Buffer.from(metricsText(desk.books)));
      default:
        return refuse(response, 'unknown', 'there is nothing here');
    }
  }

  async function infer(
    request: IncomingMessage,
    response: ServerResponse,
    model: ServedModel | undefined,
  ): Promise<void> {
    if (caller(request.headers.authorization)?.kind !== 'user') {
      return refuse(response, 'unauthorized', 'a valid bearer token of a user is needed');
    }
    if (!model) return refuse(response, 'unknown', 'there is no such model');
    const body = await receive(request, limits.bodyBytes);
    if (body === 'gone') return;
    if (body === 'too_large') {
      // The rest of the body is read and dropped, for at most as long as a request may take: a caller that is cut off
      // while it writes never gets to read why.
      return refuse(response, 'too_large', `a body may have ${limits.bodyBytes} bytes`);
    }
    const decoded = decodeRequest(body, headerLength(request.headers[HEADER_LENGTH]));
    if (!decoded.ok) return refuse(response, 'malformed', decoded.problem);
    const { answer, delivered } = await desk.infer(model, decoded.value);
    if (!answer.ok) {
      json(response, STATUS[answer.refusal], { error: answer.problem });
    } else {
      const { bytes, headerLength: jsonLength } = encodeResponse(answer.response, decoded.value.binaryOutputs);
      if (jsonLength === undefined) send(response, 200, 'application/json', bytes);
      else send(response, 200, 'application/octet-stream', bytes, { [HEADER_LENGTH]: jsonLength });
    }
    delivered();
  }

  function refuse(response: ServerResponse, refusal: Refusal, problem: string): void {
    desk.refuse(refusal);
    json(response, STATUS[refusal], { error: problem });
  }
}

/** The whole body in one buffer of its own; `too_large` as soon as that is clear, `gone` if the caller left. */
function receive(request: IncomingMessage, limit: number): Promise<Uint8Array | 'too_large' | 'gone'> {
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared > limit) return Promise.resolve('too_large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve('too_large');
    });
    request.on('end', () => {
      if (size > limit) return;
      const whole = new Uint8Array(size);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      resolve(whole);
    });
    request.on('error', () => resolve('gone'));
    request.on('close', () => resolve('gone'));
  });
}

function json(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', Buffer.from(JSON.stringify(value)));
}

function methodNotAllowed(response: ServerResponse, allow: string): void {
  send(response, 405, 'application/json', Buffer.from(JSON.stringify({ error: `use ${allow}` })), { allow });
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  bytes: Uint8Array,
  headers: Record<string, string | number> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.byteLength, ...headers });
  response.end(bytes);
}
