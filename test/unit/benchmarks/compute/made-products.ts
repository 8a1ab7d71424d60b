import { merklePaths } from '../../../../benchmarks/commitment.ts';
import { lookDigest, looksName, pickLooks } from '../../../../benchmarks/compute/gemm/looks.ts';
import {
  openingName,
  operandStream,
  pickRows,
  rootOf,
  rowDigests,
} from '../../../../benchmarks/compute/gemm/opening.ts';
import { cutOf, operandsIn, sumsAt } from '../../../../benchmarks/compute/gemm/operand-cuts.ts';
import { pairsOf, placeStep, spotsOf, streamLength, TURN } from '../../../../benchmarks/compute/gemm/places.ts';
import type { GemmResult } from '../../../../benchmarks/compute/gemm/samples.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import type { Precision } from '../../../../benchmarks/compute/precision.ts';

/** A run whose products are to be made as an honest node makes them, by plain loops. */
export interface Run {
  readonly precision: Precision;
  readonly challenge: string;
  readonly device: string;
  readonly size: number;
  /** By window, the products that were looked at. */
  readonly looks: readonly (readonly number[])[];
  /** Makes the last output wrong, before anything is committed to. */
  readonly change?: ((output: Elements) => void) | undefined;
  /** Makes what was looked at wrong, by the number of the look. */
  readonly changeLook?: ((values: Elements, index: number) => void) | undefined;
}

export interface Made {
  /** What is committed to, hex. */
  readonly root: string;
  /** What the beacon opens: parts of the samples, and what is kept as evidence by its name. */
  open(beacon: string, rows: number): Pick<GemmResult, 'opening' | 'products'> & { kept: Map<string, Uint8Array> };
}

export function madeProducts(run: Run): Made {
  const { precision, challenge, device, size, looks } = run;
  const [key, stream, step] = [keyOf(challenge), operandStream(precision), placeStep(device)];
  const draw = { key, stream, turn: TURN.measured, bothChange: true };
  const count = streamLength(size, step);
  const [a, b] = [0, 1].map((part) => randomElements(precision, key, stream, part, 0, count)) as [Elements, Elements];
  const operandsOf = (window: number, number: number) =>
    operandsIn(a, b, size, cutOf(pairsOf(draw, window, number - 1, 1)[0]!, step, 'rows'));
  const all = Array.from({ length: size }, (_, i) => i);
  const form = precision === 'FP64' ? 'float64' : precision.startsWith('INT') ? 'int32' : 'float32';
  const Stored = { float64: Float64Array, float32: Float32Array, int32: Int32Array }[form];
  const stored = (sums: Float64Array): Elements => new Stored(sums);
  const output = stored(sumsAt(operandsOf(looks.length - 1, looks.at(-1)!.at(-1)!), { rows: all, columns: all }));
  run.change?.(output);
  const seen = looks.flatMap((numbers, window) =>
    numbers.map((number, look) =>
      stored(sumsAt(operandsOf(window, number), spotsOf(draw, precision, size, window, look))),
    ),
  );
  for (const [i, values] of seen.entries()) run.changeLook?.(values, i);
  const leaves = [...rowDigests(output, size), ...seen.map(lookDigest)];
  const pathsOf = (indexes: number[]) =>
    merklePaths(leaves, indexes).map((path) => path.map((node) => Buffer.from(node).toString('hex')));
  const bytesOf = (elements: Elements) => new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return {
    root: Buffer.from(rootOf(leaves)).toString('hex'),
    open(beacon, rowCount) {
      const rows = pickRows(beacon, size, rowCount);
      const picked = pickLooks(beacon, seen.length);
      const kept = new Map([
        [
          openingName(precision, device),
          new Uint8Array(Buffer.concat(rows.map((row) => bytesOf(output.slice(row * size, (row + 1) * size))))),
        ],
        [looksName(precision, device), new Uint8Array(Buffer.concat(picked.map((look) => bytesOf(seen[look]!))))],
      ]);
      return {
        opening: { form, paths: pathsOf(rows) },
        products: {
          order: 'rows',
          changes: 'both',
          wrong: 0,
          worst: 0,
          paths: pathsOf(picked.map((look) => size + look)),
        },
        kept,
      };
    },
  };
}
