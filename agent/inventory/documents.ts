import { clean } from './output.ts';

/**
 * JSON in what a tool prints: warnings stand before it and notices behind it, there may be several values, and tools
 * written in Python print `NaN`. Pure, never throws, and takes time in proportion to the text.
 */

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none inside its strings
  /\s*(?:([{[])|([}\]])|[,:]|"[^"\\\u0000-\u001f]*(?:\\.[^"\\\u0000-\u001f]*)*"|-?\d[\d.eE+-]*|true|false|null|(NaN|-?Infinity))\s*/y;
/** Deeper nesting than this is no document of a tool. It bounds how often one character is looked at. */
const DEEPEST = 64;
/** A brace in a sentence shows within so many tokens that it begins no JSON; later than that JSON was broken off. */
const SENTENCE = 4;

/**
 * All objects and all lists of objects in the text, in order. A value that is cut off ends the search: what stands
 * inside it is a part of an answer, and a part is no answer.
 */
export function documentsIn(text: string): unknown[] {
  const tidy = clean(text);
  const found: unknown[] = [];
  const start = /[{[]/g;
  for (let match = start.exec(tidy); match; match = start.exec(tidy)) {
    const read = valueAt(tidy, match.index);
    if (read.status === 'broken') break;
    if (read.status === 'none') continue;
    start.lastIndex = read.end;
    const first = match.index === 0 || tidy[match.index - 1] === '\n';
    if (isDocument(read.value, first)) found.push(read.value);
  }
  return found;
}

/** The first of them that fits. Undefined where none does. */
export function jsonIn(text: string, fits: (document: unknown) => boolean = () => true): unknown {
  return documentsIn(text).find(fits);
}

type Value = { status: 'none' } | { status: 'broken' } | { status: 'whole'; value: unknown; end: number };

/** The JSON value that begins at a brace; `broken` where it is cut off, `none` where it never was one. */
function valueAt(text: string, from: number): Value {
  let json = '';
  let depth = 0;
  let at = from;
  for (let tokens = 0; at < text.length; tokens++) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    if (!token) return tokens < SENTENCE ? { status: 'none' } : { status: 'broken' };
    json += token[3] === undefined ? token[0] : 'null';
    at = TOKEN.lastIndex;
    if (token[1] !== undefined && ++depth > DEEPEST) return { status: 'none' };
    if (token[2] === undefined || --depth > 0) continue;
    try {
      return { status: 'whole', value: JSON.parse(json), end: at };
    } catch {
      return { status: 'none' };
    }
  }
  return { status: 'broken' };
}

/** `[1]` in a sentence is no answer, and `[]` is one only where it begins a line. */
function isDocument(value: unknown, first: boolean): boolean {
  if (!Array.isArray(value)) return typeof value === 'object' && value !== null;
  return (first || value.length > 0) && value.every((item) => typeof item === 'object' && item !== null);
}
