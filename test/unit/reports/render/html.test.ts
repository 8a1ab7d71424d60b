import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../../model/outcome.ts';
import { Report } from '../../../../model/report.ts';
import { check } from '../../../../model/schema.ts';
import { renderHtml } from '../../../../reports/render/html.ts';
import { measuredText } from '../../../../reports/render/summary.ts';
import { smallReport } from './fixture.ts';
import { fleetReport } from './fleet-fixture.ts';
import { balanced } from './wellformed.ts';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(1)>' \u202e\u0000&amp;`;

function hostileReport(): Report {
  const poison = (value: unknown): unknown => {
    if (typeof value === 'string') return value.length > 0 ? HOSTILE : value;
    if (Array.isArray(value)) return value.map(poison);
    if (typeof value === 'object' && value !== null) {
      // A level is one of four words: the schema lets no other through.
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, key === 'level' ? inner : poison(inner)]),
      );
    }
    return value;
  };
  const small = smallReport();
  const attempts = small.attempts.map((a) => ({
    ...a,
    node: HOSTILE,
    benchmark: HOSTILE,
    sha256: HOSTILE,
    settings: { [HOSTILE]: HOSTILE },
    checks: [{ id: HOSTILE, passed: false, detail: HOSTILE }],
    metrics: a.metrics.map((m) => ({ ...m, metric: HOSTILE, labels: { [HOSTILE]: HOSTILE } })),
    ...(a.failure && { failure: { ...a.failure, phase: HOSTILE, detail: HOSTILE } }),
  }));
  const verdicts = small.verdicts.map((v) => ({
    ...v,
    target: HOSTILE,
    clause: HOSTILE,
    title: { zh: HOSTILE, en: HOSTILE },
    requirement: { zh: HOSTILE, en: HOSTILE },
    reasons: v.reasons.map((r) => ({ ...r, detail: HOSTILE })),
    requirements: v.requirements.map((r) => ({ ...r, metric: HOSTILE, unit: HOSTILE, counted: [HOSTILE] })),
    evidence: [HOSTILE],
  }));
  return {
    ...small,
    number: HOSTILE,
    run: HOSTILE,
    judgedAt: HOSTILE,
    platform: { ...small.platform, name: HOSTILE, customer: HOSTILE, location: HOSTILE, address: HOSTILE },
    guide: poison(small.guide) as Report['guide'],
    attempts,
    verdicts,
    inventories: small.inventories.map((i) => ({ ...(poison(i) as typeof i), schema: i.schema })),
    compute: poison(small.compute) as NonNullable<Report['compute']>,
    inference: poison(small.inference) as NonNullable<Report['inference']>,
    rejected: (poison(small.rejected) as Report['rejected']).map((one, at) => {
      return { ...one, code: small.rejected[at]!.code };
    }),
    log: { entries: 1, root: HOSTILE },
  };
}

describe('the page of one machine', () => {
  let report: Report;
  let html: string;
  beforeAll(() => {
    report = smallReport();
    html = renderHtml(report);
  });

  it('is made from a report that fits the schema', () => {
    expect(check(Report, report)).toMatchObject({ ok: true });
    expect(check(Report, fleetReport(3, 2))).toMatchObject({ ok: true });
  });

  it('is the same bytes for the same report, and leaves the report as it was', () => {
    const before = JSON.stringify(report);
    expect(renderHtml(structuredClone(report))).toBe(html);
    expect(JSON.stringify(report)).toBe(before);
  });

  it('is well formed, with unique ids and links that lead somewhere', () => {
    expect(balanced(html)).toBe('');
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, link] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(link);
  });

  it('has no script, no handler, no inline style and nothing from elsewhere', () => {
    expect(html).not.toMatch(
      /<script|<iframe|<object|<embed|<link|<img|<form| on\w+=|javascript:|@import|https?:\/\//i,
    );
    expect(html).not.toMatch(/ style="/);
    expect([...html.matchAll(/url\(([^)]*)\)/g)].every((m) => m[1]!.startsWith('#'))).toBe(true);
  });

  it('allows by its policy just its own style sheet', () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    const digest = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${digest}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
  });

  it('shows every target with its value, outcome and evidence', () => {
    for (const verdict of report.verdicts) {
      expect(html).toContain(`id="t-${verdict.target}"`);
      expect(html).toContain(verdict.title.zh);
      expect(html).toContain(verdict.title.en.replaceAll("'", '&#39;'));
      for (const digest of verdict.evidence) expect(html).toContain(digest);
      for (const result of verdict.requirements) if (result.estimate) expect(html).toContain(measuredText(result));
    }
    for (const attempt of report.attempts) expect(html).toContain(attempt.sha256);
    expect(html).toContain(report.log.root);
    expect(html).toContain(report.guide.sha256);
  });

  it('gives the gap in the words of the guide', () => {
    expect(html).toContain('0.0001542 Peta-ops of 10 Peta-ops, at FP32');
    expect(html).toContain('0.0000252 PB');
  });

  it('says what the whole is and counts every outcome', () => {
    expect(html).toContain('class="verdict v-not_passed"');
    expect(html).toContain('不通过');
    for (const outcome of OUTCOMES)
      expect(html).toMatch(new RegExp(`<li class="o-${outcome}( zero)?"><b>${report.overall.counts[outcome]}</b>`));
  });

  it('writes no value that is none', () => {
    expect(html).not.toMatch(/\b(NaN|Infinity|undefined|null)\b|\[object/);
  });

  it('names no synthetic data where there are none', () => {
    expect(html).not.toContain('SYNTHETIC');
  });
});

