import { setTimeout as pause } from 'node:timers/promises';
import { canonicalBytes } from '../evidence/canonical.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { seal } from '../evidence/envelope.ts';
import type { Signer } from '../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../evidence/statement.ts';
import type { Assignment, Plan } from '../model/assignment.ts';
import { AssayError } from '../model/errors.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Measurement } from '../model/measurement.ts';
import { admit } from '../reports/verify/admission.ts';
import { PATHS } from '../reports/verify/layout.ts';
import { findProof } from '../reports/verify/proofs.ts';
import type { Credential } from './certificates.ts';
import { serveFleet } from './server.ts';
import { type Delivery, type LiveProgress, NodeSession } from './session.ts';
import type { RunDirectory } from './store/run-directory.ts';

/** What a person may want to know while a run goes on. */
export type RunEvent =
  | { type: 'node_joined'; node: string; inventory: Inventory }
  | { type: 'planned'; plan: Plan }
  | { type: 'attempt_started'; node: string; assignment: Assignment; attempt: number; step: number; steps: number }
  | ({ type: 'progress' } & LiveProgress)
  | {
      type: 'attempt_ended';
      node: string;
      assignment: string;
      attempt: number;
      state: Measurement['state'];
      detail: string;
    }
  | { type: 'attempt_rejected'; node: string; assignment: string; attempt: number; detail: string }
  | { type: 'node_lost'; node: string; detail: string }
  | { type: 'warning'; detail: string };

export interface ConductOptions {
  /** `host:port` to listen on. */
  readonly address: string;
  readonly credential: Credential;
  readonly authorityPem: string;
  readonly signer: Signer;
  readonly directory: RunDirectory;
  /** Files the run rests on, already written to the directory. */
  readonly inputs: readonly { path: string; sha256: string }[];
  /** Names of the nodes that must join before the run starts. */
  readonly nodes: readonly string[];
  readonly joinTimeoutS: number;
  /** Makes the plan once all inventories are here. */
  readonly plan: (inventories: readonly Inventory[]) => Plan;
  readonly run: string;
  /** Called with the bound port before any node is waited for. */
  readonly listening: (port: number) => void;
  readonly event: (event: RunEvent) => void;
  readonly signal: AbortSignal;
  /** Fires when the agents of this run have ended and will not come back, with what they said last as the reason. */
  readonly gone?: AbortSignal;
}

/** How long a node may be away in the middle of an attempt before it counts as lost. */
const ABSENCE_MS = 30_000;
/** What an agent sent before it ended may still be on its way. */
const LAST_WORDS_MS = 1000;
/** The controller waits this much longer than the agent's own limit before it gives an attempt up. */
const OVERTIME_S = 30;

/** A cancelled agent stops its benchmark, cleans up and answers within this time. */
const CANCEL_MS = 15_000;

type Ending =
  | { kind: 'accepted'; state: Measurement['state']; detail: string }
  | { kind: 'rejected'; detail: string }
  | { kind: 'lost'; detail: string };

interface NodeState {
  readonly session: NodeSession;
  inventory: { value: Inventory; bytes: Uint8Array } | undefined;
  chain: { sequence: number; previous: string };
  settle: ((ending: Ending) => void) | undefined;
  open: { assignment: Assignment; attempt: number } | undefined;
  absence: NodeJS.Timeout | undefined;
}

/**
 * Carries a plan out on the nodes that dial in, and records all of it. Resolves when the run is over, cancelled or not;
 * the directory's log then holds everything that a verdict needs. Rejects if the nodes do not come (`connection_failed`),
 * if the address cannot be used, or if the directory cannot be written.
 */
