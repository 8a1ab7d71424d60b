import type { Descriptor } from '../../../../benchmarks/benchmark.ts';
import { CATALOG, metricIds } from '../../../../benchmarks/catalog.ts';
import { type Precision, precisionLabel } from '../../../../benchmarks/compute/precision.ts';
import { untriedOf } from '../../../../benchmarks/reach.ts';
import { type FillLimits, plannedFill } from '../../../../benchmarks/storage/books.ts';
import { undetectedShare } from '../../../../benchmarks/storage/positions.ts';
import { sustained } from '../../../../benchmarks/storage/proof.ts';
import { PROFILES, type Profile } from '../../../../model/assignment.ts';
import { exact } from '../../../../model/estimate.ts';
import type { Examination, Finding, Metric } from '../../../../model/measurement.ts';
import { builtinGuides } from '../../../../reports/guides/builtin.ts';
import type { Case, JudgedAttempt } from '../../../../reports/judge/case.ts';
import { makeCase } from './builder.ts';

/** A made-up platform: what is true of it, however long anybody measures. */
export interface Platform {
  readonly usableBytes: number;
  readonly freeShare: number;
  readonly writeRate: number;
  readonly readRate: number;
  /** Seconds that a fill and a reading take before the first byte. */
  readonly startS: number;
  readonly readLatencyS: number;
  /** Tasks that it holds at the same time, and how long each takes. */
  readonly tasks: number;
  readonly taskS: number;
  readonly errorShare: number;
  /** Squared spread of the users' long-run shares of the work. */
  readonly unfairness: number;
  readonly records: number;
  /** `cpu` for a node without accelerators. */
  readonly device: string;
  readonly rates: Readonly<Partial<Record<Precision, number>>>;
  readonly engines: readonly { readonly id: string; readonly onPath: boolean; readonly seconds: number }[];
  /** The operator named the interpreters, so that those off the path are found too. */
  readonly interpretersNamed: boolean;
}

const REPEATS: Record<Profile, number> = { quick: 1, standard: 3, full: 3 };

/**
 * What judging such a platform gives in a profile: the case with every attempt as its benchmark would have measured it.
 */
export function measured(platform: Platform, profile: Profile): Case {
  const guide = builtinGuides()[0]!.guide;
  const targets = guide.targets.filter(({ id }) => TARGETS.includes(id));
  const descriptors = CATALOG.filter(({ id }) => Object.hasOwn(SIMULATED, id));
  const attempts = descriptors.flatMap((descriptor) => {
    const settings = settingsOf(descriptor, profile, platform);
    const examination = SIMULATED[descriptor.id]!(platform, settings);
    return Array.from(
      { length: REPEATS[profile] },
      (_, i): JudgedAttempt => ({
        assignment: `${descriptor.id}.1`,
        attempt: i + 1,
        node: 'n1',
        state: 'completed',
        examination,
        untried: untriedOf(descriptor.id, settings, examination, platform.device === 'cpu' ? 0 : 1),
        sha256: `${descriptor.id} ${i}`,
      }),
    );
  });
  const run = makeCase(targets, attempts);
  const assignments = descriptors.map((descriptor) => ({
    ...run.plan.assignments[0]!,
    id: `${descriptor.id}.1`,
    benchmark: descriptor.id,
    metrics: metricIds(descriptor),
    repeats: REPEATS[profile],
  }));
  // A self-test, which asks for no witness: only how much was tried decides here.
  const controller = { relation: 'self', holder: 'operator' } as const;
  return { ...run, guide: { ...guide, targets }, plan: { ...run.plan, controller, profile, assignments } };
}

export const TARGETS = [
  'compute.capacity',
  'compute.precisions',
  'storage.capacity',
  'storage.speed',
  'frameworks.adapted',
  'users.concurrent',
  'records.simultaneous',
];

/** From the shortest to the longest. */
export const LENGTHS = PROFILES;

type Settings = Readonly<Record<string, unknown>>;

function settingsOf(descriptor: Descriptor, profile: Profile, platform: Platform): Settings {
  const settings = descriptor.profiles[profile] as Settings;
  return descriptor.id === 'frameworks.train' && platform.interpretersNamed
    ? { ...settings, interpreters: [['python3'], ['/opt/other/bin/python']] }
    : settings;
}

const number = (settings: Settings, name: string): number => Number(settings[name]);

const SIMULATED: Readonly<Record<string, (platform: Platform, settings: Settings) => Examination>> = {
  'storage.volume': storage,
  'users.concurrent': users,
  'records.simultaneous': records,
  'frameworks.train': frameworks,
  'compute.gemm': (platform, settings) => compute('compute.gemm.rate', platform, settings),
  'compute.challenge': (platform, settings) => compute('compute.challenge.rate', platform, settings),
};

function metric(id: string, value: number, unit: string, more: Partial<Metric> = {}): Metric {
  const estimate = exact(value, unit, 10);
  return { metric: id, labels: {}, estimate, durationS: 0, samples: 10_000, verified: true, level: 'E1', ...more };
}

const examination = (metrics: Metric[], findings: Finding[] = []): Examination => ({ metrics, checks: [], findings });

