import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { canonicalBytes } from '../evidence/canonical.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { seal } from '../evidence/envelope.ts';
import { pemSigner } from '../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../evidence/statement.ts';
import type { PolicyLibrary } from '../model/environment.ts';
import { AssayError } from '../model/errors.ts';
import type { Inventory } from '../model/inventory.ts';
import { evidenceOf, type Measurement } from '../model/measurement.ts';
import { BLOB_CHUNK_BYTES, type ControllerMessage } from '../proto/fleet.ts';
import { envelopeToWire, type Order, orderFromWire } from '../proto/wire.ts';
import { type AttemptResult, brokenAttempt, type Platform, runAttempt } from './attempt.ts';
import { retryDelayMs } from './backoff.ts';
import { dial, type Identity, type Link } from './link.ts';
import { openOutbox, type Parcel } from './outbox.ts';

/** A commit that the controller has not answered yet; asked again after a reconnect. */
interface Question {
  readonly payload: Buffer;
  readonly label: string;
  readonly index: number;
  readonly together: boolean;
  answer(beacon: string): void;
}

export interface AgentOptions {
  /** `host:port` of the controller. */
  readonly controller: string;
  readonly identity: Identity;
  /** Directory of the agent's own: outbox and scratch space. */
  readonly directory: string;
  readonly software: string;
  readonly inventory: () => Promise<Inventory>;
  /** Starts the built-in inference service when an assignment needs it and stops it afterwards. */
  readonly platform: (order: Order) => Promise<Platform | undefined>;
  /** Libraries that the node's policy names; none where it has no policy. */
  readonly libraries?: readonly PolicyLibrary[];
  readonly signal: AbortSignal;
  /** Keep dialling after the controller is gone. Without it the agent ends with the first stream. */
  readonly persistent: boolean;
  readonly log: (line: string) => void;
}

/** A stream that held this long was a good one. */
const STEADY_MS = 10_000;
/** Errors that dialling again does not mend. */
const LASTING: readonly AssayError['code'][] = ['connection_refused_by_peer', 'no_space', 'internal'];

