import { CATALOG } from '../benchmarks/catalog.ts';
import type { Plan } from '../model/assignment.ts';
import { median } from '../model/estimate.ts';
import type { Metric } from '../model/measurement.ts';
import type { Admitted } from '../reports/verify/admission.ts';

/** An assignment that is worth a second pass, and why. */
export interface Suspect {
  readonly assignment: string;
  readonly why: string;
}

/** Fewer nodes have no usual value to be off from. */
const LEAST_NODES = 5;
/** Robust standard deviations (1.4826 times the median absolute deviation) from the median of the fleet. */
const FAR = 3.5;
const MAD_TO_SIGMA = 1.4826;
/** Nearer than this share of the median nothing is worth the time, however alike the others are. */
const LEAST_SHARE = 0.05;

/**
 * Assignments whose completed attempts leave a doubt that measuring once more can lessen: attempts of one assignment that
 * contradict each other (a check failed or a number is held back in one and not in another), and nodes far behind the rest
 * of the fleet. What a second pass gives is one more attempt in the record and takes nothing out of it.
 *
 * A quick look has no second pass: nothing that it could confirm would pass.
 */
export function suspects(plan: Plan, admitted: readonly Admitted[]): Suspect[] {
  if (plan.profile === 'quick') return [];
  const completed = Map.groupBy(
    admitted.filter(({ measurement }) => measurement.state === 'completed'),
    ({ measurement }) => measurement.assignment,
  );
  const found = new Map<string, string>();
  for (const [assignment, attempts] of completed) {
    const doubtful = attempts.filter(isDoubtful).length;
    if (doubtful === 0 || doubtful === attempts.length) continue;
    found.set(assignment, `${doubtful} of ${attempts.length} attempts in doubt`);
  }
  for (const { assignment, why } of laggards(completed)) if (!found.has(assignment)) found.set(assignment, why);
  return plan.assignments.flatMap(({ id }) => {
    const why = found.get(id);
    return why === undefined ? [] : [{ assignment: id, why }];
  });
}

const isDoubtful = ({ examination }: Admitted): boolean =>
  examination.checks.some((c) => !c.passed) || examination.findings.some((f) => f.weight === 'holds');

/** Assignments with a metric far on the bad side of what the same benchmark gave on the other nodes. */
function laggards(completed: ReadonlyMap<string, readonly Admitted[]>): Suspect[] {
  const series = new Map<string, { assignment: string; node: string; values: number[] }[]>();
  for (const [assignment, attempts] of completed) {
    // Each device and volume is one of its kind: what it gave is its own, and is compared with all others of that kind.
    const own = new Map<string, { key: string; values: number[] }>();
    for (const { measurement, examination } of attempts) {
      for (const { metric, labels, estimate } of examination.metrics) {
        const keyOf = (all: Metric['labels']): string =>
          JSON.stringify([measurement.benchmark, metric, Object.entries(all).sort(), estimate.unit]);
        const one = own.get(keyOf(labels)) ?? { key: keyOf(kindOf(labels)), values: [] };
        one.values.push(estimate.value);
        own.set(keyOf(labels), one);
      }
    }
    const { node } = attempts[0]!.measurement;
    for (const { key, values } of own.values()) {
      const list = series.get(key) ?? [];
      list.push({ assignment, node, values });
      series.set(key, list);
    }
  }
  return [...series].flatMap(([key, list]) => {
    const [, metric] = JSON.parse(key) as [string, string];
    const sign = DIRECTION.get(metric);
    if (sign === undefined || new Set(list.map((l) => l.node)).size < LEAST_NODES) return [];
    const values = list.map((l) => median(l.values));
    const middle = median(values);
    const spread = MAD_TO_SIGMA * median(values.map((value) => Math.abs(value - middle)));
    const least = Math.max(FAR * spread, LEAST_SHARE * Math.abs(middle));
    return list.flatMap(({ assignment }, at): Suspect[] => {
      const behind = sign * (middle - values[at]!);
      if (!(behind > least)) return [];
      return [{ assignment, why: `${metric} ${values[at]} where the fleet has ${middle}` }];
    });
  });
}

/**
 * Labels that things on many nodes have in common. A volume has a name that no other node has, and the number of a device
 * says which of its kind it is: by these no node would ever have others to be compared with.
 */
function kindOf({ volume: _, device, ...common }: Metric['labels']): Metric['labels'] {
  return device === undefined ? common : { ...common, device: device.replace(/(:|(?<=^node))\d+$/, '') };
}

/** 1 for a metric of which more is better, −1 for one of which less is. */
const DIRECTION: ReadonlyMap<string, number> = new Map(
  CATALOG.flatMap((d) => d.metrics.map((m) => [m.id, m.better === 'higher' ? 1 : -1] as const)),
);