function storage(platform: Platform, settings: Settings): Examination {
  const { usableBytes, freeShare, startS } = platform;
  const availableBytes = Math.floor(usableBytes * freeShare);
  const books = {
    blockBytes: 4096,
    totalBytes: usableBytes,
    freeBytes: availableBytes,
    availableBytes,
    fsid: '',
    source: 'stat' as const,
  };
  const planned = plannedFill(books, settings as unknown as FillLimits);
  const filled = Math.min(planned, platform.writeRate * number(settings, 'fillMaxSeconds'));
  const read = Math.min(filled, platform.readRate * number(settings, 'readMaxSeconds'));
  const proven = Math.floor(read + (filled - read) * (1 - undetectedShare(number(settings, 'samples'))));
  const passes = Math.min(number(settings, 'maxPasses'), Math.floor(number(settings, 'maxWriteBytes') / filled));
  const wanted = Math.max(filled, platform.writeRate * number(settings, 'fillMinSeconds'));
  const written = filled < planned ? filled : Math.min(wanted, Math.max(1, passes) * filled);
  const labels = { volume: 'v' };
  const speed = (id: string, bytes: number, rate: number): Metric => {
    const seconds = startS + bytes / rate;
    const windowS = number(settings, 'windowSeconds');
    const count = Math.min(200, Math.floor(seconds / windowS));
    const windows = Array.from({ length: count }, (_, i) => {
      const busy = Math.max(0, Math.min(windowS, (i + 1) * windowS - startS));
      return busy * rate;
    });
    const estimate = sustained({ windowS, bytes: windows }, bytes, seconds)!;
    return metric(id, 0, 'B/s', { labels, estimate, durationS: seconds, samples: estimate.n });
  };
  return examination([
    metric('storage.capacity.attested', usableBytes, 'B', { labels }),
    metric('storage.capacity.proven', proven, 'B', { labels }),
    speed('storage.speed.write', written, platform.writeRate),
    speed('storage.speed.read', read, platform.readRate),
    metric('storage.latency.read.p50', platform.readLatencyS, 's', { labels, durationS: 60 }),
    metric('storage.latency.read.p99', platform.readLatencyS * 3, 's', { labels, durationS: 60 }),
  ]);
}

function users(platform: Platform, settings: Settings): Examination {
  const asked = number(settings, 'users');
  const holdS = number(settings, 'holdS');
  const inFlight = Math.min(asked, platform.tasks);
  const answered = Math.max(1, Math.round((inFlight * holdS) / platform.taskS));
  const failed = Math.round(answered * platform.errorShare);
  const mean = answered / asked;
  const jain = 1 / (1 + 1 / mean + platform.unfairness);
  const share = failed / answered;
  const common = { durationS: holdS, samples: answered };
  return examination([
    metric('users.inflight.min', inFlight, 'count', common),
    metric('users.identities', Math.floor(inFlight * Math.min(1, holdS / platform.taskS)), 'count', common),
    metric('users.error.share', share, 'ratio', {
      ...common,
      estimate: { ...exact(share, 'ratio', answered), U: 2 * Math.sqrt(share / answered) + 4 / answered },
    }),
    metric('users.fairness.jain', jain, 'ratio', { ...common, estimate: exact(jain, 'ratio', asked, 'exact') }),
    metric('users.latency.p99', platform.taskS, 's', common),
  ]);
}

function records(platform: Platform, settings: Settings): Examination {
  const sent = number(settings, 'users') * number(settings, 'lot');
  // A lot that takes longer than the end of the run allows is lost to it.
  const lost = platform.taskS > Math.min(number(settings, 'graceS'), number(settings, 'timeoutS')) ? sent : 0;
  const common = { durationS: number(settings, 'holdS') };
  return examination([
    metric('records.simultaneous.peak', Math.min(sent, platform.records), 'count', common),
    metric('records.answered', Math.floor(sent * 0.99) - lost * 0.5, 'count', common),
    metric('records.lost', lost, 'count', common),
    metric('records.twice', 0, 'count', common),
    metric('records.corrupt', 0, 'count', common),
  ]);
}

function frameworks({ engines, interpretersNamed }: Platform, settings: Settings): Examination {
  const found = engines.filter(({ onPath }) => onPath || interpretersNamed);
  const inTime = found.filter(({ seconds }) => seconds <= number(settings, 'timeoutSeconds'));
  const findings = found
    .filter((engine) => !inTime.includes(engine))
    .map(({ id }): Finding => ({ code: 'timed_out', detail: `${id}: no end`, weight: 'informs' }));
  return examination(
    inTime.map(({ id }) => metric('frameworks.adapted.level', 1, '1', { labels: { engine: id, framework: id } })),
    findings,
  );
}

function compute(id: string, { rates, device }: Platform, settings: Settings): Examination {
  const asked = settings.precisions as Precision[];
  const seconds = number(settings, 'seconds');
  return examination(
    asked.flatMap((precision) => {
      const rate = rates[precision];
      if (rate === undefined) return [];
      const labels = { precision: precisionLabel(precision), device };
      return [metric(id, rate, 'op/s', { labels, durationS: seconds, samples: seconds * 2, level: 'E2' })];
    }),
  );
}
