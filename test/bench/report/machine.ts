import type { Accelerator, Inventory } from '../../../model/inventory.ts';

const SOURCE = 'synthetic';
const fact = <T>(value: T): { value: T; source: string } => ({ value, source: SOURCE });

/** Inventory of an invented node with that many invented accelerators; ids are unique over the fleet. */
export function syntheticInventory(node: string, index: number, accelerators: number, takenAt: string): Inventory {
  return {
    schema: 'assay/inventory/v1',
    node,
    takenAt,
    host: {
      hostname: fact(node),
      machineId: fact(index.toString(16).padStart(32, '0')),
      manufacturer: fact('Synthetic'),
      product: fact('Invented Server 8'),
      boardSerial: fact(`BRD-${index}`),
      os: fact('Linux'),
      kernel: fact('6.6.0-synthetic'),
    },
    cpu: {
      vendor: fact('Synthetic'),
      model: fact('Invented CPU 64'),
      sockets: fact(2),
      physicalCores: fact(128),
      logicalCores: fact(256),
      maxClockMHz: fact(3700),
      simd: fact(['AVX2', 'AVX-512']),
      architecture: fact('x86_64'),
    },
    memory: { totalBytes: fact(2_199_023_255_552), availableBytes: fact(2_100_000_000_000), type: fact('DDR5') },
    disks: ['nvme0n1', 'nvme1n1'].map((name) => ({
      name,
      model: fact('Invented NVMe'),
      serial: fact(`${name}-${index}`),
      bytes: fact(7_681_501_126_656),
      type: fact('NVMe'),
    })),
    mounts: [{ path: '/', device: '/dev/nvme0n1p2', fsType: 'ext4', totalBytes: fact(7_500_000_000_000) }],
    links: ['eth0', 'ib0', 'ib1'].map((name, at) => ({
      name,
      speedMbps: fact(at === 0 ? 25_000 : 400_000),
      mac: fact(`02:00:00:${(index >> 8).toString(16)}:${(index & 255).toString(16)}:0${at}`),
      up: { value: true, source: SOURCE },
    })),
    accelerators: Array.from({ length: accelerators }, (_, at) => accelerator(index, at)),
    tools: [{ name: 'invented-smi', vendor: 'Synthetic', found: true, path: '/usr/bin/invented-smi', version: '1.0' }],
    software: [{ name: 'invented-runtime', version: '1.0', source: SOURCE }],
    findings: [],
    unread: [],
  };
}

function accelerator(index: number, at: number): Accelerator {
  return {
    id: `synthetic-${at}`,
    kind: 'package',
    vendor: fact('Synthetic'),
    chip: fact('Invented A100'),
    uuid: fact(`SYN-${index.toString(16).padStart(8, '0')}-${at}`),
    serial: fact(`S${index}-${at}`),
    pciAddress: fact(`0000:${(16 + at * 16).toString(16)}:00.0`),
    memoryBytes: fact(85_899_345_920),
    driver: fact('1.0.0'),
    health: fact('ok'),
    eccUncorrected: fact(0),
    temperatureC: fact(41),
    powerW: fact(92),
    powerLimitW: fact(700),
    clockMHz: fact(1980),
    linkGeneration: fact(5),
    linkWidth: fact(16),
  };
}
