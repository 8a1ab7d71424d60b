import { describe, expect, it } from 'vitest';
import { ROCM_ARGS } from '../../../../agent/inventory/rocm.ts';
import type { Accelerator, Inventory } from '../../../../model/inventory.ts';
import { inventoryOf, output, smallMachine } from './recordings.ts';

const values = (one: Accelerator | undefined) =>
  Object.fromEntries(
    Object.entries(one ?? {}).map(([key, fact]) => [key, typeof fact === 'object' ? fact.value : fact]),
  );
const valuesOf = ({ accelerators }: Inventory) => accelerators.map(values);
const of = (inventory: Inventory, kind: string) => inventory.accelerators.filter((one) => one.kind === kind);
const codes = ({ findings }: Inventory) => findings.map((finding) => finding.code);
const MIB = 2 ** 20;

describe('tables are read by their headings', () => {
  it.each<[string, string, string, Record<string, unknown>[]]>([
    [
      'mx-smi 2.2.9, power of the board and temperature of the GPU in cells of their own',
      'mx-smi',
      'metax-mx-smi-2.2.9-board-column.txt',
      [
        {
          chip: 'MetaX C500',
          pciAddress: '0000:0e:00.0',
          temperatureC: 35,
          powerW: 57,
          powerLimitW: 350,
          memoryUsedBytes: 826 * MIB,
          memoryBytes: 65536 * MIB,
          utilization: 0,
          health: 'Available',
          partitioning: 'sGPU Disabled',
          runtime: 'MACA 3.3.0.15',
        },
        { pciAddress: '0000:0f:00.0', temperatureC: 37, powerW: 58, health: 'Available' },
      ],
    ],
    [
      'mx-smi 2.1.6, whose heading is Power and whose last cell is empty',
      'mx-smi',
      'metax-mx-smi-2.1.6-power-column.txt',
      [
        { chip: 'MXC500', temperatureC: 51, powerW: 71, memoryUsedBytes: 60982 * MIB, memoryBytes: 65536 * MIB },
        { chip: 'MXC500', pciAddress: '0000:08:00.0', temperatureC: 51, powerW: 76 },
      ],
    ],
    [
      'ht-smi 2.2.4, the same tool under another brand',
      'ht-smi',
      'ht-smi-2.2.4-mars-x201.txt',
      [
        {
          chip: 'Mars X201',
          temperatureC: 43,
          powerW: 78,
          powerLimitW: 350,
          runtime: 'HPCC 2.33.0.12',
          driver: '2.15.9',
        },
      ],
    ],
    [
      'ht-smi 2.3.1',
      'ht-smi',
      'ht-smi-2.3.1-mars-x201.txt',
      [{ chip: 'Mars X201', pciAddress: '0000:98:00.0', temperatureC: 44, powerW: 38, memoryUsedBytes: 858 * MIB }],
    ],
    [
      'npu-smi 25.5.2, whose further rows under a card are no dies',
      'npu-smi info',
      'ascend-910b3-25.5.2-sub-rows.txt',
      [
        { chip: '910B3', temperatureC: 41, powerW: 94.2, memoryUsedBytes: 3411 * MIB, memoryBytes: 65536 * MIB },
        { chip: '910B3', pciAddress: '0000:19:00.0', temperatureC: 44, powerW: 96.4, health: 'OK' },
      ],
    ],
    [
      'hl-smi 1.17, which counts errors',
      'hl-smi',
      'hl-smi-1.17-gaudi2.txt',
      [
        {
          chip: 'HL-225',
          pciAddress: '0000:4d:00.0',
          temperatureC: 31,
          powerW: 95,
          powerLimitW: 600,
          memoryUsedBytes: 768 * MIB,
          memoryBytes: 98304 * MIB,
          eccUncorrected: 0,
          driver: '1.17.1-78932ae',
        },
        { pciAddress: '0000:b4:00.0', eccUncorrected: 3, utilization: 0.12 },
      ],
    ],
    [
      'rocm-smi 5.5 without options',
      'rocm-smi',
      'rocm-smi-5.5-table-mi100.txt',
      [
        { temperatureC: 33, powerW: 37, powerLimitW: 290, clockMHz: 300, memoryClockMHz: 1200, utilization: 0 },
        { temperatureC: 32, powerW: 39, utilization: 1 },
        { temperatureC: 33, powerW: 37, memoryClockMHz: 1200 },
      ],
    ],
    [
      'rocm-smi 6.1 without options, names on lines of their own',
      'rocm-smi',
      'rocm-smi-6.1-table-mi300x.txt',
      [
        { chip: 'AMD Instinct MI300X', temperatureC: 35, powerW: 140, powerLimitW: 750, partitioning: 'SPX' },
        { chip: 'AMD Instinct MI300X', temperatureC: 37, powerW: 138, utilization: 0.12 },
      ],
    ],
  ])('%s', async (_, command, name, expected) => {
    const inventory = await inventoryOf(smallMachine({ commands: { [command]: output(name) } }));
    expect(valuesOf(inventory)).toMatchObject(expected);
    expect(inventory.accelerators).toHaveLength(expected.length);
    expect(codes(inventory)).not.toContain('count_mismatch');
    expect(codes(inventory)).not.toContain('unknown_layout');
  });

  it('a cell without a value leaves its fact out and moves no other', async () => {
    const [, , third] = valuesOf(
      await inventoryOf(smallMachine({ commands: { 'rocm-smi': output('rocm-smi-5.5-table-mi100.txt') } })),
    );
    expect(third).not.toHaveProperty('clockMHz');
    expect(third).not.toHaveProperty('powerLimitW');
    const mx = output('metax-mx-smi-2.2.9-board-column.txt').replace('| 35C          P0 |', '|              P0 |');
    const [card] = valuesOf(await inventoryOf(smallMachine({ commands: { 'mx-smi': mx } })));
    expect(card).not.toHaveProperty('temperatureC');
    expect(card).toMatchObject({ powerW: 57, memoryUsedBytes: 826 * MIB });
  });

  it('columns in another order mean the same', async () => {
    const swapped = (text: string) =>
      text.replace(/^(\| [^|]*\|)([^|]*\|)([^|]*\|)([^|]*\|)$/gm, (_, a: string, b: string, c: string, d: string) =>
        [a, d, c, b].join(''),
      );
    const text = output('metax-mx-smi-2.2.9-board-column.txt');
    expect(swapped(text)).not.toBe(text);
    const [plain, other] = await Promise.all(
      [text, swapped(text)].map(async (one) =>
        valuesOf(await inventoryOf(smallMachine({ commands: { 'mx-smi': one } }))),
      ),
    );
    expect(other).toEqual(plain);
  });

  it('events of hl-smi are no uncorrected errors of the memory', async () => {
    const inventory = await inventoryOf(smallMachine({ commands: { 'hl-smi': output('hl-smi-1.22-gaudi2.txt') } }));
    expect(valuesOf(inventory)).toMatchObject([
      { id: 'gaudi-0', powerW: 88, powerLimitW: 600, memoryBytes: 98304 * MIB, driver: '1.22.1-97ec1a4' },
      { id: 'gaudi-1', utilization: 0.61, memoryUsedBytes: 34768 * MIB },
    ]);
    for (const one of inventory.accelerators) expect(one.eccUncorrected).toBeUndefined();
  });

  it('a row of a card that lost the other is told, a further row of a card is not', async () => {
    const rows = output('ascend-910b3-25.5.2-sub-rows.txt').split('\n');
    const whole = await inventoryOf(smallMachine({ commands: { 'npu-smi info': rows.join('\n') } }));
    expect(codes(whole)).not.toContain('count_mismatch');
    const without = rows.filter((row) => !row.includes('0000:19:00.0')).join('\n');
    const cut = await inventoryOf(smallMachine({ commands: { 'npu-smi info': without } }));
    expect(cut.accelerators).toHaveLength(1);
    expect(codes(cut)).toContain('count_mismatch');
  });
});

