/** Sum of a series. */
export function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Least of a series of any length; infinite for none. */
export function leastOf(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

/** Greatest of a series of any length; 0 for none. */
export function greatestOf(values: readonly number[]): number {
  return values.reduce((greatest, value) => Math.max(greatest, value), 0);
}

/** What was done in each whole second, from counts in slots of `slotMs`; a rest shorter than a second is left out. */
export function perSecond(done: readonly number[], slotMs: number): number[] {
  const slots = Math.max(1, Math.round(1_000 / slotMs));
  const rates: number[] = [];
  for (let at = 0; at + slots <= done.length; at += slots) {
    rates.push((sumOf(done.slice(at, at + slots)) * 1_000) / (slots * slotMs));
  }
  return rates;
}
