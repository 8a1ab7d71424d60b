import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { parseStrict } from '../evidence/canonical.ts';
import type { Assignment, Transcript } from '../model/assignment.ts';
import { Inventory } from '../model/inventory.ts';
import { check } from '../model/schema.ts';
import { type AgentMessage, type ControllerMessage, MAX_COMMIT_BYTES } from '../proto/fleet.ts';
import { assignmentToWire, envelopeFromWire, type SealedParts } from '../proto/wire.ts';
import type { BootClock } from './boot-clock.ts';
import { ClockLog } from './clock-log.ts';

export type AgentStream = ServerDuplexStream<AgentMessage, ControllerMessage>;

/** A signed result and the controller's own record of the attempt. */
export interface Delivery {
  readonly envelope: SealedParts;
  readonly transcript: Transcript;
}

export interface LiveProgress {
  readonly node: string;
  readonly assignment: string;
  readonly attempt: number;
  readonly phase: string;
  readonly share: number;
  readonly figure?: { value: number; unit: string; label: string };
}

/** What the controller answers to a result. */
export interface Receipt {
  readonly accepted: boolean;
  readonly logIndex: number;
  readonly problem: string;
}

/** What a session reports to the controller. */
export interface SessionEvents {
  inventory(node: string, inventory: Inventory, bytes: Uint8Array): void;
  progress(progress: LiveProgress): void;
  /** Resolves when the nodes that this one works together with have come to the same commit. */
  together(node: string, assignment: Assignment, attempt: number, label: string): Promise<void>;
  /** Bytes that hash to their name, complete. */
  blob(bytes: Uint8Array): void;
  /** A result of an attempt that is under way. Answers what the receipt says. */
  result(node: string, delivery: Delivery): Receipt;
  /** The peer sent something it must not; the stream is ended. */
  violation(node: string, detail: string): void;
}

/** Largest blob taken in from an agent: raw samples of a long run. */
const MAX_BLOB_BYTES = 1024 * 1024 * 1024;
/** Most that an agent may have kept for one attempt, all blobs together: the disk is the controller's. */
const MAX_ATTEMPT_BYTES = 4 * MAX_BLOB_BYTES;

/** Longest label of a commit; what it says is for people and proofs, the bytes go into the payload. */
const MAX_LABEL_BYTES = 256;
/** What an exchange takes in the log beside its label and its commit, and more. */
const EXCHANGE_BYTES = 192;
/**
 * Most that the exchanges of one attempt may take in the log: with the signed result, they are one line of it, which
 * must stay readable. It also bounds their number, at some 605,000, or 420,000 that are labelled and commit to a hash:
 * eight devices that are challenged in nine precisions for half an hour each, by rounds of 0.4 s, make 324,000.
 */
const MAX_TRANSCRIPT_BYTES = 112 * 1024 * 1024;

interface OpenAttempt {
  readonly assignment: Assignment;
  readonly attempt: number;
  readonly transcript: Transcript;
  readonly t0: bigint;
  readonly clock: ClockLog;
  /** The order went out: it waits for the first reading of the clock. */
  ordered: boolean;
  /** Its result is here, and waits for the last reading of the clock. */
  ending: boolean;
  /** Bytes of blobs that came for it so far. */
  taken: number;
  /** Bytes that its exchanges will take in the log. */
  said: number;
  /** A commit whose answer waits for other nodes. */
  held: { readonly index: number; readonly label: string; readonly commit: string } | undefined;
}

/** The controller's side of one node: survives reconnects of its stream; at most one attempt is open at a time. */
export class NodeSession {
  readonly node: string;
  readonly publicKey: string;
  readonly #run: string;
  readonly #events: SessionEvents;
  readonly #clock: BootClock;
  #stream: AgentStream | undefined;
  #open: OpenAttempt | undefined;
  #blob: { sha256: string; total: number; parts: Buffer[]; size: number } | undefined;

  constructor(node: string, publicKey: string, run: string, clock: BootClock, events: SessionEvents) {
    this.#clock = clock;
    this.node = node;
    this.publicKey = publicKey;
    this.#run = run;
    this.#events = events;
  }

  get connected(): boolean {
    return this.#stream !== undefined;
  }

