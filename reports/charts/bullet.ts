import type { Outcome } from '../../model/outcome.ts';
import { OUTCOME_TEXT } from '../../model/outcome.ts';
import type { Text } from '../../model/text.ts';
import { both, type Markup, markup } from '../render/markup.ts';
import { LABELS } from '../text/catalog.ts';
import { percent } from '../text/quantity.ts';
import { SENTENCES } from '../text/sentence.ts';
import { at, type Chart, frame } from './frame.ts';
import { fillOf, hatches, SHADE_OF } from './paint.ts';

/** One bar: a measured value as a share of what is required (1 is just enough). */
export interface BulletRow {
  readonly label: Text;
  readonly outcome: Outcome;
  /** Absent where nothing was measured: no bar is drawn. */
  readonly ratio?: number;
  /** Expanded uncertainty on the same scale. */
  readonly U?: number;
  /** What was claimed, on the same scale. */
  readonly claim?: number;
  /** The value and its limit in words, for the right-hand column. */
  readonly value: string;
}

const WIDTH = 700;
const ROW = 26;
const TOP = 6;
const LEFT = 168;
const RIGHT = 490;

/**
 * Bars of measured against required, all on one scale from 0 to at most 200 %; longer bars are cut and marked. A dashed
 * line at 100 % is the requirement, a whisker the uncertainty, a diamond the claim. Values stand in a right-hand column.
 */
export function bullet(id: string, rows: readonly BulletRow[]): Chart {
  const most = Math.max(1.25, ...rows.map((row) => Math.max(finite(row.ratio) ?? 0, finite(row.claim) ?? 0) * 1.05));
  const end = Math.min(2, most);
  const x = (share: number): number => LEFT + (Math.max(0, Math.min(share, end)) / end) * (RIGHT - LEFT);
  const height = TOP + rows.length * ROW + 22;
  const bottom = TOP + rows.length * ROW;
  const marks = [0, 0.5, 1, 1.5, 2].filter((mark) => mark <= end);
  const body = markup`${hatches(id)}
${marks.map((m) => markup`<path d="M${at(x(m))} ${TOP}V${bottom}" stroke="#d5d7da"/><text x="${at(x(m))}" y="${bottom + 14}" text-anchor="middle" class="tick">${m * 100} %</text>`)}
${rows.map((row, i) => drawRow(id, row, TOP + i * ROW, x, end))}
<path d="M${at(x(1))} ${TOP}V${bottom}" stroke="#111" stroke-width="1.5" stroke-dasharray="4 3"/>`;
  const title = SENTENCES.bulletTitle(rows.length);
  return {
    svg: frame(id, { width: WIDTH, height }, title, LABELS.decisiveKey, body),
    table: numbers(rows),
  };
}

function drawRow(id: string, row: BulletRow, top: number, x: (share: number) => number, end: number): Markup {
  const middle = top + ROW / 2;
  const ratio = finite(row.ratio);
  const U = finite(row.U);
  const claim = finite(row.claim);
  const cut = ratio !== undefined && ratio > end;
  return markup`<text x="${LEFT - 8}" y="${middle - 2}" text-anchor="end" class="name">${row.label.zh}</text><text x="${LEFT - 8}" y="${middle + 10}" text-anchor="end" class="sub" lang="en">${clipped(row.label.en, 32)}</text>
${
  ratio === undefined
    ? markup`<text x="${LEFT + 6}" y="${middle + 4}" class="sub">— ${OUTCOME_TEXT[row.outcome].zh} ${OUTCOME_TEXT[row.outcome].en}</text>`
    : markup`<rect x="${LEFT}" y="${at(middle - 7)}" width="${at(Math.max(1.5, x(ratio) - LEFT))}" height="14" fill="${fillOf(id, SHADE_OF[row.outcome])}"/>`
}${cut && markup`<path d="M${at(x(end) - 12)} ${middle + 9}l6 -18h4l-6 18z" fill="#fff"/>`}${
  ratio !== undefined &&
  U !== undefined &&
  U > 0 &&
  !cut &&
  markup`<path d="M${at(x(ratio - U))} ${middle}H${at(x(ratio + U))}M${at(x(ratio - U))} ${middle - 4}v8M${at(x(ratio + U))} ${middle - 4}v8" stroke="#111" stroke-width="1.2"/>`
}${claim !== undefined && claim <= end && markup`<path d="M${at(x(claim))} ${middle - 6}l5 6l-5 6l-5 -6z" fill="#fff" stroke="#111" stroke-width="1.2"/>`}
<text x="${RIGHT + 12}" y="${middle - 2}" class="figure">${ratio === undefined ? '—' : percent(ratio)}</text><text x="${RIGHT + 12}" y="${middle + 10}" class="sub">${row.value}</text>`;
}

function numbers(rows: readonly BulletRow[]): Markup {
  return markup`<table class="numbers"><thead><tr><th scope="col">${both(LABELS.target)}</th><th scope="col">${both(LABELS.measured)}</th><th scope="col">%</th><th scope="col">U, %</th><th scope="col">${both(LABELS.claimed)}, %</th><th scope="col">${both(LABELS.outcome)}</th></tr></thead><tbody>${rows.map(
    (row) =>
      markup`<tr><th scope="row">${both(row.label)}</th><td>${row.value}</td><td>${shown(row.ratio)}</td><td>${shown(row.U)}</td><td>${shown(row.claim)}</td><td>${both(OUTCOME_TEXT[row.outcome])}</td></tr>`,
  )}</tbody></table>`;
}

function shown(share: number | undefined): string {
  return share === undefined ? '—' : percent(share);
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function clipped(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
