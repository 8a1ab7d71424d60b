import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Accelerator, Inventory } from '../../../model/inventory.ts';
import { duplicateFindings, hostOf, isIdentity } from '../../../model/uniqueness.ts';

const fact = <T>(value: T) => ({ value, source: 'test' });

function card(
  id: string,
  facts: Partial<Record<'uuid' | 'serial' | 'pciAddress', string>> = {},
  kind: Accelerator['kind'] = 'package',
): Accelerator {
  const made: Accelerator = { id, kind, vendor: fact('NVIDIA') };
  for (const [key, value] of Object.entries(facts)) Object.assign(made, { [key]: fact(value) });
  return made;
}

function inventory(node: string, host: Record<string, string> = {}, accelerators: Accelerator[] = []): Inventory {
  return {
    schema: 'assay/inventory/v1',
    node,
    takenAt: '2026-03-02T08:15:00.000Z',
    host: Object.fromEntries(Object.entries(host).map(([key, value]) => [key, fact(value)])),
    cpu: {},
    memory: {},
    disks: [],
    mounts: [],
    links: [],
    accelerators,
    tools: [],
    software: [],
    findings: [],
    unread: [],
  };
}
const summary = (inventories: Inventory[]) =>
  duplicateFindings(inventories).map(({ code, by, weight, devices }) => [code, by, weight, devices.length]);

describe('duplicates over the fleet', () => {
  it('finds one device in two nodes by UUID and by serial number, once each', () => {
    const both = { uuid: 'GPU-1234', serial: 'SN-77' };
    expect(summary([inventory('a', {}, [card('x', both)]), inventory('b', {}, [card('y', both)])])).toEqual([
      ['duplicate_device', 'uuid', 'holds', 2],
    ]);
    expect(
      summary([
        inventory('a', {}, [card('x', { serial: 'SN-77' })]),
        inventory('b', {}, [card('y', { serial: 'sn-77' })]),
      ]),
    ).toEqual([['duplicate_device', 'serial', 'holds', 2]]);
  });

  it('finds one slot of one machine in two containers', () => {
    const slot = { pciAddress: '0000:3b:00.0' };
    const findings = duplicateFindings([
      inventory('a', { bootId: 'boot-1' }, [card('x', slot)]),
      inventory('b', { bootId: 'boot-1' }, [card('x', slot)]),
      inventory('c', { bootId: 'boot-2' }, [card('x', slot)]),
    ]);
    expect(findings.map(({ code, nodes }) => [code, nodes])).toEqual([
      ['duplicate_device', ['a', 'b']],
      ['shared_host', ['a', 'b']],
    ]);
  });

  it('does not take the same slot of two machines, or what boards print where nothing was entered, for one', () => {
    for (const serial of [
      'N/A',
      '0',
      '00000000',
      'Not Specified',
      'To Be Filled By O.E.M.',
      'xxxx',
      '1111111',
      '123456789',
    ]) {
      expect(isIdentity(serial)).toBe(false);
      const slot = { pciAddress: '0000:3b:00.0', serial, uuid: serial };
      expect(
        summary([
          inventory('a', { boardSerial: serial }, [card('x', slot)]),
          inventory('b', { boardSerial: serial }, [card('x', slot)]),
        ]),
      ).toEqual([]);
    }
  });

  it('lets the dies and slices of one card share its serial number', () => {
    const devices = [
      card('x', { serial: 'S-1' }),
      card('x.0', { serial: 'S-1' }, 'die'),
      card('x.1', { serial: 'S-1' }, 'die'),
    ];
    expect(summary([inventory('a', {}, devices)])).toEqual([]);
  });

  it('finds a device that one tool lists twice', () => {
    expect(summary([inventory('a', {}, [card('x', { uuid: 'U-1' }), card('y', { uuid: 'U-1' })])])).toEqual([
      ['duplicate_device', 'uuid', 'holds', 2],
    ]);
  });

  it('tells a cloned machine id from one machine by the boot ids', () => {
    const clones = [
      inventory('a', { machineId: 'm-1', bootId: 'b-1' }),
      inventory('b', { machineId: 'm-1', bootId: 'b-2' }),
    ];
    expect(new Set(hostOf(clones).values()).size).toBe(2);
    const blind = [inventory('a', { machineId: 'm-1', bootId: 'b-1' }), inventory('b', { machineId: 'm-1' })];
    expect(new Set(hostOf(blind).values()).size).toBe(1);
  });

  it('ties containers by boot id, by board serial number and by machine id, and says which', () => {
    for (const [key, label] of [
      ['bootId', 'boot id'],
      ['boardSerial', 'board serial'],
      ['machineId', 'machine id'],
    ] as const) {
      const two = [inventory('a', { [key]: 'same-1' }), inventory('b', { [key]: 'same-1' })];
      expect(duplicateFindings(two)).toMatchObject([
        {
          code: 'shared_host',
          weight: 'informs',
          nodes: ['a', 'b'],
          detail: `a, b are on one machine (${label} same-1)`,
        },
      ]);
    }
    const boards = [
      inventory('a', { boardSerial: 'To be filled by O.E.M.', bootId: 'b-1' }),
      inventory('b', { boardSerial: 'To be filled by O.E.M.', bootId: 'b-2' }),
    ];
    expect(duplicateFindings(boards)).toEqual([]);
  });

  it('one PCI address under one machine id holds the sum back, however the containers call the card', () => {
    const host = { machineId: 'm-7' };
    const two = [
      inventory('a', host, [card('x', { pciAddress: '0000:3b:00.0', uuid: 'U-1' })]),
      inventory('b', host, [card('y', { pciAddress: '0000:3b:00.0', uuid: 'U-2' })]),
    ];
    expect(summary(two)).toEqual([
      ['duplicate_device', 'pci', 'holds', 2],
      ['shared_host', 'host', 'informs', 0],
    ]);
    expect(duplicateFindings(two)[0]?.detail).toContain('0000:3b:00.0 on machine id m-7');
  });

  it('joins machines through a third that ties them', () => {
    const three = [
      inventory('a', { bootId: 'b-1' }),
      inventory('b', { boardSerial: 's-1' }),
      inventory('c', { bootId: 'b-1', boardSerial: 's-1' }),
    ];
    expect(new Set(hostOf(three).values()).size).toBe(1);
  });

  it('never finds a duplicate among distinct devices, and always finds a repeated one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 20 }), fc.nat(), (uuids, pick) => {
        const fleet = uuids.map((uuid, i) => inventory(`n${i}`, { bootId: `boot-${i}` }, [card('x', { uuid })]));
        expect(duplicateFindings(fleet)).toEqual([]);
        const again = uuids[pick % uuids.length]!;
        const more = duplicateFindings([...fleet, inventory('more', {}, [card('x', { uuid: again.toUpperCase() })])]);
        expect(more).toMatchObject([{ code: 'duplicate_device', weight: 'holds' }]);
      }),
    );
  });
});
