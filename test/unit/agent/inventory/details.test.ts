import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHealth as ascendHealth, parseEcc, parseMemory } from '../../../../agent/inventory/ascend-detail.ts';
import { parseReport as gaudiReport } from '../../../../agent/inventory/gaudi.ts';
import { parseErrors, parseHealth, parseXeLinks } from '../../../../agent/inventory/intel.ts';
import { parseDetails, parseOutlines, QUESTIONS } from '../../../../agent/inventory/metax-detail.ts';
import { parseLinks } from '../../../../agent/inventory/rocm.ts';
import { parseReport, parseSlices } from '../../../../agent/inventory/thead.ts';
import { parseMatrix } from '../../../../agent/inventory/topology.ts';
import { inventoryOf, recorded } from './recordings.ts';

/** Values of one device, sources left out. */
async function valuesOf(name: string, id: string): Promise<Record<string, unknown>> {
  const found = (await inventoryOf(recorded(name))).accelerators.find((one) => one.id === id);
  return Object.fromEntries(
    Object.entries(found ?? {}).map(([key, fact]) => [key, typeof fact === 'object' ? fact.value : fact]),
  );
}

describe('what the longer answers of the tools tell', () => {
  it.each<[string, string, Record<string, unknown>]>([
    [
      'thead-ppu-2-full',
      'thead-1',
      {
        serial: '25A0C0P801',
        firmware: '1.2.4',
        runtime: 'HGGC 12.8',
        eccUncorrected: 2,
        throttleReasons: ['sw power cap'],
        clockMHz: 1500,
        clockMaxMHz: 1700,
        memoryTemperatureC: 67,
        linkGeneration: 5,
        peers: ['thead-0 ICN7'],
        partitioning: 'MIG enabled',
        computeUnits: 16384,
        // Numbered from 1: the minor number of the report, not the index.
        deviceNode: '/dev/alixpu_ppu2',
      },
    ],
    ['thead-ppu-2-full', 'thead-1.mig-1', { parent: 'thead-1', partitioning: 'MIG g2.c2.i1' }],
    [
      'kunlunxin-p800-2-links',
      'kunlunxin-1',
      {
        firmware: '2.9',
        eccUncorrected: 1,
        clockMHz: 1300,
        linkGeneration: 4,
        capability: 'XPU3',
        peers: ['kunlunxin-0 XL1'],
      },
    ],
    [
      'metax-c500-2-sgpu',
      'metax-1',
      { serial: '2E0A000001', eccUncorrected: 3, throttleReasons: ['over power'], clockMHz: 1600, computeUnits: 104 },
    ],
    [
      'metax-c500-2-sgpu',
      'metax-1.s1',
      { parent: 'metax-1', memoryBytes: 2 ** 35, partitioning: 'sGPU 50 % of the units' },
    ],
    [
      'mthreads-s5000-2-links',
      'mthreads-1',
      {
        firmware: '4.2.1',
        powerLimitW: 950,
        clockMHz: 1750,
        powerW: 700.5,
        peers: ['mthreads-0 MT2'],
        computeUnits: 56,
      },
    ],
    ['mthreads-s5000-2-links', 'mthreads-2', { kind: 'partition', partitioning: 'vGPU' }],
    [
      'iluvatar-bi-v150-2-links',
      'iluvatar-3',
      {
        firmware: '2.1.3',
        memoryTemperatureC: 43,
        peers: ['iluvatar-2 IX4'],
        eccUncorrected: 1,
        throttleReasons: ['sw_power_cap'],
      },
    ],
    [
      'biren-106-2-library',
      'biren-1',
      {
        serial: 'BR106X0001',
        firmware: '2.5.1',
        health: 'warning',
        peers: ['biren-0 BRLink'],
        pciAddress: '0000:22:00.0',
      },
    ],
    ['hygon-bw1000-2-links', 'hygon-0', { peers: ['hygon-1 XGMI'], firmware: '1.2.000', clockMHz: 1500 }],
    [
      'intel-max1550-2-xelink',
      'intel-1',
      {
        health: 'xe_link_port: Critical',
        eccUncorrected: 1,
        computeUnits: 1024,
        peers: ['intel-0 XL*', 'intel-0 XL8'],
      },
    ],
    ['intel-max1550-2-xelink', 'intel-2', { kind: 'partition', parent: 'intel-0', partitioning: 'virtual function' }],
    ['intel-flex-2', 'intel-1', { health: 'power: Warning' }],
    [
      'intel-gaudi2-2',
      'gaudi-1',
      {
        firmware: 'Preboot version hl-gaudi2-1.19.1-fw-57.2.2-sec-9',
        health: 'Malfunction',
        eccUncorrected: 3,
        throttleReasons: ['hw slowdown', 'power slowdown'],
        memoryTemperatureC: 32,
        powerLimitW: 600,
        linkGeneration: 4,
        deviceNode: '/dev/accel/accel1',
      },
    ],
    ['enflame-s60-2', 'enflame-0', { peers: ['enflame-1 ESL2'] }],
    ['cambricon-590-2-json', 'cambricon-1', { peers: ['cambricon-0 MLK2'], linkGeneration: 5 }],
    ['ascend-910b3-8-kunpeng', 'ascend-5', { eccUncorrected: 2, memoryClockMHz: 1600, memoryTemperatureC: 42 }],
    ['amd-mi250x-2-rocm-smi', 'amd-3', { peers: ['amd-0 XGMI', 'amd-1 XGMI', 'amd-2 XGMI'] }],
  ])('%s: %s', async (name, id, expected) => {
    expect(await valuesOf(name, id)).toMatchObject(expected);
  });

  it('a card without a fault has no throttle reason and is well', async () => {
    expect(await valuesOf('thead-ppu-2-full', 'thead-0')).not.toHaveProperty('throttleReasons');
    expect(await valuesOf('intel-gaudi2-2', 'gaudi-0')).toMatchObject({ health: 'OK', eccUncorrected: 0 });
    expect(await valuesOf('metax-c500-2-sgpu', 'metax-0')).not.toHaveProperty('throttleReasons');
  });
});

