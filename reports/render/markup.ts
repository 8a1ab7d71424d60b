import type { Text } from '../../model/text.ts';
import { visible } from '../text/visible.ts';

/** Markup that is safe to put into a page. Only `markup` and `joined` make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Markup | readonly Part[] | undefined | false;

/** Template for HTML and SVG: every value is escaped unless it is markup already; lists are put together. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0]!;
  for (let i = 0; i < parts.length; i++) text += flatten(parts[i]) + strings[i + 1]!;
  return new Markup(text);
}

/** Text in Chinese with English beside it, each marked with its language. */
export function both(text: Text): Markup {
  return markup`<span class="zh">${text.zh}</span> <span class="en" lang="en">${text.en}</span>`;
}

/** The same in two lines. */
export function stacked(text: Text): Markup {
  return markup`<span class="zh">${text.zh}</span><br><span class="en" lang="en">${text.en}</span>`;
}

/** A digest or identifier in fixed-width letters that may break anywhere. */
export function code(text: string): Markup {
  return markup`<code>${text}</code>`;
}

/** A dotted name that may break after its points. */
export function dotted(name: string): Markup {
  return new Markup(`<code>${escapeText(name).replaceAll('.', '.<wbr>')}</code>`);
}

/** Text for a page: the characters with a meaning in HTML are escaped, those that deceive are written out. */
export function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (c) => NAMED[c]!);
}

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function flatten(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(flatten).join('');
  return escapeText(String(part));
}
