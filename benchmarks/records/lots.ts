import { crc32 } from 'node:zlib';
import { decodeResponse, encodeRequest, headerLength } from '../../proto/inference/http.ts';
import type { Tensor } from '../../proto/inference/tensor.ts';
import { answerLeaf, failureLeaf } from '../users/audit.ts';
import type { Failure, Reply } from '../users/client.ts';
import type { Ask, Work } from '../users/crowd.ts';
import { INPUTS, OUTPUTS } from '../users/network.ts';
import { Ledger } from './ledger.ts';
import { lotBytes, lotIds, lotRecords, type Poison, poisonOf, type Shape } from './manifest.ts';

/** The corpus in memory: inputs and right answers of every record. */
export interface Corpus {
  readonly inputs: Float32Array;
  readonly answers: Float32Array;
}

export interface PoisonCounts {
  planted: number;
  /** Turned away with a status of 400 to 499. */
  rejected: number;
}

/** What came back for one lot: its ids, each answer, in the order of the reply. */
interface LotReply {
  readonly ids: BigInt64Array;
  readonly answers: Float32Array;
}

/** The lots that users send, and the ledger of their records. */
export class LotWork implements Work {
  readonly ledger: Ledger;
  readonly poison: Record<Poison, PoisonCounts> = {
    malformed: { planted: 0, rejected: 0 },
    oversize: { planted: 0, rejected: 0 },
    not_finite: { planted: 0, rejected: 0 },
  };
  readonly lots: number[];
  /** Leaves by user and number of the lot. */
  readonly leaves: { leaf: Uint8Array; failed: boolean }[][];
  /** Lots that got no right answer, poison apart. */
  failedLots = 0;
  /** Sums of CRC-32 over id and answer of each record: order does not matter. */
  expectedSum = 0n;
  answeredSum = 0n;
  readonly #shape: Shape;
  readonly #corpus: Corpus;

  constructor(shape: Shape, corpus: Corpus) {
    this.#shape = shape;
    this.#corpus = corpus;
    this.ledger = new Ledger(shape.lot);
    this.lots = new Array(shape.users).fill(0);
    this.leaves = Array.from({ length: shape.users }, () => []);
  }

