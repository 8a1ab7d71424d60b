import { describe, expect, it, vi } from 'vitest';
import { type Counters, startTelemetry } from '../../../agent/telemetry.ts';
import { type Telemetry, Telemetry as TelemetrySchema } from '../../../model/measurement.ts';
import { check } from '../../../model/schema.ts';

/** Two readings a second apart: 200 jiffies in all, 150 busy of which 20 stolen, 100 by process 10 and its child. */
function counters(): Counters {
  let reading = 0;
  const stats = ['cpu  0 0 0 0 0 0 0 0 0 0\n', 'cpu  100 0 30 50 0 0 0 20 0 0\n'];
  const processes = [
    ['10 (a (b) c) S 1 10 10 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0', '11 (child) R 10 10 10 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0'],
    [
      '10 (a (b) c) S 1 10 10 0 -1 0 0 0 0 0 30 10 5 5 20 0 1 0',
      '11 (child) R 10 10 10 0 -1 0 0 0 0 0 50 0 0 0 20 0 1 0',
      '12 (other) R 1 12 12 0 -1 0 0 0 0 0 30 0 0 0 20 0 1 0',
    ],
  ];
  return {
    stat: () => stats[Math.min(reading, 1)]!,
    meminfo: () => 'MemTotal: 1000 kB\nMemAvailable: 400 kB\n',
    cpuinfo: () => 'cpu MHz : 2000.0\ncpu MHz : 3000.0\n',
    processes: () => processes[Math.min(reading++, 1)]!,
  };
}

describe('telemetry', () => {
  it("tells the agent's own work from other people's and from what the host stole", () => {
    const [sample] = startTelemetry(10, () => 0n, { counters: counters(), everyMs: 3_600_000 }).stop();
    expect(sample).toEqual({
      atS: 0,
      cpuBusy: 0.75,
      cpuSteal: 0.1,
      cpuOther: 0.15,
      cpuClockMHz: 2500,
      memoryUsedBytes: 600 * 1024,
    });
  });

  it('leaves out what a system does not tell', () => {
    expect(startTelemetry(1, () => 0n, { counters: nothing, everyMs: 3_600_000 }).stop()).toEqual([{ atS: 0 }]);
  });

  it('carries what the devices say, and once why they stopped saying it', async () => {
    let round = 0;
    let stopped = 0;
    const devices = {
      since: () => (++round <= 2 ? [{ id: 'nvidia-0', powerW: 100 * round }] : []),
      problem: () => (round > 2 ? 'the helper process ended (SIGKILL)' : undefined),
      stop: () => {
        stopped++;
      },
    };
    const telemetry = startTelemetry(1, () => 0n, { counters: nothing, everyMs: 5, devices });
    while (round < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    const samples = telemetry.stop();
    expect(samples.slice(0, 3)).toEqual([
      { atS: 0, devices: [{ id: 'nvidia-0', powerW: 100 }] },
      { atS: 0, devices: [{ id: 'nvidia-0', powerW: 200 }] },
      {
        atS: 0,
        unread: [{ what: 'devices', source: 'management library', why: 'the helper process ended (SIGKILL)' }],
      },
    ]);
    expect(samples.slice(3).every((sample) => sample.unread === undefined)).toBe(true);
    expect(stopped).toBe(1);
  });

  it('keeps a long attempt to a fixed number of readings, however long it is and however many devices there are', async () => {
    for (const count of [0, 8]) {
      const { samples, rounds } = await longAttempt(900, count);
      const readings = samples.reduce((sum, one) => sum + 1 + (one.devices?.length ?? 0), 0);
      expect(readings).toBeLessThanOrEqual(600);
      expect(readings).toBeGreaterThan(200);
      expect(JSON.stringify(samples).length).toBeLessThan(100_000);
      const times = samples.map((one) => one.atS);
      expect([...times].sort((a, b) => a - b)).toEqual(times);
      expect(rounds).toBeGreaterThanOrEqual(900 / 32);
      expect(samples.filter((one) => one.unread)).toHaveLength(1);
    }
  }, 20_000);

  it('carries the live figure, thinned by its mean, and none of another label mixed into it', () => {
    const timers = vi.useFakeTimers();
    try {
      let passed = 0;
      // FP64 rises by one a second for ten minutes, then nothing is said, then INT8 stands.
      const since = () => {
        if (passed < 600) return { value: passed, unit: 'op/s', label: 'FP64' };
        return passed < 700 ? undefined : { value: 5000, unit: 'op/s', label: 'INT8' };
      };
      const now = () => BigInt(passed) * 1_000_000_000n;
      const telemetry = startTelemetry(1, now, { counters: nothing, everyMs: 1000, figure: { since } });
      for (; passed < 1200; passed++) timers.advanceTimersByTime(1000);
      const samples = telemetry.stop();
      expect(samples.length).toBeLessThanOrEqual(600);
      expect(samples.reduce((sum, one) => sum + (one.figure ? 2 : 1), 0)).toBeLessThanOrEqual(600);
      expect(samples.every((sample) => check(TelemetrySchema, sample).ok)).toBe(true);
      const figures = samples.flatMap(({ figure }) => figure ?? []);
      const rising = figures.filter(({ label }) => label === 'FP64');
      expect(rising.reduce((sum, { value }) => sum + value, 0) / rising.length).toBeCloseTo(299.5, -1);
      expect(new Set(figures.filter(({ label }) => label === 'INT8').map(({ value }) => value))).toEqual(
        new Set([5000]),
      );
      const silent = samples.filter(({ figure }) => !figure).map(({ atS }) => atS);
      expect(silent.length).toBeGreaterThan(3);
      expect(silent.every((atS) => atS >= 600 && atS < 720)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps means, the highest temperature and the share of throttled samples when it thins', async () => {
    const { samples } = await longAttempt(700, 1);
    const devices = samples.flatMap((one) => one.devices ?? []);
    const power = devices.reduce((sum, one) => sum + one.powerW!, 0) / devices.length;
    expect(Math.abs(power - 350)).toBeLessThan(10);
    expect(Math.max(...devices.map((one) => one.temperatureC!))).toBe(90);
    // Every fourth sample was throttled; had reasons been gathered, nearly half would be.
    const share = devices.filter((one) => one.throttleReasons!.length > 0).length / devices.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.35);
  }, 20_000);
});

/** An attempt of so many ticks, with devices whose power rises by one each tick and that are hot once. */
async function longAttempt(ticks: number, count: number): Promise<{ samples: Telemetry[]; rounds: number }> {
  let rounds = 0;
  let passed = 0;
  const since = () => {
    rounds++;
    return Array.from({ length: count }, (_, i) => ({
      id: `nvidia-${i}`,
      powerW: passed,
      temperatureC: rounds === 33 ? 90 : 40,
      throttleReasons: (rounds * 37) % 101 < 25 ? ['sw_power_cap'] : [],
    }));
  };
  const devices = { since, problem: () => 'gone', stop: () => undefined };
  const timers = vi.useFakeTimers();
  try {
    const now = () => BigInt(passed) * 1_000_000_000n;
    const telemetry = startTelemetry(1, now, { counters: nothing, everyMs: 1000, devices });
    for (; passed < ticks; passed++) timers.advanceTimersByTime(1000);
    return { samples: telemetry.stop(), rounds };
  } finally {
    vi.useRealTimers();
  }
}

const nothing: Counters = { stat: () => '', meminfo: () => '', cpuinfo: () => '', processes: () => [] };