describe('what is no value', () => {
  it('tokens in brackets are none, and the rest of the row stands', async () => {
    const text = output('nvidia-query-unknown-error.txt');
    const fields = [
      ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version'],
      ...['vbios_version', 'temperature.gpu', 'power.draw', 'power.limit', 'clocks.sm', 'clocks.max.sm', 'clocks.mem'],
      ...['utilization.gpu', 'pcie.link.gen.current', 'pcie.link.width.current', 'mig.mode.current', 'compute_cap'],
      ...['fan.speed', 'temperature.memory', 'ecc.errors.uncorrected.volatile.total'],
    ].join(',');
    const command = `nvidia-smi --query-gpu=${fields} --format=csv`;
    const [card, ...more] = valuesOf(await inventoryOf(smallMachine({ commands: { [command]: text } })));
    expect(more).toEqual([]);
    expect(Object.keys(card!).sort()).toEqual(
      ['chip', 'driver', 'id', 'kind', 'memoryBytes', 'memoryUsedBytes', 'pciAddress', 'uuid', 'vendor'].sort(),
    );
  });

  it('0 is no serial number: six MI100', async () => {
    const text = output('rocm-smi-mi100_rocm571.json');
    const inventory = await inventoryOf(smallMachine({ commands: { [`rocm-smi ${ROCM_ARGS.join(' ')}`]: text } }));
    expect(of(inventory, 'package')).toHaveLength(6);
    for (const one of inventory.accelerators) {
      expect(values(one)).toMatchObject({ chip: 'Arcturus GL-XL [Instinct MI100]', pciId: '1002:738c' });
      expect(one.serial).toBeUndefined();
      expect(one.uuid).toBeUndefined();
    }
  });

  it('the id of a vendor is no name: the table of the bus names the card, or nobody does', async () => {
    const text = output('rocm-smi-rx6700xt_rocm430.json');
    const commands = { [`rocm-smi ${ROCM_ARGS.join(' ')}`]: text };
    const alone = await inventoryOf(smallMachine({ commands }));
    expect(alone.accelerators).toHaveLength(1);
    expect(alone.accelerators[0]?.chip).toBeUndefined();
    const known = text.replace('0x73df', '0x744c');
    const bus = { '0000:07:00.0': '1002:744c 030000' };
    const named = await inventoryOf(smallMachine({ commands: { [Object.keys(commands)[0]!]: known }, pci: bus }));
    expect(named.accelerators[0]?.chip?.value).toBe('Radeon RX 7900 XTX / XT');
  });

  it('the power of an Ascend card may stand in the block of its controller only', async () => {
    const inventory = await inventoryOf(
      smallMachine({
        commands: {
          'npu-smi info': output('ascend-310p3-duo-info.txt'),
          'npu-smi info -t common -i 2944': output('ascend-310p3-duo-common.txt'),
        },
      }),
    );
    expect(valuesOf(inventory)).toMatchObject([
      { id: 'ascend-2944', kind: 'package', chip: '310P3', powerW: 42.8 },
      { id: 'ascend-2944.0', kind: 'die', temperatureC: 45 },
      { id: 'ascend-2944.1', kind: 'die', temperatureC: 47 },
    ]);
    for (const die of of(inventory, 'die')) expect(die.powerW).toBeUndefined();
  });
});