export async function conduct(options: ConductOptions): Promise<void> {
  const { directory, signal, event } = options;
  const nodes = new Map<string, NodeState>();
  const allHere = Promise.withResolvers<void>();
  // The first error that leaves the record incomplete ends the run: a result that was not recorded is worth nothing.
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  let plan: Plan | undefined;

  const take = (node: string, delivery: Delivery): { accepted: boolean; logIndex: number; problem: string } => {
    const state = nodes.get(node)!;
    const { open, settle } = state;
    if (!plan || !open || !settle) return { accepted: false, logIndex: 0, problem: 'no attempt is under way' };
    try {
      const admission = admit(delivery.envelope, {
        run: plan.run,
        assignment: open.assignment,
        attempt: open.attempt,
        publicKey: state.session.publicKey,
        chain: state.chain,
        transcript: delivery.transcript,
        blob: directory.readBlob,
        proof: findProof,
      });
      if (!admission.ok) {
        const sha256 = directory.putBlob(canonicalBytes(delivery));
        const { id } = open.assignment;
        const logIndex = directory.append({
          kind: 'rejection',
          node,
          assignment: id,
          detail: admission.problem,
          sha256,
        });
        settle({ kind: 'rejected', detail: admission.problem });
        return { accepted: false, logIndex, problem: admission.problem };
      }
      const { envelope, transcript } = delivery;
      const logIndex = directory.append({ kind: 'measurement', node, envelope, transcript });
      state.chain = { sequence: admission.measurement.sequence, previous: admission.sha256 };
      const { state: ended, failure } = admission.measurement;
      settle({ kind: 'accepted', state: ended, detail: failure?.detail ?? '' });
      return { accepted: true, logIndex, problem: '' };
    } catch (error) {
      broken.reject(error);
      return { accepted: false, logIndex: 0, problem: 'the controller could not record it' };
    }
  };

  const server = await serveFleet(options.address, options.credential, options.authorityPem, 'assay', {
    join: (node, publicKey, stream) => {
      if (!options.nodes.includes(node)) return `${node} is not part of this run`;
      let state = nodes.get(node);
      if (state && state.session.publicKey !== publicKey) return `${node} came back with another key`;
      if (!state) {
        const session = new NodeSession(node, publicKey, options.run, {
          inventory: (_, value, bytes) => {
            const own = nodes.get(node)!;
            if (own.inventory) return;
            own.inventory = { value, bytes };
            event({ type: 'node_joined', node, inventory: value });
            if (options.nodes.every((n) => nodes.get(n)?.inventory)) allHere.resolve();
          },
          progress: (progress) => event({ type: 'progress', ...progress }),
          blob: (bytes) => {
            try {
              directory.putBlob(bytes);
            } catch (error) {
              broken.reject(error);
            }
          },
          result: take,
          violation: (_, detail) => {
            event({ type: 'warning', detail: `${node}: ${detail}` });
            nodes.get(node)?.settle?.({ kind: 'lost', detail });
          },
        });
        state = {
          session,
          inventory: undefined,
          chain: { sequence: 0, previous: '' },
          settle: undefined,
          open: undefined,
          absence: undefined,
        };
        nodes.set(node, state);
      }
      clearTimeout(state.absence);
      state.session.attach(stream);
      return undefined;
    },
    message: (node, message) => nodes.get(node)?.session.receive(message),
    leave: (node, stream, problem) => {
      const state = nodes.get(node);
      if (!state) return;
      state.session.detach(stream);
      if (state.session.connected || !state.settle) return;
      const detail = `the node went away${problem ? `: ${problem}` : ''} and did not come back`;
      state.absence = setTimeout(() => state.settle?.({ kind: 'lost', detail }), signal.aborted ? 0 : ABSENCE_MS);
    },
  });

  const { gone = new AbortController().signal } = options;
  const forsaken = (): void => {
    broken.reject(new AssayError('connection_failed', 'the agent ended before it joined'));
  };
  gone.addEventListener('abort', forsaken);
  try {
    options.listening(server.port);
    await Promise.race([allHere.promise, joinDeadline(options, nodes), aborted(signal), broken.promise]);
    gone.removeEventListener('abort', forsaken);
    gone.addEventListener('abort', () => {
      const lose = (): void => {
        const detail = `the agent ended${gone.reason ? `: ${gone.reason}` : ''}`;
        for (const { settle } of nodes.values()) settle?.({ kind: 'lost', detail });
      };
      setTimeout(lose, LAST_WORDS_MS).unref();
    });
    directory.append({ kind: 'inputs', files: [...options.inputs] });
    for (const node of options.nodes) {
      const state = nodes.get(node);
      if (!state?.inventory) continue;
      const inventory = directory.putBlob(state.inventory.bytes);
      directory.append({ kind: 'node', node, publicKey: state.session.publicKey, inventory });
    }
    plan = options.plan(options.nodes.flatMap((n) => nodes.get(n)?.inventory?.value ?? []));
    const guide = options.inputs.find((i) => i.path === PATHS.guide)!;
    const payload = canonicalBytes(statement([{ name: guide.path, digest: { sha256: guide.sha256 } }], 'plan', plan));
    directory.append({ kind: 'plan', envelope: await seal(PAYLOAD_TYPE, payload, [options.signer]) });
    event({ type: 'planned', plan });
    const counter = { step: 0, steps: plan.assignments.reduce((total, a) => total + a.repeats, 0) };
    const works = plan.nodes.map((node) => work(node, nodes.get(node), plan!, counter, options));
    await Promise.race([Promise.all(works), broken.promise]);
    directory.append({ kind: 'end', cancelled: signal.aborted });
  } finally {
    for (const { session, absence } of nodes.values()) {
      clearTimeout(absence);
      session.goodbye('the run is over');
    }
    await server.stop();
  }
}

