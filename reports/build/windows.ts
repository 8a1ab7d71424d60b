/** A time in which something worked, seconds by one clock. */
export interface Timed {
  /** What worked: counted once, however often it did. */
  readonly subject: string;
  readonly fromS: number;
  readonly toS: number;
}

interface Window {
  readonly fromS: number;
  readonly toS: number;
  readonly subjects: readonly string[];
}

/**
 * The most subjects that worked in one window: the time that all of them share is at least `share` of the longest of
 * theirs. Of equally many those that worked last. Exact; times that are no times take no part.
 */
export function largestTogether(timed: readonly Timed[], share: number): ReadonlySet<string> {
  const windows = distinctWindows(timed);
  const all = new Set(windows.flatMap(({ subjects }) => subjects)).size;
  let best: ReadonlySet<string> = new Set();
  // Each window in turn is the one that began last of those that share a time.
  for (let last = windows.length - 1; last >= 0 && best.size < all; last--) {
    const near = neighbours(windows, last, share);
    if (near.reduce((sum, { subjects }) => sum + subjects.length, 0) <= best.size) continue;
    const found = mostBefore(near, windows[last]!, share, best.size);
    if (found) best = found;
  }
  return best;
}

function distinctWindows(timed: readonly Timed[]): Window[] {
  const real = timed.filter(({ fromS, toS }) => toS > fromS && Number.isFinite(toS - fromS));
  return [...Map.groupBy(real, ({ fromS, toS }) => `${fromS} ${toS}`).values()]
    .map((same) => ({
      fromS: same[0]!.fromS,
      toS: same[0]!.toS,
      subjects: [...new Set(same.map(({ subject }) => subject))],
    }))
    .sort((a, b) => a.fromS - b.fromS || a.toS - b.toS);
}

/** Windows that can share enough with the one that begins last, which ends the time they share at the latest. */
function neighbours(windows: readonly Window[], last: number, share: number): Window[] {
  const { fromS, toS } = windows[last]!;
  const earliest = toS - (toS - fromS) / share;
  const near: Window[] = [];
  for (let at = last; at >= 0 && windows[at]!.fromS >= earliest; at--) {
    if (windows[at]!.toS > fromS) near.push(windows[at]!);
  }
  return near;
}

/** The most subjects whose shared time begins with the given window, if they are more than `atLeast`. */
function mostBefore(near: readonly Window[], last: Window, share: number, atLeast: number): Set<string> | undefined {
  const byEnd = [...near].sort((a, b) => b.toS - a.toS);
  const byLength = [...near].sort((a, b) => b.toS - b.fromS - (a.toS - a.fromS));
  const counts = new Map<string, number>();
  const add = ({ subjects }: Window, by: 1 | -1): void => {
    for (const subject of subjects) {
      const count = (counts.get(subject) ?? 0) + by;
      if (count > 0) counts.set(subject, count);
      else counts.delete(subject);
    }
  };
  const inside = new Set<Window>();
  const gone = new Set<Window>();
  let best: Set<string> | undefined;
  let longest = 0;
  for (let i = 0; i < byEnd.length; i++) {
    const toS = byEnd[i]!.toS;
    if (!gone.has(byEnd[i]!)) {
      inside.add(byEnd[i]!);
      add(byEnd[i]!, 1);
    }
    if (byEnd[i + 1]?.toS === toS || toS > last.toS) continue;
    // The earlier the shared time ends, the shorter a window must be to have enough of it.
    const most = (toS - last.fromS) / share;
    for (; longest < byLength.length; longest++) {
      const long = byLength[longest]!;
      if (long.toS - long.fromS <= most) break;
      gone.add(long);
      if (inside.delete(long)) add(long, -1);
    }
    if (counts.size > (best?.size ?? atLeast)) best = new Set(counts.keys());
  }
  return best;
}
