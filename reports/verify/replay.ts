import { CanonicalError, canonicalBytes, parseStrict } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { leafHash, MerkleTree } from '../../evidence/merkle.ts';
import type { Assignment, Plan } from '../../model/assignment.ts';
import type { Inventory } from '../../model/inventory.ts';
import { LogEntry } from '../../model/log.ts';
import { check } from '../../model/schema.ts';
import { type Admission, type Admitted, admit, type Chain } from './admission.ts';
import type { RunClock } from './clock.ts';
import { type Defect, type Flaw, flaw } from './defect.ts';
import { Delivery } from './delivery.ts';
import { digestsOf } from './evidence.ts';
import { readCanonical } from './files.ts';
import { type RunInputs, readInputs } from './inputs.ts';
import { type Bundle, blobPath, isInput, PATHS } from './layout.ts';
import { linesOf } from './lines.ts';
import { inventoryOf } from './node-inventory.ts';
import { openPlan } from './plan-entry.ts';
import { findProof } from './proofs.ts';
import { LateEvidence, type Rejected, type RejectionEntry, rejectionFlaw } from './rejection.ts';
import { RunClockReader } from './run-clock.ts';

/** A run as its log tells it, every measurement examined anew. */
export interface Replay extends RunInputs {
  readonly plan: Plan;
  /** Key id of the controller's key, which the plan is signed with. */
  readonly controllerKeyId: string;
  readonly inventories: readonly Inventory[];
  readonly issued: Readonly<Record<string, number>>;
  readonly admitted: readonly Admitted[];
  readonly rejected: readonly Rejected[];
  readonly lost: readonly { node: string; assignment: string; attempt: number; detail: string }[];
  /** Attempts that were sent out and have no end in the log, as `assignment/attempt`. */
  readonly open: readonly string[];
  readonly cancelled: boolean;
  readonly period: { readonly from: string; readonly to: string };
  /** What the log has of the controller's clock over the whole run. */
  readonly clock: RunClock;
  /** Merkle tree over the canonical bytes of every log entry. */
  readonly tree: MerkleTree;
  /** Index in the log of every measurement, admitted or shown by a rejection, by the sha256 of its signed payload. */
  readonly indexOf: ReadonlyMap<string, number>;
}

/** `broken`: the log was not read to its end. */
export type Replayed = { ok: true; replay: Replay } | { ok: false; defects: Defect[]; broken: boolean };

/** What was made of an entry of the log, and the moment it bears. */
export interface Known {
  readonly at: string;
  readonly admitted: Admitted;
}

/**
 * Reads a run from its files alone: log, blobs, guide and the other inputs. Every signature, digest, chain and number
 * is checked on the way; a log that says one thing and evidence that says another is a defect. The first line that is
 * damaged ends it: nothing after it is read. Only samples that no proof here examines do not. Never throws on hostile
 * files.
 *
 * `known` are measurements, by the leaf hash of their entry, that the caller itself admitted and wrote into this log,
 * and so need no second reading: for a controller at the end of its own run, and for nobody else.
 */
export function replay(bundle: Bundle, known: ReadonlyMap<string, Known> = new Map()): Replayed {
  if (!bundle.paths.includes(PATHS.log))
    return { ok: false, defects: [{ path: PATHS.log, code: 'missing', problem: 'is missing' }], broken: true };
  const story = new Story(bundle, known);
  let number = 0;
  for (const line of linesOf(bundle, PATHS.log)) {
    if (++number > MOST_ENTRIES) story.defect(PATHS.log, flaw('too_much', `has more than ${MOST_ENTRIES} entries`));
    else if ('problem' in line) story.defect(`${PATHS.log}:${number}`, flaw('line_damaged', line.problem));
    else story.read(line.bytes, number);
    if (story.broken) break;
  }
  return story.end();
}

/** More than the attempts of any fleet take. */
const MOST_ENTRIES = 1_000_000;
/** Attempts of one assignment beyond those that the plan asks for: second passes, and those a restart has cost. */
const MOST_SPARE = 100;
/** Defects that do not end the reading are listed up to this number. */
const MOST_DEFECTS = 100;

interface Node {
  readonly publicKey: string;
  chain: Chain;
}

