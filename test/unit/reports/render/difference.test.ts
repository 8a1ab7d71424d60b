import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../../../model/estimate.ts';
import type { Report } from '../../../../model/report.ts';
import { renderComparison } from '../../../../reports/render/comparison.ts';
import { compareReports } from '../../../../reports/render/difference.ts';
import { direction } from '../../../../reports/render/value-change.ts';
import { smallReport } from './fixture.ts';
import { fleetReport } from './fleet-fixture.ts';
import { balanced } from './wellformed.ts';

function estimate(value: number, U: number): Estimate {
  return { value, unit: 'B/s', U, k: 2, n: 20, method: 'batch_means' };
}

/** The same report with the values of one node, and of the whole, changed by a factor. */
function scaled(report: Report, target: string, node: string, factor: number): Report {
  return {
    ...report,
    verdicts: report.verdicts.map((v) =>
      v.target !== target
        ? v
        : {
            ...v,
            requirements: v.requirements.map((r) => ({
              ...r,
              nodes: r.nodes.map((n) =>
                n.node === node ? { ...n, estimate: { ...n.estimate, value: n.estimate.value * factor } } : n,
              ),
            })),
          },
    ),
  };
}

describe('the way a value went', () => {
  it('is better or worse by the sense of the requirement', () => {
    expect(direction(estimate(10, 0.1), estimate(12, 0.1), '>=')).toBe('better');
    expect(direction(estimate(10, 0.1), estimate(12, 0.1), '<=')).toBe('worse');
    expect(direction(estimate(10, 0), estimate(9, 0), '>=')).toBe('worse');
    expect(direction(estimate(10, 0), estimate(10, 0), '>=')).toBe('same');
  });

  it('is unclear within the two uncertainties together, and not comparable in other units', () => {
    expect(direction(estimate(10, 3), estimate(14.9, 4), '>=')).toBe('unclear');
    expect(direction(estimate(10, 3), estimate(15.1, 4), '>=')).toBe('better');
    expect(direction(estimate(10, 0), { ...estimate(12, 0), unit: 'op/s' }, '>=')).toBe('other');
    expect(direction(estimate(10, 0), estimate(Number.NaN, 0), '>=')).toBe('other');
  });

  it('says when a value came or went', () => {
    expect(direction(undefined, estimate(1, 0), '>=')).toBe('gained');
    expect(direction(estimate(1, 0), undefined, '>=')).toBe('lost');
    expect(direction(undefined, undefined, '>=')).toBe('none');
  });

  it('turns round when the reports change places', () => {
    const opposite = { better: 'worse', worse: 'better', same: 'same', unclear: 'unclear' } as Record<string, string>;
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.double({ min: 0, max: 10, noNaN: true }), (a, b, U) => {
        expect(direction(estimate(b, U), estimate(a, U), '>=')).toBe(
          opposite[direction(estimate(a, U), estimate(b, U), '>=')],
        );
      }),
    );
  });
});

describe('two reports', () => {
  it('that are the same differ in nothing', () => {
    const difference = compareReports(fleetReport(5, 2), fleetReport(5, 2));
    expect(difference.nodes).toEqual([]);
    for (const target of difference.targets) {
      expect(target.before).toBe(target.after);
      for (const value of target.values) expect(['same', 'none']).toContain(value.direction);
    }
  });

  it('show the node that became slower and no other', () => {
    const before = fleetReport(5, 2);
    const difference = compareReports(before, scaled(before, 'storage.speed', 'node-0002', 0.5));
    expect(difference.nodes.map((n) => n.node)).toEqual(['node-0002']);
    expect(difference.nodes[0]!.values.map((v) => [v.metric, v.direction])).toEqual([
      ['storage.speed.read', 'worse'],
      ['storage.speed.write', 'worse'],
      ['storage.latency.read.p50', 'better'],
      ['storage.latency.read.p99', 'better'],
    ]);
  });

  it('show nodes that came and went, a replaced card and a new version', () => {
    const before = fleetReport(3, 2);
    const after = fleetReport(4, 2);
    const [first, ...rest] = after.inventories;
    const changed: Report = {
      ...after,
      inventories: [
        {
          ...first!,
          accelerators: first!.accelerators.map((a, i) =>
            i === 1 ? { ...a, uuid: { value: 'GPU-other', source: 'x' } } : a,
          ),
          software: [{ name: 'node', version: '26.0.0', source: 'process' }],
        },
        ...rest,
      ],
    };
    const difference = compareReports(before, changed);
    expect(difference.nodes.filter((n) => n.presence === 'added').map((n) => n.node)).toEqual(['node-0004']);
    expect(
      compareReports(changed, before)
        .nodes.filter((n) => n.presence === 'removed')
        .map((n) => n.node),
    ).toEqual(['node-0004']);
    const node = difference.nodes.find((n) => n.node === 'node-0001')!;
    expect(node.equipment.map((e) => e.what)).toEqual([
      'accelerator example:1',
      'software onnxruntime-node',
      'software node',
    ]);
  });

  it('judged at different precisions are compared at the one before, which is lost where nothing is measured of it', () => {
    const before = smallReport();
    const after: Report = {
      ...before,
      verdicts: before.verdicts.map((v) => ({
        ...v,
        requirements: v.requirements.map((r) =>
          r.choice && r.estimate
            ? { ...r, choice: { ...r.choice, value: 'INT8' }, estimate: { ...r.estimate, value: r.estimate.value * 4 } }
            : r,
        ),
      })),
    };
    const capacity = compareReports(before, after).targets.find((t) => t.target === 'compute.capacity')!;
    expect(capacity.values[0]).toMatchObject({ direction: 'lost', choice: 'FP32', otherTerms: true });
    expect(capacity.change).toBe('lost');
    const back = compareReports(after, before).targets.find((t) => t.target === 'compute.capacity')!;
    expect(back.values[0]).toMatchObject({ direction: 'worse', choice: 'INT8', otherTerms: true });
    expect(back.values[0]!.after!.value).toBe(2.9e11);
  });
});

describe('the page of a comparison', () => {
  const JUDGED = { before: true, after: true };

  it('is well formed, repeatable, and says what changed', () => {
    const before = fleetReport(30, 2);
    const after = { ...scaled(before, 'compute.capacity', 'node-0007', 0.6), number: 'AT-2027-000001' };
    const html = renderComparison(before, after, JUDGED);
    expect(balanced(html)).toBe('');
    expect(renderComparison(before, after, JUDGED)).toBe(html);
    expect(html).toContain('AT-2027-000001');
    expect(html).toContain('<b>node-0007</b>');
    expect(html).not.toContain('<b>node-0008</b>');
    expect(html).toContain('−40.0 %');
    expect(html).not.toMatch(/<script| style="|NaN|undefined/);
    expect(html).toContain('SYNTHETIC DATA');
  });

  it('says of which report this software only has the signature', () => {
    const small = smallReport();
    const notes = (before: boolean, after: boolean): number =>
      renderComparison(small, small, { before, after }).split('cannot judge it again').length - 1;
    expect([notes(true, true), notes(false, true), notes(true, false), notes(false, false)]).toEqual([0, 1, 1, 2]);
  });

  it('warns when the guides differ', () => {
    const small = smallReport();
    const other: Report = { ...small, guide: { ...small.guide, sha256: 'f'.repeat(64) } };
    expect(renderComparison(small, other, JUDGED)).toContain('used different guides');
    expect(renderComparison(small, small, JUDGED)).not.toContain('used different guides');
  });
});
