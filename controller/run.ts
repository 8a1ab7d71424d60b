import { randomBytes } from 'node:crypto';
import type { RowProducts } from '../benchmarks/benchmark.ts';
import type { Signer } from '../evidence/keys.ts';
import type { Assignment, Plan } from '../model/assignment.ts';
import type { Inventory } from '../model/inventory.ts';
import type { RejectionCode } from '../model/log.ts';
import type { Measurement } from '../model/measurement.ts';
import type { Credential } from './certificates.ts';
import type { LiveProgress } from './session.ts';
import type { RunDirectory } from './store/run-directory.ts';

/** A name for a run that begins now: the moment (UTC), and what tells it from another of the same second. */
export function runId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `at-${stamp}-${randomBytes(2).toString('hex')}`;
}

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
  | {
      type: 'attempt_rejected';
      node: string;
      assignment: string;
      attempt: number;
      code: RejectionCode;
      detail: string;
    }
  | { type: 'second_pass'; assignment: string; detail: string }
  | { type: 'node_lost'; node: string; detail: string }
  | { type: 'warning'; detail: string };

/** What it takes to conduct a run. */
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
  /**
   * Has a digest stamped by an authority and records the stamp: the signed plan before anything runs, the log (its
   * root) after all of it. Never rejects for what the authority does.
   */
  readonly stamp?: (of: 'plan' | 'log', sha256: string) => Promise<void>;
  /** Called with the bound port before any node is waited for. */
  readonly listening: (port: number) => void;
  readonly event: (event: RunEvent) => void;
  /** A native library's products, where there is one: challenges are recomputed faster with it. */
  readonly products?: RowProducts;
  readonly signal: AbortSignal;
  /** Fires when the agents of this run have ended and will not come back, with what they said last as the reason. */
  readonly gone?: AbortSignal;
}