async function joinDeadline(options: ConductOptions, nodes: ReadonlyMap<string, NodeState>): Promise<void> {
  await pause(options.joinTimeoutS * 1000, undefined, { ref: false });
  const missing = options.nodes.filter((n) => !nodes.get(n)?.inventory);
  if (missing.length > 0) throw new AssayError('connection_failed', `no word from ${missing.join(', ')}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Carries out one node's assignments, one after the other. */
async function work(
  node: string,
  state: NodeState | undefined,
  plan: Plan,
  counter: { step: number; steps: number },
  options: ConductOptions,
): Promise<void> {
  const { directory, event, signal } = options;
  if (!state) return;
  for (const assignment of plan.assignments.filter((a) => a.node === node)) {
    let repeats = 0;
    let spare = 1;
    for (let attempt = 1; repeats < assignment.repeats && !signal.aborted; attempt++) {
      if (!state.session.connected) {
        event({ type: 'node_lost', node, detail: 'not connected' });
        return;
      }
      if (attempt <= assignment.repeats) counter.step++;
      const { step, steps } = counter;
      event({ type: 'attempt_started', node, assignment, attempt, step, steps });
      directory.append({ kind: 'issue', node, assignment: assignment.id, attempt });
      const ending = await oneAttempt(state, assignment, attempt, signal);
      if (ending.kind === 'lost') {
        directory.append({ kind: 'lost', node, assignment: assignment.id, attempt, detail: ending.detail });
        event({ type: 'node_lost', node, detail: ending.detail });
        return;
      }
      if (ending.kind === 'rejected') {
        event({ type: 'attempt_rejected', node, assignment: assignment.id, attempt, detail: ending.detail });
      } else {
        const { state: ended, detail } = ending;
        event({ type: 'attempt_ended', node, assignment: assignment.id, attempt, state: ended, detail });
        if (ended === 'completed') repeats++;
        if (ended === 'unsupported' || ended === 'cancelled') break;
        if (ended === 'completed') continue;
      }
      // A suspect gets one second pass; both attempts stay in the record.
      if (spare-- <= 0) break;
    }
  }
}

async function oneAttempt(
  state: NodeState,
  assignment: Assignment,
  attempt: number,
  signal: AbortSignal,
): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  state.open = { assignment, attempt };
  state.settle = resolve;
  const limitMs = (assignment.timeoutS + OVERTIME_S) * 1000;
  const deadline = setTimeout(() => resolve({ kind: 'lost', detail: `no answer within ${limitMs / 1000} s` }), limitMs);
  const cancel = (): void => {
    state.session.cancel('the run was cancelled');
    const late = (): void => resolve({ kind: 'lost', detail: 'cancelled, and the node did not answer' });
    setTimeout(late, state.session.connected ? CANCEL_MS : 0).unref();
  };
  signal.addEventListener('abort', cancel, { once: true });
  state.session.issue(assignment, attempt);
  if (signal.aborted) cancel();
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', cancel);
    state.session.abandon();
    state.settle = undefined;
    state.open = undefined;
  }
}

/** Digest of a file among the inputs. */
export const inputOf = (path: string, bytes: Uint8Array): { path: string; sha256: string } => ({
  path,
  sha256: sha256Hex(bytes),
});
