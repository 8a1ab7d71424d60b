/**
 * Values under their headings. Tools draw tables for people: a heading stands over the left, the right or the middle of
 * its values, a value may have blanks in it (`MetaX C500`, `40W / 250W`), and a cell may be empty. What belongs to
 * which heading is told by the number of parts where they agree, else by where they stand. Pure.
 */

interface Part {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const UNIT = /\d( +)(?:[kmgt]i?b|m?w|%|[°º]?c|℃|[mg]hz)(?![\w])/gi;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the mark below is one
const PAIR = /(?:n\/a|\d[\w.%\u0001]*|(?<=\s)-+)\s*\/\s*(?=n\/a|\d|-)/gi;
const LIST = /[^\s,]\s*,\s+(?=\S)/g;
const RANGE = /\[[^[\]]*\]/g;
/** Stands for a blank inside one value, so that the value is one word and all others stay where they are. */
const GLUE = '\u0001';

function glued(line: string): string {
  const glue = (whole: string) => whole.replace(/\s/g, GLUE);
  return line.replace(RANGE, glue).replace(UNIT, glue).replace(PAIR, glue).replace(LIST, glue);
}

/** Parts between blanks, at least `gap` of them. */
function parts(line: string, gap: 1 | 2): Part[] {
  const pattern = gap === 1 ? /\S+/g : /\S+(?: \S+)*/g;
  return [...line.matchAll(pattern)].map((match) => ({
    text: match[0].replaceAll(GLUE, ' ').replace(/ {2,}/g, ' '),
    from: match.index,
    to: match.index + match[0].length,
  }));
}

/** Headings of a line: what stands between two blanks or more, with what is in parentheses behind it. */
export function headingsIn(line: string): Part[] {
  const found: Part[] = [];
  for (const part of parts(line, 2)) {
    const last = found.at(-1);
    if (last && part.text.startsWith('(')) found[found.length - 1] = { ...last, text: `${last.text} ${part.text}` };
    else found.push(part);
  }
  return found;
}

/** Name of a heading without its unit, in lower case: `Power(W)` is `power`. */
export function headingName(text: string): string {
  return text
    .replace(/\s*\([^()]*\)\s*$/, '')
    .trim()
    .toLowerCase();
}

/** Values of a line by the number of their heading; a heading without a value has an empty text. */
export function valuesUnder(headings: readonly Part[], line: string): string[] {
  const whole = glued(line);
  // With one blank behind a number (the index before a name) taken for two.
  const indexed = whole.replace(/^(\s*\d+) (?=\S)/, '$1  ');
  for (const found of [parts(whole, 2), parts(whole, 1), parts(indexed, 2)]) {
    if (found.length === headings.length) return found.map(({ text }) => text);
  }
  const values = headings.map((): string[] => []);
  let least = 0;
  for (const word of parts(whole, 1)) {
    let best = least;
    for (let at = least; at < headings.length; at++) {
      if (distance(headings[at]!, word) < distance(headings[best]!, word)) best = at;
    }
    values[best]?.push(word.text);
    least = best;
  }
  return values.map((words) => words.join(' '));
}

/** Columns between a heading and a word; the more they overlap, the less. */
function distance(heading: Part, word: Part): number {
  return Math.max(heading.from, word.from) - Math.min(heading.to, word.to);
}
