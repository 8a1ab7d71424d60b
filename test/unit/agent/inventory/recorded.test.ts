import { describe, expect, it } from 'vitest';
import { Recording } from '../../../../agent/inventory/recording.ts';
import { FINDING_TEXT, Inventory } from '../../../../model/inventory.ts';
import { check } from '../../../../model/schema.ts';
import { inventoryOf, recorded, recordedNames } from './recordings.ts';

interface Expected {
  vendor: string;
  packages: number;
  dies?: number;
  partitions?: number;
  /** Of the first package. */
  chip?: string;
  memoryMiB?: number;
  driver?: string;
  findings?: string[];
}

const EXPECTED: Record<string, Expected> = {
  'amd-mi250x-2-rocm-smi': {
    vendor: 'AMD',
    packages: 2,
    dies: 4,
    chip: 'AMD INSTINCT MI250X (MCM) OAM AC MBA',
    memoryMiB: 131040,
    driver: '6.8.5',
  },
  'amd-mi300x-2': { vendor: 'AMD', packages: 2, chip: 'AMD Instinct MI300X', memoryMiB: 196592, driver: '6.12.12' },
  'ascend-310-one-card-four-chips': { vendor: 'Huawei Ascend', packages: 1, dies: 4, chip: '310', memoryMiB: 32768 },
  'ascend-910b3-8-kunpeng': {
    vendor: 'Huawei Ascend',
    packages: 8,
    partitions: 2,
    chip: 'Ascend 910B3',
    memoryMiB: 65536,
    driver: '24.1.0.3',
    findings: ['virtual_devices'],
  },
  'ascend-a3-2': {
    vendor: 'Huawei Ascend',
    packages: 2,
    dies: 4,
    chip: 'Ascend 910 9392',
    memoryMiB: 131072,
    driver: '25.0.rc1.1',
  },
  'biren-106-2-svi': {
    vendor: 'Biren',
    packages: 2,
    chip: 'Biren106M',
    memoryMiB: 32512,
    findings: ['unknown_pci_device', 'virtual_devices'],
  },
  'biren-106-2-library': {
    vendor: 'Biren',
    packages: 2,
    chip: 'Biren106M',
    memoryMiB: 32512,
    driver: '1.8.0',
    findings: ['unknown_pci_device', 'virtual_devices'],
  },
  'cambricon-590-2-json': { vendor: 'Cambricon', packages: 2, chip: 'MLU590-M9', memoryMiB: 98304, driver: '5.10.29' },
  'cambricon-v4-3': { vendor: 'Cambricon', packages: 3, chip: 'MLU370-X4', memoryMiB: 23308, driver: '4.20.18' },
  'cambricon-x8-2-cards': {
    vendor: 'Cambricon',
    packages: 2,
    dies: 4,
    chip: 'MLU370-X8',
    memoryMiB: 46748,
    driver: '5.10.29',
  },
  'enflame-on-tencent-board': { vendor: 'Enflame', packages: 1, chip: 'Zixiao' },
  'enflame-s60-2': { vendor: 'Enflame', packages: 2, chip: 'S60', memoryMiB: 42976, driver: '1.4.3.4' },
  'hygon-bw1000-2-links': { vendor: 'Hygon', packages: 2, chip: 'BW1000', memoryMiB: 65520, driver: '6.3.12' },
  'hygon-k100ai-2': {
    vendor: 'Hygon',
    packages: 2,
    partitions: 2,
    chip: 'K100_AI',
    memoryMiB: 65520,
    driver: '6.3.12',
  },
  'hygon-table-3': { vendor: 'Hygon', packages: 3, memoryMiB: 32752 },
  'iluvatar-bi-v150-2-cards': {
    vendor: 'Iluvatar CoreX',
    packages: 2,
    dies: 4,
    chip: 'BI-V150S',
    memoryMiB: 65536,
    driver: '4.3.0',
    findings: ['unknown_pci_device'],
  },
  'iluvatar-bi-v150-2-links': {
    vendor: 'Iluvatar CoreX',
    packages: 2,
    dies: 4,
    chip: 'BI-V150S',
    memoryMiB: 65536,
    driver: '4.3.0',
    findings: ['unknown_pci_device'],
  },
  'iluvatar-mr-v100-1': {
    vendor: 'Iluvatar CoreX',
    packages: 1,
    chip: 'MR-V100',
    memoryMiB: 32768,
    driver: '3.1.0',
    findings: ['unknown_pci_device'],
  },
  'intel-flex-2': {
    vendor: 'Intel',
    packages: 2,
    chip: 'Intel(R) Data Center GPU Flex 170',
    memoryMiB: 14362,
    driver: 'I915_24.4.13_PSB_240603.16',
    findings: ['unknown_pci_device'],
  },
  'intel-gaudi2-2': { vendor: 'Intel', packages: 2, chip: 'HL-225', memoryMiB: 98304, driver: '1.19.1-6f47ddd' },
  'intel-max1550-2-xelink': {
    vendor: 'Intel',
    packages: 2,
    partitions: 1,
    chip: 'Intel(R) Data Center GPU Max 1550',
    memoryMiB: 131072,
    driver: 'I915_24.4.13_PSB_240603.16',
    findings: ['unknown_pci_device'],
  },
  'kunlunxin-p800-2': { vendor: 'Kunlunxin', packages: 2, chip: 'P800 OAM', memoryMiB: 98304, driver: '5.0.21.30' },
  'kunlunxin-p800-2-links': {
    vendor: 'Kunlunxin',
    packages: 2,
    chip: 'P800 OAM',
    memoryMiB: 98304,
    driver: '5.0.21.30',
  },
  'kunlunxin-r200-2-class-0780': { vendor: 'Kunlunxin', packages: 2, chip: 'R200', memoryMiB: 16384 },
  'metax-c500-2': {
    vendor: 'MetaX',
    packages: 2,
    chip: 'MetaX C500',
    memoryMiB: 65536,
    driver: '3.0.11',
    findings: ['unknown_pci_device'],
  },
  'metax-c500-2-sgpu': {
    vendor: 'MetaX',
    packages: 2,
    partitions: 2,
    chip: 'MetaX C500',
    memoryMiB: 65536,
    driver: '3.0.11',
    findings: ['unknown_pci_device'],
  },
  'metax-two-of-eight': {
    vendor: 'MetaX',
    packages: 2,
    chip: 'MetaX C500',
    memoryMiB: 65536,
    driver: '3.0.11',
    findings: ['count_mismatch', 'unknown_pci_device'],
  },
  'moffett-mx-smi': { vendor: '', packages: 0, findings: ['no_accelerator', 'other_vendor_tool'] },
  'mthreads-s4000-3': {
    vendor: 'Moore Threads',
    packages: 3,
    chip: 'MTT S4000',
    memoryMiB: 49152,
    driver: '3.3.1',
    findings: ['unknown_pci_device'],
  },
  'mthreads-s5000-2-links': {
    vendor: 'Moore Threads',
    packages: 2,
    partitions: 1,
    chip: 'MTT S5000',
    memoryMiB: 81920,
    driver: '3.3.2',
    findings: ['unknown_pci_device'],
  },
  'mthreads-s80-1-json': { vendor: 'Moore Threads', packages: 1, chip: 'MTT S80', memoryMiB: 16384, driver: '2.7.0' },
  'nvidia-h100-4-mig': {
    vendor: 'NVIDIA',
    packages: 4,
    partitions: 2,
    chip: 'NVIDIA H100 80GB HBM3',
    memoryMiB: 81559,
    driver: '560.35.05',
  },
  'nvidia-v100-1-old-driver': {
    vendor: 'NVIDIA',
    packages: 1,
    chip: 'Tesla V100-SXM2-32GB',
    memoryMiB: 32510,
    driver: '418.181.07',
  },
  'thead-ppu-2-full': {
    vendor: 'T-Head',
    packages: 2,
    partitions: 2,
    chip: 'PPU-ZW810E',
    memoryMiB: 97871,
    driver: '1.5.2-4f1c0d',
  },
  'thead-ppu-2': { vendor: 'T-Head', packages: 2, chip: 'PPU-ZW810E', memoryMiB: 98304 },
};

