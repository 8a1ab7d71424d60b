import { Type } from 'typebox';
import { CanonicalError, canonicalBytes, parseStrict } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { openStatement } from '../../evidence/statement.ts';
import { Plan } from '../../model/assignment.ts';
import { Claims, Guide, Waiver } from '../../model/guide.ts';
import { Inventory } from '../../model/inventory.ts';
import { LogEntry } from '../../model/log.ts';
import { check } from '../../model/schema.ts';
import type { RegisterCounts } from '../judge/case.ts';
import { readRegisters } from '../registers/reading.ts';
import { type Admitted, admit } from './admission.ts';
import { type Bundle, blobPath, PATHS } from './layout.ts';
import { findProof } from './proofs.ts';

/** A run as its log tells it, every measurement examined anew. */
export interface Replay {
  readonly guide: Guide;
  readonly guideSha256: string;
  readonly claims: Claims | undefined;
  readonly waivers: readonly Waiver[];
  readonly registers: RegisterCounts | undefined;
  readonly plan: Plan;
  readonly inventories: readonly Inventory[];
  readonly issued: Readonly<Record<string, number>>;
  readonly admitted: readonly Admitted[];
  readonly rejected: readonly { node: string; assignment: string; detail: string; sha256: string }[];
  readonly lost: readonly { node: string; assignment: string; attempt: number; detail: string }[];
  readonly cancelled: boolean;
  readonly period: { readonly from: string; readonly to: string };
  /** Canonical bytes of every log entry: the leaves of the Merkle tree. */
  readonly leaves: readonly Uint8Array[];
}

/** What is wrong with the bundle, and where: never a verdict on the platform. */
export interface Defect {
  readonly path: string;
  readonly problem: string;
  /** What it concerns, where that is a measurement: its record, or the numbers in it. */
  readonly kind?: 'measurement' | 'summary';
}

export type Replayed = { ok: true; replay: Replay } | { ok: false; defects: Defect[] };

/**
 * Reads a run from its files alone: log, blobs, guide and the other inputs. Every signature, digest, chain and number
 * is checked on the way; a log that says one thing and evidence that says another is a defect. Never throws on hostile
 * files.
 */
export function replay(bundle: Bundle): Replayed {
  const story = new Story(bundle);
  const bytes = bundle.read(PATHS.log);
  if (!bytes) return { ok: false, defects: [{ path: PATHS.log, problem: 'is missing' }] };
  const text = Buffer.from(bytes).toString('utf8');
  if (!text.endsWith('\n')) story.defect(PATHS.log, 'the last line is cut off');
  text
    .split('\n')
    .slice(0, -1)
    .forEach((line, index) => {
      story.read(line, index);
    });
  return story.end();
}

/** The log's reader: what is known so far. */
class Story {
  readonly #bundle: Bundle;
  readonly #defects: Defect[] = [];
  readonly #leaves: Uint8Array[] = [];
  readonly #nodes = new Map<string, { publicKey: string; chain: { sequence: number; previous: string } }>();
  readonly #inventories: Inventory[] = [];
  readonly #issued: Record<string, number> = {};
  readonly #closed = new Set<string>();
  readonly #admitted: Admitted[] = [];
  readonly #rejected: Replay['rejected'][number][] = [];
  readonly #lost: Replay['lost'][number][] = [];
  readonly #controllerKey: string;
  #inputs: Inputs | undefined;
  #plan: Plan | undefined;
  #concerns: Defect['kind'];
  #first = '';
  #last = '';
  #ended: { cancelled: boolean } | undefined;

  constructor(bundle: Bundle) {
    this.#bundle = bundle;
    const key = bundle.read(PATHS.controllerKey);
    this.#controllerKey = key ? Buffer.from(key).toString('utf8') : '';
  }

