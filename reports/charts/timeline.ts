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
  /** `starts`: nothing is known between the point before and this one, so no line leads to it. */
  readonly points: readonly { readonly atS: number; readonly value: number; readonly starts?: boolean }[];
}

export interface PhaseMark {
  readonly name: string;
  readonly fromS: number;
}

const WIDTH = 700;
const LEFT = 150;
const RIGHT = 690;
const PANEL = 54;
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

/** Medians of equal spans of time, for more points than can be drawn; times are the spans' middles. */
export function thin(points: Series['points'], endS: number): Series['points'] {
  const finite = points.filter((point) => Number.isFinite(point.value));
  if (finite.length <= MOST_POINTS) return finite;
  const spans: number[][] = Array.from({ length: MOST_POINTS }, () => []);
  for (const point of finite) {
    spans[Math.min(MOST_POINTS - 1, Math.max(0, Math.floor((point.atS / endS) * MOST_POINTS)))]!.push(point.value);
  }
  return spans.flatMap((values, i) =>
    values.length === 0 ? [] : [{ atS: ((i + 0.5) / MOST_POINTS) * endS, value: median(values) }],
  );
}

function panel(series: Series, top: number, x: (second: number) => number): Markup {
  const values = series.points.map((point) => point.value);
  const most = series.ceiling ?? niceCeiling(Math.max(0, ...values));
  const y = (value: number): number => top + PANEL - 8 - (Math.min(value, most) / most) * (PANEL - 14);
  const line = series.points
    .map((p, i) => `${i === 0 || p.starts ? 'M' : 'L'}${at(x(p.atS))} ${at(y(p.value))}`)
    .join('');
  return markup`<path d="M${LEFT} ${at(y(0))}H${RIGHT}M${LEFT} ${at(y(most))}H${RIGHT}" stroke="#e3e5e8"/>
<text x="4" y="${top + 20}" class="name">${series.label.zh}</text><text x="4" y="${top + 33}" class="sub" lang="en">${series.label.en}</text>
<text x="${LEFT - 5}" y="${at(y(most) + 4)}" text-anchor="end" class="tick">${significant(most, 3)} ${series.unit}</text><text x="${LEFT - 5}" y="${at(y(0) + 3)}" text-anchor="end" class="tick">0</text>
<path d="${line}" fill="none" stroke="#0b4f8a" stroke-width="1.6"/>${series.points.length === 1 && markup`<circle cx="${at(x(series.points[0]!.atS))}" cy="${at(y(series.points[0]!.value))}" r="2.5" fill="#0b4f8a"/>`}`;
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
  const byTime = series.map((s) => new Map(s.points.map((p) => [p.atS, p.value])));
  return markup`<table class="numbers"><thead><tr><th scope="col">${LABELS.time.zh} ${LABELS.time.en}, s</th>${series.map((s) => markup`<th scope="col">${s.label.zh} ${s.label.en}, ${s.unit}</th>`)}</tr></thead><tbody>${times.map(
    (time) =>
      markup`<tr><td>${significant(time, 4)}</td>${byTime.map((values) => {
        const value = values.get(time);
        return markup`<td>${value === undefined ? '—' : significant(value, 4)}</td>`;
      })}</tr>`,
  )}</tbody></table>`;
}
