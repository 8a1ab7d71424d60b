import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cell, FIELDS, type Field, MARKS, matrix, NOT_TOLD, told } from './matrix.ts';

describe('who tells what', () => {
  it('every fact of every vendor is read on a recorded machine, or has a reason why it is not', async () => {
    const vendors = await told();
    expect(vendors.size).toBe(14);
    const wrong: string[] = [];
    for (const [vendor, sources] of vendors) {
      for (const field of Object.keys(FIELDS) as Field[]) {
        const reason = NOT_TOLD[vendor]?.[field];
        if ((cell(sources, field) === '') === (reason === undefined)) wrong.push(`${vendor}: ${field}: ${reason}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('every vendor tells chip, identity, memory, driver and temperature, power and use', async () => {
    for (const sources of (await told()).values()) {
      for (const field of ['chip', 'uuid', 'serial', 'pciAddress', 'memoryBytes', 'driver'] as const) {
        expect(cell(sources, field)).toMatch(/[TL]/);
      }
      for (const field of ['temperatureC', 'powerW', 'utilization', 'linkGeneration', 'linkWidth'] as const) {
        expect(cell(sources, field)).not.toBe('');
      }
    }
  });

  it('docs/inventory.md says exactly that: node test/unit/agent/inventory/matrix.ts prints it', async () => {
    const page = readFileSync(new URL('../../../../docs/inventory.md', import.meta.url), 'utf8');
    const [start, end] = MARKS;
    expect(page.split(start)[1]?.split(end)[0]?.trim()).toBe(await matrix());
  });
});
