import { hash } from 'node:crypto';

/**
 * An append-only log as a Merkle hash tree (RFC 6962 section 2.1). Hashes go in and out as 64 lower-case hex digits.
 * Of every complete subtree the root is kept, so appending, roots of any earlier size and proofs cost O(log n).
 */
export class MerkleTree {
  /** `#levels[k][i]` is the root of leaves i·2^k to (i+1)·2^k. */
  readonly #levels: Buffer[][] = [[]];

  /** How many leaves there are. */
  get size(): number {
    return this.#levels[0]!.length;
  }

  /** Appends a leaf by its bytes; gives its index. */
  append(leaf: Uint8Array): number {
    return this.appendHash(leafHash(leaf));
  }

  /** Appends a leaf by its leaf hash; gives its index. Throws for what is no hash. */
  appendHash(hash: string): number {
    const index = this.size;
    let right: Buffer = Buffer.from(required(hash), 'hex');
    this.#levels[0]!.push(right);
    // Every second node of a level completes a subtree of the next one.
    for (let level = 0, i = index; i % 2 === 1; level++) {
      const left = this.#levels[level]![i - 1]!;
      right = node(left, right);
      i = (i - 1) / 2;
      if (this.#levels.length === level + 1) this.#levels.push([]);
      this.#levels[level + 1]!.push(right);
    }
    return index;
  }

  /** Root over all leaves; of no leaves, the hash of nothing. */
  root(): string {
    return this.rootAt(this.size);
  }

  /** Root over the first `size` leaves. Throws if there are fewer. */
  rootAt(size: number): string {
    if (!isCount(size) || size > this.size) throw new RangeError(`no tree of ${size} leaves`);
    return size === 0 ? EMPTY_ROOT : this.#range(0, size).toString('hex');
  }

  /** Audit path of a leaf in the tree of `size` leaves, from the leaf up (RFC 6962 section 2.1.1). */
  inclusionProof(index: number, size: number = this.size): string[] {
    if (!isCount(index) || !isCount(size) || size > this.size || index >= size) {
      throw new RangeError(`no leaf ${index} in a tree of ${size} leaves`);
    }
    const path: string[] = [];
    let start = 0;
    let end = size;
    while (end - start > 1) {
      const middle = start + split(end - start);
      if (index < middle) {
        path.push(this.#range(middle, end).toString('hex'));
        end = middle;
      } else {
        path.push(this.#range(start, middle).toString('hex'));
        start = middle;
      }
    }
    return path.reverse();
  }

  /** Proof that the tree of `second` leaves begins with the tree of `first` (RFC 6962 section 2.1.2). Empty if equal. */
  consistencyProof(first: number, second: number = this.size): string[] {
    if (!isCount(first) || !isCount(second) || second > this.size || first === 0 || first > second) {
      throw new RangeError(`no proof from ${first} to ${second} leaves`);
    }
    const path: string[] = [];
    let start = 0;
    let end = second;
    let whole = true;
    while (end !== first) {
      const middle = start + split(end - start);
      if (first <= middle) {
        path.push(this.#range(middle, end).toString('hex'));
        end = middle;
      } else {
        path.push(this.#range(start, middle).toString('hex'));
        start = middle;
        whole = false;
      }
    }
    // The verifier knows the first root already; it needs the last subtree only where that is not the whole first tree.
    if (!whole) path.push(this.#range(start, end).toString('hex'));
    return path.reverse();
  }

  /** Root of leaves start to end, a range that the recursion of RFC 6962 section 2.1 reaches. */
  #range(start: number, end: number): Buffer {
    const size = end - start;
    const left = split(size);
    if (size === 1 || left * 2 === size) return this.#levels[Math.round(Math.log2(size))]![start / size]!;
    const middle = start + left;
    return node(this.#range(start, middle), this.#range(middle, end));
  }
}

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1). */
export const EMPTY_ROOT = hash('sha256', '');

/** Leaf hash of bytes. The prefix 0 keeps an attacker from passing off an inner node as a leaf (RFC 6962 section 2.1). */
export function leafHash(leaf: Uint8Array): string {
  return hash('sha256', Buffer.concat([Uint8Array.of(0), leaf]));
}

/**
 * Whether `proof` shows that the leaf with this hash is leaf `index` of the tree of `size` leaves with this root
 * (RFC 9162 section 2.1.3.2). Never throws: everything but the root may come from an attacker.
 */
export function verifyInclusion(
  leaf: string,
  index: number,
  size: number,
  proof: readonly string[],
  root: string,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !isHash(leaf) || !isHash(root)) return false;
  if (!Array.isArray(proof)) return false;
  let path = index;
  let last = size - 1;
  let computed: Buffer = Buffer.from(leaf, 'hex');
  for (const sibling of proof) {
    if (last === 0 || !isHash(sibling)) return false;
    const other = Buffer.from(sibling, 'hex');
    if (path % 2 === 1 || path === last) {
      computed = node(other, computed);
      // A last node without a right sibling rises unchanged until it is a right child.
      while (path % 2 === 0 && path !== 0) {
        path = half(path);
        last = half(last);
      }
    } else computed = node(computed, other);
    path = half(path);
    last = half(last);
  }
  return last === 0 && computed.toString('hex') === root;
}

/**
 * Whether `proof` shows that the tree of `second` leaves begins with all of the tree of `first` leaves
 * (RFC 9162 section 2.1.4.2): nothing was changed, dropped or reordered in between. Never throws. Nothing is shown for
 * an empty first tree, so that is false.
 */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: string,
  secondRoot: string,
  proof: readonly string[],
): boolean {
  if (!isCount(first) || !isCount(second) || first === 0 || first > second) return false;
  if (!isHash(firstRoot) || !isHash(secondRoot) || !Array.isArray(proof) || !proof.every(isHash)) return false;
  if (first === second) return proof.length === 0 && firstRoot === secondRoot;
  // A first tree that is a complete subtree of the second is its own first step.
  const steps = first === 1 || split(first) * 2 === first ? [firstRoot, ...proof] : proof;
  if (steps.length === 0) return false;
  let path = first - 1;
  let last = second - 1;
  while (path % 2 === 1) {
    path = half(path);
    last = half(last);
  }
  let before: Buffer = Buffer.from(steps[0]!, 'hex');
  let after = before;
  for (const step of steps.slice(1)) {
    if (last === 0) return false;
    const other = Buffer.from(step, 'hex');
    if (path % 2 === 1 || path === last) {
      before = node(other, before);
      after = node(other, after);
      while (path % 2 === 0 && path !== 0) {
        path = half(path);
        last = half(last);
      }
    } else after = node(after, other);
    path = half(path);
    last = half(last);
  }
  return last === 0 && before.toString('hex') === firstRoot && after.toString('hex') === secondRoot;
}

/** Hash of an inner node, with prefix 1. */
function node(left: Uint8Array, right: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Uint8Array.of(1), left, right]), 'buffer');
}

/** The largest power of two below `size` (RFC 6962 section 2.1); 1 for a single leaf. */
function split(size: number): number {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
}

/** Sizes come from outside and may exceed 2^31, where shifts would wrap. */
function half(n: number): number {
  return Math.floor(n / 2);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isHash(text: string): boolean {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

function required(hash: string): string {
  if (!isHash(hash)) throw new TypeError('not a hash of 64 hex digits');
  return hash;
}
