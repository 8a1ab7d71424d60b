import type { Static, TSchema } from 'typebox';
import type { Profile, Transcript } from '../model/assignment.ts';
import type { LibraryName } from '../model/environment.ts';
import type { Examination } from '../model/measurement.ts';
import type { Text } from '../model/text.ts';

/** One metric that a benchmark yields. */
export interface MetricDescriptor {
  readonly id: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly title: Text;
}

/**
 * What is known of a benchmark without running it. Pure data: the controller plans from it and never loads the rest.
 */
export interface Descriptor<S extends TSchema = TSchema> {
  readonly id: string;
  readonly version: string;
  readonly title: Text;
  readonly metrics: readonly MetricDescriptor[];
  /** Every knob, described; defaults come from `profiles`. */
  readonly settings: S;
  readonly profiles: Readonly<Record<Profile, Static<S>>>;
  /**
   * `node`: every node runs it. `platform`: one node runs it against the platform's service. `edge`: edge nodes only.
   */
  readonly scope: 'node' | 'platform' | 'edge';
  /** The built-in inference service must be up, unless the settings name an endpoint. */
  readonly service: boolean;
  /** Seconds it is expected to take and the most it writes to the storage under test. */
  cost(settings: Static<S>): { seconds: number; writesBytes: number };
}

/** Where the inference service under test answers and who may call it. */
export interface Service {
  /** Base URL, for example `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly model: string;
  /** Key that the user tokens derive from: token of user i is `identityToken(key, i)`. */
  readonly identityKey: string;
}

/** Where libraries lie that the node's policy names. */
export type Libraries = Readonly<Partial<Record<LibraryName, string>>>;

/** What a running benchmark may use: nothing else of the world comes to it. */
export interface Context<Settings> {
  readonly settings: Settings;
  readonly service: Service | undefined;
  /** Libraries to take in place of those that are found; none where the node has no policy. */
  readonly libraries?: Libraries;
  /** A private, empty directory outside the storage under test; removed afterwards. */
  readonly workDirectory: string;
  /** Fires on cancel and on time-out. Children must be killed and files removed before the promise settles. */
  readonly signal: AbortSignal;
  /** Monotonic nanoseconds. */
  readonly now: () => bigint;
  /** Enters a phase; its time ends when the next begins. Names are the field's: `null_run`, `warm_up`, `measure` … */
  phase(name: string): void;
  /** Live figure for the person who watches; `share` is 0 to 1 of the whole benchmark. */
  progress(share: number, figure?: { value: number; unit: string; label: string }): void;
  /**
   * Commits to bytes (at most 64 KiB) at the controller and gets 32 fresh random bytes back, as hex.
   * The first commit of an attempt opens the work: its beacon is the challenge all inputs derive from.
   * With `together` the answer comes when all nodes that carry out the same have come to this label, or stay away.
   */
  commit(label: string, bytes: Uint8Array, together?: boolean): Promise<string>;
  /** Keeps raw bytes as evidence under a name. */
  keep(name: string, mediaType: string, bytes: Uint8Array): Promise<void>;
  /** Records a software component that took part, with its version. */
  software(name: string, version: string): void;
}

/** Thrown by a benchmark that cannot run here. Becomes an attempt in state `unsupported`, never a pass. */
export class Unsupported extends Error {
  readonly reason: 'unsupported' | 'tool_missing' | 'volatile_storage';

  constructor(reason: Unsupported['reason'], detail: string) {
    super(detail);
    this.name = 'Unsupported';
    this.reason = reason;
  }
}

/**
 * Products of whole numbers by a native library, sums[i·n + j] = Σ rows[i·length + k]·matrix[j·length + k]: `count`
 * rows with the n rows of a matrix. Whoever asks keeps every sum exact in the kind of array that is given, so that no
 * order of summing shows.
 */
export type RowProducts<A extends Float32Array | Float64Array = Float32Array | Float64Array> = (
  sums: A,
  rows: A,
  matrix: A,
  count: number,
  n: number,
  length: number,
) => void;

/** What the proof may look at beside the raw samples. */
export interface Surroundings {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absent when the agent examines its own work; present at the controller and at the verifier. */
  readonly transcript: Transcript | undefined;
  /** Bytes of a kept evidence file of this attempt by its name, if it is there. */
  readonly evidence: (name: string) => Uint8Array | undefined;
  /** Makes recomputing faster where whoever examines has it; what comes out is the same without. */
  readonly products?: RowProducts;
}

/**
 * How raw samples become metrics, checks and findings. Pure and deterministic: agent, controller and verifier call
 * the same function and must get the same bytes, but for what only the transcript can show (evidence level E2).
 */
export interface Proof<R extends TSchema = TSchema> {
  /** Same id and version as the descriptor. */
  readonly id: string;
  readonly version: string;
  /** Schema of the raw samples. */
  readonly raw: R;
  examine(raw: Static<R>, surroundings: Surroundings): Examination;
}

/** The part that runs on a node. What it returns are the raw samples: JSON that fits the proof's schema. */
export interface Benchmark<S extends TSchema = TSchema, R extends TSchema = TSchema> {
  readonly descriptor: Descriptor<S>;
  readonly proof: Proof<R>;
  run(context: Context<Static<S>>): Promise<Static<R>>;
}
