import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNode, withKfd } from '../../../../agent/inventory/kfd.ts';
import { maskRecording } from '../../../../agent/inventory/mask.ts';
import { parseMatrix } from '../../../../agent/inventory/topology.ts';
import { inventoryOf, recorded } from './recordings.ts';

const NVIDIA = { prefix: 'GPU', link: /^NV\d+$/, id: 'nvidia' };

describe('a matrix of links', () => {
  it('gives each device its peers over the vendor’s own links, and none over PCIe', () => {
    const text = [
      '\t\u001b[4mGPU0\tGPU1\tGPU2\tNIC0\tCPU Affinity\u001b[0m',
      'GPU0\t X \tNV18\tPHB\tNV9\t0-31',
      'GPU1\tNV18\t X \tSYS\tPIX\t0-31',
      'GPU2\tPHB\tSYS\t X \tPIX\t32-63',
      'NIC0\tNV9\tPIX\tPIX\t X ',
      'Legend:',
      '  NV#  = Connection traversing a bonded set of # NVLinks',
    ].join('\n');
    expect(parseMatrix(text, NVIDIA)).toEqual([['nvidia-1 NV18'], ['nvidia-0 NV18'], []]);
  });

  it('of one device, of another vendor, cut off, or no matrix at all has no peers', () => {
    for (const text of [
      '',
      'GPU0',
      '\tGPU0\tCPU Affinity\nGPU0\t X \t0-3',
      'MLU0 MLU1\nMLU0 X NV1',
      'Error: no device',
    ]) {
      expect(parseMatrix(text, NVIDIA).flat()).toEqual([]);
    }
    expect(parseMatrix('\tGPU0\tGPU1\nGPU0\tX', NVIDIA)).toEqual([[]]);
  });

  it('never fails, and never makes a device its own peer, whatever is printed', () => {
    const word = fc.constantFrom('GPU0', 'GPU1', 'GPU7', 'NV1', 'NV', 'X', 'SYS', '', '\u001b[0m', '中文');
    const text = fc.array(
      fc.array(word, { maxLength: 6 }).map((cells) => cells.join('\t')),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(text, (lines) => {
        for (const peers of parseMatrix(lines.join('\n'), NVIDIA)) {
          for (const peer of peers ?? []) expect(peer).toMatch(/^nvidia-\d+ NV1$/);
        }
      }),
    );
  });
});

describe('the compute driver’s topology', () => {
  const node = (more: string, links: string[] = []) =>
    parseNode(
      2,
      `simd_count 1216\nsimd_per_cu 4\ngfx_target_version 90402\nlocation_id 3072\ndomain 0\n${more}`,
      links,
    );

  it('gives compute units, architecture and address', () => {
    expect(node('')).toEqual({
      number: 2,
      address: '0000:0c:00.0',
      computeUnits: 304,
      capability: 'gfx942',
      peers: [],
    });
    expect(node('gfx_target_version 90010\nlocation_id 33043\ndomain 1')).toMatchObject({
      capability: 'gfx90a',
      address: '0001:81:02.3',
    });
    expect(node('gfx_target_version 110501')).toMatchObject({ capability: 'gfx1151' });
  });

  it('a processor is no device, and what is not printed is not known', () => {
    expect(parseNode(0, 'cpu_cores_count 64\nsimd_count 0\n', [])).toBeUndefined();
    expect(parseNode(0, 'rubbish', [])).toBeUndefined();
    expect(parseNode(1, 'simd_count 8\n', [])).toEqual({ number: 1, address: '0000:00:00.0', peers: [] });
    expect(parseNode(1, 'simd_count 9\nsimd_per_cu 4\n', [])).not.toHaveProperty('computeUnits');
  });

  it('a peer is what a direct link leads to, once', () => {
    const links = ['type 11\nnode_to 3', 'type 2\nnode_to 0', 'type 11\nnode_to 3', 'type 11\nnode_to 2', 'type 11'];
    expect(node('', links)?.peers).toEqual([3]);
  });

  it('fills in what the tools of AMD and Hygon do not print', async () => {
    const amd = await inventoryOf(recorded('amd-mi300x-2'));
    expect(amd.accelerators.map(({ peers, computeUnits }) => [peers?.value, computeUnits?.source])).toEqual([
      [['amd-1 XGMI'], 'amd-smi'],
      [['amd-0 XGMI'], 'amd-smi'],
    ]);
    const hygon = await inventoryOf(recorded('hygon-k100ai-2'));
    const cards = hygon.accelerators.filter(({ kind }) => kind === 'package');
    expect(cards.map(({ computeUnits, capability }) => [computeUnits, capability?.value])).toEqual([
      [{ value: 120, source: 'KFD topology' }, 'gfx928'],
      [{ value: 120, source: 'KFD topology' }, 'gfx928'],
    ]);
    expect(cards.every(({ peers }) => peers === undefined)).toBe(true);
  });

  it('names the device node that a program opens', async () => {
    const { accelerators } = await inventoryOf(recorded('hygon-k100ai-2'));
    expect(accelerators[0]?.deviceNode).toEqual({ value: '/dev/dri/renderD128', source: 'KFD topology' });
  });

  it('adds up the partitions of a card that is split', async () => {
    const [card, ...rest] = (await inventoryOf(recorded('hygon-k100ai-2'))).accelerators;
    const bare = { ...card! };
    delete bare.computeUnits;
    const at = (number: number, address: string) => ({
      number,
      address,
      computeUnits: 60,
      peers: [number === 1 ? 2 : 1],
    });
    const [split] = withKfd([bare, ...rest], [at(1, '0000:07:00.0'), at(2, '0000:07:00.1')]);
    expect(split?.computeUnits?.value).toBe(120);
    expect(split?.peers).toBeUndefined();
  });

  it('a masked recording does not have the card’s unique id', async () => {
    const recording = recorded('amd-mi300x-2');
    const secret = '8797010190336000001';
    expect(JSON.stringify(recording)).toContain(secret);
    const masked = maskRecording(recording, await inventoryOf(recording), new TextEncoder().encode('key'));
    expect(JSON.stringify(masked)).not.toContain(secret);
    expect((await inventoryOf(masked)).accelerators[0]?.peers?.value).toEqual(['amd-1 XGMI']);
  });
});

