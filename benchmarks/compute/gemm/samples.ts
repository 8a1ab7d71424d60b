import { type Static, type TSchema, Type } from 'typebox';
import { PRECISIONS } from '../precision.ts';
import { EQUIPMENT, Tried } from '../tried.ts';

const strict = { additionalProperties: false } as const;
const Hex64 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Positive = Type.Number({ exclusiveMinimum: 0 });
const Size = Type.Integer({ minimum: 16, maximum: 32768, multipleOf: 16 });

/** What whoever checks is ready to look at, whatever a node sends: far more than any node has. */
const MOST = { devices: 256, windows: 100_000, looks: 4096, trials: 4096, engines: 64 } as const;

/** Whole products in a stretch of time; nanoseconds since the measurement began, on the machine's clock. */
const timed = {
  startNs: Type.Integer({ minimum: 0 }),
  endNs: Type.Integer({ minimum: 0 }),
  iterations: Type.Integer({ minimum: 1 }),
};

const Paths = Type.Array(Type.Array(Hex64, { maxItems: 64 }), { maxItems: 64 });

const result = {
  device: Type.String({ minLength: 1 }),
  backend: Type.String({ minLength: 1 }),
  size: Size,
  /** Why the precision is not the hardware's own. */
  emulated: Type.Optional(Type.String()),
  /** A small product compared whole: elements that were wrong, of how many. */
  gate: Type.Object(
    { wrong: Type.Integer({ minimum: 0 }), elements: Type.Integer({ minimum: 1 }), worst: Type.Number() },
    strict,
  ),
  warmUpS: Type.Number({ minimum: 0 }),
  /** What the device used from the first window's start to the last one's end. */
  energy: Type.Optional(Type.Object({ joules: Positive, source: Type.Enum(['rapl', 'nvml']) }, strict)),
  /** Why that is not known. */
  unmetered: Type.Optional(Type.String()),
  /**
   * Freivalds' check of the output that lay there after the last window; the beacon came after its digest was out. What
   * is no number stands as the largest one: samples are JSON.
   */
  verification: Type.Object(
    {
      /** Root over the digests of the output's rows and of all looks, as it was committed to. */
      root: Hex64,
      beacon: Hex64,
      rounds: Type.Integer({ minimum: 1 }),
      rms: Type.Number({ minimum: 0 }),
      worst: Type.Number({ minimum: 0 }),
    },
    strict,
  ),
  /** Rows of that output that the beacon picked; their bytes are kept as evidence. */
  opening: Type.Object(
    {
      form: Type.Enum(['float64', 'float32', 'int32']),
      /** Digests that lead from each row to the root. */
      paths: Paths,
    },
    strict,
  ),
};

/** One device that was measured at one precision. */
export const GemmResult = Type.Object(
  {
    ...result,
    windows: Type.Array(
      Type.Object(
        {
          ...timed,
          /** Products of the window whose output was looked at as it lay there; the first one is 1. */
          looks: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: MOST.looks }),
        },
        strict,
      ),
      { maxItems: MOST.windows },
    ),
    /** How the operands of the products were cut from their streams, and what the node found in its looks. */
    products: Type.Object(
      {
        order: Type.Enum(['rows', 'columns']),
        /** Whether both operands have another place in every product, or only A, and B in every window. */
        changes: Type.Enum(['both', 'left']),
        /** Looks that did not show the product. */
        wrong: Type.Integer({ minimum: 0 }),
        worst: Type.Number({ minimum: 0 }),
        /** Digests that lead from each look that the beacon picked to the root; their elements are kept as evidence. */
        paths: Paths,
      },
      strict,
    ),
  },
  strict,
);
export type GemmResult = Static<typeof GemmResult>;

/** As version 1.0.0 had it: only what lay there after the last window was looked at. */
export const FirstGemmResult = Type.Object(
  { ...result, windows: Type.Array(Type.Object(timed, strict), { maxItems: MOST.windows }) },
  strict,
);
export type FirstGemmResult = Static<typeof FirstGemmResult>;

const rawOf = <R extends TSchema>(result: R) =>
  Type.Object(
    {
      challenge: Hex64,
      threads: Type.Integer({ minimum: 1 }),
      /** What one turn of the measuring loop costs without a product in it, nanoseconds. */
      nullNs: Positive,
      ...EQUIPMENT,
      engines: Type.Array(Tried, { maxItems: MOST.engines }),
      precisions: Type.Array(
        Type.Object(
          {
            precision: Type.Enum(PRECISIONS),
            /** Why there is no result. */
            unsupported: Type.Optional(Type.String()),
            trials: Type.Array(
              Type.Object(
                {
                  device: Type.String(),
                  backend: Type.String(),
                  size: Type.Integer({ minimum: 1, maximum: 32768 }),
                  opsPerSecond: Type.Optional(Positive),
                  failed: Type.Optional(Type.String()),
                },
                strict,
              ),
              { maxItems: MOST.trials },
            ),
            results: Type.Array(result, { maxItems: MOST.devices }),
            /** Power of the whole machine by its management controller; times as in the windows. */
            nodePower: Type.Optional(
              Type.Array(Type.Object({ atNs: Type.Integer({ minimum: 0 }), watts: Positive }, strict), {
                maxItems: MOST.windows,
              }),
            ),
          },
          strict,
        ),
        { maxItems: PRECISIONS.length },
      ),
    },
    strict,
  );

/** Raw samples of compute.gemm. */
export const GemmRaw = rawOf(GemmResult);
export type GemmRaw = Static<typeof GemmRaw>;

/** Raw samples of its version 1.0.0. */
export const FirstGemmRaw = rawOf(FirstGemmResult);
export type FirstGemmRaw = Static<typeof FirstGemmRaw>;

/** Label under which the digest of an output is committed before it may be checked. */
export function commitLabel(precision: string, device: string): string {
  return `compute.gemm output ${precision} ${device}`;
}

/** Dense operations of one product: a multiply and an add for each of n³ terms. */
export function operations(size: number): number {
  return 2 * size ** 3;
}