describe('a page made from hostile text', () => {
  it('stays well formed and carries nothing that acts', () => {
    const html = renderHtml(hostileReport());
    expect(balanced(html)).toBe('');
    expect(html).not.toMatch(/<script|<img|\u202e|\p{Cs}/u);
    expect(html).not.toContain('\0');
    expect(html).toContain('\\u{202e}');
  });
});

describe('a report with nothing in it', () => {
  it('is still a page, and says that nothing was measured', () => {
    const small = smallReport();
    const html = renderHtml({
      ...small,
      verdicts: [],
      attempts: [],
      inventories: [],
      rejected: [],
      overall: { outcome: 'cannot_tell', mandatory: 0, counts: {}, passes: { E0: 0, E1: 0, E2: 0, E3: 0 }, waived: 0 },
    });
    expect(balanced(html)).toBe('');
    expect(html).toContain('There is no measurement.');
    expect(html).toContain('CANNOT TELL');
  });

  it('whose verdicts have no requirement is still a page', () => {
    const small = smallReport();
    expect(
      balanced(
        renderHtml({ ...small, verdicts: small.verdicts.map((v) => ({ ...v, requirements: [], evidence: [] })) }),
      ),
    ).toBe('');
  });
});

describe('the page of a fleet of 2,000 nodes with 8 accelerators each', () => {
  let report: Report;
  let html: string;
  let elapsedMs: number;
  beforeAll(() => {
    report = fleetReport(2000, 8);
    const start = performance.now();
    html = renderHtml(report);
    elapsedMs = performance.now() - start;
  });

  it('is at most 8 MB and made within 5 s', () => {
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(8_000_000);
    expect(elapsedMs).toBeLessThan(5000);
  });

  it('is well formed and marked as synthetic on page 1 and beside every part', () => {
    expect(balanced(html)).toBe('');
    expect(html).toContain('data-synthetic="true"');
    expect(html.match(/SYNTHETIC DATA/g)!.length).toBeGreaterThanOrEqual(2);
  });

  it('has every node, folded, with its devices and measurements', () => {
    const folded = [...html.matchAll(/<details><summary><b>(node-\d+)<\/b>/g)].map((m) => m[1]);
    expect(folded).toEqual(report.inventories.map((inventory) => inventory.node));
    const devices = new Set([...html.matchAll(/GPU-[0-9a-f-]+/g)].map((m) => m[0]));
    for (const inventory of report.inventories) {
      for (const device of inventory.accelerators) expect(devices.has(device.uuid!.value)).toBe(true);
    }
    expect(html).toContain('8,000 measurements');
  });

  it('has its nodes in folds of a hundred, which say what is odd inside', () => {
    const groups = [...html.matchAll(/<details><summary>(node-\d+) – (node-\d+) (.*?)<\/summary>/g)];
    expect(groups.map((m) => [m[1], m[2]]).slice(0, 2)).toEqual([
      ['node-0001', 'node-0100'],
      ['node-0101', 'node-0200'],
    ]);
    expect(groups).toHaveLength(20);
    expect(groups.filter((m) => m[3]!.includes('4 not completed')).map((m) => m[1])).toEqual(['node-1001']);
  });

  it('shows the node that was lost and the slow ones', () => {
    expect(html).toContain('4 not completed');
    expect(html).toContain('node_lost (measure)');
    expect(html).toMatch(/ ▼<\/td>/);
  });
});