describe('links of single vendors', () => {
  it.each([
    ['metax-c500-2', ['metax-1 MX']],
    ['mthreads-s4000-3', ['mthreads-1 MT2']],
  ])('%s', async (name, peers) => {
    const [first, , third] = (await inventoryOf(recorded(name))).accelerators;
    expect(first?.peers?.value).toEqual(peers);
    expect(third?.peers).toBeUndefined();
  });
});

describe('versions of the vendors’ software', () => {
  const withFile = (name: string, path: string, text: string) => {
    const recording = recorded(name);
    recording.files[path] = { ok: true, value: text };
    return inventoryOf(recording);
  };

  it.each([
    ['amd-mi300x-2', '/opt/rocm/.info/version', '7.0.2-42\n', 'ROCm 7.0.2'],
    ['hygon-k100ai-2', '/opt/dtk/.info/rocm_version', '24.04.3\n', 'DTK 24.04.3'],
    [
      'ascend-910b3-8-kunpeng',
      '/usr/local/Ascend/ascend-toolkit/latest/aarch64-linux/ascend_toolkit_install.info',
      'package_name=Ascend-cann-toolkit\nversion=8.5.0\ninnerversion=V100R001\narch=aarch64\n',
      'CANN 8.5.0',
    ],
    ['cambricon-590-2-json', '/usr/local/neuware/version.txt', 'Neuware Version 3.9.0\n', 'Neuware 3.9.0'],
    [
      'mthreads-s4000-3',
      '/usr/local/musa/version.json',
      '{"mcc": {"version": "4.0"}, "musa_toolkits": {"name": "x", "version": "5.1.0"}}',
      'MUSA 5.1.0',
    ],
  ])('%s: %s', async (name, path, text, runtime) => {
    const { accelerators, software } = await withFile(name, path, text);
    for (const device of accelerators) expect(device.runtime).toEqual({ value: runtime, source: path });
    expect(software.map((s) => `${s.name} ${s.version}`)).toContain(runtime);
    const rubbish = await withFile(name, path, '\u0000 no version here');
    expect(rubbish.accelerators[0]?.runtime?.source).not.toBe(path);
  });

  it('are not told of a vendor that has no card here', async () => {
    const { software } = await withFile('metax-c500-2', '/opt/rocm/.info/version', '7.0.2');
    expect(software.map(({ name }) => name)).not.toContain('ROCm');
  });
});
