/** Characters that take no place and say nothing: zero-width ones, soft hyphen, byte order mark. */
const ZERO_WIDTH = /[\u00ad\u180e\u200b-\u200d\u2060\ufeff]/g;
/** Blanks of every kind, control blanks too, and the marks that copying out of a window leaves at an edge. */
const EDGE = /[\s\u0085\u200e\u200f\u202a\u202c]/;
/** A number with a sign, which no spreadsheet takes for a formula; longer cells are not looked at. */
const SIGNED = /^[+-] ?[¥￥$]? ?[0-9][0-9,.]* ?\p{L}{0,3}$/u;
const LONGEST_NUMBER = 40;

/**
 * A cell without what is no content: blanks, tabs and line breaks at its edges, zero-width characters, and the two ways
 * in which a spreadsheet is told to keep a number as text, `'91…` and `="91…"`.
 */
export function cellContent(cell: string): string {
  const text = withoutEdges(cell.replace(ZERO_WIDTH, ''));
  const kept = /^="([^"]*)"$/.exec(text)?.[1] ?? /^['’‘＇`]([^'’‘＇`\s][^'’‘＇`]*)$/.exec(text)?.[1];
  return kept === undefined ? text : withoutEdges(kept);
}

/** Steps from both ends: a pattern would walk over a long row of blanks once for each of them. */
function withoutEdges(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && EDGE.test(text[from]!)) from++;
  while (to > from && EDGE.test(text[to - 1]!)) to--;
  return text.slice(from, to);
}

/** Whether a cell holds characters that nobody sees: control characters, direction marks, line separators. */
export function hides(content: string): boolean {
  return /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(content);
}

/** Whether a cell begins as a formula, which could show one thing and hold another. */
export function isFormula(content: string): boolean {
  if (!/^[\s'"]*[=+@＝＋＠-]/.test(content)) return false;
  return content.length > LONGEST_NUMBER || !SIGNED.test(content);
}