/** The log's reader: what is known so far. */
class Story {
  readonly #bundle: Bundle;
  readonly #known: ReadonlyMap<string, Known>;
  readonly #defects: Defect[] = [];
  readonly #tree = new MerkleTree();
  readonly #indexOf = new Map<string, number>();
  readonly #nodes = new Map<string, Node>();
  readonly #keyIds = new Set<string>();
  readonly #inventories: Inventory[] = [];
  readonly #assignments = new Map<string, Assignment>();
  readonly #issued: Record<string, number> = Object.create(null);
  readonly #open = new Set<string>();
  readonly #admitted: Admitted[] = [];
  readonly #rejected: Rejected[] = [];
  readonly #late = new LateEvidence();
  readonly #lost: Replay['lost'][number][] = [];
  readonly #clock = new RunClockReader();
  /** Whether something was found after which nothing can be believed. */
  broken = false;
  #inputs: RunInputs | undefined;
  #plan: Plan | undefined;
  #controllerKeyId = '';
  #concerns: Defect['kind'];
  #first = '';
  #last = '';
  #ended: { cancelled: boolean } | undefined;

  constructor(bundle: Bundle, known: ReadonlyMap<string, Known>) {
    this.#bundle = bundle;
    this.#known = known;
  }

  defect(path: string, { code, problem }: Flaw, kind?: Defect['kind']): void {
    if (kind !== 'proof') this.broken = true;
    else if (this.#defects.length >= MOST_DEFECTS) return;
    this.#defects.push({ path, code, problem, ...(kind ? { kind } : {}) });
  }

  read(line: Uint8Array, number: number): void {
    const wrong = this.#readEntry(line);
    if (wrong) this.defect(`${PATHS.log}:${number}`, wrong, this.#concerns);
    this.#concerns = undefined;
  }

  #readEntry(line: Uint8Array): Flaw | undefined {
    const leaf = leafHash(line);
    const known = this.#known.get(leaf);
    if (known) return this.#append(leaf, known.at) ?? this.#takeKnown(known.admitted);
    let value: unknown;
    try {
      value = parseStrict(line);
    } catch (error) {
      if (!(error instanceof CanonicalError)) throw error;
      return flaw('entry_malformed', `not strict JSON: ${error.message}`);
    }
    const entry = check(LogEntry, value);
    if (!entry.ok) return flaw('entry_malformed', `no entry of the log: ${entry.problems.join('; ')}`);
    if (Buffer.compare(canonicalBytes(entry.value), line) !== 0) return flaw('entry_malformed', 'not canonical');
    return this.#append(leaf, entry.value.at) ?? this.#take(entry.value);
  }

  #append(leaf: string, at: string): Flaw | undefined {
    this.#tree.appendHash(leaf);
    this.#first ||= at;
    if (at < this.#last) return flaw('entry_order', 'is earlier than the entry before it');
    this.#last = at;
    return this.#ended && flaw('entry_order', 'comes after the end of the run');
  }

  #take(entry: LogEntry): Flaw | undefined {
    if (entry.kind !== 'end' && this.#clock.closed)
      return flaw('entry_order', 'comes after the stamp of the whole log');
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
      case 'rejection':
        return this.#takeRejection(entry);
      case 'lost': {
        const { node, assignment, attempt, detail } = entry;
        this.#lost.push({ node, assignment, attempt, detail });
        return this.#close(node, assignment, attempt);
      }
      case 'stamp':
        return this.#clock.stamped(entry, Object.keys(this.#issued).length > 0, this.#tree.rootAt(this.#tree.size - 1));
      case 'end':
        this.#ended = { cancelled: entry.cancelled };
        this.#clock.ended(entry);
        return undefined;
    }
  }

