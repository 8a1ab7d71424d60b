import type { Duplex } from 'node:stream';
import { answerOf, type Request } from './messages.ts';
import { WEIGHTS } from './network.ts';

/** The child broke the protocol: what it sends afterwards is of no use. */
export class Broken extends Error {}
/** The child has gone, or closed the channel. */
export class Gone extends Error {}

/** An answer of a probe: its content, or why it refuses. */
export type Answer = { readonly ok: true; readonly body: Buffer } | { readonly ok: false; readonly why: string };

const ANSWER = 'A'.charCodeAt(0);
const REFUSED = 'R'.charCodeAt(0);
const HEAD_BYTES = 5;
/** Most bytes of a refusal that are read. */
const REFUSAL_BYTES = 4096;

/**
 * The asking side of the talk with a probe, on a socket of its own (messages.ts has the frames). One request at a time:
 * what comes unasked, too long, too short or in another form breaks the protocol, and so does every request after that.
 */
export class Channel {
  #socket: Duplex;
  #held: Buffer[] = [];
  #bytes = 0;
  #due: { least: number; most: number; resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  /** What was asked last, for a message about how the talk ended; empty once it was answered. */
  asked = '';

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', () => this.#fail(new Gone('the channel broke')));
    socket.on('close', () => this.#fail(new Gone('the channel was closed')));
    socket.on('end', () => this.#fail(new Gone('the channel was closed')));
  }

  /** Asks and waits for the answer. Rejects with `Broken` or `Gone`, and then for ever. */
  ask(request: Request): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.asked = 'precision' in request ? `${request.ask} ${request.precision}` : request.ask;
    return new Promise((resolve, reject) => {
      this.#due = { ...answerOf(request, WEIGHTS), resolve, reject };
      this.#socket.write(`${JSON.stringify(request)}\n`);
    });
  }

  #take(bytes: Buffer): void {
    if (this.#failure) return;
    this.#held.push(bytes);
    this.#bytes += bytes.length;
    const problem = this.#read();
    if (problem) this.#fail(new Broken(problem));
  }

  /** Takes the answer out of what was sent once it is whole. Gives what is wrong with it, if anything. */
  #read(): string | undefined {
    if (!this.#due) return 'it spoke without being asked';
    if (this.#bytes < HEAD_BYTES) return undefined;
    const all = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    this.#held = [all];
    const kind = all[0]!;
    const length = all.readUInt32LE(1);
    const { least, most, resolve } = this.#due;
    if (kind !== ANSWER && kind !== REFUSED) return 'it answered with no frame';
    const fits = kind === REFUSED ? length <= REFUSAL_BYTES : length >= least && length <= most;
    if (!fits) return `it answered with ${length} bytes where ${least} to ${most} are due`;
    if (this.#bytes > HEAD_BYTES + length) return 'it said more than it was asked for';
    if (this.#bytes < HEAD_BYTES + length) return undefined;
    const body = all.subarray(HEAD_BYTES);
    this.#held = [];
    this.#bytes = 0;
    this.#due = undefined;
    this.asked = '';
    resolve(kind === ANSWER ? { ok: true, body } : { ok: false, why: body.toString('utf8').slice(0, 1500) });
    return undefined;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#due?.reject(this.#failure);
    this.#due = undefined;
    this.#held = [];
  }
}
