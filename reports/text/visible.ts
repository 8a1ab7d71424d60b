/**
 * Text from outside with every character written out as `\u{…}` that could hide, reverse or repaint what a reader sees:
 * control characters (terminal escapes too), direction marks, zero-width characters, line separators, broken surrogates.
 * Line breaks and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, (c) => (c === '\n' || c === '\t' ? c : `\\u{${c.codePointAt(0)!.toString(16)}}`));
}

const HIDDEN = /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** The same in one line. */
export function oneLine(text: string): string {
  return visible(text.replace(/\s*[\r\n\t]+\s*/g, ' '));
}
