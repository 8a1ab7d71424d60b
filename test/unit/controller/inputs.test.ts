import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readInputs } from '../../../controller/inputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

const claim = (id: string, claimed: object) =>
  readInputs({ claims: file('claims.json', { schema: 'assay/claims/v1', targets: { [id]: claimed } }) });

describe('claims', () => {
  it('are taken in the unit of the guide', () => {
    const { claims } = claim('compute.capacity', { value: 1.2e16, unit: 'op/s', choice: 'INT8' });
    expect(claims?.targets['compute.capacity']?.choice).toBe('INT8');
  });

  it('in another unit are refused, since they would be passed over in silence', () => {
    expect(() => claim('compute.capacity', { value: 12, unit: 'Pop/s' })).toThrow(/compute\.capacity: .*Pop\/s.*op\/s/);
  });

  it('that choose where there is nothing to choose are refused', () => {
    expect(() => claim('users.concurrent', { value: 1000, unit: 'count', choice: 'FP16' })).toThrow(
      /nothing to choose/,
    );
  });

  it('of a target that the guide does not have are refused', () => {
    expect(() => claim('compute.capacty', { value: 1, unit: 'op/s' })).toThrow(/no such target/);
  });
});

describe('waivers', () => {
  it('of a target that the guide does not have are refused', () => {
    const waiver = {
      target: 'compute.capacty',
      reason: 'being extended in spring',
      approvedBy: 'x',
      approvedAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-02-01T00:00:00Z',
    };
    expect(() => readInputs({ waivers: file('waivers.json', [waiver]) })).toThrow(/compute\.capacty: .*no such target/);
    const known = readInputs({ waivers: file('waivers.json', [{ ...waiver, target: 'compute.capacity' }]) });
    expect([...known.files.keys()]).toContain('waivers.json');
  });
});