describe('recorded machines', () => {
  it('are all expected by name or tested on their own', () => {
    const own = ['bus-only-seven-vendors', 'nvidia-smi-of-another-vendor'];
    const cpus = recordedNames().filter((name) => name.startsWith('cpu-'));
    expect(recordedNames().sort()).toEqual([...Object.keys(EXPECTED), ...own, ...cpus].sort());
  });

  it.each(recordedNames())('%s fits the recording schema and gives a valid inventory', async (name) => {
    const recording = recorded(name);
    expect(check(Recording, recording)).toMatchObject({ ok: true });
    const inventory = await inventoryOf(recording);
    expect(check(Inventory, inventory)).toMatchObject({ ok: true });
    for (const finding of inventory.findings) expect(Object.keys(FINDING_TEXT)).toContain(finding.code);
  });

  it.each(Object.entries(EXPECTED))('%s is counted and described rightly', async (name, expected) => {
    const { accelerators, findings } = await inventoryOf(recorded(name));
    const of = (kind: string) => accelerators.filter((device) => device.kind === kind);
    expect({ packages: of('package').length, dies: of('die').length, partitions: of('partition').length }).toEqual({
      packages: expected.packages,
      dies: expected.dies ?? 0,
      partitions: expected.partitions ?? 0,
    });
    expect([...new Set(findings.map((finding) => finding.code))].sort()).toEqual(expected.findings ?? []);
    for (const device of accelerators) {
      expect(device.vendor.value).toBe(expected.vendor);
      if (device.parent) expect(accelerators.map((other) => other.id)).toContain(device.parent);
    }
    const first = of('package')[0];
    expect(first?.chip?.value).toBe(expected.chip);
    expect(first?.memoryBytes && first.memoryBytes.value / 2 ** 20).toBeOneOf([
      undefined,
      expected.memoryMiB,
      expected.memoryMiB && expect.closeTo(expected.memoryMiB, 0),
    ]);
    expect(first?.driver?.value).toBe(expected.driver);
  });
});

