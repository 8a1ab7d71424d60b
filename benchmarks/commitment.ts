import { createHash } from 'node:crypto';

/**
 * Merkle tree hash of RFC 6962, section 2.1, over leaves that are digests already: the controller learns one root,
 * and later any leaf can be shown to have been under it.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return createHash('sha256').digest();
  let level: readonly Uint8Array[] = leaves.map(leafHash);
  while (level.length > 1) level = above(level);
  return level[0]!;
}

/** Audit paths of several leaves at once: the sibling hashes from the leaf upwards, for each index. */
export function merklePaths(leaves: readonly Uint8Array[], indexes: readonly number[]): Uint8Array[][] {
  const paths: Uint8Array[][] = indexes.map(() => []);
  const at = [...indexes];
  let level: readonly Uint8Array[] = leaves.map(leafHash);
  while (level.length > 1) {
    for (let i = 0; i < at.length; i++) {
      const sibling = level[at[i]! ^ 1];
      if (sibling) paths[i]!.push(sibling);
      at[i] = at[i]! >> 1;
    }
    level = above(level);
  }
  return paths;
}

/** Root that a leaf and its path lead to in a tree of `size` leaves; undefined if the path has the wrong length. */
export function rootFromPath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined;
  let hash = leafHash(leaf);
  let at = index;
  let last = size - 1;
  let used = 0;
  while (last > 0) {
    if (at % 2 === 1 || at < last) {
      const sibling = path[used++];
      if (!sibling) return undefined;
      hash = at % 2 === 1 ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    }
    at >>= 1;
    last >>= 1;
  }
  return used === path.length ? hash : undefined;
}

/** A level's last node without a sibling moves up unchanged; this gives the tree of RFC 6962 for every size. */
function above(level: readonly Uint8Array[]): Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const right = level[i + 1];
    next.push(right ? nodeHash(level[i]!, right) : level[i]!);
  }
  return next;
}

function leafHash(leaf: Uint8Array): Uint8Array {
  return createHash('sha256').update(LEAF).update(leaf).digest();
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
