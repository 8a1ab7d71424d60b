import { describe, expect, it } from 'vitest';
import type { Accelerator, Inventory } from '../../../model/inventory.ts';
import { DOMESTIC_READING, domesticShare, isDomestic, VENDOR_LIST } from '../../../model/vendors.ts';

const fact = <T>(value: T) => ({ value, source: 'test' });
const card = (id: string, vendor: string, uuid: string): Accelerator => ({
  id,
  kind: 'package',
  vendor: fact(vendor),
  uuid: fact(uuid),
});

function node(name: string, more: Partial<Inventory> = {}): Inventory {
  return {
    schema: 'assay/inventory/v1',
    node: name,
    takenAt: '2026-03-02T08:15:00.000Z',
    host: {},
    cpu: {},
    memory: {},
    disks: [],
    mounts: [],
    links: [],
    accelerators: [],
    tools: [],
    software: [],
    findings: [],
    unread: [],
    ...more,
  };
}
const share = (inventories: Inventory[], kind: string, measured?: Parameters<typeof domesticShare>[1]) =>
  domesticShare(inventories, measured).find((s) => s.kind === kind)!;

describe('the list of vendors', () => {
  it.each([
    ['cpu', 'HiSilicon', true],
    ['cpu', 'Hygon', true],
    ['cpu', 'Intel', false],
    ['server', 'Huawei Technologies Co., Ltd.', true],
    ['server', '超聚变数字技术有限公司', true],
    ['server', 'Dell Inc.', false],
    ['server', 'Super Micro Computer', false],
    ['server', 'QEMU', undefined],
    ['storage', 'Samsung', false],
    ['storage', 'WDC WD40EFRX', false],
    ['storage', 'DapuStor', true],
    ['storage', 'Virtual disk', undefined],
    ['accelerator', 'Huawei Ascend', true],
    ['accelerator', 'T-Head', true],
    ['accelerator', 'NVIDIA', false],
    ['cpu', 'Inteligent Fake', undefined],
    ['server', '', undefined],
  ] as const)('%s %s: %s', (kind, text, expected) => {
    expect(isDomestic(kind, text)).toBe(expected);
  });

  it('states its reading in both languages and names each vendor once for a kind', () => {
    expect(DOMESTIC_READING.zh).toContain('中国大陆');
    for (const kind of ['accelerator', 'cpu', 'server', 'storage'] as const) {
      const words = VENDOR_LIST.filter((entry) => entry.makes.includes(kind)).flatMap((entry) => entry.words);
      expect(new Set(words).size).toBe(words.length);
    }
  });
});

describe('domestic shares', () => {
  it('has no share where nothing was counted', () => {
    expect(share([node('a')], 'accelerator').ratioByCount).toBeUndefined();
    expect(share([], 'server').ratioByCount).toBeUndefined();
  });

  it('counts a vendor that is not recognised in the whole, and lists it', () => {
    const fleet = [
      node('a', {
        accelerators: [card('x', 'Huawei Ascend', 'u-1'), card('y', 'NVIDIA', 'u-2'), card('z', 'Newcomer', 'u-3')],
      }),
    ];
    expect(share(fleet, 'accelerator')).toMatchObject({
      counted: 3,
      domestic: 1,
      foreign: 1,
      unknown: [{ name: 'Newcomer', count: 1 }],
      ratioByCount: 1 / 3,
    });
  });

  it('counts what containers of one machine share once', () => {
    const host = { bootId: fact('boot-1'), manufacturer: fact('xFusion') };
    const cpu = { vendor: fact('HiSilicon'), sockets: fact(2) };
    const disks = [{ name: 'sda', vendor: fact('Samsung'), bytes: fact(4e12) }];
    const fleet = ['a', 'b'].map((name) =>
      node(name, { host, cpu, disks, accelerators: [card('x', 'NVIDIA', 'u-1')] }),
    );
    expect(domesticShare(fleet).map(({ kind, counted }) => [kind, counted])).toEqual([
      ['accelerator', 1],
      ['cpu', 2],
      ['server', 1],
      ['storage', 1],
    ]);
  });

  it('does not believe a node that states more processors than a machine can have', () => {
    const of = (sockets: number) =>
      share([node('a', { cpu: { vendor: fact('HiSilicon'), sockets: fact(sockets) } })], 'cpu');
    expect(of(1e15)).toMatchObject({ counted: 1024, ratioByCount: 1 });
    expect(of(-3)).toMatchObject({ counted: 1 });
    expect(of(2.5)).toMatchObject({ counted: 2 });
  });

  it('weighs by capacity only where every capacity is known', () => {
    const fleet = [node('a', { accelerators: [card('x', 'Huawei Ascend', 'u-1'), card('y', 'NVIDIA', 'u-2')] })];
    const whole = share(fleet, 'accelerator', { unit: 'op/s', accelerators: { 'a/x': 100, 'a/y': 300 } });
    expect(whole.capacity).toEqual({ total: 400, domestic: 100, unit: 'op/s', ratio: 0.25 });
    expect(share(fleet, 'accelerator', { unit: 'op/s', accelerators: { 'a/x': 100 } }).capacity).toBeUndefined();
    expect(share(fleet, 'accelerator').capacity).toBeUndefined();
    expect(
      share(fleet, 'accelerator', { unit: 'op/s', accelerators: { 'a/x': Number.NaN, 'a/y': 1 } }).capacity,
    ).toBeUndefined();
  });

  it('weighs storage by bytes and does not count slices', () => {
    const fleet = [
      node('a', {
        disks: [
          { name: 'nvme0n1', model: fact('DAPUSTOR DPRD3104'), bytes: fact(3e12) },
          { name: 'nvme1n1', model: fact('SAMSUNG MZQL23T8'), bytes: fact(1e12) },
        ],
        accelerators: [{ ...card('x', 'NVIDIA', 'u-1'), kind: 'partition' }],
      }),
    ];
    expect(share(fleet, 'storage').capacity?.ratio).toBe(0.75);
    expect(share(fleet, 'accelerator').counted).toBe(0);
  });
});
