import { describe, expect, it } from 'vitest';
import type { Report } from '../../../../model/report.ts';
import { attempts } from '../../../../reports/render/html/attempts.ts';
import { compute } from '../../../../reports/render/html/compute.ts';
import { environment } from '../../../../reports/render/html/environment.ts';
import { targets } from '../../../../reports/render/html/targets.ts';
import { renderHtml } from '../../../../reports/render/html.ts';
import { renderMarkdown } from '../../../../reports/render/markdown.ts';
import { smallReport } from './fixture.ts';
import { fleetReport } from './fleet-fixture.ts';
import { balanced } from './wellformed.ts';

type Rates = NonNullable<Report['compute']>;
const words = (html: string): string => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const chapter = (report: Report): string => words(compute(report).text);

/** The small report with its precisions changed. */
function changed(change: (one: Rates['precisions'][number]) => Rates['precisions'][number]): Report {
  const report = smallReport();
  return { ...report, compute: { ...report.compute!, precisions: report.compute!.precisions.map(change) } };
}

describe('the chapter on compute', () => {
  it('has a line for each precision: claimed, required, timed, challenged, ratio, share of the peak, level', () => {
    const text = chapter(smallReport());
    expect(text).toMatch(
      /FP32 判定取此精度 judged at this one openblas 12 Peta-ops ≥ 10 Peta-ops 154\.2 ± 2\.3 Giga-ops E1 .*149\.6 ± 1\.5 Giga-ops E2 证明开销 cost of proof 4\.2 % 0\.97 在 0\.85–1\.2 内.* 91 % 169\.5 Giga-ops 峰值非上限/,
    );
    for (const precision of ['FP64', 'FP32', 'INT8']) expect(text).toContain(precision);
    expect(text).toContain('7.712 op/B');
    expect(text).toContain('130 G op/J');
    expect(text).toContain('FP16: no backend on this node has it');
  });

  it('says where the two rates part, what was held back, and that such a sum does not count', () => {
    const text = chapter(
      changed((one) => ({
        ...one,
        agreement: { ...one.agreement!, ratio: 2.1, outside: 1 },
        measured: { ...one.measured!, counts: false, held: 1, reasons: ['implausible'] },
      })),
    );
    expect(text).toContain('2.1 超出 0.85–1.2');
    expect(text).toContain('未计入 not counted');
    expect(text).toContain('readings held back 1: implausible');
  });

  it('says why there is no share of the peak, no ridge and no efficiency, and leaves no empty column', () => {
    const report = changed(({ peak: _, efficiency: __, challenged: ___, agreement: ____, ...one }) => one);
    const roofs = report.compute!.roofs.map(({ chip, precision, devices, rate }) => ({
      chip,
      precision,
      devices,
      rate,
    }));
    const text = chapter({ ...report, compute: { ...report.compute!, roofs, metered: 0, unmetered: ['no RAPL'] } });
    expect(text).toContain('无可信峰值 no figure to trust');
    expect(text).toContain('There is no valid measurement of the memory bandwidth in this run');
    expect(text).toMatch(/No measured device has an energy meter .* \(no RAPL\)/);
    expect(text).not.toContain('能效 Efficiency');
    expect(text).not.toContain('脊点 Ridge');
  });

  it('has no table without a row where only challenges were answered', () => {
    const report = changed(({ measured: _, agreement: __, ...one }) => ({ ...one, slowest: [] }));
    const html = compute({ ...report, compute: { ...report.compute!, roofs: [] } }).text;
    expect(html).not.toMatch(/<tbody>\s*<\/tbody>/);
    expect(words(html)).not.toContain('Each kind of device');
  });

  it('lists the twenty slowest devices of a fleet, the judged precision open, and says how many there are', () => {
    const html = compute(fleetReport(2000, 8)).text;
    expect(balanced(html)).toBe('');
    expect(html.match(/<tr><th scope="row">node-\d+/g)).toHaveLength(60);
    expect([...html.matchAll(/<details( open)?><summary><b>(\w+)<\/b>/g)].map((m) => [m[2], m[1] === ' open'])).toEqual(
      [
        ['FP64', false],
        ['FP32', true],
        ['INT8', false],
      ],
    );
    expect(words(html)).toContain('16,000 devices; the 20 slowest');
    expect(words(html)).toContain('20 个节点同时工作 118 s（97 %）');
  });

  it('says that nothing was measured where nothing was', () => {
    const { compute: _, inference: __, ...rest } = smallReport();
    expect(chapter(rest)).toContain('This run measured neither compute nor inference.');
    expect(balanced(renderHtml(rest))).toBe('');
  });
});