  #takeInputs(entry: Extract<LogEntry, { kind: 'inputs' }>): Flaw | undefined {
    if (this.#inputs) return flaw('entry_order', 'a second set of inputs');
    const inputs = readInputs(this.#bundle, entry.files);
    if (typeof inputs === 'string') return flaw('inputs_invalid', inputs);
    this.#inputs = inputs;
    for (const path of this.#bundle.paths) {
      if (isInput(path) && !inputs.inputPaths.has(path)) {
        this.defect(path, flaw('input_stray', 'is not among the inputs of the run'));
        break;
      }
    }
    return undefined;
  }

  #takeNode(entry: Extract<LogEntry, { kind: 'node' }>): Flaw | undefined {
    if (this.#plan) return flaw('entry_order', `node ${entry.node} was admitted after the plan`);
    if (this.#nodes.has(entry.node)) return flaw('entry_order', `node ${entry.node} was admitted twice`);
    let keyId: string;
    try {
      keyId = keyIdOf(entry.publicKey);
    } catch {
      return flaw('key_invalid', `the key of ${entry.node} is not an ECDSA P-256 key`);
    }
    // One key could answer for two nodes and so count twice.
    if (this.#keyIds.has(keyId)) return flaw('key_shared', `the key of ${entry.node} is also that of another node`);
    const inventory = inventoryOf(entry.node, this.#blob(entry.inventory));
    if ('problem' in inventory) return inventory;
    this.#keyIds.add(keyId);
    this.#nodes.set(entry.node, { publicKey: entry.publicKey, chain: { sequence: 0, previous: '' } });
    this.#inventories.push(inventory);
    return undefined;
  }

  #takePlan(entry: Extract<LogEntry, { kind: 'plan' }>): Flaw | undefined {
    if (this.#plan) return flaw('entry_order', 'a second plan');
    if (!this.#inputs) return flaw('entry_order', 'a plan before its inputs');
    const controllerKey = Buffer.from(this.#bundle.read(PATHS.controllerKey) ?? []).toString('utf8');
    const opened = openPlan(entry.envelope, controllerKey, this.#inputs.guideSha256);
    if ('problem' in opened) return opened;
    for (const assignment of opened.plan.assignments) this.#assignments.set(assignment.id, assignment);
    this.#plan = opened.plan;
    this.#clock.planned(entry, opened.sha256);
    this.#controllerKeyId = opened.keyId;
    return undefined;
  }

  #takeIssue(entry: Extract<LogEntry, { kind: 'issue' }>): Flaw | undefined {
    const { assignment, node, attempt } = entry;
    if (this.#assignments.get(assignment)?.node !== node)
      return flaw('attempt_unplanned', `${assignment} on ${node} is not in the plan`);
    const issued = this.#issued[assignment] ?? 0;
    if (attempt !== issued + 1) return flaw('attempt_unplanned', `attempt ${attempt} of ${assignment} after ${issued}`);
    if (this.#open.has(`${assignment}/${issued}`))
      return flaw('attempt_unplanned', `attempt ${attempt} of ${assignment} before attempt ${issued} has ended`);
    if (attempt > this.#assignments.get(assignment)!.repeats + MOST_SPARE)
      return flaw('too_much', `attempt ${attempt} of ${assignment} is more than any run makes`);
    this.#issued[assignment] = attempt;
    this.#open.add(`${assignment}/${attempt}`);
    return undefined;
  }

  /** Ends an attempt. Every attempt that was sent out has one end. */
  #close(node: string, assignment: string, attempt: number): Flaw | undefined {
    if (this.#assignments.get(assignment)?.node !== node)
      return flaw('attempt_unplanned', `${assignment} was never asked of ${node}`);
    if (this.#open.delete(`${assignment}/${attempt}`)) return undefined;
    return attempt > (this.#issued[assignment] ?? 0)
      ? flaw('attempt_unplanned', `attempt ${attempt} of ${assignment} was never issued`)
      : flaw('attempt_ended_twice', `attempt ${attempt} of ${assignment} has ended before`);
  }

  #takeMeasurement(entry: Extract<LogEntry, { kind: 'measurement' }>): Flaw | undefined {
    const { node, transcript } = entry;
    const closing = this.#close(node, transcript.assignment, transcript.attempt);
    if (closing) return closing;
    const admission = this.#admit(node, entry);
    if (!admission.ok) {
      this.#link(node, admission);
      this.#late.brought(admission.named);
      this.#concerns = admission.concerns;
      return flaw(admission.code, `the measurement of ${transcript.assignment}: ${admission.problem}`);
    }
    return this.#keep(node, admission);
  }

  #keep(node: string, admitted: Admitted): undefined {
    this.#link(node, admitted);
    this.#late.brought(digestsOf(admitted.measurement));
    this.#indexOf.set(admitted.sha256, this.#tree.size - 1);
    this.#admitted.push(admitted);
  }

  /**
   * What the caller made of this very entry, which must be the next of its node and the end of its attempt all the
   * same.
   */
  #takeKnown(admitted: Admitted): Flaw | undefined {
    const { node, assignment, attempt, sequence, previous } = admitted.measurement;
    const closing = this.#close(node, assignment, attempt);
    if (closing) return closing;
    const chain = this.#nodes.get(node)?.chain;
    return chain && sequence === chain.sequence + 1 && previous === chain.previous
      ? this.#keep(node, admitted)
      : flaw('measurement_other', `the measurement of ${assignment} is not the next of ${node}`);
  }

  #takeRejection(entry: RejectionEntry): Flaw | undefined {
    const { node, assignment, code, missing = [], detail, sha256 } = entry;
    const bytes = this.#blob(sha256);
    if (!bytes) return flaw('rejection_unproven', `the rejected bytes ${sha256} are missing`);
    const delivery = readCanonical(bytes, Delivery);
    if (typeof delivery === 'string') return flaw('rejection_unproven', `the rejected bytes ${sha256}: ${delivery}`);
    if (delivery.transcript.assignment !== assignment)
      return flaw('rejection_unproven', `the rejected bytes ${sha256} are of another assignment`);
    const { attempt } = delivery.transcript;
    const closing = this.#close(node, assignment, attempt);
    if (closing) return closing;
    // It is admitted as it came: without the evidence that was missing then, though it may have come since.
    const hidden = new Set(missing);
    const admission = this.#admit(node, delivery, hidden);
    this.#link(node, admission);
    const wrong = rejectionFlaw(entry, admission);
    if (wrong || admission.ok) {
      if (!admission.ok && admission.concerns === 'proof') this.#concerns = 'proof';
      return wrong;
    }
    this.#late.brought(admission.named.filter((digest) => !hidden.has(digest)));
    this.#late.await(
      missing.filter((digest) => this.#bundle.pieces(blobPath(digest))),
      assignment,
    );
    const shown = admission.shown();
    if (shown) this.#indexOf.set(shown.sha256, this.#tree.size - 1);
    this.#rejected.push({ node, assignment, attempt, code, missing, detail, sha256, shown });
    return undefined;
  }

  /** Every result that continues its node's chain is in the log, accepted or not: a gap means that one was left out. */
  #link(name: string, admission: Admission): void {
    const node = this.#nodes.get(name);
    if (!node) return;
    node.chain = admission.ok
      ? { sequence: admission.measurement.sequence, previous: admission.sha256 }
      : admission.chain;
  }

  /** What is made of a result; `hidden` is evidence that counts as missing. */
  #admit(name: string, { envelope, transcript }: Delivery, hidden?: ReadonlySet<string>): Admission {
    const node = this.#nodes.get(name);
    const chain = node?.chain ?? { sequence: 0, previous: '' };
    const refuse = (problem: string): Admission => ({
      ok: false,
      code: 'measurement_other',
      problem,
      concerns: 'measurement',
      chain,
      named: [],
      shown: () => undefined,
    });
    const assignment = this.#assignments.get(transcript.assignment);
    if (!this.#plan || !node || !assignment) return refuse('it was never asked for');
    if (transcript.run !== this.#plan.run || transcript.node !== name || assignment.node !== name) {
      return refuse('the transcript is of another run or node');
    }
    return admit(envelope, {
      run: this.#plan.run,
      assignment,
      attempt: transcript.attempt,
      publicKey: node.publicKey,
      chain: node.chain,
      transcript,
      blob: (sha256) => (hidden?.has(sha256) ? undefined : this.#bundle.read(blobPath(sha256))),
      proof: findProof,
    });
  }

  #blob(sha256: string): Uint8Array | undefined {
    const bytes = this.#bundle.read(blobPath(sha256));
    return bytes && sha256Hex(bytes) === sha256 ? bytes : undefined;
  }

  end(): Replayed {
    if (this.broken) return { ok: false, defects: this.#defects, broken: true };
    if (this.#late.flaw) this.defect(PATHS.log, this.#late.flaw);
    if (!this.#inputs) this.defect(PATHS.log, flaw('log_incomplete', 'has no inputs'));
    if (!this.#plan) this.defect(PATHS.log, flaw('log_incomplete', 'has no plan'));
    if (!this.#ended) this.defect(PATHS.log, flaw('log_incomplete', 'does not say that the run ended'));
    if (this.#defects.length > 0 || !this.#inputs || !this.#plan || !this.#ended) {
      return { ok: false, defects: this.#defects, broken: false };
    }
    return {
      ok: true,
      replay: {
        ...this.#inputs,
        plan: this.#plan,
        controllerKeyId: this.#controllerKeyId,
        inventories: this.#inventories,
        issued: this.#issued,
        admitted: this.#admitted,
        rejected: this.#rejected,
        lost: this.#lost,
        open: [...this.#open],
        cancelled: this.#ended.cancelled,
        period: { from: this.#first, to: this.#last },
        clock: this.#clock.clock(),
        tree: this.#tree,
        indexOf: this.#indexOf,
      },
    };
  }
}
