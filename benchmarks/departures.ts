/** One knob: its name, what the samples say it was, and what the assignment asked for. */
export type Knob = readonly [name: string, said: unknown, asked: unknown];

/**
 * Where samples were not taken as the assignment asked; undefined where all agree. Both sides are compared as JSON. A
 * setting that is not there agrees with nothing, so whoever derives `asked` must not put a default in its place.
 */
export function departures(knobs: readonly Knob[]): string | undefined {
  const differing = knobs.filter(([, said, asked]) => asked === undefined || text(said) !== text(asked));
  if (differing.length === 0) return undefined;
  return differing.map(([name, said, asked]) => `${name} was ${text(said)}, asked was ${text(asked)}`).join('; ');
}

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
