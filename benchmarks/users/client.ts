import { Client, type Dispatcher } from 'undici';

/** How one attempt at a task ended; everything but `ok` is an error. */
export const FAILURES = [
  'refused',
  'reset',
  'short_body',
  'wrong_answer',
  'timeout',
  'status_4xx',
  'status_5xx',
  'shed',
  'unfinished',
  'other',
] as const;
export type Failure = (typeof FAILURES)[number];

/** What came back and when; times by the clock that was given, milliseconds. `wireMs` NaN: it never went out. */
export interface Reply {
  readonly failure: Failure | undefined;
  readonly status: number;
  readonly headerLength: string | undefined;
  readonly body: Uint8Array;
  readonly wireMs: number;
  readonly firstMs: number;
  readonly endMs: number;
}

/** Called when the request is written to the connection, and once when all is over. */
export interface Watcher {
  wire(): void;
  done(reply: Reply): void;
}

/**
 * One user's own connection to the endpoint. A connection a user keeps the time to find a free one out of the
 * measurement, and the service sees as many peers as there are users.
 */
export class UserClient {
  readonly #client: Client;
  readonly #now: () => number;
  readonly #path: string;
  readonly #token: string;

  constructor(url: URL, options: { path: string; token: string; timeoutMs: number; now: () => number }) {
    this.#client = new Client(url.origin, {
      // With 1, undici rests a turn of the loop between two requests. With 2, the next request that is sent out of
      // `done` goes on the wire at once; a user still never has two under way.
      pipelining: 2,
      connect: { timeout: options.timeoutMs },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      keepAliveTimeout: 600_000,
      keepAliveMaxTimeout: 600_000,
    });
    this.#now = options.now;
    this.#path = options.path;
    this.#token = options.token;
  }

  /** Sends one request; `watcher.done` is called exactly once. */
  send(body: Uint8Array, jsonLength: number | undefined, watcher: Watcher, token = this.#token): void {
    const chunks: Buffer[] = [];
    let wireMs = Number.NaN;
    let firstMs = Number.NaN;
    let status = 0;
    let headerLength: string | undefined;
    let over = false;
    const finish = (failure: Failure | undefined) => {
      if (over) return;
      over = true;
      const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      watcher.done({ failure, status, headerLength, body: whole, wireMs, firstMs, endMs: this.#now() });
    };
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      'content-type': jsonLength === undefined ? 'application/json' : 'application/octet-stream',
    };
    if (jsonLength !== undefined) headers['inference-header-content-length'] = String(jsonLength);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {
        wireMs = this.#now();
        watcher.wire();
      },
      onResponseStart: (_controller, code, received) => {
        firstMs = this.#now();
        status = code;
        const value = received['inference-header-content-length'];
        headerLength = typeof value === 'string' ? value : undefined;
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => finish(byStatus(status)),
      onResponseError: (_controller, error) => finish(byError(error)),
    };
    try {
      this.#client.dispatch({ path: this.#path, method: 'POST', headers, body }, handler);
    } catch (error) {
      finish(byError(error));
    }
  }

  /** Opens the connection without sending anything: a request for the service's liveness. */
  open(path: string): Promise<Failure | undefined> {
    return new Promise((resolve) => {
      let status = 0;
      this.#client.dispatch(
        { path, method: 'GET' },
        {
          onRequestStart: () => {},
          onResponseStart: (_controller, code) => {
            status = code;
          },
          onResponseData: () => {},
          onResponseEnd: () => resolve(byStatus(status)),
          onResponseError: (_controller, error) => resolve(byError(error)),
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}

function byStatus(status: number): Failure | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 429 || status === 503) return 'shed';
  if (status >= 400 && status < 500) return 'status_4xx';
  if (status >= 500) return 'status_5xx';
  return 'other';
}

/** Class of a failure by the codes of Node and undici. */
function byError(error: unknown): Failure {
  const code = (error as { code?: string }).code ?? '';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH') return 'refused';
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET') return 'reset';
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'short_body';
  if (code.endsWith('TIMEOUT') || code === 'ETIMEDOUT') return 'timeout';
  return 'other';
}
