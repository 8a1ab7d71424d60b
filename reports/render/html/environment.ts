import { median } from '../../../model/estimate.ts';
import type { Telemetry } from '../../../model/measurement.ts';
import type { Attempt, Report } from '../../../model/report.ts';
import type { Text } from '../../../model/text.ts';
import { type PhaseMark, type Series, timeline } from '../../charts/timeline.ts';
import { LABELS } from '../../text/catalog.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, type Markup, markup } from '../markup.ts';
import { fold, section } from './section.ts';

/** Most recordings that are drawn; the choice is said on the page. */
const MOST = 12;

type Device = NonNullable<Telemetry['devices']>[number];

/** What the machine was doing while it worked: processor, memory, and each quantity of the accelerators as their median. */
export function environment(report: Report): Markup {
  const recorded = report.attempts.filter((attempt) => attempt.telemetry.length > 0);
  if (recorded.length === 0) return section('environment', markup`<p>${both(LABELS.noTelemetry)}</p>`);
  const chosen = choose(recorded);
  return section(
    'environment',
    markup`${chosen.length < recorded.length && markup`<p>${both(SENTENCES.timelineChoice(chosen.length, recorded.length))}</p>`}
${chosen.map((attempt, i) => {
  const series = seriesOf(attempt.telemetry);
  const title = SENTENCES.timelineTitle({ zh: '环境', en: 'environment' }, attempt.node, attempt.benchmark);
  const chart = timeline(`time-${i}`, title, series, phasesOf(attempt));
  return markup`<figure><figcaption>${attempt.node} · <code>${attempt.benchmark}</code>${attempt.attempt > 1 && ` #${attempt.attempt}`} · ${both(SENTENCES.readings(attempt.telemetry.length))}</figcaption>${chart.svg}${fold(both(LABELS.numbersTable), chart.table)}</figure>\n`;
})}`,
  );
}

/** Attempts with something wrong first, then one of each benchmark, then the rest; in the order they ran. */
function choose(recorded: readonly Attempt[]): Attempt[] {
  const odd = recorded.filter((attempt) => attempt.state !== 'completed' || attempt.findings.length > 0);
  const seen = new Set<string>();
  const firsts = recorded.filter((attempt) => !seen.has(attempt.benchmark) && seen.add(attempt.benchmark));
  const wanted = new Set([...odd.slice(0, MOST / 2), ...firsts, ...recorded].slice(0, 4 * MOST));
  const chosen = new Set([...wanted].slice(0, MOST));
  return recorded.filter((attempt) => chosen.has(attempt));
}

function seriesOf(telemetry: readonly Telemetry[]): Series[] {
  const host = (label: Text, unit: string, read: (t: Telemetry) => number | undefined, ceiling?: number): Series => ({
    label,
    unit,
    ...(ceiling !== undefined && { ceiling }),
    points: telemetry.flatMap((t) => {
      const value = read(t);
      return value === undefined ? [] : [{ atS: t.atS, value }];
    }),
  });
  const devices = (label: Text, unit: string, read: (d: Device) => number | undefined, ceiling?: number): Series =>
    host(label, unit, (t) => middleOf(t.devices ?? [], read), ceiling);
  return [
    host({ zh: '处理器占用', en: 'CPU busy' }, '%', (t) => times(t.cpuBusy, 100), 100),
    host({ zh: '被宿主占用', en: 'CPU steal' }, '%', (t) => times(t.cpuSteal, 100)),
    host({ zh: '处理器频率', en: 'CPU clock' }, 'MHz', (t) => t.cpuClockMHz),
    host({ zh: '内存占用', en: 'Memory used' }, 'GB', (t) => times(t.memoryUsedBytes, 1e-9)),
    devices({ zh: '加速卡占用', en: 'Device busy' }, '%', (d) => times(d.utilization, 100), 100),
    devices({ zh: '加速卡功率', en: 'Device power' }, 'W', (d) => d.powerW),
    devices({ zh: '加速卡温度', en: 'Device temperature' }, '°C', (d) => d.temperatureC),
    devices({ zh: '加速卡频率', en: 'Device clock' }, 'MHz', (d) => d.clockMHz),
  ].filter((series) => series.points.length > 0);
}

function middleOf(devices: readonly Device[], read: (d: Device) => number | undefined): number | undefined {
  const values = devices.map(read).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function phasesOf(attempt: Attempt): PhaseMark[] {
  const start = Date.parse(attempt.startedAt);
  return attempt.phases
    .map((phase) => ({ name: phase.name, fromS: Math.max(0, (Date.parse(phase.startedAt) - start) / 1000) }))
    .filter((phase) => Number.isFinite(phase.fromS));
}