  /** Takes over a fresh stream (after the hello) and repeats what was under way. */
  attach(stream: AgentStream): void {
    this.#stream?.end();
    this.#stream = stream;
    this.#blob = undefined;
    if (this.#open?.ordered) this.#order(this.#open);
  }

  detach(stream: AgentStream): void {
    if (this.#stream === stream) this.#stream = undefined;
  }

  /** Sends an attempt out as soon as the clock was read once; the transcript starts now. */
  issue(assignment: Assignment, attempt: number): void {
    const issuedAt = new Date().toISOString();
    const t0 = process.hrtime.bigint();
    this.#open = {
      assignment,
      attempt,
      t0,
      clock: new ClockLog(this.#clock, t0),
      ordered: false,
      ending: false,
      taken: 0,
      said: 0,
      held: undefined,
      transcript: {
        schema: 'assay/transcript/v1',
        run: this.#run,
        assignment: assignment.id,
        attempt,
        node: this.node,
        issuedAt,
        endedAt: issuedAt,
        exchanges: [],
      },
    };
    const open = this.#open;
    void open.clock.begun.then(() => {
      if (this.#open !== open) return;
      open.ordered = true;
      this.#order(open);
    });
  }

  /** Gives the open attempt up; a result that comes later is refused. */
  abandon(): void {
    this.#open = undefined;
  }

  cancel(reason: string): void {
    if (!this.#open) return;
    const { assignment, attempt } = this.#open;
    this.#send({ cancel: { assignment: assignment.id, attempt, reason } });
  }

  goodbye(reason: string): void {
    this.#send({ goodbye: { reason } });
    this.#stream?.end();
  }

  receive(message: AgentMessage): void {
    if (message.progress) this.#progress(message.progress);
    else if (message.commit) this.#commit(message.commit);
    else if (message.blob) this.#chunk(message.blob);
    else if (message.result) this.#result(message.result);
    else if (message.inventory) this.#inventory(message.inventory.document ?? Buffer.alloc(0));
  }

  #order({ assignment, attempt }: OpenAttempt): void {
    this.#send({ assignment: assignmentToWire(this.#run, assignment, attempt) });
  }

  #send(message: ControllerMessage): void {
    this.#stream?.write(message);
  }

  #inventory(document: Buffer): void {
    let problem = '';
    try {
      const inventory = check(Inventory, parseStrict(document));
      if (!inventory.ok) problem = inventory.problems.join('; ');
      else if (inventory.value.node !== this.node) problem = `the inventory is that of ${inventory.value.node}`;
      else this.#events.inventory(this.node, inventory.value, document);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    const sha256 = createHash('sha256').update(document).digest('hex');
    this.#send({ inventoryReceipt: { accepted: problem === '', sha256, problem } });
  }

  #progress(progress: NonNullable<AgentMessage['progress']>): void {
    const { assignment = '', attempt = 0, phase = '', share = 0, value, unit = '', label = '' } = progress;
    const figure = value === undefined ? {} : { figure: { value, unit, label } };
    this.#events.progress({ node: this.node, assignment, attempt, phase, share, ...figure });
  }

  #commit(commit: NonNullable<AgentMessage['commit']>): void {
    const receivedNs = process.hrtime.bigint();
    const { assignment, attempt, index = 0, label = '', payload = Buffer.alloc(0), together = false } = commit;
    const open = this.#open;
    if (!open || open.ending || open.assignment.id !== assignment || open.attempt !== attempt) return;
    const { exchanges } = open.transcript;
    const before = exchanges[index];
    const text = payload.toString('base64');
    if (before) {
      // Asked again after a reconnect: the same commit gets the same beacon, another one gets none.
      if (before.commit === text && before.label === label) this.#beacon(open, index, before.beacon);
      else this.#violation(`commit ${index} of ${assignment} was changed`);
      return;
    }
    if (Buffer.byteLength(label) > MAX_LABEL_BYTES || !label.isWellFormed()) {
      this.#violation(`commit ${index} of ${assignment} has a label that is too long or no text`);
      return;
    }
    const { held } = open;
    // Asked again after a reconnect while others are waited for: the answer comes when they are here.
    if (held && held.index === index && held.label === label && held.commit === text) return;
    if (held || index !== exchanges.length || payload.length > MAX_COMMIT_BYTES) {
      this.#violation(`commit ${index} of ${assignment} out of order or too large`);
      return;
    }
    open.said += EXCHANGE_BYTES + JSON.stringify(label).length + text.length;
    if (open.said > MAX_TRANSCRIPT_BYTES) {
      this.#violation(`the commits of ${assignment} take more than ${MAX_TRANSCRIPT_BYTES} bytes`);
      return;
    }
    open.clock.pass(label, receivedNs);
    const said = { index, label, commit: text };
    if (!together) {
      this.#answer(open, said, receivedNs);
      return;
    }
    open.held = said;
    void this.#events.together(this.node, open.assignment, open.attempt, label).then(() => {
      open.held = undefined;
      if (this.#open === open) this.#answer(open, said, receivedNs);
    });
  }

  #answer(open: OpenAttempt, said: { index: number; label: string; commit: string }, receivedNs: bigint): void {
    const beacon = randomBytes(32).toString('hex');
    open.transcript.exchanges.push({
      ...said,
      beacon,
      receivedNs: String(receivedNs - open.t0),
      answeredNs: String(process.hrtime.bigint() - open.t0),
    });
    this.#beacon(open, said.index, beacon);
  }

  #beacon(open: OpenAttempt, index: number, beacon: string): void {
    const random = Buffer.from(beacon, 'hex');
    this.#send({ beacon: { assignment: open.assignment.id, attempt: open.attempt, index, random } });
  }

  #chunk(chunk: NonNullable<AgentMessage['blob']>): void {
    const { sha256 = '', data = Buffer.alloc(0) } = chunk;
    // What it is called goes into the record of a violation, too.
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      this.#violation('a blob whose name is not a sha256');
      return;
    }
    const total = Number(chunk.total ?? '0');
    const offset = Number(chunk.offset ?? '0');
    if (offset === 0) this.#blob = { sha256, total, parts: [], size: 0 };
    const blob = this.#blob;
    if (!blob || blob.sha256 !== sha256 || blob.size !== offset || blob.total !== total || total > MAX_BLOB_BYTES) {
      this.#violation(`blob ${sha256} out of order or too large`);
      return;
    }
    if (!this.#open) {
      // Nothing may fill the disk between attempts; whoever is late is told once, at the blob's end.
      if (offset + data.length >= total) this.#blobReceipt(sha256, 'no attempt is under way');
      blob.size += data.length;
      return;
    }
    this.#open.taken += data.length;
    if (this.#open.taken > MAX_ATTEMPT_BYTES) {
      this.#violation(`more than ${MAX_ATTEMPT_BYTES} bytes for one attempt`);
      return;
    }
    blob.parts.push(data);
    blob.size += data.length;
    if (blob.size < total) return;
    this.#blob = undefined;
    const bytes = Buffer.concat(blob.parts);
    const stored = bytes.length === total && createHash('sha256').update(bytes).digest('hex') === sha256;
    if (stored) this.#events.blob(bytes);
    this.#blobReceipt(sha256, stored ? '' : 'the bytes do not have this digest');
  }

  #blobReceipt(sha256: string, problem: string): void {
    this.#send({ blobReceipt: { sha256, stored: problem === '', problem } });
  }

  #violation(detail: string): void {
    this.#events.violation(this.node, detail);
    this.#stream?.end();
  }

  #result(result: NonNullable<AgentMessage['result']>): void {
    const { assignment = '', attempt = 0 } = result;
    const open = this.#open;
    if (!open || open.assignment.id !== assignment || open.attempt !== attempt) {
      this.#resultReceipt(result, { accepted: false, logIndex: 0, problem: 'this attempt is not under way' });
      return;
    }
    // Sent again after a reconnect: the first one is answered.
    if (open.ending) return;
    open.ending = true;
    const endedAt = new Date().toISOString();
    void open.clock.read().then(() => {
      const given = this.#open === open ? this.#deliver(open, result, endedAt) : undefined;
      this.#resultReceipt(result, given ?? { accepted: false, logIndex: 0, problem: 'this attempt is not under way' });
    });
  }

  #deliver(open: OpenAttempt, { envelope }: NonNullable<AgentMessage['result']>, endedAt: string): Receipt {
    this.#open = undefined;
    const transcript: Transcript = { ...open.transcript, endedAt, clock: open.clock.readings };
    return this.#events.result(this.node, { envelope: envelopeFromWire(envelope), transcript });
  }

  #resultReceipt({ assignment = '', attempt = 0 }: NonNullable<AgentMessage['result']>, receipt: Receipt): void {
    const { accepted, logIndex, problem } = receipt;
    this.#send({ resultReceipt: { assignment, attempt, accepted, logIndex: String(logIndex), problem } });
  }
}

/** Node name and public key (PEM) from the certificate of a mutually authenticated stream. */
export function peerIdentity(stream: AgentStream): { node: string; publicKey: string } | undefined {
  const raw = stream.getAuthContext().sslPeerCertificate?.raw;
  if (!raw) return undefined;
  const certificate = new X509Certificate(raw);
  const node = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  if (!node) return undefined;
  return { node, publicKey: certificate.publicKey.export({ type: 'spki', format: 'pem' }) as string };
}