describe('partitions and integrated graphics are no cards', () => {
  it('rocm-smi lists the second half of an MI300X as a card', async () => {
    const text = output('rocm-smi-mi300x-dpx.json');
    const inventory = await inventoryOf(smallMachine({ commands: { [`rocm-smi ${ROCM_ARGS.join(' ')}`]: text } }));
    expect(of(inventory, 'package').map(values)).toMatchObject([
      { chip: 'AMD Instinct MI300X', serial: '692370942643', memoryBytes: 206141652992, pciAddress: '0000:05:00.0' },
    ]);
    expect(of(inventory, 'partition').map((one) => [one.id, one.parent])).toEqual([
      ['amd-0', 'amd-0-card'],
      ['amd-1', 'amd-0-card'],
    ]);
    for (const part of of(inventory, 'partition'))
      expect([part.serial, part.uuid, part.memoryBytes]).toEqual([undefined, undefined, undefined]);
  });

  it('amd-smi gives the mode with the first part only', async () => {
    const text = output('amd-smi-static-mi300x-dpx.json');
    const inventory = await inventoryOf(smallMachine({ commands: { 'amd-smi static --json': text } }));
    expect(of(inventory, 'package').map(values)).toMatchObject([{ partitioning: 'DPX', memoryBytes: 196592 * MIB }]);
    expect(of(inventory, 'partition').map((one) => one.partitioning?.value)).toEqual(['DPX 0', 'DPX 1']);
  });

  it.each([
    ['with the bus', { '0000:c4:00.0': '1002:1900 038000' }],
    ['without the bus', undefined],
  ])('a Radeon 780M is no accelerator, %s', async (_, pci) => {
    const commands = { [`rocm-smi ${ROCM_ARGS.join(' ')}`]: output('rocm-smi-780m.json') };
    const inventory = await inventoryOf(smallMachine({ commands, ...(pci ? { pci } : {}) }));
    expect(inventory.accelerators).toEqual([]);
    expect(codes(inventory)).toEqual(['no_accelerator']);
  });

  it('graphics beside a card in the table of rocm-smi are left out', async () => {
    const text = output('rocm-smi-6.4-table-mi50-and-graphics.txt');
    const inventory = await inventoryOf(smallMachine({ commands: { 'rocm-smi': text } }));
    expect(valuesOf(inventory)).toMatchObject([
      { id: 'amd-0', pciId: '1002:66a1', temperatureC: 29, powerW: 17, powerLimitW: 190, fan: 0.0941 },
    ]);
  });
});

