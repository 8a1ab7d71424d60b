import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { ROCM_ARGS } from '../../../../agent/inventory/rocm.ts';
import { parseMatrix } from '../../../../agent/inventory/topology.ts';
import { inventoryOf, smallMachine } from './recordings.ts';

// Code that the engine has optimized does not count the calls that it takes together.
for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag);

/**
 * How often the statements of the inventory ran while `work` did, as the engine counts them: every call and every turn
 * of a loop. It does not depend on how fast the machine is.
 */
async function stepsOf(work: () => Promise<unknown>): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ url }) => /\/agent\/inventory\/[^/]+\.ts/.test(url))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
      .reduce((sum, { count }) => sum + count, 0);
  } finally {
    session.disconnect();
  }
}

const bus = (n: number) =>
  `${(n >> 13).toString(16).padStart(4, '0')}:${((n >> 5) & 0xff).toString(16).padStart(2, '0')}:${(n & 31).toString(16).padStart(2, '0')}.0`;
const many = (count: number, row: (n: number) => string) => Array.from({ length: count }, (_, n) => row(n)).join('\n');
const pad = (text: string, width: number) => text.padEnd(width);

/** Each gives the commands of a machine with that many devices. */
const MACHINES: Record<string, (count: number) => Record<string, string>> = {
  'hy-smi': (count) => ({
    'hy-smi': `HCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      HCU%      Mode\n${many(count, (n) => `${pad(String(n), 8)}61.0C    108.0W     auto     400.0W     0%         0.0%      Normal`)}\n`,
    'hy-smi --showmeminfo vram': many(count, (n) => `HCU[${n}]          : vram Total Memory (MiB): 65520`),
  }),
  'rocm-smi': (count) => ({
    'rocm-smi': `GPU  Temp (DieEdge)  AvgPwr  SCLK    MCLK     Fan  Perf  PwrCap  VRAM%  GPU%\n${many(count, (n) => `${pad(String(n), 6)}33.0c          37.0W   300Mhz  1200Mhz  0%   auto  290.0W  0%     0%`)}\n`,
  }),
  'rocm-smi --json': (count) => ({
    [`rocm-smi ${ROCM_ARGS.join(' ')}`]: JSON.stringify(
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`card${n}`, { 'Device ID': '0x738c', 'PCI Bus': bus(n) }]),
      ),
    ),
  }),
  'mx-smi': (count) => ({
    'mx-smi': `| MX-SMI 2.2.9 |\n|---|---|---|---|\n| Board       Name | GPU   Persist-M | Bus-id              | GPU-Util      sGPU-M |\n| Pwr:Usage/Cap    | Temp       Perf | Memory-Usage        | GPU-State            |\n|==================+=================+=====================+======================|\n${many(count, (n) => `| ${pad(String(n), 6)} MetaX C500 | ${pad(String(n), 8)}    Off | ${bus(n)}        | 0%          Disabled |\n| 57W / 350W       | 35C          P0 | 826/65536 MiB       | Available            |\n+------------------+-----------------+`)}\n`,
    'mx-smi -L': many(count, (n) => `GPU#${n}  MXC500  ${bus(n)}  Available (UUID: GPU-${n})`),
  }),
  'npu-smi info': (count) => ({
    'npu-smi info': `| npu-smi 25.5.2                   Version: 25.5.2 |\n+---+---+---+\n| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|\n| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |\n+===========================+===============+====================================================+\n${many(count, (n) => `| ${pad(String(n), 8)}910B3            | OK            | 94.2        41                0    / 0             |\n| 0                         | ${bus(n)}  | 0           0    / 0          3411 / 65536         |\n+===========================+===============+====+`)}\n`,
    'npu-smi info -m': `NPU ID   Chip ID   Chip Logic ID   Chip Name\n${many(count, (n) => `${n}        0         ${n}            Ascend910B3`)}\n`,
  }),
  'the same number twice': (count) => ({
    'hy-smi': `HCU     Temp     AvgPwr     Perf     PwrCap     VRAM%      HCU%      Mode\n${many(count, () => '7       61.0C    108.0W     auto     400.0W     0%         0.0%      Normal')}\n`,
  }),
  'dies of cards': (count) => ({
    ixsmi: `|  IX-ML: 4.3.0       Driver Version: 4.3.0       CUDA Version: 10.2          |\n|---+---+---|\n| GPU  Name                     | Bus-Id               | Clock-SM  Clock-Mem  |\n| Fan  Temp  Perf  Pwr:Usage/Cap|      Memory-Usage    | GPU-Util  Compute M. |\n|===============================+======================+======================|\n${many(count, (n) => `| ${pad(String(n), 6)}Iluvatar BI-V150S      | ${bus(n)}     | 1500MHz   1200MHz    |\n| 0%   30C   P0    40W / 250W   | 257MiB / 32768MiB    | 0%        Default    |\n+---+---+---+`)}\n`,
  }),
};

/** The tables have 20,000 devices; for the other forms a tenth of them is enough to see a square. */
const LARGEST = (name: string) => (/^(?:hy-smi|mx-smi|npu-smi info)$/.test(name) ? 20_000 : 4_000);

describe('a list of 20,000 devices', () => {
  it.each(Object.entries(MACHINES))(
    '%s is read in steps that grow as the list does',
    async (name, commands) => {
      const read = async (count: number) => {
        const machine = smallMachine({ commands: commands(count) });
        let found = 0;
        const steps = await stepsOf(async () => {
          found = (await inventoryOf(machine)).accelerators.length;
        });
        expect(found).toBeGreaterThanOrEqual(count);
        return steps;
      };
      const [few, all] = [await read(LARGEST(name) / 10), await read(LARGEST(name))];
      expect(few).toBeGreaterThan(LARGEST(name));
      expect(all / few).toBeLessThan(11);
    },
    240_000,
  );

  it('the count sees work that grows with the square: a matrix of links', async () => {
    const form = { prefix: 'GPU', link: /^NV\d+$/, id: 'nvidia' };
    const names = (count: number) => Array.from({ length: count }, (_, n) => `GPU${n}`);
    const matrix = (count: number) =>
      `${names(count).join('\t')}\n${names(count)
        .map((name) => `${name}\t${names(count).fill('NV18').join('\t')}`)
        .join('\n')}`;
    const read = (count: number) => {
      const text = matrix(count);
      return stepsOf(async () => expect(parseMatrix(text, form)).toHaveLength(count));
    };
    const [few, all] = [await read(40), await read(400)];
    expect(all / few).toBeGreaterThan(50);
  });
});
