import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, leafHash, MerkleTree, verifyConsistency, verifyInclusion } from '../../../evidence/merkle.ts';

/** The leaves and roots of the reference implementation of Certificate Transparency. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const N = {
  h1: '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
  h23: '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
  h4567: '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  h4: 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  h67: 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  h45: '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
};

const reference = new MerkleTree();
for (const leaf of LEAVES) reference.append(Buffer.from(leaf, 'hex'));

function treeOf(size: number): MerkleTree {
  const tree = new MerkleTree();
  for (let i = 0; i < size; i++) tree.append(Buffer.from(`leaf ${i}`));
  return tree;
}

/** RFC 6962 section 2.1, word for word and slowly. */
function plainRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const children = [plainRoot(leaves.slice(0, k)), plainRoot(leaves.slice(k))];
  return createHash('sha256')
    .update(Buffer.from(`01${children.join('')}`, 'hex'))
    .digest('hex');
}

describe('the published vectors of Certificate Transparency', () => {
  it('have their roots at every size', () => {
    expect(ROOTS.map((_, i) => reference.rootAt(i + 1))).toEqual(ROOTS);
    expect(reference.root()).toBe(ROOTS[7]);
  });

  it('have the hash of nothing as root of the empty tree', () => {
    expect(new MerkleTree().root()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it.each([
    [0, 8, [N.h1, N.h23, N.h4567]],
    [5, 8, [N.h4, N.h67, ROOTS[3]!]],
    [2, 3, [ROOTS[1]!]],
    [1, 5, [ROOTS[0]!, N.h23, N.h4]],
  ])('have their audit path of leaf %i of %i', (index, size, path) => {
    expect(reference.inclusionProof(index, size)).toEqual(path);
    expect(verifyInclusion(leafHash(Buffer.from(LEAVES[index]!, 'hex')), index, size, path, ROOTS[size - 1]!)).toBe(
      true,
    );
  });

  it.each([
    [1, 8, [N.h1, N.h23, N.h4567]],
    [6, 8, [N.h45, N.h67, ROOTS[3]!]],
    [2, 5, [N.h23, N.h4]],
  ])('have their consistency proof from %i to %i leaves', (first, second, path) => {
    expect(reference.consistencyProof(first, second)).toEqual(path);
    expect(verifyConsistency(first, second, ROOTS[first - 1]!, ROOTS[second - 1]!, path)).toBe(true);
  });
});

describe('a Merkle tree', () => {
  it('has the roots that the definition gives, at every size up to 70', () => {
    const tree = treeOf(70);
    const leaves = Array.from({ length: 70 }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));
    for (let size = 0; size <= 70; size++) expect(tree.rootAt(size)).toBe(plainRoot(leaves.slice(0, size)));
  });

  it('is the same when built from leaf hashes', () => {
    const tree = new MerkleTree();
    for (let i = 0; i < 9; i++) expect(tree.appendHash(leafHash(Buffer.from(`leaf ${i}`)))).toBe(i);
    expect(tree.root()).toBe(treeOf(9).root());
    expect(tree.size).toBe(9);
  });

  it('refuses what is no hash, no size and no index', () => {
    const tree = treeOf(3);
    expect(() => tree.appendHash('AB'.repeat(32))).toThrow(TypeError);
    expect(() => tree.appendHash('')).toThrow(TypeError);
    for (const size of [4, -1, 1.5, Number.NaN]) expect(() => tree.rootAt(size)).toThrow('no tree of');
    for (const [index, size] of [
      [3, 3],
      [-1, 3],
      [0, 4],
      [0, 0],
      [0.5, 3],
      [0, Number.NaN],
    ] as const) {
      expect(() => tree.inclusionProof(index, size)).toThrow('no leaf');
    }
    for (const [first, second] of [
      [0, 3],
      [3, 2],
      [1, 4],
      [0.5, 3],
      [1, Number.NaN],
    ] as const) {
      expect(() => tree.consistencyProof(first, second)).toThrow('no proof from');
    }
    expect(tree.size).toBe(3);
  });

  it('proves every leaf at every size, and the proof fits no other place', () => {
    const tree = treeOf(33);
    for (let size = 1; size <= 33; size++) {
      for (let index = 0; index < size; index++) {
        const leaf = leafHash(Buffer.from(`leaf ${index}`));
        const proof = tree.inclusionProof(index, size);
        const root = tree.rootAt(size);
        expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
        const other = (index + 1) % (size + 1);
        expect(verifyInclusion(leaf, other, size, proof, root), `${index} as ${other} of ${size}`).toBe(false);
        expect(verifyInclusion(leafHash(Buffer.from('else')), index, size, proof, root)).toBe(false);
      }
    }
  });

  it('proves every earlier tree to be its beginning, and no other tree', () => {
    const tree = treeOf(33);
    const changed = new MerkleTree();
    changed.append(Buffer.from('changed'));
    for (let i = 1; i < 33; i++) changed.append(Buffer.from(`leaf ${i}`));
    for (let second = 1; second <= 33; second++) {
      for (let first = 1; first <= second; first++) {
        const proof = tree.consistencyProof(first, second);
        const [before, after] = [tree.rootAt(first), tree.rootAt(second)];
        expect(verifyConsistency(first, second, before, after, proof)).toBe(true);
        expect(verifyConsistency(first, second, changed.rootAt(first), after, proof)).toBe(false);
        expect(verifyConsistency(first, second, before, changed.rootAt(second), proof)).toBe(false);
      }
    }
  });

  it('takes 100,000 leaves in seconds', { timeout: 10_000 }, () => {
    const started = performance.now();
    const tree = treeOf(100_000);
    const root = tree.root();
    expect(performance.now() - started).toBeLessThan(8000);
    const leaf = leafHash(Buffer.from('leaf 77777'));
    expect(verifyInclusion(leaf, 77_777, 100_000, tree.inclusionProof(77_777), root)).toBe(true);
    expect(verifyConsistency(65_536, 100_000, tree.rootAt(65_536), root, tree.consistencyProof(65_536))).toBe(true);
  });
});

describe('a proof from an attacker', () => {
  const tree = treeOf(21);
  const root = tree.root();
  const leaf = leafHash(Buffer.from('leaf 13'));
  const proof = tree.inclusionProof(13);
  const growth = tree.consistencyProof(13);
  const before = tree.rootAt(13);

  it('fails when any part of it is changed, dropped, doubled, added or reordered', () => {
    expect(verifyInclusion(leaf, 13, 21, proof, root)).toBe(true);
    expect(verifyConsistency(13, 21, before, root, growth)).toBe(true);
    for (const [good, check] of [
      [proof, (path: string[]) => verifyInclusion(leaf, 13, 21, path, root)],
      [growth, (path: string[]) => verifyConsistency(13, 21, before, root, path)],
    ] as const) {
      for (let i = 0; i <= good.length; i++) {
        if (i < good.length) {
          expect(check(good.with(i, leafHash(Buffer.from('else'))))).toBe(false);
          expect(check(good.toSpliced(i, 1))).toBe(false);
          expect(check(good.with(i, good[i]!.toUpperCase()))).toBe(false);
          expect(check(good.with(i, good[i]!.slice(1)))).toBe(false);
        }
        expect(check(good.toSpliced(i, 0, good[Math.min(i, good.length - 1)]!))).toBe(false);
      }
      expect(check(good.toReversed())).toBe(false);
      expect(check([])).toBe(false);
      expect(check(undefined as unknown as string[])).toBe(false);
      expect(check([null] as unknown as string[])).toBe(false);
    }
  });

  it('cannot pass an inner node off as a leaf', () => {
    // Without the prefixes of leaf and node, the concatenation of two leaf hashes would be a leaf of the smaller tree.
    const two = treeOf(2);
    const [left, right] = [leafHash(Buffer.from('leaf 0')), leafHash(Buffer.from('leaf 1'))];
    const inner = leafHash(Buffer.from(left + right, 'hex'));
    expect(verifyInclusion(inner, 0, 1, [], two.root())).toBe(false);
  });

  it('cannot pass a leaf of a larger tree off as the only one', () => {
    const two = treeOf(2);
    const [left, right] = [leafHash(Buffer.from('leaf 0')), leafHash(Buffer.from('leaf 1'))];
    expect(verifyInclusion(right, 1, 2, [left], two.root())).toBe(true);
    expect(verifyInclusion(right, 0, 1, [left], two.root())).toBe(false);
  });

  it('fails for sizes and indices that are none, and never throws', () => {
    for (const [index, size] of [
      [21, 21],
      [-1, 21],
      [0, 0],
      [0.5, 21],
      [Number.NaN, 21],
      [13, 2 ** 53],
    ] as const) {
      expect(verifyInclusion(leaf, index, size, proof, root)).toBe(false);
    }
    expect(verifyInclusion('x', 13, 21, proof, root)).toBe(false);
    expect(verifyInclusion(leaf, 13, 21, proof, 'x')).toBe(false);
    for (const [first, second] of [
      [0, 21],
      [22, 21],
      [1.5, 21],
      [13, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(verifyConsistency(first, second, before, root, growth)).toBe(false);
    }
    expect(verifyConsistency(13, 21, 'x', root, growth)).toBe(false);
    expect(verifyConsistency(13, 21, before, 'x', growth)).toBe(false);
    expect(verifyConsistency(21, 21, root, root, [root])).toBe(false);
    expect(verifyConsistency(21, 21, root, before, [])).toBe(false);
    expect(verifyConsistency(13, 21, EMPTY_ROOT, root, [])).toBe(false);
    expect(verifyConsistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])).toBe(false);
  });

  it('works with sizes beyond 2^32 and stays linear in the length of the proof', () => {
    const steps = Array.from({ length: 60 }, (_, i) => leafHash(Buffer.from(`${i}`)));
    expect(verifyInclusion(leaf, 2 ** 50, 2 ** 52, steps, root)).toBe(false);
    expect(verifyConsistency(2 ** 40, 2 ** 52, before, root, steps)).toBe(false);
    // A path of left siblings only, computed here, shows that the right bits of a large index are looked at.
    let computed = leaf;
    const path = steps.slice(0, 40);
    for (const step of path) {
      computed = createHash('sha256')
        .update(Buffer.from(`01${step}${computed}`, 'hex'))
        .digest('hex');
    }
    expect(verifyInclusion(leaf, 2 ** 40 - 1, 2 ** 40, path, computed)).toBe(true);
    expect(verifyInclusion(leaf, 2 ** 40 - 2, 2 ** 40, path, computed)).toBe(false);
  });

  it('fails for arbitrary values', () => {
    const hash = fc.oneof(fc.constantFrom(leaf, root, before, ...proof), fc.string());
    fc.assert(
      fc.property(hash, fc.integer(), fc.integer(), fc.array(hash), hash, (a, index, size, path, b) => {
        fc.pre(!(index === 13 && size === 21));
        expect(typeof verifyConsistency(index, size, a, b, path)).toBe('boolean');
        if (verifyInclusion(a, index, size, path, b)) expect(a === b && index === 0 && size === 1).toBe(true);
      }),
    );
  });
});