  defect(path: string, problem: string, kind?: Defect['kind']): void {
    if (this.#defects.length < 100) this.#defects.push({ path, problem, ...(kind ? { kind } : {}) });
  }

  read(line: string, index: number): void {
    const problem = this.#readEntry(line);
    if (problem) this.defect(`${PATHS.log}:${index + 1}`, problem, this.#concerns);
    this.#concerns = undefined;
  }

  #readEntry(line: string): string | undefined {
    let value: unknown;
    try {
      value = parseStrict(line);
    } catch (error) {
      if (!(error instanceof CanonicalError)) throw error;
      return `not strict JSON: ${error.message}`;
    }
    const entry = check(LogEntry, value);
    if (!entry.ok) return `no entry of the log: ${entry.problems.join('; ')}`;
    const leaf = canonicalBytes(entry.value);
    if (!Buffer.from(leaf).equals(Buffer.from(line, 'utf8'))) return 'not canonical';
    this.#leaves.push(leaf);
    this.#first ||= entry.value.at;
    if (entry.value.at < this.#last) return 'is earlier than the entry before it';
    this.#last = entry.value.at;
    if (this.#ended) return 'comes after the end of the run';
    return this.#take(entry.value);
  }

  #take(entry: LogEntry): string | undefined {
    switch (entry.kind) {
      case 'inputs':
        return this.#takeInputs(entry);
      case 'node':
        return this.#takeNode(entry);
      case 'plan':
        return this.#takePlan(entry);
      case 'issue':
        return this.#takeIssue(entry);
      case 'measurement':
        return this.#takeMeasurement(entry);
      case 'rejection': {
        if (!this.#blob(entry.sha256)) return `the rejected bytes ${entry.sha256} are missing`;
        const { node, assignment, detail, sha256 } = entry;
        this.#rejected.push({ node, assignment, detail, sha256 });
        return undefined;
      }
      case 'lost': {
        const { node, assignment, attempt, detail } = entry;
        this.#closed.add(`${assignment}/${attempt}`);
        this.#lost.push({ node, assignment, attempt, detail });
        return undefined;
      }
      case 'end':
        this.#ended = { cancelled: entry.cancelled };
        return undefined;
    }
  }

  #takeInputs(entry: Extract<LogEntry, { kind: 'inputs' }>): string | undefined {
    if (this.#inputs) return 'a second set of inputs';
    const inputs = readInputs(this.#bundle, entry.files);
    if (typeof inputs === 'string') return inputs;
    this.#inputs = inputs;
    return undefined;
  }

  #takeNode(entry: Extract<LogEntry, { kind: 'node' }>): string | undefined {
    if (this.#nodes.has(entry.node)) return `node ${entry.node} was admitted twice`;
    try {
      keyIdOf(entry.publicKey);
    } catch {
      return `the key of ${entry.node} is not an ECDSA P-256 key`;
    }
    const bytes = this.#blob(entry.inventory);
    if (!bytes) return `the inventory of ${entry.node} is missing`;
    const inventory = parsed(bytes, Inventory);
    if (typeof inventory === 'string') return `the inventory of ${entry.node}: ${inventory}`;
    if (inventory.node !== entry.node) return `the inventory of ${entry.node} is that of ${inventory.node}`;
    this.#nodes.set(entry.node, { publicKey: entry.publicKey, chain: { sequence: 0, previous: '' } });
    this.#inventories.push(inventory);
    return undefined;
  }

  #takePlan(entry: Extract<LogEntry, { kind: 'plan' }>): string | undefined {
    if (this.#plan) return 'a second plan';
    if (!this.#inputs) return 'a plan before its inputs';
    let keys: Map<string, string>;
    try {
      keys = new Map([[keyIdOf(this.#controllerKey), this.#controllerKey]]);
    } catch {
      return `${PATHS.controllerKey} is missing or not an ECDSA P-256 key`;
    }
    const opened = openStatement(entry.envelope, keys, 'plan');
    if (!opened.ok) return `the plan: ${opened.problem}`;
    const plan = check(Plan, opened.statement.predicate);
    if (!plan.ok) return `the plan: ${plan.problems.join('; ')}`;
    if (plan.value.guide.sha256 !== this.#inputs.guideSha256) return 'the plan was made for another guide';
    if (new Set(plan.value.assignments.map((a) => a.id)).size < plan.value.assignments.length) {
      return 'two assignments of the plan have one id';
    }
    this.#plan = plan.value;
    return undefined;
  }

  #takeIssue(entry: Extract<LogEntry, { kind: 'issue' }>): string | undefined {
    const assignment = this.#plan?.assignments.find((a) => a.id === entry.assignment);
    if (!assignment || assignment.node !== entry.node) return `${entry.assignment} on ${entry.node} is not in the plan`;
    const issued = this.#issued[entry.assignment] ?? 0;
    if (entry.attempt !== issued + 1) return `attempt ${entry.attempt} of ${entry.assignment} after ${issued}`;
    this.#issued[entry.assignment] = entry.attempt;
    return undefined;
  }

  #takeMeasurement(entry: Extract<LogEntry, { kind: 'measurement' }>): string | undefined {
    const node = this.#nodes.get(entry.node);
    const { transcript } = entry;
    const assignment = this.#plan?.assignments.find((a) => a.id === transcript.assignment);
    if (!this.#plan || !node || !assignment)
      return `a measurement of ${transcript.assignment} that was never asked for`;
    if (transcript.run !== this.#plan.run || transcript.node !== entry.node || assignment.node !== entry.node) {
      return 'the transcript is of another run or node';
    }
    if (transcript.attempt > (this.#issued[assignment.id] ?? 0))
      return `attempt ${transcript.attempt} was never issued`;
    const key = `${assignment.id}/${transcript.attempt}`;
    if (this.#closed.has(key)) return `attempt ${transcript.attempt} of ${assignment.id} has ended before`;
    const admission = admit(entry.envelope, {
      run: this.#plan.run,
      assignment,
      attempt: transcript.attempt,
      publicKey: node.publicKey,
      chain: node.chain,
      transcript,
      blob: (sha256) => this.#blob(sha256),
      proof: findProof,
    });
    if (!admission.ok) {
      this.#concerns = admission.concerns;
      return `the measurement of ${assignment.id}: ${admission.problem}`;
    }
    this.#closed.add(key);
    node.chain = { sequence: admission.measurement.sequence, previous: admission.sha256 };
    this.#admitted.push(admission);
    return undefined;
  }

  #blob(sha256: string): Uint8Array | undefined {
    const bytes = this.#bundle.read(blobPath(sha256));
    return bytes && sha256Hex(bytes) === sha256 ? bytes : undefined;
  }

  end(): Replayed {
    if (!this.#inputs) this.defect(PATHS.log, 'has no inputs');
    if (!this.#plan) this.defect(PATHS.log, 'has no plan');
    if (!this.#ended) this.defect(PATHS.log, 'does not say that the run ended');
    if (this.#defects.length > 0 || !this.#inputs || !this.#plan || !this.#ended) {
      return { ok: false, defects: this.#defects };
    }
    return {
      ok: true,
      replay: {
        ...this.#inputs,
        plan: this.#plan,
        inventories: this.#inventories,
        issued: this.#issued,
        admitted: this.#admitted,
        rejected: this.#rejected,
        lost: this.#lost,
        cancelled: this.#ended.cancelled,
        period: { from: this.#first, to: this.#last },
        leaves: this.#leaves,
      },
    };
  }
}

type Inputs = Pick<Replay, 'guide' | 'guideSha256' | 'claims' | 'waivers' | 'registers'>;

function readInputs(bundle: Bundle, files: readonly { path: string; sha256: string }[]): Inputs | string {
  const bytesOf = new Map<string, Uint8Array>();
  for (const { path, sha256 } of files) {
    const bytes = bundle.read(path);
    if (!bytes || sha256Hex(bytes) !== sha256) return `${path} is missing or not the one the run was made with`;
    bytesOf.set(path, bytes);
  }
  const guideBytes = bytesOf.get(PATHS.guide);
  if (!guideBytes) return `${PATHS.guide} is not among the inputs`;
  const guide = parsed(guideBytes, Guide);
  if (typeof guide === 'string') return `${PATHS.guide}: ${guide}`;
  const claims = optional(bytesOf.get(PATHS.claims), Claims);
  if (typeof claims === 'string') return `${PATHS.claims}: ${claims}`;
  const waivers = optional(bytesOf.get(PATHS.waivers), Type.Array(Waiver));
  if (typeof waivers === 'string') return `${PATHS.waivers}: ${waivers}`;
  const registers = [...bytesOf]
    .filter(([path]) => path.startsWith(PATHS.registers))
    .map(([path, bytes]) => ({ name: path.slice(PATHS.registers.length), bytes }));
  return {
    guide,
    guideSha256: sha256Hex(guideBytes),
    claims,
    waivers: waivers ?? [],
    registers: registers.length === 0 ? undefined : readRegisters(registers, guide.facts ?? {}),
  };
}

function optional<S extends Parameters<typeof check>[0]>(bytes: Uint8Array | undefined, schema: S) {
  return bytes === undefined ? undefined : parsed(bytes, schema);
}

function parsed<S extends Parameters<typeof check>[0]>(bytes: Uint8Array, schema: S) {
  try {
    const result = check(schema, parseStrict(bytes));
    return result.ok ? result.value : result.problems.join('; ');
  } catch (error) {
    if (error instanceof CanonicalError) return error.message;
    throw error;
  }
}
