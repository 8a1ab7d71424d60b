/**
 * The name that is most like what was typed, or whose beginning is; undefined where none is like it. A beginning of
 * fewer than three letters is like nothing.
 */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const text = typed.toLowerCase();
  const stepsTo = (name: string): number => {
    const whole = distance(text, name.toLowerCase());
    return text.length < 3 ? whole : Math.min(whole, distance(text, name.toLowerCase().slice(0, text.length)));
  };
  const [best] = names.map((name) => ({ name, steps: stepsTo(name) })).sort((a, b) => a.steps - b.steps);
  return best && best.steps <= Math.max(1, Math.floor(text.length / 4)) ? best.name : undefined;
}

/**
 * Levenshtein's distance: letters to put in, take out or change. Names are short; a long text is compared by its start.
 */
function distance(a: string, b: string): number {
  const [from, to] = [a.slice(0, 64), b.slice(0, 64)];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
