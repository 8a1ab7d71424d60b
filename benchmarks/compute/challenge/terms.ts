import { auditCount, largestStateBits, MOST_LAYERS, rowLength, weightBits } from './parameters.ts';
import type { ChallengeResult } from './samples.ts';

/** What an assignment asks of every answer. */
export interface Terms {
  readonly size: number;
  readonly rows: number;
  readonly deviceSize: number;
  readonly deviceRows: number;
  readonly matrices: number;
  /** Rows that are recomputed. */
  readonly audits: number;
  /** Seconds that are asked for. */
  readonly seconds: number;
  readonly precisions: readonly string[];
}

/** The terms in the settings of an assignment; undefined where one is missing: nothing can be held against it then. */
export function termsOf(settings: Readonly<Record<string, unknown>>): Terms | undefined {
  const { size, rows, deviceSize, deviceRows, matrices, audits, seconds } = settings;
  const terms = { size, rows, deviceSize, deviceRows, matrices, audits, seconds };
  const positive = (value: unknown): boolean => typeof value === 'number' && value > 0 && Number.isFinite(value);
  const { precisions } = settings;
  const listed =
    Array.isArray(precisions) && precisions.length > 0 && precisions.every((one) => typeof one === 'string');
  if (!listed || !Object.values(terms).every(positive)) return undefined;
  return {
    ...(terms as Omit<Terms, 'precisions'>),
    precisions,
    audits: auditCount(audits as number),
  };
}

/**
 * Why parameters are not those of the assignment, or not those of an exact chain; undefined if they are. Sizes follow
 * from the settings alone, so that an answer can neither make its own work easier (with very short rows, one-bit states
 * or one matrix all states could be tabulated once) nor that of whoever recomputes it harder.
 */
export function parametersFault({ precision, device, parameters }: ChallengeResult, terms: Terms): string | undefined {
  const { n, m, layers, matrices, weightBits: weight, stateBits: state } = parameters;
  const host = device === 'cpu';
  const length = rowLength(precision, host ? terms.size : terms.deviceSize);
  if (n !== length) return `rows of ${n} in place of ${length}`;
  const rows = host ? terms.rows : terms.deviceRows;
  if (m !== rows) return `${m} rows in place of ${rows}`;
  if (matrices !== terms.matrices) return `${matrices} matrices in place of ${terms.matrices}`;
  if (!(layers >= 1 && layers <= MOST_LAYERS)) return `${layers} layers are not between 1 and ${MOST_LAYERS}`;
  if (weight !== weightBits(precision)) return `entries of ${weight} bits are not what ${precision} has to hold`;
  if (state < 2) return `states of ${state} bit could be tabulated`;
  return state > largestStateBits(precision, n)
    ? `sums of ${n} products of ${weight} by ${state} bits are not exact in ${precision}`
    : undefined;
}
