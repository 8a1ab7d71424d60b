import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BulletRow, bullet } from '../../../../reports/charts/bullet.ts';
import { ecdf, ecdfPoints } from '../../../../reports/charts/ecdf.ts';
import { at, ticks } from '../../../../reports/charts/frame.ts';
import { classOf, matrix } from '../../../../reports/charts/matrix.ts';
import { MOST_POINTS, thin, timeline } from '../../../../reports/charts/timeline.ts';
import { balanced } from '../render/wellformed.ts';

const LABEL = { zh: '计算能力', en: 'Computing capacity' };

function sound(svg: string): void {
  expect(balanced(svg)).toBe('');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg).toMatch(/role="img" aria-labelledby="(\S+)-t \1-d"/);
  expect(svg).toMatch(/<title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+<\/desc>/);
}

describe('bullet chart', () => {
  const rows: BulletRow[] = [
    { label: LABEL, outcome: 'pass', ratio: 1.2, U: 0.03, claim: 1.5, value: '12 Peta-ops / ≥ 10 Peta-ops' },
    { label: LABEL, outcome: 'fail', ratio: 0.723, U: 0.01, value: '7.23 / ≥ 10' },
    { label: LABEL, outcome: 'pass', ratio: 50, value: '500 / ≥ 10' },
    { label: LABEL, outcome: 'not_tested', value: '≥ 10' },
    { label: LABEL, outcome: 'error', ratio: Number.NaN, U: Number.POSITIVE_INFINITY, value: '—' },
  ];

  it('has every number it draws in its table', () => {
    const { svg, table } = bullet('b', rows);
    sound(svg.text);
    expect(balanced(table.text)).toBe('');
    for (const number of ['120 %', '72.3 %', '5,000 %', '3 %', '1 %', '150 %']) expect(table.text).toContain(number);
    expect(svg.text).toContain('72.3 %');
    expect(table.text.match(/<tr>/g)).toHaveLength(rows.length + 1);
  });

  it('draws longer bars for larger ratios and none for what was not measured', () => {
    const widths = [...bullet('b', rows).svg.text.matchAll(/width="([\d.]+)" height="14" fill="([^"]+)"/g)].map((m) => [
      Number(m[1]),
      m[2],
    ]);
    expect(widths[0]![0]).toBeGreaterThan(Number(widths[1]![0]));
    expect(widths).toHaveLength(3);
    expect(widths[1]![1]).toBe('url(#b-up)');
  });

  it('escapes what it is given', () => {
    const { svg, table } = bullet('b', [{ ...rows[0]!, value: '<script>', label: { zh: '"<b>', en: '&' } }]);
    expect(svg.text + table.text).not.toMatch(/<script|<b>/);
  });
});

describe('node matrix', () => {
  it('classes values by their share of the median, turned round where smaller is better', () => {
    expect([1, 0.95, 0.8, 0.5].map((v) => classOf(v, 1, false))).toEqual([0, 1, 2, 3]);
    expect([1, 1.05, 1.25, 2, 0].map((v) => classOf(v, 1, true))).toEqual([0, 1, 2, 3, 0]);
    expect([0, 1].map((v) => classOf(v, 0, false))).toEqual([0, 3]);
  });

  it('draws one cell a node, empty ones for missing and unsound values', () => {
    const values = [1, 1, 0.5, undefined, Number.NaN];
    const svg = matrix('m', { metric: 'x.y', unit: 'B/s', smaller: false, values }).text;
    sound(svg);
    const cells = [...svg.matchAll(/d="([^"]+)" fill="([^"]+)"/g)].map((m) => [m[1]!.split('z').length - 1, m[2]]);
    expect(cells).toEqual([
      [2, '#cfe3d8'],
      [1, '#7d1128'],
      [2, '#fff'],
    ]);
  });

  it('stays small for thousands of nodes', () => {
    const values = Array.from({ length: 2000 }, (_, i) => 1 - (i % 100) / 200);
    expect(matrix('m', { metric: 'x', unit: 'B', smaller: false, values }).text.length).toBeLessThan(120_000);
  });
});

describe('empirical distribution', () => {
  it('has a point for every value up to 40, and 41 quantiles beyond', () => {
    expect(ecdfPoints([3, 1, 2])).toEqual([
      { value: 1, share: 1 / 3 },
      { value: 2, share: 2 / 3 },
      { value: 3, share: 1 },
    ]);
    const points = ecdfPoints(Array.from({ length: 1000 }, (_, i) => i + 1));
    expect(points).toHaveLength(41);
    expect(points[20]).toEqual({ value: 500, share: 0.5 });
    expect(points[40]).toEqual({ value: 1000, share: 1 });
  });

  it('never falls, and says of each value what share is at or below it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), {
          minLength: 1,
          maxLength: 200,
        }),
        (values) => {
          const points = ecdfPoints(values);
          for (const [i, point] of points.entries()) {
            const below = values.filter((v) => v <= point.value).length / values.length;
            expect(point.share).toBeLessThanOrEqual(below + 1e-12);
            if (i > 0) expect(point.value).toBeGreaterThanOrEqual(points[i - 1]!.value);
          }
        },
      ),
    );
  });

  it('keeps the label of the last tick inside the drawing', () => {
    const values = Array.from({ length: 60 }, (_, n) => 2.4e14 + n * 4.4e12);
    const text = ecdf('e', 'm', 'op/s', values)!.svg.text;
    const labels = [...text.matchAll(/<text x="([\d.]+)" y="184" text-anchor="(\w+)" class="tick">([^<]+)</g)];
    expect(labels.length).toBeGreaterThan(1);
    for (const [, x, anchor, label] of labels) {
      expect(Number(x) + (anchor === 'middle' ? label!.length * 2.5 : 0)).toBeLessThan(340);
    }
    expect(labels.map(([, , anchor]) => anchor)).toContain('end');
  });

  it('draws equal, negative and huge values soundly and nothing for none', () => {
    expect(ecdf('e', 'm', 'B', [])).toBeUndefined();
    expect(ecdf('e', 'm', 'B', [Number.NaN])).toBeUndefined();
    for (const values of [[5, 5, 5], [0, 0], [-3, 4], [1e15, 1e-3], [7]]) {
      const chart = ecdf('e', 'm', 'B', values)!;
      sound(chart.svg.text);
      expect(chart.table.text.match(/<tr>/g)).toHaveLength(values.length + 1);
    }
  });
});

