import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merklePaths, merkleRoot, rootFromPath } from '../../../benchmarks/commitment.ts';

const leaves = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 70 });

describe('the tree of a commitment', () => {
  it('is the tree of RFC 6962', () => {
    const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
    const leaf = (value: number) => Buffer.alloc(32, value);
    const l = [0, 1, 2].map((value) => sha(Buffer.of(0), leaf(value)));
    const expected = sha(Buffer.of(1), sha(Buffer.of(1), l[0]!, l[1]!), l[2]!);
    expect(Buffer.from(merkleRoot([0, 1, 2].map(leaf)))).toEqual(expected);
  });

  it('shows every leaf to lie under its root, at its own place and at no other', () => {
    fc.assert(
      fc.property(leaves, (list) => {
        const root = Buffer.from(merkleRoot(list));
        const all = list.map((_, index) => index);
        merklePaths(list, all).forEach((path, index) => {
          expect(Buffer.from(rootFromPath(list[index]!, index, list.length, path)!)).toEqual(root);
          const elsewhere = rootFromPath(list[index]!, (index + 1) % list.length, list.length, path);
          const twin = list.length === 1 || Buffer.compare(list[index]!, list[(index + 1) % list.length]!) === 0;
          if (!twin) expect(elsewhere === undefined || Buffer.compare(elsewhere, root) !== 0).toBe(true);
        });
      }),
    );
  });

  it('shows no leaf that was changed, and takes no path of another length', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(31), (list, pick, byte) => {
        const index = pick % list.length;
        const [path] = merklePaths(list, [index]);
        const changed = Uint8Array.from(list[index]!);
        changed[byte]! ^= 1;
        const reached = rootFromPath(changed, index, list.length, path!);
        expect(Buffer.compare(reached!, merkleRoot(list))).not.toBe(0);
        expect(rootFromPath(list[index]!, index, list.length, [...path!, changed])).toBeUndefined();
        if (path!.length > 0) expect(rootFromPath(list[index]!, index, list.length, path!.slice(1))).toBeUndefined();
        expect(rootFromPath(list[index]!, list.length, list.length, path!)).toBeUndefined();
      }),
    );
  });
});
