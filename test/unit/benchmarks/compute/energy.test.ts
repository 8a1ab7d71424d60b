import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { energyBetween, readRapl } from '../../../../benchmarks/compute/energy.ts';

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

  it('are added over packages only', () => {
    zone('intel-rapl:0', 'package-0', 5_000_000);
    zone('intel-rapl:1', 'package-1', 7_000_000);
    zone('intel-rapl:0:0', 'core', 3_000_000);
    zone('intel-rapl:2', 'psys', 99_000_000);
    expect(readRapl(base)).toMatchObject({ joules: 12, source: 'rapl' });
  });

  it('are not there: nothing is made up', () => {
    expect(readRapl(base)).toBeUndefined();
    expect(readRapl(join(base, 'missing'))).toBeUndefined();
    mkdirSync(join(base, 'intel-rapl:0'));
    writeFileSync(join(base, 'intel-rapl:0', 'name'), 'package-0\n');
    expect(readRapl(base)).toBeUndefined();
  });

  it('may wrap once between two readings; unlike or unmoved ones give nothing', () => {
    const at = (joules: number, wrapsAt = 1000, source: 'rapl' | 'nvml' = 'rapl') => ({ joules, wrapsAt, source });
    expect(energyBetween(at(10), at(40))).toBe(30);
    expect(energyBetween(at(990), at(40))).toBe(50);
    expect(energyBetween(at(10), at(10))).toBeUndefined();
    expect(energyBetween(at(10), at(40, 1000, 'nvml'))).toBeUndefined();
    expect(energyBetween(undefined, at(1))).toBeUndefined();
  });
});
