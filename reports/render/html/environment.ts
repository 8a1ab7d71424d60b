import { median } from '../../../model/estimate.ts';
import type { Telemetry } from '../../../model/measurement.ts';
import type { Attempt, Report } from '../../../model/report.ts';
import type { Text } from '../../../model/text.ts';
import { MOST_POINTS, type PhaseMark, type Point, type Series, timeline } from '../../charts/timeline.ts';
import { LABELS } from '../../text/catalog.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, type Markup, markup, type Part } from '../markup.ts';
import { loaded } from './loaded.ts';
import { chooseRecordings } from './recordings.ts';
import { fold, section } from './section.ts';

/** Most different remarks beside one recording. */
const REMARKS = 12;

type Device = NonNullable<Telemetry['devices']>[number];

/**
 * With what it was measured, and what the machine was doing while it worked: processor, memory, and each quantity of
 * the accelerators as their median.
 */
export function environment(report: Report): Markup {
  const recorded = report.attempts.filter(({ telemetry, readings }) => telemetry.length > 0 || readings !== undefined);
  const files = loaded(report.environment);
  if (recorded.length === 0) return section('environment', markup`<p>${both(LABELS.noTelemetry)}</p>${files}`);
  const chosen = chooseRecordings(report.attempts);
  return section(
    'environment',
    markup`${chosen.length < recorded.length && markup`<p>${both(SENTENCES.timelineChoice(chosen.length, recorded.length))}</p>`}
${chosen.map((attempt, i) => {
  const series = [...ratesOf(attempt), ...figuresOf(attempt.telemetry), ...seriesOf(attempt.telemetry)];
  const title = SENTENCES.timelineTitle({ zh: '环境', en: 'environment' }, attempt.node, attempt.benchmark);
  const marks = phasesOf(attempt).map((phase) => ({ ...phase, name: phase.name.replace(/^measure_/, '') }));
  const chart = timeline(`time-${i}`, title, series, marks);
  return markup`<figure><figcaption>${attempt.node} · <code>${attempt.benchmark}</code>${attempt.attempt > 1 && ` #${attempt.attempt}`} · ${both(SENTENCES.readings(attempt.telemetry.length))}${remarks(attempt.telemetry)}</figcaption>${chart.svg}${fold(both(LABELS.numbersTable), chart.table)}</figure>\n`;
})}${files}`,
  );
}

/** Why devices slowed down, and what could not be read of them, each once. */
function remarks(telemetry: readonly Telemetry[]): Markup {
  const reasons = new Set(telemetry.flatMap((t) => (t.devices ?? []).flatMap((d) => d.throttleReasons ?? [])));
  const unread = new Set(
    telemetry.flatMap((t) => (t.unread ?? []).map(({ what, source, why }) => `${what} (${source}): ${why}`)),
  );
  const line = (label: Text, found: ReadonlySet<string>): Part =>
    found.size > 0 && markup`<br><span class="aside">${both(label)}: ${[...found].slice(0, REMARKS).join('; ')}</span>`;
  return markup`${line(LABELS.throttled, reasons)}${line(LABELS.unread, unread)}`;
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

/** Scales that a rate over time is drawn in, largest first. */
const SCALES: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  'op/s': [
    [1e15, 'Peta-ops'],
    [1e12, 'Tera-ops'],
    [1e9, 'Giga-ops'],
  ],
  'B/s': [
    [1e12, 'TB/s'],
    [1e9, 'GB/s'],
  ],
};

/**
 * What all devices together did in each measuring phase that is named after a precision or a pattern: its value,
 * throughout.
 */
function ratesOf(attempt: Attempt): Series[] {
  return Object.entries(SCALES).flatMap(([unit, scales]) => {
    const rates = attempt.metrics.filter((one) => one.metric.endsWith('.rate') && one.estimate.unit === unit);
    const spans = phasesOf(attempt).flatMap(({ name, fromS, toS }) => {
      const own = rates.filter(
        ({ labels }) =>
          name === `measure_${labels.operation ? `${labels.operation}_${labels.device}` : labels.precision}`,
      );
      const value = own.reduce((sum, { estimate }) => sum + estimate.value, 0);
      return value > 0 ? [{ fromS, toS, value }] : [];
    });
    if (spans.length === 0 || spans.length > MOST_POINTS / 2) return [];
    const [factor, name] = scaleOf(scales, spans);
    const label = { zh: '速率（各段之值）', en: 'Rate, by phase' };
    const points = spans.flatMap(({ fromS, toS, value }) => [
      { atS: fromS, value: value / factor, starts: true },
      { atS: toS, value: value / factor },
    ]);
    return [{ label, unit: name, points }];
  });
}

/**
 * What the benchmark said of its rate while it ran: one line, broken where it said nothing and where it turned to
 * something else, such as another precision. Of devices that work at once each tells its own.
 */
function figuresOf(telemetry: readonly Telemetry[]): Series[] {
  return Object.entries(SCALES).flatMap(([unit, scales]) => {
    const points: Point[] = [];
    let told = false;
    for (const { atS, figure } of telemetry) {
      const own = figure?.unit === unit ? figure : undefined;
      if (own) points.push({ atS, value: own.value, label: own.label, ...(!told && { starts: true }) });
      told = own !== undefined;
    }
    if (points.length === 0) return [];
    const [factor, name] = scaleOf(scales, points);
    const label =
      unit === 'op/s' ? { zh: '单台实时速率', en: 'Live rate of a device' } : { zh: '实时速率', en: 'Live rate' };
    return [{ label, unit: name, points: points.map((point) => ({ ...point, value: point.value / factor })) }];
  });
}

function scaleOf<S extends readonly [number, string]>(scales: readonly S[], points: readonly { value: number }[]): S {
  const most = points.reduce((sum, { value }) => Math.max(sum, value), 0);
  return scales.find(([size]) => most >= size) ?? scales.at(-1)!;
}

function middleOf(devices: readonly Device[], read: (d: Device) => number | undefined): number | undefined {
  const values = devices.map(read).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function phasesOf(attempt: Attempt): (PhaseMark & { readonly toS: number })[] {
  const start = Date.parse(attempt.startedAt);
  return attempt.phases
    .map(({ name, startedAt, durationS }) => {
      const fromS = Math.max(0, (Date.parse(startedAt) - start) / 1000);
      return { name, fromS, toS: fromS + durationS };
    })
    .filter((phase) => Number.isFinite(phase.fromS));
}
