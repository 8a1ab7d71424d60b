import { Type } from 'typebox';

/** Precisions that a framework may be asked to train in, by the names that frameworks use; the widest first. */
export const PRECISIONS = ['float64', 'float32', 'bfloat16', 'float16'] as const;
export const Precision = Type.Enum([...PRECISIONS]);
export type Precision = (typeof PRECISIONS)[number];
