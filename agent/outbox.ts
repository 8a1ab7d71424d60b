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

const Chain = Type.Object(
  {
    run: Type.String(),
    sequence: Type.Integer({ minimum: 0 }),
    previous: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
  },
  { additionalProperties: false },
);

/**
 * Where the agent's chain of signed results stands in a run: how many there are, and the sha256 of the last payload. It
 * moves on with every result that is signed and never back, whatever the controller makes of it: a result that the
 * controller rejects is a link of the chain like any other, and the controller's log has to show it.
 */
export interface Chain {
  readonly run: string;
  readonly sequence: number;
  readonly previous: string;
}

const Parcel = Type.Object(
  {
    assignment: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    envelope: Envelope,
    /** sha256 of every blob the measurement refers to. */
    blobs: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    chain: Chain,
  },
  { additionalProperties: false },
);

/** A signed measurement that waits for the controller's receipt. */
export interface Parcel {
  readonly assignment: string;
  readonly attempt: number;
  readonly envelope: Envelope;
  readonly blobs: readonly string[];
  /** Where the chain stands with it. */
  readonly chain: Chain;
}

/**
 * The agent's durable memory: signed measurements that the controller has not confirmed, their blobs, and where the
 * agent's chain of the run stands. What is in it survives a crash of the agent and a cut network.
 */
export interface Outbox {
  readonly blobDirectory: string;
  /** Of a run that nothing was signed in yet, the beginning. */
  chain(run: string): Chain;
  /** Keeps a parcel and moves the chain on; both are on disk when it returns, and a crash between the two loses neither. */
  put(parcel: Parcel): void;
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

  const last = (): number =>
    Math.max(0, ...readdirSync(parcels).map((name) => Number(/^(\d+)\.json/.exec(name)?.[1] ?? 0)));

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
    chain: (run) => {
      const kept = readChain(chainFile);
      const last = waiting().findLast((parcel) => parcel.chain.run === run)?.chain;
      const own = kept?.run === run ? kept : { run, sequence: 0, previous: '' };
      return last && last.sequence > own.sequence ? last : own;
    },
    put: (parcel) => {
      writeDurably(join(parcels, `${last() + 1}.json`), JSON.stringify(parcel));
      writeDurably(chainFile, JSON.stringify(parcel.chain));
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

/** Throws if the file is damaged: an agent that does not know what it has signed must not sign. */
function readChain(path: string): Chain | undefined {
  if (!existsSync(path)) return undefined;
  const chain = check(Chain, JSON.parse(readFileSync(path, 'utf8')));
  if (!chain.ok) throw new Error(`${path}: ${chain.problems.join('; ')}`);
  return chain.value;
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