/**
 * Runs an agent until its signal fires, or, when it is not persistent, until the controller says goodbye.
 * One assignment at a time. What was measured while the network was cut is sent when it is back.
 * Rejects if a result cannot be kept (`no_space`): an agent that forgets what it measured is of no use.
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const outbox = openOutbox(join(options.directory, 'outbox'));
  const scratch = join(options.directory, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const signer = pemSigner(options.identity.privateKeyPem);
  const inventory = await options.inventory();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  let link: Link | undefined;
  let running: { order: Order; cancel: AbortController } | undefined;
  const questions = new Map<string, Question>();

  const deliver = async (parcel: Parcel, over: Link): Promise<void> => {
    for (const sha256 of parcel.blobs) {
      const bytes = outbox.readBlob(sha256);
      if (!bytes) continue; // The controller says evidence_missing; the measurement itself is still worth sending.
      for (let offset = 0; offset === 0 || offset < bytes.length; offset += BLOB_CHUNK_BYTES) {
        const data = bytes.subarray(offset, offset + BLOB_CHUNK_BYTES);
        await over.send({ blob: { sha256, total: String(bytes.length), offset: String(offset), data } });
      }
    }
    const { assignment, attempt, envelope } = parcel;
    await over.send({ result: { assignment, attempt, envelope: envelopeToWire(envelope) } });
  };

  const finish = async (order: Order, result: AttemptResult): Promise<void> => {
    const chain = outbox.chain(order.run);
    const measurement: Measurement = {
      schema: 'assay/measurement/v1',
      run: order.run,
      node: options.identity.node,
      sequence: chain.sequence + 1,
      previous: chain.previous,
      ...result,
    };
    const refs = evidenceOf(measurement);
    const subjects = [
      { name: `order/${order.assignment}/${order.attempt}`, digest: { sha256: sha256Hex(canonicalBytes(order)) } },
      ...refs.map((ref) => ({ name: ref.name, digest: { sha256: ref.sha256 } })),
    ];
    const payload = canonicalBytes(statement(subjects, 'measurement', measurement));
    const parcel: Parcel = {
      assignment: order.assignment,
      attempt: order.attempt,
      envelope: await seal(PAYLOAD_TYPE, payload, [signer]),
      blobs: [...new Set(refs.map((r) => r.sha256))],
      chain: { run: order.run, sequence: measurement.sequence, previous: sha256Hex(payload) },
    };
    outbox.put(parcel);
    if (link) await deliver(parcel, link);
  };

  const perform = async (order: Order): Promise<void> => {
    const cancel = new AbortController();
    running = { order, cancel };
    const stop = (): void => cancel.abort();
    options.signal.addEventListener('abort', stop, { once: true });
    const startedAt = new Date().toISOString();
    try {
      const result = await runAttempt(order, {
        platform: () => options.platform(order),
        scratch,
        blobs: outbox.blobDirectory,
        libraries: options.libraries ?? [],
        signal: cancel.signal,
        commit: (index, label, payload, together) =>
          new Promise((answer) => {
            questions.set(`${order.assignment}/${order.attempt}/${index}`, {
              payload,
              label,
              index,
              together,
              answer,
            });
            void link?.send({
              commit: { assignment: order.assignment, attempt: order.attempt, index, label, payload, together },
            });
          }),
        progress: (phase, share, figure) =>
          void link?.send({
            progress: { assignment: order.assignment, attempt: order.attempt, phase, share, ...figure },
          }),
      }).catch((error: unknown) => brokenAttempt(order, startedAt, error));
      await finish(order, result);
    } finally {
      options.signal.removeEventListener('abort', stop);
      questions.clear();
      running = undefined;
    }
  };

  const receive = (message: ControllerMessage): void => {
    if (message.assignment) {
      const order = orderFromWire(message.assignment);
      if (!order.ok) throw new AssayError('protocol_violation', order.problems.join('; '));
      // After a reconnect the controller may repeat what is already under way.
      if (running?.order.assignment === order.value.assignment && running.order.attempt === order.value.attempt) return;
      void perform(order.value).catch((error: unknown) => broken.reject(keepingError(error, options.directory)));
    } else if (message.beacon) {
      const { assignment, attempt, index = 0, random } = message.beacon;
      const question = questions.get(`${assignment}/${attempt}/${index}`);
      questions.delete(`${assignment}/${attempt}/${index}`);
      question?.answer((random ?? Buffer.alloc(0)).toString('hex'));
    } else if (message.resultReceipt) {
      const { assignment = '', attempt = 0, accepted, problem } = message.resultReceipt;
      if (!accepted) options.log(`${assignment} attempt ${attempt} was not accepted: ${problem}`);
      outbox.confirm(assignment, attempt);
    } else if (message.cancel) {
      running?.cancel.abort();
    } else if (message.inventoryReceipt && !message.inventoryReceipt.accepted) {
      options.log(`inventory was not accepted: ${message.inventoryReceipt.problem}`);
    }
  };

  /** One stream from dial to end; resolves to whether the controller meant it to end. */
  const serve = async (): Promise<boolean> => {
    let goodbye = false;
    let refusal: AssayError | undefined;
    const over = Promise.withResolvers<void>();
    const current = await dial(options.controller, options.identity, options.software, {
      message: (message) => {
        if (message.goodbye) {
          goodbye = true;
          current.close();
        } else if (message.refusal) {
          const { code = 'refused', detail = '' } = message.refusal;
          refusal = new AssayError('connection_refused_by_peer', `${code}: ${detail}`);
          current.close();
        } else {
          receive(message);
        }
      },
      ended: (problem) => {
        if (problem) options.log(`stream ended: ${problem}`);
        over.resolve();
      },
    });
    link = current;
    const hangUp = (): void => current.close();
    options.signal.addEventListener('abort', hangUp, { once: true });
    await current.send({ inventory: { document: Buffer.from(canonicalBytes(inventory)) } });
    for (const parcel of outbox.waiting()) await deliver(parcel, current);
    if (running) {
      for (const { payload, label, index, together } of questions.values()) {
        const { assignment, attempt } = running.order;
        await current.send({ commit: { assignment, attempt, index, label, payload, together } });
      }
    }
    try {
      await Promise.race([over.promise, broken.promise]);
    } finally {
      options.signal.removeEventListener('abort', hangUp);
      link = undefined;
      current.close();
    }
    if (refusal && !options.persistent) throw refusal;
    if (refusal) options.log(refusal.message);
    return goodbye;
  };

  try {
    for (let failures = 0; !options.signal.aborted; ) {
      const began = performance.now();
      try {
        const meant = await serve();
        if (!options.persistent && meant) return;
        // A stream that ends as soon as it began is no success: whoever ends it must not be dialled without a pause.
        failures = performance.now() - began < STEADY_MS ? failures + 1 : 0;
      } catch (error) {
        if (error instanceof AssayError && LASTING.includes(error.code)) throw error;
        failures++;
        if (!options.persistent && failures > 5) throw error;
        options.log(error instanceof Error ? error.message : String(error));
      }
      await pause(retryDelayMs(failures, Math.random()), undefined, { signal: options.signal }).catch(() => {});
    }
  } finally {
    running?.cancel.abort();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Why a result could not be kept. */
function keepingError(error: unknown, directory: string): AssayError {
  if (error instanceof AssayError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new AssayError(full ? 'no_space' : 'internal', full ? directory : `a result cannot be kept: ${message}`, {
    cause: error,
  });
}
