import { median } from '../../model/estimate.ts';
import type { Text } from '../../model/text.ts';
import { type Markup, markup } from '../render/markup.ts';
import { quantity } from '../text/quantity.ts';
import { SENTENCES } from '../text/sentence.ts';
import { at, frame } from './frame.ts';

/** One value per node, in the order in which nodes are drawn; absent where the node gave none. */
export interface MatrixColumn {
  readonly metric: string;
  readonly unit: string;
  /** True where a smaller value is the better one. */
  readonly smaller: boolean;
  readonly values: readonly (number | undefined)[];
}

/** Classes of a cell by its value over the median (turned round where smaller is better), best first. */
export const MATRIX_CLASSES: readonly { readonly least: number; readonly label: Text; readonly fill: string }[] = [
  { least: 0.98, label: { zh: '≥ 98 %', en: '98 % or more' }, fill: '#cfe3d8' },
  { least: 0.9, label: { zh: '90–98 %', en: '90 to 98 %' }, fill: '#e0b252' },
  { least: 0.75, label: { zh: '75–90 %', en: '75 to 90 %' }, fill: '#c8641c' },
  { least: Number.NEGATIVE_INFINITY, label: { zh: '< 75 %', en: 'less than 75 %' }, fill: '#7d1128' },
];

const WIDTH = 700;
const LEFT = 44;

/**
 * A field of cells, one a node, for one metric: which nodes lie below the others. Cells of one class are one path, so
 * that thousands of nodes stay small. Classes differ in lightness and have marks; a node without a value is an empty frame.
 */
export function matrix(id: string, column: MatrixColumn): Markup {
  const n = column.values.length;
  const across = n <= 20 ? 20 : n <= 200 ? 40 : 80;
  const pitch = (WIDTH - LEFT - 4) / across;
  const cell = pitch - (pitch > 12 ? 2 : 1);
  const rows = Math.ceil(n / across);
  const height = rows * pitch + 4;
  const middle = median(column.values.filter((v) => v !== undefined));
  const paths: string[][] = [[], [], [], []];
  const marks: string[][] = [[], [], [], []];
  const empty: string[] = [];
  const counts = [0, 0, 0, 0];
  for (const [i, value] of column.values.entries()) {
    const left = LEFT + (i % across) * pitch;
    const top = 2 + Math.floor(i / across) * pitch;
    const square = `M${at(left)} ${at(top)}h${at(cell)}v${at(cell)}h-${at(cell)}z`;
    if (value === undefined || !Number.isFinite(value)) {
      empty.push(square);
      continue;
    }
    const k = classOf(value, middle, column.smaller);
    counts[k]!++;
    paths[k]!.push(square);
    if (k >= 2) marks[k]!.push(mark(k, left, top, cell));
  }
  const labels = Array.from({ length: rows }, (_, r) => r).filter((r) => rows <= 8 || r % 5 === 0);
  const metric = column.metric;
  const title = SENTENCES.matrixTitle(metric);
  const worst = counts.map((count, k) => `${MATRIX_CLASSES[k]!.label.zh}: ${count}`).join(', ');
  const description: Text = {
    zh: `中位数 ${quantity(middle, column.unit)}；${worst}；无数据: ${empty.length}`,
    en: `median ${quantity(middle, column.unit)}; counts as listed; ${empty.length} without a value`,
  };
  const body = markup`${labels.map((r) => markup`<text x="${LEFT - 6}" y="${at(2 + r * pitch + cell / 2 + 3)}" text-anchor="end" class="tick">${r * across + 1}</text>`)}
${paths.map((squares, k) => squares.length > 0 && markup`<path d="${squares.join('')}" fill="${MATRIX_CLASSES[k]!.fill}"/>`)}
${marks.map((lines) => lines.length > 0 && markup`<path d="${lines.join('')}" stroke="#fff" fill="none"/>`)}
${empty.length > 0 && markup`<path d="${empty.join('')}" fill="#fff" stroke="#5f6368" stroke-width="0.8" stroke-dasharray="2 1.5"/>`}`;
  return frame(id, { width: WIDTH, height: Math.ceil(height) }, title, description, body);
}

/** Class of a value: 0 best. A median of zero makes every other value count as far from it. */
export function classOf(value: number, middle: number, smaller: boolean): number {
  const share = smaller ? (value === 0 ? 1 : middle / value) : middle === 0 ? (value === 0 ? 1 : 0) : value / middle;
  return MATRIX_CLASSES.findIndex((c) => share >= c.least);
}

/** A stroke for the third class, a cross for the last. */
function mark(k: number, left: number, top: number, cell: number): string {
  const a = cell * 0.25;
  const b = cell * 0.5;
  const rising = `M${at(left + a)} ${at(top + cell - a)}l${at(b)} -${at(b)}`;
  return k === 2 ? rising : `${rising}M${at(left + a)} ${at(top + a)}l${at(b)} ${at(b)}`;
}
