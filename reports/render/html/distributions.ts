import type { Report } from '../../../model/report.ts';
import { ecdf } from '../../charts/ecdf.ts';
import { LABELS } from '../../text/catalog.ts';
import { isMoment } from '../../text/moment.ts';
import { both, type Markup, markup } from '../markup.ts';
import { fold, section } from './section.ts';

/** Fewer values than this are better read in a table. */
const LEAST = 5;
/** Most drawings of one page, those with the most values first. */
const MOST = 16;

interface Group {
  readonly name: string;
  readonly unit: string;
  readonly values: number[];
}

/** How the values of one metric spread over nodes, devices and attempts. */
export function distributions(report: Report): Markup {
  const groups = [...groupsOf(report).values()]
    .filter((group) => group.values.length >= LEAST && new Set(group.values).size > 1)
    .sort((a, b) => b.values.length - a.values.length || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (groups.length === 0) return section('distributions', markup`<p>${both(LABELS.noDistribution)}</p>`);
  return section(
    'distributions',
    markup`<div class="pair">${groups.map((group, i) => {
      const chart = ecdf(`ecdf-${i}`, group.name, group.unit, group.values);
      return (
        chart &&
        markup`<figure><figcaption><code>${group.name}</code></figcaption>${chart.svg}${fold(both(LABELS.numbersTable), chart.table)}</figure>\n`
      );
    })}</div>`,
  );
}

/** Values of completed attempts by metric and by every label but the device, which is what they are spread over. */
function groupsOf(report: Report): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const attempt of report.attempts) {
    if (attempt.state !== 'completed') continue;
    for (const { metric, labels, estimate } of attempt.metrics) {
      // Moments spread over nothing that could be compared.
      if (isMoment(metric)) continue;
      const kept = Object.keys(labels)
        .filter((label) => label !== 'device')
        .sort()
        .map((label) => labels[label]!);
      const name = [metric, ...kept].join(' · ');
      const key = `${name} ${estimate.unit}`;
      const group = groups.get(key);
      if (group) group.values.push(estimate.value);
      else groups.set(key, { name, unit: estimate.unit, values: [estimate.value] });
    }
  }
  return groups;
}
