import { median } from '../../model/estimate.ts';
import type { Text } from '../../model/text.ts';
import { type Markup, markup } from '../render/markup.ts';
import { LABELS } from '../text/catalog.ts';
import { significant } from '../text/quantity.ts';
import { at, type Chart, frame, ticks } from './frame.ts';

/** One quantity over time; times in seconds from the start, rising. */
export interface Series {
  readonly label: Text;
  readonly unit: string;
  /** Upper end of its axis where that is known, for example 100 for per cent. */
  readonly ceiling?: number;
  readonly points: readonly Point[];
}

export interface Point {
  readonly atS: number;
  readonly value: number;
  /** Nothing is known between the point before and this one, so no line leads to it. */
  readonly starts?: boolean;
  /** What it is of, where a line is of several things in turn; another one starts a line. */
  readonly label?: string;
}

export interface PhaseMark {
  readonly name: string;
  readonly fromS: number;
}

const WIDTH = 700;
const LEFT = 150;
const RIGHT = 690;
const PANEL = 54;
/** Most letters of a name within a panel. */
const MOST_LETTERS = 16;
/** Most points of one line: longer recordings are cut into this many equal spans and drawn as their medians. */
export const MOST_POINTS = 48;

/** Panels over one time axis, one a series, with the phases of the attempt as vertical lines. */
export function timeline(id: string, title: Text, series: readonly Series[], phases: readonly PhaseMark[]): Chart {
  const end = Math.max(1e-9, ...series.flatMap((s) => s.points.map((p) => p.atS)), ...phases.map((p) => p.fromS));
  const thinned = series.map((s) => ({ ...s, points: thin(s.points, end) }));
  const x = (second: number): number => LEFT + (Math.max(0, second) / end) * (RIGHT - LEFT);
  const bottom = 18 + series.length * PANEL;
  const height = bottom + 22;
  const description: Text = {
    zh: thinned.map((s) => `${s.label.zh}：${range(s)}`).join('；'),
    en: thinned.map((s) => `${s.label.en}: ${range(s)}`).join('; '),
  };
  const shownPhases = phases.filter((phase, i) => i === 0 || x(phase.fromS) - x(phases[i - 1]!.fromS) > 3);
  const body = markup`${shownPhases.map((phase, i) => {
    const next = shownPhases[i + 1];
    const room = (next ? x(next.fromS) : RIGHT) - x(phase.fromS);
    return markup`<path d="M${at(x(phase.fromS))} 14V${bottom}" stroke="#9aa0a6" stroke-dasharray="2 3"/>${room > phase.name.length * 5.5 + 4 && markup`<text x="${at(x(phase.fromS) + 3)}" y="11" class="tick">${phase.name}</text>`}`;
  })}
${thinned.map((s, i) => panel(s, 18 + i * PANEL, x))}
<path d="M${LEFT} ${bottom}H${RIGHT}" stroke="#111"/>
${ticks(0, end, 6).map((tick) => markup`<path d="M${at(x(tick))} ${bottom}v4" stroke="#111"/><text x="${at(x(tick))}" y="${bottom + 16}" text-anchor="middle" class="tick">${significant(tick, 4)} s</text>`)}`;
  return { svg: frame(id, { width: WIDTH, height }, title, description, body), table: numbers(thinned) };
}

/**
 * Medians of equal spans of time, for more points than can be drawn; times are the spans' middles. A span in which the label
 * changes gives a point for each. A line begins where the first point of a span does.
 */
export function thin(points: readonly Point[], endS: number): readonly Point[] {
  const finite = points.filter((point) => Number.isFinite(point.value));
  if (finite.length <= MOST_POINTS) return finite;
  const spans: Point[][] = Array.from({ length: MOST_POINTS }, () => []);
  for (const point of finite) {
    spans[Math.min(MOST_POINTS - 1, Math.max(0, Math.floor((point.atS / endS) * MOST_POINTS)))]!.push(point);
  }
  return spans.flatMap((own, i) => {
    const groups = [...Map.groupBy(own, (point) => point.label)];
    return groups.map(([label, group], j) => ({
      atS: ((i + (j + 0.5) / groups.length) / MOST_POINTS) * endS,
      value: median(group.map((point) => point.value)),
      ...(group[0]!.starts && { starts: true }),
      ...(label !== undefined && { label }),
    }));
  });
}

