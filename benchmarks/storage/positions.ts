import { createCipheriv, createHash } from 'node:crypto';

/**
 * Units to read for the challenge, without repeats, in an order that the challenge gives.
 *
 * Stratified sample: one unit at random from each of `samples` equal strata. With n samples and no bad one a shortfall
 * of share s is excluded with probability 1 − (1 − s)^n: 688 show 1 % with 99.9 %.
 * Ruler: the first √N units, every √N-th, and the last. Two of them lie at every distance up to N, so a device that
 * wraps around at any modulus shows it.
 */
export function challengedUnits(
  challenge: string,
  units: number,
  samples: number,
): { sample: number[]; ruler: number[] } {
  const random = randomWords(challenge, 'positions');
  const strata = Math.min(samples, units);
  const sample: number[] = [];
  for (let i = 0; i < strata; i++) {
    const from = Math.floor((i * units) / strata);
    const to = Math.floor(((i + 1) * units) / strata);
    sample.push(from + below(random(), to - from));
  }
  const taken = new Set(sample);
  return {
    sample: shuffle(sample, random),
    ruler: shuffle(
      rulerUnits(units).filter((unit) => !taken.has(unit)),
      random,
    ),
  };
}

/** The ruler's marks for a volume of `units` units, ascending. */
export function rulerUnits(units: number): number[] {
  if (units < 1) return [];
  const step = Math.ceil(Math.sqrt(units));
  const marks = new Set<number>();
  for (let unit = 0; unit < Math.min(step, units); unit++) marks.add(unit);
  for (let unit = 0; unit < units; unit += step) marks.add(unit);
  marks.add(units - 1);
  return [...marks].sort((a, b) => a - b);
}

/** An order to visit `count` chunks that the writer could not foresee: an affine walk that meets each exactly once. */
export function walk(challenge: string, count: number): (index: number) => number {
  if (count < 2) return () => 0;
  const random = randomWords(challenge, 'walk');
  const start = below(random(), count);
  let step = 1 + below(random(), count - 1);
  while (divisor(step, count) !== 1) step = (step % (count - 1)) + 1;
  return (index) => Number((BigInt(index) * BigInt(step) + BigInt(start)) % BigInt(count));
}

/** Share of the whole that may be missing though `samples` random blocks were all right, at probability `risk`. */
export function undetectedShare(samples: number, risk = 0.001): number {
  return samples < 1 ? 1 : 1 - risk ** (1 / samples);
}

/** Endless 53-bit words from a challenge and a purpose: AES-128-CTR again, under a key of its own. */
function randomWords(challenge: string, purpose: string): () => number {
  const key = createHash('sha256').update(`assay/storage/${purpose}\0`).update(challenge).digest().subarray(0, 16);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const empty = Buffer.alloc(8192);
  let words = stream.update(empty);
  let at = 0;
  return () => {
    if (at === words.length) {
      words = stream.update(empty);
      at = 0;
    }
    at += 8;
    return Number(words.readBigUInt64LE(at - 8) >> 11n);
  };
}

/** A 53-bit word brought below a limit; the bias is below limit ÷ 2^53. */
function below(word: number, limit: number): number {
  return word % limit;
}

function shuffle(values: number[], random: () => number): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = below(random(), i + 1);
    const value = values[i]!;
    values[i] = values[j]!;
    values[j] = value;
  }
  return values;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
