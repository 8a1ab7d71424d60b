import { describe, expect, it } from 'vitest';
import { busyText, isBusy, lookAtOccupation } from '../../../agent/occupation.ts';

/** Counters as /proc has them: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest nice. */
const stat = (user: number, idle: number): string =>
  `cpu  ${user} 0 0 ${idle} 0 0 0 0 0 0\ncpu0 1 0 0 1 0 0 0 0 0 0\ncpu1 1 0 0 1 0 0 0 0 0 0\nintr 1\n`;
const reader = (stats: string[], loadavg: string | undefined) => (name: 'stat' | 'loadavg') =>
  name === 'stat' ? stats.shift() : loadavg;

describe('how busy a machine is', () => {
  it('is the share of the time that its processors did not rest', async () => {
    const seen = await lookAtOccupation(0, reader([stat(100, 100), stat(190, 110)], '26.10 20.0 3.0 4/500 1\n'));
    expect(seen).toEqual({ load: 26.1, cores: 2, busy: 0.9 });
    expect(isBusy(seen!)).toBe(true);
    expect(busyText(seen!)).toMatch(/本机繁忙 the machine is busy: 90 % of 2 cores, load 26\.1; .*--patience 3/);
  });

  it('is nothing to speak of on an idle one', async () => {
    const seen = await lookAtOccupation(0, reader([stat(100, 100), stat(101, 199)], '0.01 0 0 1/1 1'));
    expect(isBusy(seen!)).toBe(false);
  });

  it.each([
    ['the counters are not there', [], '1 1 1'],
    ['they do not move', [stat(1, 1), stat(1, 1)], '1 1 1'],
    ['they are no numbers', ['cpu  a b c d e', 'cpu  a b c d e'], '1 1 1'],
    ['the load is not there', [stat(1, 1), stat(2, 2)], undefined],
  ])('is unknown where %s', async (_, stats, load) => {
    expect(await lookAtOccupation(0, reader([...stats], load))).toBeUndefined();
  });
});
