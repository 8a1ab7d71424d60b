import { blockWidth, type Elements, randomColumns, randomElements } from '../operands.ts';
import type { Key } from '../philox.ts';
import type { Precision } from '../precision.ts';
import type { Pair, Spots } from './places.ts';

/** How B lies in its stream: row by row, or column by column, as some libraries like it best. */
export type OperandOrder = 'rows' | 'columns';

/** Rows of A and columns of B of one product, each `size` numbers. */
export interface Operands {
  row(i: number): ArrayLike<number>;
  column(j: number): ArrayLike<number>;
}

/** Where the operands of a product begin in their streams, in elements, and how B lies. */
export interface Cut {
  readonly a: number;
  readonly b: number;
  readonly order: OperandOrder;
}

/** Where the operands of a product begin. */
export function cutOf(pair: Pair, step: number, order: OperandOrder): Cut {
  return { a: pair.a * step, b: pair.b * step, order };
}

/** Operands that lie in memory: whole streams of A and B. */
export function operandsIn(a: Elements, b: Elements, size: number, cut: Cut): Operands {
  return {
    row: (i) => a.subarray(cut.a + i * size, cut.a + (i + 1) * size),
    column: (j) =>
      cut.order === 'columns'
        ? b.subarray(cut.b + j * size, cut.b + (j + 1) * size)
        : strided(b, cut.b + j, size, size),
  };
}

/** The same operands from the seed alone. Neighbouring columns are made together and kept. */
export function operandsFrom(precision: Precision, key: Key, stream: number, size: number, cut: Cut): Operands {
  const width = blockWidth(precision);
  const blocks = new Map<number, Elements>();
  return {
    row: (i) => randomElements(precision, key, stream, 0, cut.a + i * size, size),
    column(j) {
      if (cut.order === 'columns') return randomElements(precision, key, stream, 1, cut.b + j * size, size);
      const block = Math.floor(j / width);
      const made = blocks.get(block) ?? randomColumns(precision, key, stream, 1, size, block, cut.b);
      blocks.set(block, made);
      return strided(made, j % width, width, size);
    },
  };
}

/** Elements of the product at some spots, summed in double precision, row by row. */
export function sumsAt({ row, column }: Operands, { rows, columns }: Spots): Float64Array {
  const left = rows.map((i) => new Float64Array(row(i)));
  const right = columns.map((j) => new Float64Array(column(j)));
  const sums = left.flatMap((x) =>
    right.map((y) => {
      let sum = 0;
      for (let k = 0; k < x.length; k++) sum += x[k]! * y[k]!;
      return sum;
    }),
  );
  return Float64Array.from(sums);
}

function strided(elements: Elements, from: number, stride: number, count: number): Float64Array {
  const out = new Float64Array(count);
  for (let k = 0, at = from; k < count; k++, at += stride) out[k] = elements[at]!;
  return out;
}