  next(user: number): Ask {
    const n = this.lots[user]!++;
    const poison = poisonOf(this.#shape, user, n);
    return poison ? this.#poisoned(user, n, poison) : this.#lot(user, n);
  }

  #lot(user: number, n: number): Ask {
    const { lot } = this.#shape;
    const ids = lotIds(this.#shape, user, n);
    const places = lotRecords(this.#shape, user, n);
    const { input, right } = this.#gather(places);
    const { bytes, headerLength: jsonLength } = encodeRequest({ id: `${user}-${n}`, inputs: tensors(ids, input) });
    const first = this.ledger.admit();
    this.expectedSum += crcSum(ids, right);
    return {
      body: bytes,
      jsonLength,
      weight: lot,
      settle: (reply) => {
        const read = reply.failure ? undefined : readLot(reply);
        const failure = reply.failure ?? (read ? this.#book(read, ids, right, first) : 'short_body');
        const leaf = failure ? failureLeaf(user, n) : answerLeaf(user, n, lotBytes(ids, right));
        this.leaves[user]![n] = { leaf, failed: failure !== undefined };
        if (failure) this.failedLots++;
        return failure;
      },
    };
  }

  #gather(places: Int32Array): { input: Float32Array; right: Float32Array } {
    const input = new Float32Array(places.length * INPUTS);
    const right = new Float32Array(places.length * OUTPUTS);
    for (let i = 0; i < places.length; i++) {
      const k = places[i]!;
      input.set(this.#corpus.inputs.subarray(k * INPUTS, (k + 1) * INPUTS), i * INPUTS);
      right.set(this.#corpus.answers.subarray(k * OUTPUTS, (k + 1) * OUTPUTS), i * OUTPUTS);
    }
    return { input, right };
  }

  /** Books what came back, record by record, by the ids that the service gave. */
  #book(read: LotReply, ids: BigInt64Array, right: Float32Array, first: number): Failure | undefined {
    this.answeredSum += crcSum(read.ids, read.answers);
    let clean = read.ids.length === ids.length;
    const seen = new Uint8Array(ids.length);
    let byId: Map<bigint, number> | undefined;
    for (let at = 0; at < read.ids.length; at++) {
      const id = read.ids[at]!;
      let place = at;
      if (id !== ids[at]) {
        byId ??= new Map(Array.from(ids, (known, index) => [known, index]));
        const found = byId.get(id);
        if (found === undefined) {
          this.ledger.unexpected(1);
          clean = false;
          continue;
        }
        place = found;
      }
      const same = equalRows(read.answers, at, right, place);
      this.ledger.answered(first + place, same);
      clean = clean && same && seen[place] === 0;
      seen[place] = 1;
    }
    return clean ? undefined : 'wrong_answer';
  }

  /** A lot that must be turned away whole; it counts for nothing while it is in flight. */
  #poisoned(user: number, n: number, poison: Poison): Ask {
    const counts = this.poison[poison];
    counts.planted++;
    const { body, jsonLength } = poisonBody(this.#shape, user, n, poison);
    return {
      body,
      jsonLength,
      weight: 0,
      settle: (reply) => {
        this.leaves[user]![n] = { leaf: failureLeaf(user, n), failed: true };
        const turnedAway = reply.failure === 'status_4xx';
        if (turnedAway) counts.rejected++;
        return turnedAway ? undefined : (reply.failure ?? 'wrong_answer');
      },
    };
  }
}

function poisonBody(shape: Shape, user: number, n: number, poison: Poison) {
  const rows = poison === 'oversize' ? 5_000 : shape.lot;
  const ids = new BigInt64Array(rows);
  ids.set(lotIds(shape, user, n).subarray(0, rows));
  const input = new Float32Array(rows * INPUTS).fill(1);
  if (poison === 'not_finite') input[(user * 7 + n) % input.length] = Number.NaN;
  const { bytes, headerLength: jsonLength } = encodeRequest({ inputs: tensors(ids, input) });
  // Malformed: the last row is missing, though the header says it is there.
  return { body: poison === 'malformed' ? bytes.subarray(0, bytes.length - INPUTS * 4) : bytes, jsonLength };
}

function tensors(ids: BigInt64Array, input: Float32Array): Tensor[] {
  return [
    { name: 'input', datatype: 'FP32', shape: [ids.length, INPUTS], data: new Uint8Array(input.buffer) },
    {
      name: 'id',
      datatype: 'INT64',
      shape: [ids.length],
      data: new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength),
    },
  ];
}

export function readLot(reply: Reply): LotReply | undefined {
  const decoded = decodeResponse(reply.body, headerLength(reply.headerLength));
  if (!decoded.ok) return undefined;
  const record = decoded.value.outputs.find((output) => output.name === 'record');
  const output = decoded.value.outputs.find((candidate) => candidate.name === 'output');
  if (record?.datatype !== 'INT64' || output?.datatype !== 'FP32') return undefined;
  const rows = record.shape[0];
  if (record.shape.length !== 1 || output.shape.length !== 2 || output.shape[0] !== rows) return undefined;
  if (output.shape[1] !== OUTPUTS) return undefined;
  // Copies, because the bytes may begin anywhere.
  return {
    ids: new BigInt64Array(new Uint8Array(record.data).buffer),
    answers: new Float32Array(new Uint8Array(output.data).buffer),
  };
}

/** Bit for bit, through integers: a comparison of floats would take −0 for 0 and NaN for nothing. */
function equalRows(a: Float32Array, rowA: number, b: Float32Array, rowB: number): boolean {
  const left = new Int32Array(a.buffer, a.byteOffset + rowA * OUTPUTS * 4, OUTPUTS);
  const right = new Int32Array(b.buffer, b.byteOffset + rowB * OUTPUTS * 4, OUTPUTS);
  for (let i = 0; i < OUTPUTS; i++) if (left[i] !== right[i]) return false;
  return true;
}

function crcSum(ids: BigInt64Array, answers: Float32Array): bigint {
  const idBytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  const answerBytes = new Uint8Array(answers.buffer, answers.byteOffset, answers.byteLength);
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    const ofId = crc32(idBytes.subarray(i * 8, i * 8 + 8));
    sum += crc32(answerBytes.subarray(i * OUTPUTS * 4, (i + 1) * OUTPUTS * 4), ofId);
  }
  return BigInt(sum);
}
