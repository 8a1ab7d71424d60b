import type { Accelerator, Inventory } from '../../model/inventory.ts';
import { addFacts } from './device.ts';
import type { Machine } from './machine.ts';
import { VENDORS, type VendorKey } from './vendor.ts';

/** Where a vendor's software writes down its version; the first file that has one counts. */
interface RuntimeEntry {
  readonly vendor: VendorKey;
  readonly name: string;
  readonly files: readonly string[];
  /** The version is the first group. */
  readonly pattern: RegExp;
}

const CANN_FOLDERS = ['/usr/local/Ascend/cann', '/usr/local/Ascend/ascend-toolkit/latest'];

/** Vendors whose tools do not print the version of the software that programs are built on. */
const RUNTIMES: readonly RuntimeEntry[] = [
  { vendor: 'amd', name: 'ROCm', files: ['/opt/rocm/.info/version'], pattern: /^(\d+(?:\.\d+)+)/ },
  {
    vendor: 'hygon',
    name: 'DTK',
    files: ['/opt/dtk/.info/rocm_version', '/opt/dtk/.info/version'],
    pattern: /^(\d+(?:\.\d+)+)/,
  },
  {
    vendor: 'ascend',
    name: 'CANN',
    files: CANN_FOLDERS.flatMap((folder) =>
      ['aarch64', 'x86_64'].map((machine) => `${folder}/${machine}-linux/ascend_toolkit_install.info`),
    ),
    pattern: /^version=(\S+)/m,
  },
  { vendor: 'cambricon', name: 'Neuware', files: ['/usr/local/neuware/version.txt'], pattern: /(\d+\.\d+\.\d+)/ },
  {
    vendor: 'mthreads',
    name: 'MUSA',
    files: ['/usr/local/musa/version.json'],
    pattern: /"musa_toolkits"\s*:\s*\{[^}]*?"version"\s*:\s*"([^"]{1,64})"/,
  },
];

/** A runtime that was found, and where. */
export interface Runtime {
  readonly vendor: VendorKey;
  readonly name: string;
  readonly version: string;
  readonly source: string;
}

/** Versions of the vendors' software, from files that it installs. */
export async function readRuntimes(machine: Machine): Promise<Runtime[]> {
  const found = await Promise.all(
    RUNTIMES.map(async ({ vendor, name, files, pattern }) => {
      for (const source of files) {
        const file = await machine.readFile(source);
        const version = file.ok ? pattern.exec(file.value.trim())?.[1]?.slice(0, 64) : undefined;
        if (version !== undefined) return [{ vendor, name, version, source }];
      }
      return [];
    }),
  );
  return found.flat();
}

/** Adds the runtime to the devices of its vendor that have none. */
export function withRuntimes(devices: readonly Accelerator[], runtimes: readonly Runtime[]): Accelerator[] {
  return devices.map((one) => {
    const own = runtimes.find(({ vendor }) => VENDORS[vendor] === one.vendor.value);
    return own ? addFacts({ ...one }, own.source, { runtime: `${own.name} ${own.version}` }) : one;
  });
}

/** As software of the node, where it has devices of the vendor. */
export function runtimeSoftware(devices: readonly Accelerator[], runtimes: readonly Runtime[]): Inventory['software'] {
  return runtimes
    .filter(({ vendor }) => devices.some((one) => one.vendor.value === VENDORS[vendor]))
    .map(({ name, version, source }) => ({ name, version, source }));
}
