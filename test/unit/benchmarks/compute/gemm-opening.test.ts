import { describe, expect, it } from 'vitest';
import { merklePaths } from '../../../../benchmarks/commitment.ts';
import {
  openingFault,
  operandStream,
  pickColumnBlocks,
  pickRows,
  rootOf,
  rowDigests,
} from '../../../../benchmarks/compute/gemm/opening.ts';
import { blockWidth, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';

const hex = (digit: string) => digit.repeat(64);
const challenge = hex('c');
const beacon = hex('b');

describe('the places that are recomputed', () => {
  const size = 256;
  const precision = 'FP32';
  const key = keyOf(challenge);
  const rows = pickRows(beacon, size, 2);
  const picked = new Set(
    pickColumnBlocks(beacon, size, precision).flatMap((block) => [0, 1, 2, 3].map((i) => 4 * block + i)),
  );
  const b = randomElements(precision, key, operandStream(precision), 1, 0, size * size);
  const right = rows.map((row) => {
    const a = new Float64Array(randomElements(precision, key, operandStream(precision), 0, row * size, size));
    return Float32Array.from({ length: size }, (_, j) => a.reduce((sum, x, k) => sum + x * b[k * size + j]!, 0));
  });
  /** What is wrong with an output that a node committed to with this change in its first opened row. */
  const fault = (change: (row: Float32Array) => unknown) => {
    const [first, second] = right.map((row) => row.slice()) as [Float32Array, Float32Array];
    change(first);
    const output = new Float32Array(size * size);
    output.set(first, rows[0]! * size);
    output.set(second, rows[1]! * size);
    const leaves = rowDigests(output, size);
    const root = Buffer.from(rootOf(leaves)).toString('hex');
    const paths = merklePaths(leaves, rows).map((path) => path.map((node) => Buffer.from(node).toString('hex')));
    const bytes = new Uint8Array(Buffer.concat([first, second].map((row) => new Uint8Array(row.buffer))));
    const place = { cut: { a: 0, b: 0, order: 'rows' }, leaves: size } as const;
    return openingFault({ precision, size, challenge, root, beacon, form: 'float32', paths, ...place }, 2, bytes);
  };

  it('are 32 blocks of columns, whatever the size, picked by the beacon', () => {
    expect(picked.size).toBe(128);
    for (const [n, form, count] of [
      [32768, 'FP64', 32],
      [32768, 'INT8', 32],
      [256, 'INT8', 16],
      [64, 'FP16', 16],
    ] as const) {
      const blocks = pickColumnBlocks(beacon, n, form);
      expect(blocks).toHaveLength(count);
      expect(new Set(blocks).size).toBe(count);
      expect(Math.max(...blocks) * blockWidth(form)).toBeLessThan(n);
    }
    expect(pickColumnBlocks(hex('a'), size, precision)).not.toEqual(pickColumnBlocks(beacon, size, precision));
  });

  it('show a wrong element, and only there', () => {
    expect(fault(() => {})).toBeUndefined();
    for (const column of [0, 1, 2, 3].map((i) => [...picked][17 * i]!)) {
      expect(fault((row) => row.fill(row[column]! + 0.1, column, column + 1))).toMatch(/is not the product/);
      expect(fault((row) => row.fill(Number.NaN, column, column + 1))).toMatch(/is not the product/);
    }
    const elsewhere = Array.from({ length: size }, (_, i) => i).find((i) => !picked.has(i))!;
    expect(fault((row) => row.fill(7, elsewhere, elsewhere + 1))).toBeUndefined();
  });

  it('show a lower precision and a shorter inner length, which are wrong everywhere', () => {
    expect(fault((row) => void row.set(row.map((x) => x * (1 + (x > 0 ? 1e-3 : -1e-3)))))).toMatch(/not the product/);
    const shorter = (row: Float32Array) => {
      const a = new Float64Array(
        randomElements(precision, key, operandStream(precision), 0, rows[0]! * size, size - 1),
      );
      row.set(row.map((_, j) => a.reduce((sum, x, k) => sum + x * b[k * size + j]!, 0)));
    };
    expect(fault(shorter)).toMatch(/not the product/);
  });

  it('of a matrix that is no multiple of 16 are not looked at', () => {
    const place = { cut: { a: 0, b: 0, order: 'rows' }, leaves: 40 } as const;
    const opening = {
      precision,
      size: 40,
      challenge,
      root: hex('0'),
      beacon,
      form: 'float32',
      paths: [],
      ...place,
    } as const;
    expect(openingFault(opening, 2, new Uint8Array(0))).toMatch(/not of a size/);
  });
});