describe('keys that moved, and JSON between other lines', () => {
  it('the newer key of the power limit', async () => {
    const commands = { 'amd-smi static --json': output('amd-smi-static-mi300x-ppt0.json') };
    const inventory = await inventoryOf(smallMachine({ commands }));
    expect(valuesOf(inventory)).toMatchObject([{ powerLimitW: 750 }, { powerLimitW: 750 }]);
  });

  it('a name and a limit where the user may read no more, behind a page of warnings', async () => {
    const commands = { 'amd-smi static --json': output('amd-smi-static-mi300x-non-root.txt') };
    const inventory = await inventoryOf(smallMachine({ commands }));
    const card = { chip: 'AMD Instinct MI300X OAM', powerLimitW: 750 };
    expect(valuesOf(inventory)).toMatchObject([card, card]);
    for (const one of inventory.accelerators)
      expect([one.driver, one.memoryBytes, one.pciId]).toEqual([undefined, undefined, undefined]);
  });

  it('a list of one behind a warning', async () => {
    const commands = { 'amd-smi static --json': output('amd-smi-static-array-after-warning.txt') };
    const inventory = await inventoryOf(smallMachine({ commands }));
    expect(valuesOf(inventory)).toMatchObject([
      { chip: 'AMD Instinct MI355X', powerLimitW: 1400, driver: '6.16.6', pciAddress: '0000:05:00.0' },
    ]);
  });
});

describe('processor and host', () => {
  it('the x86 flag sme is no extension for matrices', async () => {
    const { cpu } = await inventoryOf(smallMachine({ files: { '/proc/cpuinfo': output('cpuinfo-hygon-3250.txt') } }));
    expect(cpu.vendor?.value).toBe('Hygon');
    expect(cpu.simd?.value).toEqual(expect.arrayContaining(['AVX2', 'FMA']));
    expect(cpu.simd?.value).not.toContain('SME');
  });

  it('lscpu without JSON, and an implementer’s code in the place of a vendor', async () => {
    const { cpu } = await inventoryOf(smallMachine({ commands: { lscpu: output('lscpu-kunpeng920-0x48.txt') } }));
    expect(cpu).toMatchObject({
      vendor: { value: 'HiSilicon' },
      sockets: { value: 2 },
      physicalCores: { value: 64 },
      maxClockMHz: { value: 2600 },
    });
  });

  it.each([
    ['0x41', 'ARM'],
    ['0x70', 'Phytium'],
    ['0xc0', 'Ampere'],
    ['0x99', 'ARM implementer 0x99'],
  ])('the implementer %s is %s', async (code, vendor) => {
    const text = output('lscpu-kunpeng920-0x48.txt').replace('0x48', code);
    const { cpu } = await inventoryOf(smallMachine({ commands: { lscpu: text } }));
    expect(cpu.vendor?.value).toBe(vendor);
  });

  it('a placeholder is no vendor, and an Arm core has its SME', async () => {
    const text = output('lscpu-kunpeng920-0x48.txt').replace('0x48', '-');
    expect((await inventoryOf(smallMachine({ commands: { lscpu: text } }))).cpu.vendor).toBeUndefined();
    const arm =
      'processor : 0\nBogoMIPS : 100\nFeatures : fp asimd sve sme\nCPU implementer : 0x41\nCPU part : 0xd8e\n';
    const { cpu } = await inventoryOf(smallMachine({ files: { '/proc/cpuinfo': arm } }));
    expect(cpu.simd?.value).toEqual(['NEON', 'SVE', 'SME']);
  });

  it('placeholders of boards, disks and memory are no facts', async () => {
    const { host, disks, memory } = await inventoryOf(
      smallMachine({
        files: { '/sys/class/dmi/id/board_serial': 'To be filled by O.E.M.\n' },
        documents: {
          host: {
            system: { manufacturer: 'System manufacturer', model: 'Default string' },
            baseboard: { serial: 'Base Board Serial Number' },
            diskLayout: [{ device: '/dev/sda', name: 'Not Specified', vendor: '0x1002', serialNum: '0', size: 10 }],
            memLayout: [{ type: 'NO DIMM' }, { type: 'Unknown' }, { type: '<OUT OF SPEC>' }, { type: 'DDR4' }],
          },
        },
      }),
    );
    expect([host.boardSerial, host.manufacturer, host.product]).toEqual([undefined, undefined, undefined]);
    expect(disks.map((disk) => Object.keys(disk))).toEqual([['name', 'bytes']]);
    expect(memory.type?.value).toBe('DDR4');
  });

  const host = (name: string) => inventoryOf(smallMachine({ documents: { host: JSON.parse(output(name)) } }));

  it('the heading of df is no mount', async () => {
    const { mounts } = await host('systeminformation-heading-of-df.json');
    expect(mounts.map(({ path }) => path)).toEqual(['/', '/boot/efi']);
  });

  it('disks and mounts of which nothing came are named as not read', async () => {
    const { unread } = await host('systeminformation-nothing-read.json');
    expect(unread.map(({ what }) => what)).toEqual(expect.arrayContaining(['disks', 'mounts']));
  });

  it('an empty slot has no type of memory', async () => {
    const { memory } = await host('systeminformation-empty-memory-slot.json');
    expect(memory.type?.value).toBe('DDR5');
  });
});
