import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type EnergyReading,
  energyBetween,
  type Reading,
  readEnergy,
  readRapl,
} from '../../../../benchmarks/compute/energy.ts';
import {
  bmcPower,
  energySample,
  meterDevice,
  parseDcmiPower,
  startMeter,
  watchPower,
} from '../../../../benchmarks/compute/meter.ts';
import { energyOf } from '../../../../benchmarks/compute/power.ts';

describe('the energy counters of the processor', () => {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'assay-rapl-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  function zone(folder: string, name: string, microjoules: number): void {
    mkdirSync(join(base, folder));
    writeFileSync(join(base, folder, 'name'), `${name}\n`);
    writeFileSync(join(base, folder, 'energy_uj'), `${microjoules}\n`);
    writeFileSync(join(base, folder, 'max_energy_range_uj'), '262143328850\n');
  }

  it('are read one by one, and packages only', () => {
    zone('intel-rapl:1', 'package-1', 7_000_000);
    zone('intel-rapl:0', 'package-0', 5_000_000);
    zone('intel-rapl:0:0', 'core', 3_000_000);
    zone('intel-rapl:2', 'psys', 99_000_000);
    const reading = readRapl(base) as EnergyReading;
    expect(reading.source).toBe('rapl');
    expect(reading.counters.map(({ joules }) => joules)).toEqual([5, 7]);
    expect(reading.counters[0]!.wrapsAt).toBeCloseTo(262143.32885, 6);
  });

  it('are not there: nothing is made up, and the reason is said', () => {
    expect(readRapl(base)).toMatch(/lists no energy counter/);
    expect(readRapl(join(base, 'missing'))).toMatch(/lists no energy counter/);
    mkdirSync(join(base, 'intel-rapl:0'));
    writeFileSync(join(base, 'intel-rapl:0', 'name'), 'package-0\n');
    expect(readRapl(base)).toMatch(/may not be read/);
    writeFileSync(join(base, 'intel-rapl:0', 'energy_uj'), '\n');
    writeFileSync(join(base, 'intel-rapl:0', 'max_energy_range_uj'), '1000\n');
    expect(readRapl(base)).toMatch(/no numbers/);
    expect(readEnergy('npu:0', undefined)).toMatch(/no energy counter for npu:0/);
  });

  it('may each wrap once between two readings; unlike ones give nothing', () => {
    expect(energyBetween(at(10), at(40))).toBe(30);
    expect(energyBetween(at(990), at(40))).toBe(50);
    // One of two packages wraps: only its own range is added.
    const both = (...joules: number[]): EnergyReading => ({
      counters: joules.map((one) => ({ joules: one, wrapsAt: 1000 })),
      source: 'rapl',
    });
    expect(energyBetween(both(990, 100), both(40, 150))).toBe(100);
    expect(energyBetween(both(990, 100), both(40))).toBeUndefined();
    expect(energyBetween(at(10), at(40, 2000))).toBeUndefined();
    expect(energyBetween(at(10), at(40, 1000, 'nvml'))).toBeUndefined();
    expect(energyBetween(at(10), at(Number.NaN))).toBeUndefined();
  });
});

const at = (joules: number, wrapsAt = 1000, source: 'rapl' | 'nvml' = 'rapl'): EnergyReading => ({
  counters: [{ joules, wrapsAt }],
  source,
});

describe('a meter', () => {
  /** Gives these readings one after the other, the last for ever. */
  const recorded = (...readings: Reading[]) => {
    let next = 0;
    return () => readings[Math.min(next++, readings.length - 1)]!;
  };

  it('gives all the energy of a phase', async () => {
    const meter = await startMeter(recorded(at(100), at(350)));
    expect(await meter.stop()).toEqual({ joules: 250, source: 'rapl' });
  });

  it('follows a counter that wraps more than once while it is watched', async () => {
    let joules = 0;
    // 400 J between readings of a counter of 1,000 J.
    const read = () => {
      joules += 400;
      return at(joules % 1000);
    };
    const meter = await startMeter(read, 1);
    await vi.waitUntil(() => joules >= 4000);
    const metered = await meter.stop();
    expect(metered).toEqual({ joules: joules - 400, source: 'rapl' });
    const reads = joules;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(joules).toBe(reads);
  });

  it('of an accelerator asks the engine that works on it, by its UUID, and says so in the samples', async () => {
    const asked: unknown[] = [];
    let joules = 100;
    const ask = async (operation: string, input: unknown) => {
      asked.push([operation, input]);
      joules += 40;
      return { reading: at(joules, 1e9, 'nvml') };
    };
    const meter = await meterDevice('cuda:1', 'GPU-1', { ask } as unknown as Parameters<typeof meterDevice>[2]);
    expect(energySample(await meter.stop())).toEqual({ energy: { joules: 40, source: 'nvml' } });
    expect(asked).toEqual(Array(2).fill(['energy', { device: 'cuda:1', uuid: 'GPU-1' }]));
    expect(energySample({ why: 'no driver' })).toEqual({ unmetered: 'no driver' });
  });

  it('gives nothing but the reason where a reading was missed, unlike the first, or did not move', async () => {
    const why = async (...readings: Reading[]) => (await startMeter(recorded(...readings))).stop();
    expect(await why('no driver', at(5))).toEqual({ why: 'no driver' });
    expect(await why(at(5), 'no permission')).toEqual({ why: 'no permission' });
    expect(await why(at(5), at(5))).toEqual({ why: 'the energy counter did not move' });
    expect(await why(at(5), at(9, 7))).toEqual({ why: 'the energy counter changed its form' });
  });
});

