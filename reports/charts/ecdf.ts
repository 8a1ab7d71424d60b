import type { Text } from '../../model/text.ts';
import { both, type Markup, markup } from '../render/markup.ts';
import { LABELS } from '../text/catalog.ts';
import { quantity, whole } from '../text/quantity.ts';
import { SENTENCES } from '../text/sentence.ts';
import { at, type Chart, frame, ticks } from './frame.ts';

const WIDTH = 340;
const HEIGHT = 210;
const BOX = { left: 44, right: 328, top: 12, bottom: 168 };
/** Width of a letter of a tick's label, generously. */
const GLYPH = 5.2;
/** More values than this are drawn as the quantiles 0, 2.5 % … 100 %, and the table lists just these. */
const ALL = 40;

/** A point of an empirical distribution: so many of all values are at or below `value`. */
export interface EcdfPoint {
  readonly value: number;
  readonly share: number;
}

/** Points of the empirical distribution by nearest rank: every value up to 40 of them, else 41 quantiles. */
export function ecdfPoints(values: readonly number[]): EcdfPoint[] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const n = sorted.length;
  if (n <= ALL) return sorted.map((value, i) => ({ value, share: (i + 1) / n }));
  return Array.from({ length: 41 }, (_, i) => {
    const rank = Math.max(1, Math.ceil((i / 40) * n - 1e-9));
    return { value: sorted[rank - 1]!, share: rank / n };
  });
}

/** Empirical distribution as a stair, with the median marked; nothing for no finite value. */
export function ecdf(id: string, metric: string, unit: string, values: readonly number[]): Chart | undefined {
  const points = ecdfPoints(values);
  const first = points[0];
  const last = points[points.length - 1];
  if (!first || !last) return undefined;
  const spread = last.value - first.value || Math.abs(last.value) || 1;
  const from = first.value - spread * 0.05;
  const to = last.value + spread * 0.05;
  const x = (value: number): number => BOX.left + ((value - from) / (to - from)) * (BOX.right - BOX.left);
  const y = (share: number): number => BOX.bottom - share * (BOX.bottom - BOX.top);
  let line = `M${at(BOX.left)} ${at(y(0))}`;
  for (const point of points) line += `H${at(x(point.value))}V${at(y(point.share))}`;
  line += `H${at(BOX.right)}`;
  const middle = points.find((point) => point.share >= 0.5)!;
  const like = Math.max(Math.abs(from), Math.abs(to));
  const title = SENTENCES.ecdfTitle(metric, values.length);
  const description: Text = {
    zh: `最小 ${quantity(first.value, unit)}，中位数 ${quantity(middle.value, unit)}，最大 ${quantity(last.value, unit)}`,
    en: `min ${quantity(first.value, unit)}, median ${quantity(middle.value, unit)}, max ${quantity(last.value, unit)}`,
  };
  const body = markup`${[0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      markup`<path d="M${BOX.left} ${at(y(share))}H${BOX.right}" stroke="#d5d7da"/><text x="${BOX.left - 5}" y="${at(y(share) + 3.5)}" text-anchor="end" class="tick">${share * 100} %</text>`,
  )}
${ticks(from, to, 3).map(
  (tick) =>
    markup`<path d="M${at(x(tick))} ${BOX.bottom}v4" stroke="#111"/>${tickLabel(x(tick), quantity(tick, unit, like))}`,
)}
<path d="M${BOX.left} ${BOX.bottom}H${BOX.right}" stroke="#111"/>
<path d="${line}" fill="none" stroke="#0b4f8a" stroke-width="1.8"/>
<path d="M${at(x(middle.value))} ${at(y(0))}V${at(y(0.5))}" stroke="#111" stroke-dasharray="3 3"/>
<text x="${(BOX.left + BOX.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle" class="tick">${LABELS.median.zh} ${LABELS.median.en} ${quantity(middle.value, unit)}, n = ${whole(values.length)}</text>`;
  return { svg: frame(id, { width: WIDTH, height: HEIGHT }, title, description, body), table: numbers(points, unit) };
}

/** Under its tick, or as far right as the drawing goes. */
function tickLabel(middle: number, text: string): Markup {
  const fits = middle + (text.length * GLYPH) / 2 <= WIDTH;
  return markup`<text x="${at(fits ? middle : WIDTH - 1)}" y="${BOX.bottom + 16}" text-anchor="${fits ? 'middle' : 'end'}" class="tick">${text}</text>`;
}

function numbers(points: readonly EcdfPoint[], unit: string): Markup {
  return markup`<table class="numbers"><thead><tr><th scope="col">${both(LABELS.value)}</th><th scope="col">${both(LABELS.share)}</th></tr></thead><tbody>${points.map(
    (point) => markup`<tr><td>${quantity(point.value, unit)}</td><td>${quantity(point.share, 'ratio')}</td></tr>`,
  )}</tbody></table>`;
}
