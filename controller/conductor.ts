import { setTimeout as pause } from 'node:timers/promises';
import { CanonicalError, canonicalBytes } from '../evidence/canonical.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { seal } from '../evidence/envelope.ts';
import { PAYLOAD_TYPE, statement } from '../evidence/statement.ts';
import type { Plan } from '../model/assignment.ts';
import type { BootReading } from '../model/clock.ts';
import { AssayError } from '../model/errors.ts';
import { admit } from '../reports/verify/admission.ts';
import { digestsOf } from '../reports/verify/evidence.ts';
import { PATHS } from '../reports/verify/layout.ts';
import { MAX_LINE_BYTES } from '../reports/verify/lines.ts';
import { proofFinder } from '../reports/verify/proofs.ts';
import type { Known } from '../reports/verify/replay.ts';
import { type BootClock, startBootClock } from './boot-clock.ts';
import { Gathering } from './gathering.ts';
import { Lacking } from './lacking.ts';
import type { ConductOptions } from './run.ts';
import { serveFleet } from './server.ts';
import { type Delivery, NodeSession, type Receipt } from './session.ts';
import { suspects } from './suspects.ts';
import { type NodeState, Worker } from './work.ts';

/** How long a node may be away in the middle of an attempt before it counts as lost. */
const ABSENCE_MS = 30_000;
/** How long a node in the middle of an attempt waits for the others, who may take longer to get ready. */
const TOGETHER_MS = 120_000;
/** What an agent sent before it ended may still be on its way. */
const LAST_WORDS_MS = 1000;

/**
 * Carries a plan out on the nodes that dial in, and records all of it. Resolves when the run is over, cancelled or not;
 * the directory's log then holds everything that a verdict needs. Gives what it made of the measurements it accepted,
 * by the leaf hash of their entry, so that they need not be examined again to hand the run over. Rejects if the nodes
 * do not come (`connection_failed`), if the address cannot be used, or if the directory cannot be written.
 */
export async function conduct(options: ConductOptions): Promise<ReadonlyMap<string, Known>> {
  const { directory, signal, event } = options;
  const findProof = proofFinder(options.products);
  const nodes = new Map<string, NodeState>();
  const known = new Map<string, Known>();
  const gathering = new Gathering();
  const bootClock = startBootClock();
  const lacking = new Lacking();
  const allHere = Promise.withResolvers<void>();
  // The first error that leaves the record incomplete ends the run: a result that was not recorded is worth nothing.
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  let plan: Plan | undefined;
  let workers: readonly Worker[] = [];

  const take = (node: string, delivery: Delivery): Receipt => {
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
        state.chain = admission.chain;
        const bytes = canonicalBytes(delivery);
        if (bytes.byteLength > MAX_LINE_BYTES) throw new RangeError(`it is of ${bytes.byteLength} bytes`);
        const sha256 = directory.putBlob(bytes);
        const { id } = open.assignment;
        const { index: logIndex } = directory.append({
          kind: 'rejection',
          node,
          assignment: id,
          code: admission.code,
          ...(admission.missing ? { missing: [...admission.missing] } : {}),
          detail: admission.problem,
          sha256,
        });
        lacking.named(admission.named, admission.missing);
        settle({ kind: 'rejected', code: admission.code, detail: admission.problem });
        return { accepted: false, logIndex, problem: admission.problem };
      }
      const { envelope, transcript } = delivery;
      const { index: logIndex, at, leaf } = directory.append({ kind: 'measurement', node, envelope, transcript });
      state.chain = { sequence: admission.measurement.sequence, previous: admission.sha256 };
      known.set(leaf, { at, admitted: admission });
      lacking.named(digestsOf(admission.measurement));
      const { state: ended, failure } = admission.measurement;
      settle({ kind: 'accepted', state: ended, detail: failure?.detail ?? '' });
      return { accepted: true, logIndex, problem: '' };
    } catch (error) {
      // What a node sends may be such that no log can hold it: that ends its part in the run, and no other's.
      if (error instanceof CanonicalError || error instanceof RangeError) {
        const detail = `its result cannot be recorded: ${error.message}`;
        settle({ kind: 'lost', detail });
        return { accepted: false, logIndex: 0, problem: detail };
      }
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
        const session = new NodeSession(node, publicKey, options.run, bootClock, {
          inventory: (_, value, bytes) => {
            const own = nodes.get(node)!;
            if (own.inventory) return;
            own.inventory = { value, bytes };
            event({ type: 'node_joined', node, inventory: value });
            if (options.nodes.every((n) => nodes.get(n)?.inventory)) allHere.resolve();
          },
          progress: (progress) => event({ type: 'progress', ...progress }),
          together: (_, { benchmark }, attempt, label) =>
            gathering.meet(node, { benchmark, attempt, label }, TOGETHER_MS),
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
    const planned = await seal(PAYLOAD_TYPE, payload, [options.signer]);
    directory.append({ kind: 'plan', envelope: planned, ...(await clockNow(bootClock)) });
    await options.stamp?.('plan', sha256Hex(payload));
    event({ type: 'planned', plan });
    const counter = { step: 0, steps: plan.assignments.reduce((total, a) => total + a.repeats, 0) };
    workers = plan.nodes.flatMap((node) => {
      const state = nodes.get(node);
      return state ? [new Worker(node, state, counter, gathering, options)] : [];
    });
    const { assignments } = plan;
    for (const worker of workers) worker.announce(assignments);
    const works = workers.map((worker) => worker.carryOut(assignments));
    await Promise.race([Promise.all(works), broken.promise]);
    const again = suspects(
      plan,
      [...known.values()].map(({ admitted }) => admitted),
    );
    const second = assignments.filter(({ id }) => again.some((s) => s.assignment === id));
    for (const { assignment, why } of again) event({ type: 'second_pass', assignment, detail: why });
    for (const worker of workers) worker.announce(second);
    await Promise.race([Promise.all(workers.map((worker) => worker.lookAgain(second))), broken.promise]);
    lacking.drop(directory);
    if (!signal.aborted) await options.stamp?.('log', directory.root);
    directory.append({ kind: 'end', cancelled: signal.aborted, ...(await clockNow(bootClock)) });
    return known;
  } finally {
    for (const worker of workers) worker.stop();
    gathering.close();
    bootClock.close();
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

/** The controller's clock beside the kernel's; nothing where that is not available, which holds the run back. */
async function clockNow(bootClock: BootClock): Promise<{ clock?: BootReading }> {
  const reading = await bootClock.read();
  if (!reading) return {};
  const { askedNs, answeredNs, bootS } = reading;
  return { clock: { askedNs: String(askedNs), answeredNs: String(answeredNs), bootS } };
}

/** Digest of a file among the inputs. */
export const inputOf = (path: string, bytes: Uint8Array): { path: string; sha256: string } => ({
  path,
  sha256: sha256Hex(bytes),
});
