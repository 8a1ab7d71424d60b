import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LABELS, OVERALL_MEANING, OVERALL_TEXT, ZERO_PART_TEXT } from '../../../../reports/text/catalog.ts';
import { COMPUTE, SCENARIO, STATISTIC } from '../../../../reports/text/compute.ts';
import { DEFECTS } from '../../../../reports/text/defects.ts';
import { GLOSSARY } from '../../../../reports/text/glossary.ts';
import { china, span, utc } from '../../../../reports/text/moment.ts';
import { NOTES } from '../../../../reports/text/notes.ts';
import { LIMITS, METHOD, VERIFY_STEPS } from '../../../../reports/text/prose.ts';
import { oneLine, visible } from '../../../../reports/text/visible.ts';
import { displayWidth, pad, wrap } from '../../../../reports/text/width.ts';

it('every text of the pages is Chinese in Chinese and has no Chinese in English', () => {
  const texts = [
    ...Object.values(LABELS),
    ...Object.values(OVERALL_TEXT),
    ...Object.values(OVERALL_MEANING),
    ...METHOD.flatMap(({ heading, body }) => [heading, body]),
    ...GLOSSARY.map(({ meaning }) => meaning),
    ...Object.values(COMPUTE),
    ...Object.values(SCENARIO),
    ...Object.values(STATISTIC),
    ...Object.values(ZERO_PART_TEXT),
    ...Object.values(DEFECTS),
    ...Object.values(NOTES).filter((note) => typeof note !== 'function'),
    ...VERIFY_STEPS,
    ...LIMITS,
  ];
  for (const { zh, en } of texts) {
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).not.toMatch(/\p{Script=Han}|[，。；：（）]/u);
    expect(en.trim()).toBe(en);
  }
});

describe('times', () => {
  it('are UTC with Z, and by the clock of China', () => {
    expect(utc('2026-11-18T08:00:00.123+08:00')).toBe('2026-11-18T00:00:00Z');
    expect(china('2026-12-31T20:30:00Z')).toBe('2027-01-01T04:30:00+08:00');
  });

  it('that are none come back as they are', () => {
    expect(utc('yesterday')).toBe('yesterday');
    expect(china('')).toBe('');
  });

  it('of work are said as people say them', () => {
    expect([0.25, 5, 45, 125, 3720, 90_000].map(span)).toEqual([
      '250 ms',
      '5.0 s',
      '45 s',
      '2 min 05 s',
      '62 min 00 s',
      '25 h 00 min',
    ]);
    expect(span(Number.NaN)).toBe('—');
    expect(span(-1)).toBe('—');
  });
});

describe('text from outside', () => {
  it('shows what would hide, turn round or repaint', () => {
    expect(visible('a\u202eb\u001b[31mc\u200bd\u2028e\ufefff\ud800')).toBe(
      'a\\u{202e}b\\u{1b}[31mc\\u{200b}d\\u{2028}e\\u{feff}f\\u{d800}',
    );
    expect(oneLine('a\r\n b\tc')).toBe('a b c');
  });

  it('never keeps a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('width on a terminal', () => {
  it('is two columns for a Chinese character', () => {
    expect(displayWidth('计算 ab。')).toBe(9);
    expect(displayWidth('e\u0301')).toBe(1);
  });

  it('is kept by filling, cutting and wrapping', () => {
    expect(pad('计算', 6)).toBe('计算  ');
    expect(pad('计算能力', 6)).toBe('计算… ');
    expect(pad('12', 4, 'right')).toBe('  12');
    const words = fc.array(fc.constantFrom('计算能力', 'Peta-ops', '，', 'a', ' ', 'averyveryverylongword'), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 30 }), (parts, width) => {
        const text = parts.join('');
        const lines = wrap(text, width);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        expect(displayWidth(pad(text, width))).toBe(width);
      }),
    );
  });
});