describe('inference', () => {
  it('shows scenario, percentile, the bound that the samples show, and what really ran', () => {
    const text = chapter(smallReport());
    expect(text).toMatch(/单流 SingleStream 时延 p90 latency p90 34\.8 ± 1\.3 ms ≤ 36\.1 ms 1,200 60 s/);
    expect(text).toContain('要求使用 asked for cpu');
    expect(text).toContain('56 nodes on CPUExecutionProvider');
    expect(text).toMatch(/服务器 Server : 95\.0 ± 1\.0 µs/);
    expect(text).toContain('bert-base: not enough memory');
  });

  it('shows no bound where too few samples show one, and that the value does not count', () => {
    expect(chapter(smallReport())).toMatch(/350 ± 350 ms 未计入 not counted : too_few_samples 样本不足/);
  });

  it('names the worst node of several, and the median', () => {
    expect(chapter(fleetReport(3, 2))).toContain('example-01 · 3 个节点，中位数 34.1 ms');
  });
});

it('a recording says why devices slowed down and what could not be read of them', () => {
  const report = smallReport();
  const [first] = report.attempts;
  const devices = [{ id: 'nvidia-0', clockMHz: 1200, throttleReasons: ['power_cap'] }];
  const unread = [{ what: 'devices', source: 'management library', why: 'not loaded' }];
  const telemetry = [
    { atS: 1, devices },
    { atS: 2, devices, unread },
  ];
  const text = words(environment({ ...report, attempts: [{ ...first!, telemetry }] }).text);
  expect(text.match(/power_cap/g)).toHaveLength(1);
  expect(text).toContain('devices (management library): not loaded');
  expect(words(environment({ ...report, attempts: [first!] }).text)).not.toContain('降频原因');
});

it('the rate stands in the time line of what computed, a step for each phase that is named after a precision', () => {
  const report = smallReport();
  const [first] = report.attempts;
  const phases = ['FP64', 'FP32'].map((precision, i) => ({
    name: `measure_${precision}`,
    startedAt: new Date(Date.parse(first!.startedAt) + i * 10_000).toISOString(),
    durationS: 5,
  }));
  const html = environment({ ...report, attempts: [{ ...first!, phases }] }).text;
  expect(html).toContain('Rate, by phase');
  expect(html).toContain('Giga-ops');
  const table = words(/<table[\s\S]*?<\/table>/.exec(html)![0]);
  // FP64 from 0 to 5 s, FP32 from 10 to 15 s, and no line between the two.
  expect(table).toMatch(/ 5 69 /);
  expect(table).toMatch(/ 15 154\.2 /);
  expect(/<path d="(M[^"]*)" fill="none"/.exec(html)![1]).toMatch(/^M[^M]*L[^M]*M[^M]*L[^M]*$/);
  const plain = environment({ ...report, attempts: [first!] }).text;
  expect(plain).not.toContain('Rate, by phase');
});

