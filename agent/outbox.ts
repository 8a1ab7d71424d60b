import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Envelope } from '../evidence/envelope.ts';
import { check } from '../model/schema.ts';

const Parcel = Type.Object(
  {
    assignment: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    envelope: Envelope,
    /** sha256 of every blob the measurement refers to. */
    blobs: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  },
  { additionalProperties: false },
);

/** A signed measurement that waits for the controller's receipt. */
export interface Parcel {
  readonly assignment: string;
  readonly attempt: number;
  readonly envelope: Envelope;
  readonly blobs: readonly string[];
}

const Chain = Type.Object(
  { sequence: Type.Integer({ minimum: 0 }), previous: Type.String({ pattern: '^([0-9a-f]{64})?$' }) },
  { additionalProperties: false },
);
export interface Chain {
  readonly sequence: number;
  readonly previous: string;
}

/**
 * The agent's durable memory: signed measurements that the controller has not confirmed, their blobs, and where the
 * agent's chain of measurements stands. What is in it survives a crash of the agent and a cut network.
 */
export interface Outbox {
  readonly blobDirectory: string;
  chain(): Chain;
  /** Keeps a parcel and moves the chain on, in this order; both are on disk when it returns. */
  put(parcel: Parcel, chain: Chain): void;
  /** All parcels without a receipt, oldest first. */
  waiting(): Parcel[];
  /** Forgets a parcel and the blobs that no other one needs. */
  confirm(assignment: string, attempt: number): void;
  readBlob(sha256: string): Buffer | undefined;
}

/** Opens (or creates) the outbox in a directory. A damaged parcel is set aside as `*.damaged`, never sent, never lost. */
export function openOutbox(directory: string): Outbox {
  const parcels = join(directory, 'parcels');
  const blobDirectory = join(directory, 'blobs');
  mkdirSync(parcels, { recursive: true });
  mkdirSync(blobDirectory, { recursive: true });
  const chainFile = join(directory, 'chain.json');

  const waiting = (): Parcel[] => {
    const found: { order: number; parcel: Parcel }[] = [];
    for (const name of readdirSync(parcels)) {
      const order = Number(/^(\d+)\.json$/.exec(name)?.[1]);
      if (!Number.isInteger(order)) continue;
      const parcel = readParcel(join(parcels, name));
      if (parcel) found.push({ order, parcel });
    }
    return found.sort((a, b) => a.order - b.order).map((f) => f.parcel);
  };

  return {
    blobDirectory,
    chain: () => {
      if (!existsSync(chainFile)) return { sequence: 0, previous: '' };
      const chain = check(Chain, JSON.parse(readFileSync(chainFile, 'utf8')));
      if (!chain.ok) throw new Error(`${chainFile}: ${chain.problems.join('; ')}`);
      return chain.value;
    },
    put: (parcel, chain) => {
      writeDurably(join(parcels, `${chain.sequence}.json`), JSON.stringify(parcel));
      writeDurably(chainFile, JSON.stringify(chain));
    },
    waiting,
    confirm: (assignment, attempt) => {
      for (const name of readdirSync(parcels)) {
        if (!/^\d+\.json$/.test(name)) continue;
        const parcel = readParcel(join(parcels, name));
        if (parcel?.assignment === assignment && parcel.attempt === attempt) rmSync(join(parcels, name));
      }
      const needed = new Set(waiting().flatMap((p) => p.blobs));
      for (const name of readdirSync(blobDirectory)) {
        if (/^[0-9a-f]{64}$/.test(name) && !needed.has(name)) rmSync(join(blobDirectory, name), { force: true });
      }
    },
    readBlob: (sha256) => {
      const path = join(blobDirectory, sha256);
      return existsSync(path) ? readFileSync(path) : undefined;
    },
  };
}

function readParcel(path: string): Parcel | undefined {
  try {
    const parcel = check(Parcel, JSON.parse(readFileSync(path, 'utf8')));
    if (parcel.ok) return parcel.value;
  } catch {
    // Falls through: it is set aside below.
  }
  renameSync(path, `${path}.damaged`);
  return undefined;
}

function writeDurably(path: string, text: string): void {
  const part = `${path}.part`;
  const file = openSync(part, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}
