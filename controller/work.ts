import type { Assignment } from '../model/assignment.ts';
import type { Inventory } from '../model/inventory.ts';
import type { RejectionCode } from '../model/log.ts';
import type { Measurement } from '../model/measurement.ts';
import type { Chain } from '../reports/verify/admission.ts';
import type { Gathering } from './gathering.ts';
import type { ConductOptions } from './run.ts';
import type { NodeSession } from './session.ts';

/** The controller waits this much longer than the agent's own limit before it gives an attempt up. */
const OVERTIME_S = 30;
/** A cancelled agent stops its benchmark, cleans up and answers within this time. */
const CANCEL_MS = 15_000;

/** How an attempt came to its end, as the record has it. */
export type Ending =
  | { kind: 'accepted'; state: Measurement['state']; detail: string }
  | { kind: 'rejected'; code: RejectionCode; detail: string }
  | { kind: 'lost'; detail: string };

const BROKEN_OFF: Ending = { kind: 'lost', detail: 'the run broke off' };
const MAX_DETAIL = 4000;

/** What the controller knows of a node while its run goes on. */
export interface NodeState {
  readonly session: NodeSession;
  inventory: { value: Inventory; bytes: Uint8Array } | undefined;
  chain: Chain;
  settle: ((ending: Ending) => void) | undefined;
  open: { assignment: Assignment; attempt: number } | undefined;
  absence: NodeJS.Timeout | undefined;
}

/** Carries out one node's assignments, one after the other, and records every attempt with its end. */
export class Worker {
  readonly #node: string;
  readonly #state: NodeState;
  readonly #counter: { step: number; steps: number };
  readonly #options: ConductOptions;
  readonly #gathering: Gathering;
  readonly #issued = new Map<string, number>();
  /** A node that was lost is asked for nothing more. */
  #lost = false;
  #stopped = false;

  constructor(
    node: string,
    state: NodeState,
    counter: { step: number; steps: number },
    gathering: Gathering,
    options: ConductOptions,
  ) {
    this.#node = node;
    this.#state = state;
    this.#counter = counter;
    this.#gathering = gathering;
    this.#options = options;
  }

  /** Says that this node will carry out these assignments, before any node begins. */
  announce(assignments: readonly Assignment[]): void {
    for (const { id, benchmark } of this.#own(assignments)) {
      this.#gathering.expect(this.#node, benchmark, this.#issued.get(id) ?? 0);
    }
  }

  /** Every assignment of this node as often as the plan says; an attempt that gave nothing gets one second pass. */
  carryOut(assignments: readonly Assignment[]): Promise<void> {
    return this.#inStep(assignments, async (assignment) => {
      let repeats = 0;
      let spare = 1;
      while (repeats < assignment.repeats && this.#goesOn) {
        const ending = await this.#attempt(assignment);
        if (ending.kind === 'accepted') {
          if (ending.state === 'completed') repeats++;
          if (ending.state === 'unsupported' || ending.state === 'cancelled') break;
          if (ending.state === 'completed') continue;
        }
        // A suspect gets one second pass; both attempts stay in the record.
        if (spare-- <= 0) break;
      }
    });
  }

  /** Each of these assignments once more. */
  lookAgain(assignments: readonly Assignment[]): Promise<void> {
    return this.#inStep(assignments, async (assignment) => {
      if (this.#goesOn) await this.#attempt(assignment);
    });
  }

  /** The run has broken off: what is under way is given up, and nothing more goes into the record. */
  stop(): void {
    this.#stopped = true;
    this.#state.settle?.(BROKEN_OFF);
  }

  /**
   * One after the other, with the nodes that have the same to do: what counts as a sum must have been there at once.
   */
  async #inStep(assignments: readonly Assignment[], work: (assignment: Assignment) => Promise<void>): Promise<void> {
    const own = this.#own(assignments);
    try {
      for (const assignment of own) {
        await work(assignment);
        this.#gathering.leave(this.#node, assignment.benchmark);
      }
    } finally {
      for (const { benchmark } of own) this.#gathering.leave(this.#node, benchmark);
    }
  }

  /** Waits until the others that have the same to do are as far, or the run is cancelled. */
  async #others(benchmark: string, attempt: number): Promise<void> {
    const { signal } = this.#options;
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const cancel = (): void => resolve();
    if (signal.aborted) return;
    signal.addEventListener('abort', cancel, { once: true });
    await Promise.race([this.#gathering.meet(this.#node, { benchmark, attempt, label: '' }), cancelled]);
    signal.removeEventListener('abort', cancel);
  }

  get #goesOn(): boolean {
    return !this.#lost && !this.#stopped && !this.#options.signal.aborted;
  }

  #own(assignments: readonly Assignment[]): Assignment[] {
    return assignments.filter((a) => a.node === this.#node);
  }

  async #attempt(assignment: Assignment): Promise<Ending> {
    const { directory, event, signal } = this.#options;
    const node = this.#node;
    const attempt = (this.#issued.get(assignment.id) ?? 0) + 1;
    const { benchmark } = assignment;
    await this.#others(benchmark, attempt);
    if (this.#stopped) return BROKEN_OFF;
    if (!this.#state.session.connected) {
      this.#lost = true;
      event({ type: 'node_lost', node, detail: 'not connected' });
      return { kind: 'lost', detail: 'not connected' };
    }
    this.#issued.set(assignment.id, attempt);
    if (attempt <= assignment.repeats) this.#counter.step++;
    const { step, steps } = this.#counter;
    event({ type: 'attempt_started', node, assignment, attempt, step, steps });
    directory.append({ kind: 'issue', node, assignment: assignment.id, attempt });
    const ending = await oneAttempt(this.#state, assignment, attempt, signal);
    this.#gathering.ended(node, benchmark, attempt);
    if (this.#stopped) return ending;
    // Some of it may be what the other end said.
    const detail = ending.detail.slice(0, MAX_DETAIL).toWellFormed();
    if (ending.kind === 'lost') {
      this.#lost = true;
      directory.append({ kind: 'lost', node, assignment: assignment.id, attempt, detail });
      event({ type: 'node_lost', node, detail });
    } else if (ending.kind === 'rejected') {
      const { code } = ending;
      event({ type: 'attempt_rejected', node, assignment: assignment.id, attempt, code, detail });
    } else {
      event({ type: 'attempt_ended', node, assignment: assignment.id, attempt, state: ending.state, detail });
    }
    return ending;
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
