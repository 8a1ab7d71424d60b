import { describe, expect, it } from 'vitest';
import { type Counters, startTelemetry } from '../../../agent/telemetry.ts';

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

  it('thins a long attempt evenly and keeps what could not be read', async () => {
    let round = 0;
    const many = Array.from({ length: 4_000 }, (_, i) => ({ id: `nvidia-${i}` }));
    const since = () => {
      round++;
      return many;
    };
    const devices = { since, problem: () => 'gone', stop: () => undefined };
    const telemetry = startTelemetry(1, () => BigInt(round) * 1_000_000_000n, {
      counters: nothing,
      everyMs: 1,
      devices,
    });
    while (round < 9) await new Promise((resolve) => setTimeout(resolve, 2));
    const samples = telemetry.stop();
    expect(samples.length).toBeLessThanOrEqual(6);
    expect(samples[0]?.unread).toHaveLength(1);
    const times = samples.slice(1).map((sample) => sample.atS);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });
});

const nothing: Counters = { stat: () => '', meminfo: () => '', cpuinfo: () => '', processes: () => [] };
