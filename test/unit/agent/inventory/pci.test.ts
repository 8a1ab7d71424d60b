import { describe, expect, it } from 'vitest';
import { replayMachine } from '../../../../agent/inventory/machine.ts';
import { classify, linkGeneration, PciTable, readBus, USER_TABLE } from '../../../../agent/inventory/pci.ts';
import table from '../../../../agent/inventory/pci-devices.json' with { type: 'json' };
import { check } from '../../../../model/schema.ts';
import { smallMachine } from './recordings.ts';

const known = table as PciTable;

describe('the table of PCI devices', () => {
  it('fits its schema and names a known vendor for every device', () => {
    expect(check(PciTable, table)).toMatchObject({ ok: true });
    for (const id of Object.keys(known.devices)) expect(Object.keys(known.vendors)).toContain(id.slice(0, 4));
  });

  it.each([
    ['19e5', 'd802', '120000', 'accelerator'],
    ['19e5', 'd806', '120000', 'accelerator'],
    ['1002', '1586', '038000', 'other'],
    ['19e5', '1711', '030000', 'other'],
    ['19e5', 'a222', '020000', 'other'],
    ['19e5', 'ffff', '120000', 'accelerator'],
    ['1d94', '1450', '060000', 'other'],
    ['1d22', '3684', '078000', 'accelerator'],
    ['1d22', '1380', '010800', 'other'],
    ['1d22', '3685', '078000', 'partition'],
    ['10de', '22a3', '068000', 'other'],
    ['10de', '10f9', '040300', 'other'],
    ['8086', '4940', '0b4000', 'other'],
    ['8086', '4c8a', '030000', 'other'],
    ['1a03', '2000', '030000', 'other'],
  ])('takes %s:%s of class %s for %s', (vendor, device, group, is) => {
    expect(classify(known, vendor, device, group).is).toBe(is);
  });

  it('knows the 950 by name, and nothing is odd about it', () => {
    expect(classify(known, '19e5', 'd806', '120000')).toMatchObject({ chip: 'Ascend 950', vendor: 'ascend' });
    expect(classify(known, '19e5', 'd806', '120000').odd).toBeUndefined();
  });

  it('tells devices that look like accelerators and are not counted', () => {
    expect(classify(known, 'f1f2', '0001', '120000').odd).toContain('f1f2:0001');
    expect(classify(known, '1a03', '2000', '030000').odd).toBeUndefined();
  });

  it('is extended by a file of the operator, and a broken file is told and not used', async () => {
    const pci = { '0000:05:00.0': 'f1f2:0001 120000' };
    const rows = {
      schema: 'assay/pci-devices/v1',
      vendors: { f1f2: { vendor: 'biren', classes: ['12'] } },
      devices: { 'f1f2:0001': { chip: 'BR100', is: 'accelerator' } },
    };
    const good = await readBus(replayMachine(smallMachine({ pci, files: { [USER_TABLE]: JSON.stringify(rows) } })));
    expect(good.functions).toMatchObject([{ vendor: 'biren', chip: 'BR100' }]);
    for (const text of ['{', '{}', JSON.stringify({ ...rows, vendors: { f1f2: { vendor: 'nobody', classes: [] } } })]) {
      const bad = await readBus(replayMachine(smallMachine({ pci, files: { [USER_TABLE]: text } })));
      expect(bad.functions).toEqual([]);
      expect(bad.unread).toMatchObject([{ source: USER_TABLE }]);
    }
  });

  it('says when the bus cannot be read', async () => {
    const bus = await readBus(replayMachine(smallMachine({})));
    expect(bus).toMatchObject({ read: false, unread: [{ what: 'PCI bus' }] });
  });

  it('reads generations from transfer rates', () => {
    expect(linkGeneration('16.0 GT/s PCIe')).toBe(4);
    expect(linkGeneration('2.5 GT/s PCIe')).toBe(1);
    expect(linkGeneration('Unknown')).toBeUndefined();
  });
});
