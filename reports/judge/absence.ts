import type { Requirement } from '../../model/guide.ts';
import type { Reason } from '../../model/report.ts';
import { ownSubject } from './fold.ts';
import type { Reading, Readings } from './readings.ts';

/**
 * What completed attempts left out, as reasons: every thing of which one attempt of an assignment has readings must have
 * as many in each completed attempt of it, or the attempts that would have shown the worse could leave it out. Readings
 * of one thing may differ in how they came about (another backend in another repeat), so that only their number counts.
 * A thing that no attempt measured is not missed here: not every device can do everything.
 */
export function absences(requirement: Requirement, found: Readings, readings: readonly Reading[]): Reason[] {
  const ofAssignment = Map.groupBy(readings, (r) => r.assignment);
  const measured = new Set(readings.map((r) => r.node));
  const reasons: Reason[] = [];
  const say = (assignment: string, attempt: number, names: readonly string[], some: boolean) => {
    const named = names.filter((name) => name !== '');
    const more = named.length > MOST_NAMES ? ` and ${named.length - MOST_NAMES} more` : '';
    const what = `${some ? 'fewer' : 'no'} ${requirement.metric}`;
    const of = named.length > 0 ? ` of ${named.slice(0, MOST_NAMES).join(', ')}${more}` : '';
    const than = some ? ' than in another attempt' : '';
    reasons.push({ code: 'evidence_missing', detail: `${assignment} attempt ${attempt}: ${what}${of}${than}` });
  };
  for (const [assignment, { node, attempts }] of found.completed) {
    const own = ofAssignment.get(assignment);
    if (!own) {
      // Readings of another assignment would let the node seem measured.
      if (measured.has(node)) for (const attempt of attempts) say(assignment, attempt, [], false);
      continue;
    }
    const things = [...Map.groupBy(own, (r) => thingOf(requirement, r)).values()].map(numbers);
    for (const attempt of attempts) {
      const lacking = things.filter(
        ({ of, most }) => (of.get(attempt) ?? 0) < (requirement.fold === 'distinct' ? 1 : most),
      );
      if (lacking.length === 0) continue;
      const names = new Set(lacking.map(({ reading }) => nameOf(requirement, reading)));
      const some = own.some((r) => r.attempt === attempt && names.has(nameOf(requirement, r)));
      say(assignment, attempt, [...names], some);
    }
  }
  return reasons;
}

/**
 * Readings that may be counted: of what every completed attempt of their assignment shows. Wrong results and no work show
 * nothing.
 */
export function shownThroughout(requirement: Requirement, found: Readings, readings: readonly Reading[]): Reading[] {
  const shown = readings.filter((r) => r.held.every((h) => h.code !== 'incorrect_result' && h.code !== 'zero_work'));
  const key = (r: Reading): string => JSON.stringify([r.assignment, thingOf(requirement, r)]);
  const steady = new Set(
    [...Map.groupBy(shown, key)].flatMap(([label, own]) => {
      const { of } = numbers(own);
      const attempts = found.completed.get(own[0]!.assignment)?.attempts ?? [];
      return attempts.every((attempt) => of.has(attempt)) ? [label] : [];
    }),
  );
  return readings.filter((r) => steady.has(key(r)));
}

/** A reason names so many things and counts the others: a node decides how many there are. */
const MOST_NAMES = 5;

/** What must be measured every time: what repeats are of, and where labels are counted each by itself, but for the backend. */
function thingOf({ fold }: Requirement, reading: Reading): string {
  if (fold !== 'distinct') return ownSubject(reading);
  const { backend: _, ...labels } = reading.metric.labels;
  return JSON.stringify([reading.node, Object.entries(labels).sort()]);
}

function nameOf({ fold, label = '' }: Requirement, { metric: { labels } }: Reading): string {
  if (fold === 'distinct') return labels[label] ?? '';
  return labels.device ?? labels.volume ?? '';
}

/** How many readings of one thing each attempt has, and the most that one has. */
function numbers(own: readonly Reading[]): { reading: Reading; of: Map<number, number>; most: number } {
  const of = new Map<number, number>();
  let most = 0;
  for (const { attempt } of own) {
    const number = (of.get(attempt) ?? 0) + 1;
    of.set(attempt, number);
    most = Math.max(most, number);
  }
  return { reading: own[0]!, of, most };
}