it('the live rate stands in the time line as a curve by precision, broken where the benchmark said nothing', () => {
  const report = smallReport();
  const [first] = report.attempts;
  const told = (atS: number, value: number, label: string, unit = 'op/s') => ({ atS, figure: { value, unit, label } });
  const telemetry = [
    told(1, 70e9, 'FP64'),
    told(2, 72e9, 'FP64'),
    { atS: 3 },
    told(4, 71e9, 'FP64'),
    told(5, 71e9, 'FP64'),
    told(6, 150e9, 'FP32'),
    told(7, 155e9, 'FP32'),
    told(8, 1100, 'users', 'user'),
  ];
  const html = environment({ ...report, attempts: [{ ...first!, phases: [], telemetry }] }).text;
  expect(words(html)).toContain('单台实时速率');
  const line = /<path d="(M[^"]*)" fill="none"/.exec(html)![1]!;
  expect(
    line
      .split('M')
      .slice(1)
      .map((part) => part.split('L').length),
  ).toEqual([2, 2, 2]);
  const table = words(/<table[\s\S]*?<\/table>/.exec(html)![0]);
  expect(table).toMatch(/Giga-ops .* 2 72 FP64 .* 6 150 FP32 /);
  // What is no rate is not drawn as one.
  expect(table).not.toContain('1,100');
  const silent = environment({
    ...report,
    attempts: [{ ...first!, phases: [], telemetry: [{ atS: 1, cpuBusy: 0.5 }] }],
  });
  expect(words(silent.text)).not.toContain('实时速率');
});

it('the start of a challenge stands among the values as a date, never as an amount of seconds', () => {
  const report = smallReport();
  const [first] = report.attempts;
  const opened = (value: number) => ({
    ...first!.metrics[0]!,
    metric: 'compute.challenge.opened',
    estimate: { value, unit: 's', U: 0, k: 2, n: 1, method: 'exact' as const },
  });
  const shown = (value: number) =>
    words(attempts({ ...report, attempts: [{ ...first!, metrics: [opened(value)] }] }).text);
  expect(shown(1_795_248_000.25)).toContain('compute.challenge.opened precision=FP32');
  expect(shown(1_795_248_000.25)).toContain(' 2026-11-21T08:00:00.250Z ');
  expect(shown(1_795_248_000.25)).not.toContain('1,795');
  for (const value of [1e300, Number.NaN]) expect(shown(value)).toMatch(/opened [^Z]* — /);
});

it('the efficiency of the challenge stands beside that of plain products', () => {
  const text = chapter(changed((one) => ({ ...one, challengeEfficiency: { opsPerJoule: 1.2e11, devices: 1 } })));
  expect(text).toContain('130 G op/J 链式挑战 chained challenge 120 G op/J');
  expect(chapter(smallReport())).not.toContain('chained challenge 1');
});

describe('parts of the uncertainty that are nothing', () => {
  const withParts = (sampled: number, U: number): string => {
    const report = smallReport();
    const verdicts = report.verdicts.slice(0, 1).map((verdict) => ({
      ...verdict,
      requirements: verdict.requirements.map((result) => ({
        ...result,
        nodes: Array.from({ length: sampled }, (_, n) => ({ node: `n${n}`, estimate: result.estimate! })),
        uncertainty: (['repeatability', 'between_nodes', 'sampling', 'clock'] as const).map((source) => ({
          source,
          U: source === 'repeatability' ? U : 0,
        })),
      })),
    }));
    return words(targets({ ...report, platform: { ...report.platform, nodes: 3 }, verdicts }).text);
  };

  it('are said to be, and why: every node was measured', () => {
    expect(withParts(3, 1e9)).toMatch(
      /抽样 sampling : 0 \( 全部 3 个节点均已测量，没有抽样分量 all 3 nodes were measured/,
    );
    expect(withParts(3, 1e9)).toContain('each node counts with its own value');
  });

  it('are not said to be so of nodes that were not measured', () => {
    expect(withParts(2, 1e9)).not.toContain('3 nodes were measured');
    expect(withParts(2, 1e9)).toContain('nothing is extrapolated');
  });

  it('are one sentence for what has no uncertainty at all', () => {
    expect(withParts(3, 0)).toContain('all are 0: a count or known exactly');
  });
});

it('Markdown has the rates by precision too', () => {
  const text = renderMarkdown(smallReport());
  expect(text).toMatch(
    /\| FP32 .*\| 12 Peta-ops \| ≥ 10 Peta-ops \| 154\.2 ± 2\.3 Giga-ops E1 \| 149\.6 ± 1\.5 Giga-ops E2 \| 0\.97 \| 91 % \|/,
  );
  const { compute: _, ...rest } = smallReport();
  expect(renderMarkdown(rest)).not.toContain('154.2');
});