function panel(series: Series, top: number, x: (second: number) => number): Markup {
  const values = series.points.map((point) => point.value);
  const most = series.ceiling ?? niceCeiling(Math.max(0, ...values));
  const y = (value: number): number => top + PANEL - 8 - (Math.min(value, most) / most) * (PANEL - 14);
  const begins = (i: number): boolean => {
    const [before, point] = [series.points[i - 1], series.points[i]];
    return !before || !point || point.starts === true || point.label !== before.label;
  };
  const line = series.points.map((p, i) => `${begins(i) ? 'M' : 'L'}${at(x(p.atS))} ${at(y(p.value))}`).join('');
  // A line of one point would not be seen.
  const lone = series.points.filter((_, i) => begins(i) && begins(i + 1));
  return markup`<path d="M${LEFT} ${at(y(0))}H${RIGHT}M${LEFT} ${at(y(most))}H${RIGHT}" stroke="#e3e5e8"/>
<text x="4" y="${top + 20}" class="name">${series.label.zh}</text><text x="4" y="${top + 33}" class="sub" lang="en">${series.label.en}</text>
<text x="${LEFT - 5}" y="${at(y(most) + 4)}" text-anchor="end" class="tick">${significant(most, 3)} ${series.unit}</text><text x="${LEFT - 5}" y="${at(y(0) + 3)}" text-anchor="end" class="tick">0</text>
<path d="${line}" fill="none" stroke="#0b4f8a" stroke-width="1.6"/>${lone.map((p) => markup`<circle cx="${at(x(p.atS))}" cy="${at(y(p.value))}" r="2.5" fill="#0b4f8a"/>`)}${names(series.points, x, (value) => (value > most / 2 ? top + PANEL - 11 : top + 16))}`;
}

/** What each stretch of a line is of, at its beginning, where there is room for it; `y` keeps it off the line. */
function names(points: readonly Point[], x: (second: number) => number, y: (value: number) => number): Markup[] {
  let free = LEFT;
  return points.flatMap(({ atS, value, label = '' }, i) => {
    const text = [...label].slice(0, MOST_LETTERS).join('');
    const width = text.length * 5.5 + 4;
    if (text === '' || label === points[i - 1]?.label || x(atS) < free || x(atS) + width > RIGHT) return [];
    free = x(atS) + width;
    return [markup`<text x="${at(x(atS) + 2)}" y="${y(value)}" class="tick">${text}</text>`];
  });
}

function niceCeiling(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 2.5, 5, 10].find((m) => m * power >= most) ?? 10) * power;
}

function range(series: Series): string {
  const values = series.points.map((point) => point.value);
  if (values.length === 0) return LABELS.missing.en;
  const show = (value: number): string => significant(value, 4);
  return `${show(Math.min(...values))} – ${show(Math.max(...values))} ${series.unit}`;
}

function numbers(series: readonly Series[]): Markup {
  const times = [...new Set(series.flatMap((s) => s.points.map((p) => p.atS)))].sort((a, b) => a - b);
  const byTime = series.map((s) => new Map(s.points.map((p) => [p.atS, p])));
  return markup`<table class="numbers"><thead><tr><th scope="col">${LABELS.time.zh} ${LABELS.time.en}, s</th>${series.map((s) => markup`<th scope="col">${s.label.zh} ${s.label.en}, ${s.unit}</th>`)}</tr></thead><tbody>${times.map(
    (time) =>
      markup`<tr><td>${significant(time, 4)}</td>${byTime.map((values) => {
        const point = values.get(time);
        return markup`<td>${point === undefined ? '—' : significant(point.value, 4)}${point?.label && ` ${point.label}`}</td>`;
      })}</tr>`,
  )}</tbody></table>`;
}
