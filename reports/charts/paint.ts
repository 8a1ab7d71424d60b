import type { Outcome } from '../../model/outcome.ts';
import { type Markup, markup } from '../render/markup.ts';

/**
 * Colours and hatches. Hues differ in lightness and each has a hatch of its own, so that drawings read in grey and for
 * readers who do not see red and green apart (Okabe and Ito's hues, darkened to 3:1 and more against white).
 */
export const PAINT = {
  good: { colour: '#1d6b43', hatch: 'none' },
  bad: { colour: '#b3261e', hatch: 'up' },
  doubt: { colour: '#a86a00', hatch: 'dots' },
  empty: { colour: '#5f6368', hatch: 'cross' },
} as const;

export type Shade = keyof typeof PAINT;

export const SHADE_OF: Record<Outcome, Shade> = {
  pass: 'good',
  fail: 'bad',
  indeterminate: 'doubt',
  error: 'empty',
  not_tested: 'empty',
  not_applicable: 'empty',
  manual: 'doubt',
};

/** Pattern definitions of one drawing; fill with `fillOf`. */
export function hatches(id: string): Markup {
  return markup`<defs>
<pattern id="${id}-up" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="${PAINT.bad.colour}"/><path d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5" stroke="#fff" stroke-width="1.2"/></pattern>
<pattern id="${id}-dots" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="${PAINT.doubt.colour}"/><circle cx="2.5" cy="2.5" r="1" fill="#fff"/></pattern>
<pattern id="${id}-cross" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fff"/><path d="M0 0L6 6M6 0L0 6" stroke="${PAINT.empty.colour}" stroke-width="0.8"/></pattern>
</defs>`;
}

export function fillOf(id: string, shade: Shade): string {
  const { colour, hatch } = PAINT[shade];
  return hatch === 'none' ? colour : `url(#${id}-${hatch})`;
}