describe('details of single vendors', () => {
  it('NVIDIA: health, throttling, links, peers and the two readings', async () => {
    const { accelerators } = await inventoryOf(recorded('nvidia-h100-4-mig'));
    const by = new Map(accelerators.map((device) => [device.id, device]));
    expect(by.get('nvidia-1')).toMatchObject({
      health: { value: 'row remapping failed' },
      eccUncorrected: { value: 2 },
    });
    expect(by.get('nvidia-2')).toMatchObject({
      throttleReasons: { value: ['sw_power_cap'] },
      utilization: { value: 0.97 },
    });
    expect(by.get('nvidia-0')?.throttleReasons).toBeUndefined();
    expect(by.get('nvidia-0')).toMatchObject({
      linkGeneration: { value: 5 },
      linkWidth: { value: 16 },
      peers: { value: ['nvidia-1 NV18', 'nvidia-2 NV18', 'nvidia-3 NV18'] },
      pciId: { value: '10de:2330' },
      deviceNode: { value: '/dev/nvidia0' },
    });
    expect(by.get('nvidia-3.mig-0')).toMatchObject({
      parent: 'nvidia-3',
      uuid: { value: 'MIG-4f1c0030-77aa-4b0e-9d3c-5e6f70819230' },
      chip: { value: 'MIG 3g.40gb' },
    });
  });

  it('NVIDIA: a GPU that one of the two readings lacks is told', async () => {
    const recording = recorded('nvidia-h100-4-mig');
    const query = recording.commands.find((c) => c.args[0]?.startsWith('--query-gpu'))!;
    query.ran.stdout = query.ran.stdout.split('\n').slice(0, 4).join('\n');
    const { findings } = await inventoryOf(recording);
    expect(findings.find((finding) => finding.code === 'readings_disagree')?.detail).toContain('0000:db:00.0');
  });

  it('NVIDIA: without the package the CSV query alone serves', async () => {
    const recording = recorded('nvidia-h100-4-mig');
    recording.documents['nvidia-smi'] = { ok: false, missing: false, why: 'WARNING: infoROM is corrupted' };
    const { accelerators, unread } = await inventoryOf(recording);
    expect(accelerators.filter((device) => device.kind === 'package')).toHaveLength(4);
    expect(accelerators[0]?.uuid?.source).toBe('nvidia-smi --query-gpu');
    expect(unread.some((item) => item.why.includes('infoROM'))).toBe(true);
  });

  it('an nvidia-smi that answers for another vendor’s card does not count it and is told', async () => {
    const { accelerators, findings } = await inventoryOf(recorded('nvidia-smi-of-another-vendor'));
    expect(findings.map((finding) => finding.code).sort()).toEqual([
      'not_on_bus',
      'unknown_pci_device',
      'vendor_mismatch',
    ]);
    expect(accelerators.filter((device) => device.pciAddress?.value === '0000:31:00.0')).toMatchObject([
      { vendor: { value: 'Iluvatar CoreX' }, chip: { value: 'BI-V100' } },
    ]);
  });

  it('Ascend: names, peers, and no utilisation where virtual NPUs make it read 0', async () => {
    const { accelerators, cpu } = await inventoryOf(recorded('ascend-910b3-8-kunpeng'));
    const by = new Map(accelerators.map((device) => [device.id, device]));
    expect(by.get('ascend-5')).toMatchObject({
      health: { value: expect.stringMatching(/^Alarm: 80E01801 node type=HBM/) },
      eccUncorrected: { value: 2 },
    });
    expect(by.get('ascend-4')).toMatchObject({ health: { value: 'OK' }, eccUncorrected: { value: 0 } });
    expect(by.get('ascend-5')?.utilization).toBeUndefined();
    expect(by.get('ascend-2')).toMatchObject({ utilization: { value: 0.88 }, clockMHz: { value: 800 } });
    expect(by.get('ascend-0')?.peers?.value).toHaveLength(7);
    expect(cpu).toMatchObject({ vendor: { value: 'HiSilicon' }, physicalCores: { value: 128 }, sockets: { value: 2 } });
  });

  it('Ascend: the dies of one card have ids of their own and share its address list', async () => {
    const { accelerators } = await inventoryOf(recorded('ascend-a3-2'));
    expect(accelerators.find((device) => device.id === 'ascend-0.1')).toMatchObject({
      kind: 'die',
      parent: 'ascend-0',
      pciAddress: { value: '0000:9f:00.0' },
      uuid: { value: '1A2B3C00 5D6E7F01 00112233 44556677 8899AABB' },
    });
    expect(accelerators.filter((device) => device.powerW).map((device) => device.id)).toEqual(['ascend-0', 'ascend-1']);
  });

  it('Kunlunxin: milliwatts of the older tool are watts', async () => {
    const { accelerators } = await inventoryOf(recorded('kunlunxin-r200-2-class-0780'));
    expect(accelerators.map((device) => device.powerW?.value)).toEqual([41, 41.5]);
  });

  it('cards on the bus that no tool reports are listed from the bus, one finding each', async () => {
    const { accelerators, findings, tools } = await inventoryOf(recorded('bus-only-seven-vendors'));
    expect(accelerators.filter((device) => device.kind === 'package')).toHaveLength(7);
    expect(accelerators.filter((device) => device.kind === 'partition')).toMatchObject([
      { parent: 'pci-0000:14:00.0' },
    ]);
    expect(findings.filter((finding) => finding.code === 'no_tool_reports')).toHaveLength(7);
    expect(findings.find((f) => f.code === 'unknown_pci_device' && f.detail.includes('f1f2:0001'))).toBeDefined();
    expect(tools.every((tool) => !tool.found)).toBe(true);
    expect(findings.some((finding) => finding.code === 'no_accelerator')).toBe(false);
  });
});
