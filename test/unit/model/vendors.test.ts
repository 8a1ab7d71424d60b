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

  it('weighs processors by what their node was measured to do', () => {
    const fleet = [
      node('a', { cpu: { vendor: fact('HiSilicon'), sockets: fact(2) } }),
      node('b', { cpu: { vendor: fact('Intel'), sockets: fact(1) } }),
    ];
    const measured = { unit: 'op/s', cpus: { a: 300, b: 100 } };
    expect(share(fleet, 'cpu', measured)).toMatchObject({
      counted: 3,
      ratioByCount: 2 / 3,
      capacity: { total: 400, domestic: 300, ratio: 0.75 },
    });
    expect(share(fleet, 'cpu', { unit: 'op/s', cpus: { a: 300 } }).capacity).toBeUndefined();
  });

  it('weighs a server by its cards, or by its processors where it has none', () => {
    const server = (name: string, maker: string, accelerators: Accelerator[] = []) =>
      node(name, { host: { manufacturer: fact(maker), bootId: fact(`boot-${name}`) }, accelerators });
    const fleet = [
      server('a', 'Inspur', [card('x', 'NVIDIA', 'u-1'), card('y', 'NVIDIA', 'u-2')]),
      server('b', 'Dell Inc.', [card('x', 'NVIDIA', 'u-3')]),
      server('c', 'Huawei'),
    ];
    const measured = { unit: 'op/s', accelerators: { 'a/x': 30, 'a/y': 30, 'b/x': 30 }, cpus: { a: 99, c: 10 } };
    expect(share(fleet, 'server', measured).capacity).toEqual({ total: 100, domestic: 70, unit: 'op/s', ratio: 0.7 });
    const silent = { ...measured, accelerators: { 'a/x': 30, 'b/x': 30 } };
    expect(share(fleet, 'server', silent)).toMatchObject({ counted: 3, ratioByCount: 2 / 3 });
    expect(share(fleet, 'server', silent).capacity).toBeUndefined();
    // Two containers of one server, each with one of its cards, are one server with both.
    const halves = ['a', 'b'].map((name, i) =>
      node(name, {
        host: { manufacturer: fact('Inspur'), boardSerial: fact('B-7') },
        accelerators: [card('x', 'NVIDIA', `U-${i}`)],
      }),
    );
    const both = { unit: 'op/s', accelerators: { 'a/x': 30, 'b/x': 40 } };
    expect(share(halves, 'server', both)).toMatchObject({ counted: 1, capacity: { total: 70 } });
  });

  it('one card in two containers counts once, however its UUID is written', () => {
    const host = { machineId: fact('machine-1') };
    const fleet = [
      node('a', { host, accelerators: [card('x', 'MetaX', 'GPU-4F1C')] }),
      node('b', { host, accelerators: [card('x', 'MetaX', 'gpu-4f1c')] }),
    ];
    expect(share(fleet, 'accelerator')).toMatchObject({ counted: 1, domestic: 1 });
  });
});
