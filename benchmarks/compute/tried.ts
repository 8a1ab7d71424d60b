import { type Static, Type } from 'typebox';
import { PRECISIONS } from './precision.ts';

const strict = { additionalProperties: false } as const;

/**
 * Why a library is not used: it is nowhere (`missing`); what is there is older than what can be called (`old`); it is
 * there, and loading it or its trial failed (`refused`).
 */
export const LIBRARY_FAULTS = ['missing', 'old', 'refused'] as const;
export type LibraryFault = (typeof LIBRARY_FAULTS)[number];

/** One backend in one of its forms as it was tried on the node: evidence of what was not used, and why. */
export const Tried = Type.Object(
  {
    /** Backend and, where there is a choice, its variant. */
    name: Type.String(),
    devices: Type.Array(Type.String()),
    /** What it said when it failed. */
    failed: Type.Optional(Type.String()),
    /** The backend alone. Absent, like what follows, in samples of earlier versions. */
    backend: Type.Optional(Type.String()),
    fault: Type.Optional(Type.Enum(LIBRARY_FAULTS)),
    software: Type.Optional(
      Type.Array(Type.Object({ name: Type.String(), version: Type.String() }, strict), { maxItems: 16 }),
    ),
    /** Why the processor is not offered in each of the other precisions. */
    lacks: Type.Optional(
      Type.Array(Type.Object({ precision: Type.Enum(PRECISIONS), why: Type.String() }, strict), {
        maxItems: PRECISIONS.length,
      }),
    ),
  },
  strict,
);
export type Tried = Static<typeof Tried>;

/** What the node has to compute with, as far as it decides which libraries are of use; absent in earlier samples. */
export const EQUIPMENT = {
  /** Flags of the processor that decide how fast it multiplies: names of the table of usual shares. */
  arithmetic: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
  /** Vendors of accelerators that the kernel has device files of. */
  cards: Type.Optional(Type.Array(Type.String(), { maxItems: 32 })),
} as const;
