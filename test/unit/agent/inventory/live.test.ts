import { describe, expect, it } from 'vitest';
import { merge, watchable } from '../../../../agent/inventory/live.ts';

describe('readings of one second', () => {
  it('become one: means, the highest temperature, every throttle reason that was seen', () => {
    expect(
      merge([
        [
          { id: 'nvidia-0', powerW: 100, temperatureC: 60, clockMHz: 1000, utilization: 0, throttleReasons: [] },
          { id: 'nvidia-1', powerW: 50 },
        ],
        [
          { id: 'nvidia-0', powerW: 300, temperatureC: 55, clockMHz: 2000, utilization: 1, throttleReasons: ['hw'] },
          { id: 'nvidia-1' },
        ],
        [{ id: 'nvidia-0', throttleReasons: ['sw', 'hw'] }],
      ]),
    ).toEqual([
      {
        id: 'nvidia-0',
        powerW: 200,
        temperatureC: 60,
        clockMHz: 1500,
        utilization: 0.5,
        throttleReasons: ['hw', 'sw'],
      },
      { id: 'nvidia-1', powerW: 50 },
    ]);
  });

  it('a device that does not tell its throttle reasons is not one that has none', () => {
    expect(merge([[{ id: 'nvidia-0' }]])).toEqual([{ id: 'nvidia-0' }]);
    expect(merge([])).toEqual([]);
  });
});

describe('a helper', () => {
  const machine =
    (...paths: string[]) =>
    (path: string) =>
      paths.includes(path);

  it('is started only where a driver is that a library can speak to', () => {
    expect(watchable(machine())).toBeUndefined();
    expect(watchable(machine('/dev/nvidiactl'))).toEqual({ id: 'nvidia' });
    const library = '/usr/local/corex/lib64/libixml.so';
    expect(watchable(machine('/dev/iluvatar0', library))).toEqual({ id: 'iluvatar', probe: 'ixml', library });
    expect(watchable(machine('/dev/alixpu_ctl'))).toEqual({ id: 'thead', probe: 'hgml' });
    expect(watchable(machine('/dev/biren'))).toEqual({ id: 'biren', probe: 'brml' });
    expect(watchable(machine('/dev/iluvatar0'))).toBeUndefined();
    expect(watchable(machine(library))).toBeUndefined();
  });
});
