/** A management library with NVIDIA's way of asking: the same calls under another prefix, with small differences. */
export interface Dialect {
  /** Beginning of every function's name. */
  readonly prefix: string;
  /** Where the library is looked for: the loader's own places first. */
  readonly libraries: readonly string[];
  /** Endings that the versioned functions may have, newest first. */
  readonly versions: readonly string[];
  /** `nvmlPciInfo_t` begins with the old text form of the address; Biren's begins with the numbers. */
  readonly pci: 'text first' | 'numbers first';
  /** Bits of the current throttle reasons. Idle is no throttling. */
  readonly reasons: readonly (readonly [bit: bigint, name: string])[];
  /** What the numbers of its health call mean, from 0. */
  readonly health?: readonly string[];
  /** Name of its own links between devices, where it has a call that tells the port between two. */
  readonly link?: string;
}

const NVIDIA_REASONS = [
  [0x2n, 'applications_clocks_setting'],
  [0x4n, 'sw_power_cap'],
  [0x8n, 'hw_slowdown'],
  [0x10n, 'sync_boost'],
  [0x20n, 'sw_thermal_slowdown'],
  [0x40n, 'hw_thermal_slowdown'],
  [0x80n, 'hw_power_brake_slowdown'],
  [0x100n, 'display_clock_setting'],
] as const;

const NVML = {
  prefix: 'nvml',
  versions: ['_v3', '_v2', ''],
  pci: 'text first',
  reasons: NVIDIA_REASONS,
} as const;

/**
 * NVIDIA (NVML API reference guide, version 12), Iluvatar's IXML (go-ixml: NVML's names), T-Head's HGML (hgml.h: NVML's
 * calls and numbers) and Biren's BRML (brml.h, API version 1).
 */
export const DIALECTS = {
  nvml: {
    ...NVML,
    libraries: ['libnvidia-ml.so.1', '/usr/local/nvidia/lib64/libnvidia-ml.so.1', '/usr/lib/wsl/lib/libnvidia-ml.so.1'],
  },
  ixml: { ...NVML, libraries: ['/usr/local/corex/lib64/libixml.so', '/usr/local/corex/lib/libixml.so', 'libixml.so'] },
  hgml: {
    ...NVML,
    prefix: 'hgml',
    libraries: ['libhgml.so', '/usr/local/PPU_SDK/lib/libhgml.so', '/usr/local/PPU_SDK/lib64/libhgml.so'],
  },
  brml: {
    prefix: 'brml',
    versions: ['_v2', '_v1', ''],
    pci: 'numbers first',
    libraries: ['libbiren-ml.so.1', '/usr/lib/libbiren-ml.so.1', '/opt/birentech/lib/libbiren-ml.so.1'],
    reasons: [
      [0x1n, 'hw_slowdown'],
      [0x2n, 'hw_thermal_slowdown'],
      [0x4n, 'hw_power_brake_slowdown'],
    ],
    health: ['OK', 'warning', 'critical warning', 'error'],
    link: 'BRLink',
  },
} as const satisfies Record<string, Dialect>;

export type DialectName = keyof typeof DIALECTS;
