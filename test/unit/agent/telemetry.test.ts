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
    const [sample] = startTelemetry(10, () => 0n, counters(), 3_600_000).stop();
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
    const nothing: Counters = { stat: () => '', meminfo: () => '', cpuinfo: () => '', processes: () => [] };
    expect(startTelemetry(1, () => 0n, nothing, 3_600_000).stop()).toEqual([{ atS: 0 }]);
  });
});