/** As a server's BMC answers through `ipmitool dcmi power reading`. */
const DCMI = `
    Instantaneous power reading:                   412 Watts
    Minimum during sampling period:                180 Watts
    Maximum during sampling period:                650 Watts
    Average power reading over sample period:      300 Watts
    IPMI timestamp:                           Sat Nov 21 07:00:00 2026
    Sampling period:                          00000001 Seconds.
    Power reading state is:                   activated

`;

describe('the power of a whole machine', () => {
  it('is read from what ipmitool prints, if the controller measures', () => {
    expect(parseDcmiPower(DCMI)).toBe(412);
    expect(parseDcmiPower(DCMI.replace('activated', 'deactivated'))).toBeUndefined();
    expect(parseDcmiPower(DCMI.replace('412 Watts', '0 Watts'))).toBeUndefined();
    expect(parseDcmiPower(DCMI.replace('412 Watts', '-5 Watts'))).toBeUndefined();
    expect(parseDcmiPower(DCMI.replace('412', '99999999'))).toBeUndefined();
    expect(parseDcmiPower('DCMI request failed because: Invalid command')).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => parseDcmiPower(text) === undefined));
  });

  it('has no reader where tool or device are missing', () => {
    expect(bmcPower(() => false)).toBeUndefined();
    expect(bmcPower((path) => path.endsWith('ipmitool'))).toBeUndefined();
    expect(bmcPower((path) => path.startsWith('/dev/'))).toBeUndefined();
    expect(bmcPower(() => true)).toBeTypeOf('function');
  });

  it('is watched until it is stopped, without the readings that failed', async () => {
    let asked = 0;
    const read = async () => {
      asked++;
      if (asked % 2 === 0) throw new Error('busy');
      return DCMI;
    };
    const power = watchPower(read, process.hrtime.bigint(), 1);
    await vi.waitUntil(() => asked >= 7);
    const readings = await power.stop();
    expect(readings.length).toBe(Math.ceil(asked / 2));
    expect(readings.every(({ watts, atNs }, i) => watts === 412 && atNs > (readings[i - 1]?.atNs ?? 0))).toBe(true);
    const then = asked;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(then);
  });

  it('becomes energy over the whole phase, or none', () => {
    const every = (seconds: readonly number[], watts: (at: number) => number) =>
      seconds.map((s) => ({ atNs: s * 1e9, watts: watts(s) }));
    expect(
      energyOf(
        every([1, 2, 3, 4], () => 300),
        0,
        5e9,
      ),
    ).toBeCloseTo(1500, 6);
    expect(
      energyOf(
        every([0, 1, 2], (s) => 100 * s),
        0,
        2e9,
      ),
    ).toBeCloseTo(200, 6);
    // What lies outside the phase does not count.
    expect(
      energyOf(
        every([0, 1, 2, 3, 9], (s) => (s === 9 ? 1e5 : 100)),
        0,
        4e9,
      ),
    ).toBeCloseTo(400, 6);
    expect(
      energyOf(
        every([1, 2], () => 300),
        0,
        3e9,
      ),
    ).toMatch(/too few/);
    expect(
      energyOf(
        every([1, 2, 9], () => 300),
        0,
        10e9,
      ),
    ).toMatch(/without a reading/);
    expect(
      energyOf(
        every([1, 2, 3], () => 300),
        0,
        10e9,
      ),
    ).toMatch(/without a reading/);
    expect(
      energyOf(
        every([1, 3, 2], () => 300),
        0,
        4e9,
      ),
    ).toMatch(/out of order/);
  });
});
