import type { Text } from '../../model/text.ts';
import { type Markup, markup, type Part } from '../render/markup.ts';

/** A drawing and, in a table, every number that is drawn. */
export interface Chart {
  readonly svg: Markup;
  readonly table: Markup;
}

/** The outer part of a drawing: an image with title and description for those who cannot see it. `id` is unique in a page. */
export function frame(
  id: string,
  size: { readonly width: number; readonly height: number },
  title: Text,
  description: Text,
  body: Part,
): Markup {
  return markup`<svg class="chart" id="${id}" role="img" aria-labelledby="${id}-t ${id}-d" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}"><title id="${id}-t">${title.zh} · ${title.en}</title><desc id="${id}-d">${description.zh} · ${description.en}</desc>${body}</svg>`;
}

/** A coordinate with at most two decimals, so that the same values give the same bytes everywhere. */
export function at(coordinate: number): string {
  const rounded = Math.round(coordinate * 100) / 100;
  return Object.is(rounded, -0) ? '0' : String(rounded);
}

/** Round values that divide a range into about `count` steps: 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, count: number): number[] {
  if (!(to > from)) return [from];
  const raw = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * power >= raw * (1 - 1e-9)) ?? 10) * power;
  const found: number[] = [];
  // multiples by index, so that no rounding error adds up
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}
