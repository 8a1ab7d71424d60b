import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

/** Bytes that are checked as one block; also the size of a cold random read. */
export const UNIT_BYTES = 4096;

/** AES blocks in one unit: the step of the counter from one unit to the next. */
const COUNTERS = BigInt(UNIT_BYTES / 16);

/** Where a block's bytes belong: which unit of the volume, and which pass of writing (epoch, from 0). */
export interface Place {
  readonly epoch: number;
  readonly unit: number;
}

/** What is wrong with a block that was read back. */
export const DEFECTS = ['zero', 'alias', 'stale', 'corrupt', 'error', 'timeout'] as const;
export type DefectKind = (typeof DEFECTS)[number];

/** A block that was not what was written. `distance`: units between the place read and the place whose data came. */
export interface Defect {
  readonly unit: number;
  readonly kind: DefectKind;
  readonly distance: number;
  readonly detail: string;
}

/** Key of a volume's data, from the challenge (64 hex digits). It is never written to the storage under test. */
export function volumeKey(challenge: string): Buffer {
  return createHash('sha256').update('assay/storage/data\0').update(challenge).digest().subarray(0, 16);
}

/**
 * The bytes that belong at a place: AES-128-CTR (NIST SP 800-38A section 6.5) over zeros, with the epoch in the upper
 * half of the counter and the address in the lower. Incompressible, unlike any other block of this or any other run,
 * and a block by itself tells whose it is (see `address`). `bytes` may span many units.
 */
export function content(key: Uint8Array, place: Place, bytes: number): Buffer {
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(place.epoch), 0);
  counter.writeBigUInt64BE(BigInt(place.unit) * COUNTERS, 8);
  return createCipheriv('aes-128-ctr', key, counter).update(zeros(bytes));
}

/** The place that a block's first 16 bytes name under this key; undefined where they name none. */
export function address(key: Uint8Array, block: Uint8Array): Place | undefined {
  if (block.length < 16) return undefined;
  const cipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const counter = cipher.update(block.subarray(0, 16));
  const epoch = counter.readBigUInt64BE(0);
  const low = counter.readBigUInt64BE(8);
  if (low % COUNTERS !== 0n || epoch > 0xffffffffn || low / COUNTERS > BigInt(Number.MAX_SAFE_INTEGER))
    return undefined;
  return { epoch: Number(epoch), unit: Number(low / COUNTERS) };
}

/** Why `block`, read at `place`, is not what was written there; undefined if it is. A short block is an error. */
export function defect(key: Uint8Array, place: Place, block: Uint8Array): Defect | undefined {
  const { unit } = place;
  const found = (kind: DefectKind, detail: string, distance = 0): Defect => ({ unit, kind, distance, detail });
  if (block.length !== UNIT_BYTES) return found('error', `${block.length} of ${UNIT_BYTES} bytes came`);
  const right = content(key, place, UNIT_BYTES);
  if (right.equals(block)) return undefined;
  if (zeros(UNIT_BYTES).equals(block)) return found('zero', 'all bytes are zero');
  const named = address(key, block);
  if (named && content(key, named, UNIT_BYTES).equals(block)) {
    if (named.unit !== unit) return found('alias', `holds the data of unit ${named.unit}`, named.unit - unit);
    return found('stale', `holds the data of pass ${named.epoch}, pass ${place.epoch} was written over it`);
  }
  let wrong = 0;
  let first = -1;
  for (let i = 0; i < UNIT_BYTES; i++) {
    if (block[i] !== right[i]) {
      wrong++;
      if (first < 0) first = i;
    }
  }
  return found('corrupt', `${wrong} of ${UNIT_BYTES} bytes are wrong, the first at ${first}`);
}

let zeroes = Buffer.alloc(UNIT_BYTES);

function zeros(bytes: number): Buffer {
  if (zeroes.length < bytes) zeroes = Buffer.alloc(bytes);
  return zeroes.subarray(0, bytes);
}