describe('forms of single answers', () => {
  it('Ascend: counts stand before the number of their chip', () => {
    const chips =
      'HBM Double Bit Error Count : 1\nChip ID : 0\nHBM Double Bit Error Count : 4\nDDR Double Bit Error Count : 1\nChip ID : 1\n';
    expect([...parseEcc(chips)]).toEqual([
      [0, 1],
      [1, 5],
    ]);
    expect([...parseEcc('HBM Double Bit Error Count : 3\n')]).toEqual([[0, 3]]);
    expect([...parseEcc('This device does not support querying ecc.\n')]).toEqual([]);
    expect(parseMemory('DDR Clock Speed(MHz) : 2133\nChip ID : 3\n').get(3)).toMatchObject({ memoryClockMHz: 2133 });
    expect(ascendHealth('Alarm', 'Error Code : 80E01801\n')).toBe('Alarm: 80E01801');
    expect(ascendHealth('Warning', 'nothing of use')).toBe('Warning');
  });

  it('Intel: unknown states say nothing, tiles of one card are no peers', () => {
    expect(parseHealth('{"memory":{"status":"Unknown"},"device_id":0}')).toBeUndefined();
    expect(parseHealth('{"memory":{"status":"OK"},"power":{"status":"Critical"}}')).toBe('power: Critical');
    expect(parseErrors('{"device_level":[{"metrics_type":"XPUM_STATS_POWER","value":3}]}')).toBeUndefined();
    const metric = (value: number) => ({ metrics_type: 'XPUM_STATS_RAS_ERROR_CAT_CACHE_ERRORS_UNCORRECTABLE', value });
    const tiles = [{ data_list: [metric(1)] }, { data_list: [metric(2)] }];
    expect(parseErrors(JSON.stringify({ device_level: [], tile_level: tiles }))).toBe(3);
    expect(parseXeLinks('GPU 0/0  GPU 0/1\nGPU 0/0 S MDF\nGPU 0/1 MDF S\n').size).toBe(0);
  });

  it('rocm-smi: ways over PCIe are no links, a pair is linked both ways', () => {
    const text = JSON.stringify({
      system: {
        '(Topology) Link type between DRM devices 0 and 1': 'XGMI',
        '(Topology) Link type between DRM devices 0 and 2': 'PCIE',
      },
    });
    expect([...parseLinks(text, 'hygon')]).toEqual([
      [0, ['hygon-1 XGMI']],
      [1, ['hygon-0 XGMI']],
    ]);
  });

  it('T-Head: a slice belongs to the PPU above it, application clocks are not clocks', () => {
    const slices = parseSlices(
      '    MIG a Device 0 (UUID: MIG-0)\nPPU 1: X (UUID: GPU-1)\n    MIG b, Device 0 (UUID: MIG-1)\n',
    );
    expect(slices[1]).toEqual([{ profile: 'b', uuid: 'MIG-1' }]);
    const report = parseReport(
      'PPU 00000000:A7:00.0\n    Applications Clocks\n        CU : 1700 MHz\n    Clocks\n        CU : 900 MHz\n',
    );
    expect(report?.cards[0]).toMatchObject({ clockMHz: 900 });
  });

  it('MetaX: clocks as numbers or sections, a card that is not available says why', () => {
    const plain = parseDetails('{"0000:0e:00.0":{"clocks":{"XCORE":1125,"MC":1500},"unavailable_reason":"no power"}}');
    expect(plain.get('0000:0e:00.0')?.facts).toMatchObject({
      clockMHz: 1125,
      memoryClockMHz: 1500,
      health: 'not available: no power',
    });
  });

  it('a matrix in colours, with columns behind the devices, of one device, or cut, gives no wrong peer', () => {
    const form = { prefix: 'XPU', link: /^XL\d*$/, id: 'x' };
    expect(parseMatrix('\u001b[4m\tXPU0\tXPU1\tNIC0\u001b[0m\r\nXPU0\tX\tXL2\tXL9\r\n', form)).toEqual([['x-1 XL2']]);
    expect(parseMatrix('\tXPU0\nXPU0\tX\n', form)).toEqual([]);
    expect(parseMatrix('XPU0 X XL2', form)).toEqual([]);
    expect(parseMatrix('\tXPU0\tXPU1\nXPU0\tX\n', form)).toEqual([[]]);
  });

  it('no text makes any of them fail', () => {
    const parsers: ((text: string) => unknown)[] = [
      parseEcc,
      parseMemory,
      (text) => ascendHealth('x', text),
      gaudiReport,
      parseErrors,
      parseHealth,
      parseXeLinks,
      parseDetails,
      ...QUESTIONS.map(
        ({ facts }) =>
          (text: string) =>
            parseOutlines(text, facts),
      ),
      (text) => parseLinks(text, 'amd'),
      parseReport,
      parseSlices,
      (text) => parseMatrix(text, { prefix: 'GPU', link: /^X/, id: 'x' }),
    ];
    const texts = [
      'thead-ppu-2-full',
      'intel-gaudi2-2',
      'metax-c500-2-sgpu',
      'ascend-910b3-8-kunpeng',
      'intel-max1550-2-xelink',
    ]
      .flatMap((name) => recorded(name).commands)
      .map(({ ran }) => ran.stdout)
      .filter((text) => text !== '');
    fc.assert(
      fc.property(
        fc.constantFrom(...parsers),
        fc.constantFrom(...texts),
        fc.nat(4_000),
        fc.nat(200),
        fc.string({ maxLength: 20 }),
        (parse, text, at, length, noise) => {
          parse(text.slice(0, at) + noise + text.slice(at + length));
          parse(noise);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