describe('time line', () => {
  const points = Array.from({ length: 500 }, (_, i) => ({ atS: i / 10, value: i }));

  it('draws long recordings as medians of equal spans and lists just these', () => {
    const few = thin(points, 49.9);
    expect(few).toHaveLength(MOST_POINTS);
    const chart = timeline(
      't',
      LABEL,
      [{ label: LABEL, unit: '%', ceiling: 100, points }],
      [{ name: 'warm_up', fromS: 0 }],
    );
    sound(chart.svg.text);
    expect(chart.table.text.match(/<tr>/g)).toHaveLength(MOST_POINTS + 1);
    expect(chart.svg.text).toContain('warm_up');
  });

  it('breaks a line where nothing was said and where another label begins, and names each part', () => {
    const of = (from: number, label: string, value: number) =>
      Array.from({ length: 5 }, (_, i) => ({ atS: from + i, value, label, ...(i === 0 && { starts: true }) }));
    const points = [
      ...of(0, 'FP64', 1),
      ...of(10, 'FP64', 1),
      ...of(15, 'INT8', 2),
      { atS: 40, value: 3, label: 'FP16' },
    ];
    const { svg, table } = timeline('t', LABEL, [{ label: LABEL, unit: 'Tera-ops', points }], []);
    sound(svg.text);
    expect(/<path d="(M[^"]*)" fill="none"/.exec(svg.text)![1]!.split('M').slice(1)).toHaveLength(4);
    // The last is a part of one point, which no line would show.
    expect(svg.text.match(/<circle/g)).toHaveLength(1);
    // Each once; FP16 begins at the right edge, where there is no room for its name.
    expect([...svg.text.matchAll(/class="tick">(FP64|INT8|FP16)</g)].map(([, name]) => name)).toEqual(['FP64', 'INT8']);
    expect(table.text).toContain('<td>2 INT8</td>');
  });

  it('keeps breaks and labels when it thins', () => {
    const long = [
      ...Array.from({ length: 200 }, (_, i) => ({ atS: i, value: 1, label: 'FP64', ...(i === 0 && { starts: true }) })),
      ...Array.from({ length: 200 }, (_, i) => ({
        atS: 300 + i,
        value: 9,
        label: 'INT8',
        ...(i === 0 && { starts: true }),
      })),
    ];
    const few = thin(long, 500);
    expect(few.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(few.filter(({ starts }) => starts).map(({ label }) => label)).toEqual(['FP64', 'INT8']);
    for (const { label, value } of few) expect([label, value]).toEqual(label === 'FP64' ? ['FP64', 1] : ['INT8', 9]);
    // A span in which the label changes has a point for each, at times of their own.
    const turning = thin(
      points.map((one, i) => ({ ...one, label: i < 255 ? 'a' : 'b' })),
      49.9,
    );
    expect(turning).toHaveLength(MOST_POINTS + 1);
    expect(new Set(turning.map(({ atS }) => atS)).size).toBe(turning.length);
  });

  it('is sound for one reading, no reading and readings that are no numbers', () => {
    for (const some of [
      [{ atS: 0, value: 1 }],
      [],
      [{ atS: 1, value: Number.NaN }],
      [
        { atS: 0, value: 0 },
        { atS: 1, value: 0 },
      ],
    ]) {
      sound(timeline('t', LABEL, [{ label: LABEL, unit: 'W', points: some }], []).svg.text);
    }
  });
});

it('coordinates have at most two decimals and no minus zero', () => {
  expect([at(1.005), at(-0.001), at(1 / 3), at(2)]).toEqual(['1', '0', '0.33', '2']);
});

it('ticks are round and lie in their range', () => {
  expect(ticks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticks(3, 3, 5)).toEqual([3]);
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      (from, size) => {
        const found = ticks(from, from + size, 5);
        expect(found.length).toBeLessThan(14);
        for (const tick of found) {
          expect(tick).toBeGreaterThanOrEqual(from - size * 1e-6);
          expect(tick).toBeLessThanOrEqual(from + size * (1 + 1e-6));
        }
      },
    ),
  );
});
