import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLibrary } from '../../../../agent/inventory/library.ts';
import { Inventory } from '../../../../model/inventory.ts';
import { check } from '../../../../model/schema.ts';
import { inventoryOf, recorded, smallMachine } from './recordings.ts';

const LIBRARIES = [
  ['nvidia', 'nvml', 'NVML', '/dev', ['nvidia0', 'nvidia1']],
  ['iluvatar', 'ixml', 'IXML', '/dev', ['iluvatar0', 'iluvatar1']],
  ['thead', 'hgml', 'HGML', '/dev', ['alixpu_ppu1', 'alixpu_ppu2']],
  ['biren', 'brml', 'BRML', '/dev/biren', ['card_0', 'card_1']],
  ['mthreads', 'mtml', 'MTML', '/dev', ['mtgpu.0', 'mtgpu.1']],
] as const;

const one = (index: number, more: object = {}) => ({ index, chip: 'Chip', uuid: `U-${index}`, driver: '1.2', ...more });

/** A container that was handed device nodes and a library and no tool. */
function bare(name: string, folder: string, nodes: readonly string[], document: unknown) {
  const machine = smallMachine({ documents: { [name]: document } });
  machine.directories[folder] = { ok: true, value: [...nodes] };
  return machine;
}

describe('a management library', () => {
  it.each(LIBRARIES)(
    '%s: alone it is the reading, where there are device nodes',
    async (vendor, name, title, folder, nodes) => {
      const { accelerators, software, findings } = await inventoryOf(
        bare(name, folder, nodes, [one(0, { computeUnits: 96, powerW: 71.5 }), one(1, { peers: [`${vendor}-0 X`] })]),
      );
      expect(accelerators).toMatchObject([
        {
          id: `${vendor}-0`,
          uuid: { value: 'U-0', source: title },
          computeUnits: { value: 96 },
          powerW: { value: 71.5 },
        },
        { id: `${vendor}-1`, peers: { value: [`${vendor}-0 X`] } },
      ]);
      expect(software).toContainEqual({ name: expect.stringContaining('driver'), version: '1.2', source: title });
      expect(findings.map(({ code }) => code)).not.toContain('no_accelerator');
    },
  );

  it.each(LIBRARIES)('%s: without nodes or a tool it is not asked', async (_, name) => {
    const { accelerators } = await inventoryOf(smallMachine({ documents: { [name]: [one(0)] } }));
    expect(accelerators).toEqual([]);
  });

  it.each(LIBRARIES)(
    '%s: nodes without a library that answers are told, never taken for nothing',
    async (_, name, title, folder, nodes) => {
      for (const document of [
        { ok: false, missing: true, why: 'libx.so: cannot open shared object file' },
        undefined,
      ]) {
        const machine = bare(name, folder, nodes, []);
        if (document) machine.documents[name] = document as never;
        else delete machine.documents[name];
        const { findings, unread } = await inventoryOf(machine);
        expect(findings.map(({ code }) => code)).toEqual(
          expect.arrayContaining(['device_node_only', 'no_accelerator']),
        );
        expect(unread.some(({ source }) => source === title)).toBe(true);
      }
    },
  );

  it('never overrules what a tool printed, and goes by UUID, then address, then number', async () => {
    const recording = recorded('thead-ppu-2-full');
    const document = recording.documents.hgml as { ok: true; value: Record<string, unknown>[] };
    document.value = [
      { ...document.value[1], index: 0, powerW: 1, computeUnits: 2 },
      { ...document.value[0], index: 1, powerW: 1, computeUnits: 1 },
    ];
    const { accelerators } = await inventoryOf(recording);
    const cards = accelerators.filter(({ kind }) => kind === 'package');
    expect(cards.map(({ powerW, computeUnits }) => [powerW?.value, computeUnits?.value])).toEqual([
      [93.41, 1],
      [398.8, 2],
    ]);
  });

  it('a library with another number of devices is told', async () => {
    const recording = recorded('mthreads-s5000-2-links');
    const document = recording.documents.mtml as { ok: true; value: unknown[] };
    document.value.pop();
    const { findings, accelerators } = await inventoryOf(recording);
    expect(findings.find(({ code }) => code === 'readings_disagree')?.detail).toContain(
      'the tool lists 2 devices, MTML 1',
    );
    expect(accelerators.filter(({ computeUnits }) => computeUnits).map(({ id }) => id)).toEqual(['mthreads-0']);
  });

  it('takes values that cannot be for not told', async () => {
    const { accelerators } = await inventoryOf(
      bare(
        'brml',
        '/dev/biren',
        ['card_0'],
        [
          one(0, {
            temperatureC: 4_294_967_295,
            powerW: -1,
            utilization: 99,
            memoryBytes: 1e40,
            uuid: '',
            serial: 'N/A',
            peers: [3],
          }),
        ],
      ),
    );
    expect(Object.keys(accelerators[0]!).sort()).toEqual(['chip', 'driver', 'id', 'kind', 'vendor']);
  });

  it('any document gives a valid inventory and no device without a number', async () => {
    expect(parseLibrary('x')).toEqual([]);
    expect(parseLibrary([null, 3, {}, { index: 'x' }, { index: -1 }, { index: 0.5 }])).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...LIBRARIES), fc.json(), async ([, name, , folder, nodes], json) => {
        const inventory = await inventoryOf(bare(name, folder, nodes, JSON.parse(json)));
        expect(check(Inventory, inventory)).toMatchObject({ ok: true });
        if (inventory.accelerators.length === 0) {
          expect(inventory.findings.map(({ code }) => code)).toContain('device_node_only');
        }
      }),
      { numRuns: 200 },
    );
  });
});
