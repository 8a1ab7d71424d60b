import { describe, expect, it } from 'vitest';
import { device } from '../../../../agent/inventory/device.ts';
import { mergeWithBus } from '../../../../agent/inventory/merge.ts';
import { groupDies } from '../../../../agent/inventory/packages.ts';
import type { Bus, PciFunction } from '../../../../agent/inventory/pci.ts';
import type { VendorKey } from '../../../../agent/inventory/vendor.ts';

const found = (address: string, vendor: VendorKey, more: Partial<PciFunction> = {}): PciFunction => ({
  address,
  id: '1234:5678',
  class: '120000',
  vendor,
  partition: false,
  upstream: [],
  ...more,
});
const bus = (functions: PciFunction[], read = true): Bus => ({ read, functions, findings: [], unread: [] });
const card = (vendor: VendorKey, n: number, facts: Parameters<typeof device>[2] = {}) =>
  device({ id: `${vendor}-${n}`, kind: 'package', vendor }, 'tool', facts);
const codes = (merged: ReturnType<typeof mergeWithBus>) => merged.findings.map((finding) => finding.code);

describe('bus and tools together', () => {
  it('gives the only device without an address the only address', () => {
    const merged = mergeWithBus(bus([found('0000:21:00.0', 'biren')]), [
      { vendor: 'biren', devices: [card('biren', 0)] },
    ]);
    expect(merged.devices).toMatchObject([{ pciAddress: { value: '0000:21:00.0' }, pciId: { value: '1234:5678' } }]);
    expect(merged.findings).toEqual([]);
  });

  it('does not guess which of several is which when the counts agree', () => {
    const two = bus([found('0000:21:00.0', 'biren'), found('0000:22:00.0', 'biren')]);
    const merged = mergeWithBus(two, [{ vendor: 'biren', devices: [card('biren', 0), card('biren', 1)] }]);
    expect(merged.devices.every((d) => d.pciAddress === undefined)).toBe(true);
    expect(merged.findings).toEqual([]);
  });

  it('tells when the counts differ', () => {
    const two = bus([found('0000:21:00.0', 'biren'), found('0000:22:00.0', 'biren')]);
    const merged = mergeWithBus(two, [{ vendor: 'biren', devices: [card('biren', 0)] }]);
    expect(codes(merged)).toEqual(['bus_tool_mismatch']);
  });

  it('tells a device that is not on the bus, unless the bus could not be read', () => {
    const reported = [{ vendor: 'nvidia' as const, devices: [card('nvidia', 0, { pciAddress: '0000:09:00.0' })] }];
    expect(codes(mergeWithBus(bus([]), reported))).toEqual(['not_on_bus']);
    expect(codes(mergeWithBus(bus([], false), reported))).toEqual([]);
  });

  it('lets the bus decide whose a device is, and counts it once', () => {
    const one = bus([found('0000:31:00.0', 'iluvatar')]);
    const fake = { vendor: 'nvidia' as const, devices: [card('nvidia', 0, { pciAddress: '0000:31:00.0' })] };
    const alone = mergeWithBus(one, [fake]);
    expect(alone.devices).toMatchObject([{ vendor: { value: 'Iluvatar CoreX' } }]);
    const own = { vendor: 'iluvatar' as const, devices: [card('iluvatar', 0, { pciAddress: '0000:31:00.0' })] };
    const both = mergeWithBus(one, [fake, own]);
    expect(both.devices.map((d) => d.id)).toEqual(['iluvatar-0']);
    expect(codes(both)).toEqual(['vendor_mismatch']);
  });

  it('lists virtual functions as partitions of their card', () => {
    const merged = mergeWithBus(
      bus([found('0000:41:00.0', 'amd'), found('0000:41:02.0', 'amd', { partition: true, physical: '0000:41:00.0' })]),
      [{ vendor: 'amd', devices: [card('amd', 0, { pciAddress: '0000:41:00.0' })] }],
    );
    expect(merged.devices.map((d) => [d.kind, d.parent])).toEqual([
      ['package', undefined],
      ['partition', 'amd-0'],
    ]);
  });

  it('a tool that lists a virtual function as a card does not count it', () => {
    const merged = mergeWithBus(
      bus([found('0000:41:00.0', 'metax'), found('0000:41:02.0', 'metax', { physical: '0000:41:00.0' })]),
      [
        {
          vendor: 'metax',
          devices: [card('metax', 1, { pciAddress: '0000:41:02.0' }), card('metax', 0, { pciAddress: '0000:41:00.0' })],
        },
      ],
    );
    expect(merged.devices.map((d) => [d.id, d.kind, d.parent, d.partitioning?.value])).toEqual([
      ['metax-1', 'partition', 'metax-0', 'virtual function of 0000:41:00.0'],
      ['metax-0', 'package', undefined, undefined],
    ]);
    // In a guest or a container the card itself is not there: what is there is all there is.
    const guest = mergeWithBus(bus([found('0000:41:02.0', 'metax', { physical: '0000:41:00.0' })]), [
      { vendor: 'metax', devices: [card('metax', 0, { pciAddress: '0000:41:02.0' })] },
    ]);
    expect(guest.devices.map((d) => d.kind)).toEqual(['package']);
  });
});

describe('cards of several dies', () => {
  const die = (n: number, facts: Parameters<typeof device>[2] = {}) =>
    card('cambricon', n, { chip: 'MLU370-X8', memoryBytes: 2 ** 34, ...facts });
  const count = (devices: ReturnType<typeof groupDies>['devices'], kind: string) =>
    devices.filter((d) => d.kind === kind).length;

  it('pairs by equal serial numbers', () => {
    const { devices, findings } = groupDies(
      [die(0, { serial: 'B' }), die(1, { serial: 'A' }), die(2, { serial: 'A' }), die(3, { serial: 'B' })],
      () => [],
    );
    expect([count(devices, 'package'), count(devices, 'die')]).toEqual([2, 4]);
    expect(devices.find((d) => d.id === 'cambricon-3')?.parent).toBe('cambricon-0-card');
    expect(findings).toEqual([]);
  });

  it('pairs by the bridge they share', () => {
    const upstream = (address: string) =>
      address < '0000:50' ? ['0000:00:01.0', '0000:10:00.0'] : ['0000:00:01.0', '0000:20:00.0'];
    const { devices, findings } = groupDies(
      ['0000:41:00.0', '0000:61:00.0', '0000:42:00.0', '0000:62:00.0'].map((pciAddress, n) => die(n, { pciAddress })),
      upstream,
    );
    expect(devices.find((d) => d.id === 'cambricon-2')?.parent).toBe('cambricon-0-card');
    expect(findings).toEqual([]);
  });

  it('pairs in listed order when nothing else tells, and says so', () => {
    const { devices, findings } = groupDies([die(0), die(1), die(2), die(3)], () => []);
    expect(count(devices, 'package')).toBe(2);
    expect(findings.map((finding) => finding.code)).toEqual(['grouped_by_order']);
  });

  it('never makes more cards of an odd number than it must, and leaves other chips alone', () => {
    const { devices } = groupDies([die(0), die(1), die(2), card('cambricon', 9, { chip: 'MLU370-X4' })], () => []);
    expect(count(devices, 'package')).toBe(3);
    expect(devices.find((d) => d.id === 'cambricon-0-card')?.memoryBytes?.value).toBe(2 ** 35);
  });
});
