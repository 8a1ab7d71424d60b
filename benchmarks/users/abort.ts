/**
 * Runs work that collects what it must end (`ends`), and ends all of it before the promise settles, however it
 * settles. Rejects as soon as the signal fires.
 */
export async function untilAborted<T>(
  signal: AbortSignal,
  work: (ends: (() => Promise<void>)[]) => Promise<T>,
): Promise<T> {
  const ends: (() => Promise<void>)[] = [];
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason ?? new Error('cancelled'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work(ends), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await Promise.all(ends.map((end) => end()));
  }
}

/** Waits; at once for nothing or less. */
export function sleep(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
