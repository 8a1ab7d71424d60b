import { merklePaths, merkleRoot, rootFromPath } from '../../commitment.ts';
import type { Audit } from './chain.ts';
import type { ChallengeResult } from './samples.ts';

/**
 * Rows whose sketches make one leaf of a round's tree. An opening is one leaf of 256 bytes and at most 8 sibling hashes;
 * with smaller leaves the hashing between two rounds would take longer, with larger ones the openings.
 */
export const BLOCK_ROWS = 64;
const BLOCK_BYTES = 4 * BLOCK_ROWS;
const HASH_BYTES = 32;

/**
 * What a round commits to: the root of a tree (RFC 6962) over its sketch in blocks of 64 rows. The 32 bytes bind to every
 * sketch of the round; of those only the blocks that the last beacon picks are ever sent. `sketch` has 4 bytes a row.
 */
export function sketchRoot(sketch: Uint8Array): Uint8Array {
  return merkleRoot(leavesOf(sketch));
}

/** A block of rows of one round. */
export interface Block {
  readonly round: number;
  readonly block: number;
}

/** The distinct blocks in which the picked rows lie, in the order in which they are picked: what is to be opened. */
export function pickedBlocks(plan: readonly Audit[]): Block[] {
  const blocks = new Map<string, Block>();
  for (const { round, row } of plan) {
    const one = { round, block: Math.floor(row / BLOCK_ROWS) };
    const key = `${one.round} ${one.block}`;
    if (!blocks.has(key)) blocks.set(key, one);
  }
  return [...blocks.values()];
}

export type Opening = ChallengeResult['openings'][number];

/** Opens one block of a round's sketch. */
export function openBlock(sketch: Uint8Array, block: number): Opening {
  const leaves = leavesOf(sketch);
  const [path] = merklePaths(leaves, [block]);
  return {
    sketches: Buffer.from(leaves[block]!).toString('base64'),
    path: Buffer.concat(path!).toString('base64'),
  };
}

/**
 * The sketch of every row that was picked, from the openings; or why these are not just the picked blocks, whole and
 * under the roots that were committed to.
 */
export function openedSketches(
  { parameters, rounds, openings }: Pick<ChallengeResult, 'parameters' | 'rounds' | 'openings'>,
  plan: readonly Audit[],
): number[] | { readonly fault: string } {
  const picked = pickedBlocks(plan);
  if (openings.length !== picked.length) {
    return { fault: `${openings.length} blocks of sketches are opened, ${picked.length} were picked` };
  }
  const blocks = Math.ceil(parameters.m / BLOCK_ROWS);
  const opened = new Map<string, Buffer>();
  for (const [i, { round, block }] of picked.entries()) {
    const bytes = Buffer.from(openings[i]!.sketches, 'base64');
    const path = Buffer.from(openings[i]!.path, 'base64');
    const rows = Math.min(BLOCK_ROWS, parameters.m - block * BLOCK_ROWS);
    if (bytes.length !== 4 * rows || path.length % HASH_BYTES !== 0) {
      return { fault: `block ${block} of round ${round} is not opened whole` };
    }
    const hashes = Array.from({ length: path.length / HASH_BYTES }, (_, at) =>
      path.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
    );
    const root = rootFromPath(bytes, block, blocks, hashes);
    if (!root || Buffer.from(root).toString('hex') !== rounds[round]?.root) {
      return { fault: `block ${block} of round ${round} is not of the sketch committed to` };
    }
    opened.set(`${round} ${block}`, bytes);
  }
  return plan.map(({ round, row }) =>
    opened.get(`${round} ${Math.floor(row / BLOCK_ROWS)}`)!.readUInt32LE(4 * (row % BLOCK_ROWS)),
  );
}

function leavesOf(sketch: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(sketch.length / BLOCK_BYTES) }, (_, block) =>
    sketch.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES),
  );
}
