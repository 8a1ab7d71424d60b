import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeInventory } from '../../../../agent/inventory/inventory.ts';
import { recordingMachine, replayMachine } from '../../../../agent/inventory/machine.ts';
import { maskRecording, pseudonym } from '../../../../agent/inventory/mask.ts';
import { inventoryTable } from '../../../../agent/inventory/table.ts';
import { AssayError } from '../../../../model/errors.ts';
import { inventoryOf, recorded, recordedNames, smallMachine } from './recordings.ts';

const KEY = new TextEncoder().encode('a key for tests');

describe('recording and replay', () => {
  it.each(recordedNames())('%s: what is recorded while replaying gives the same inventory again', async (name) => {
    const machine = recordingMachine(replayMachine(recorded(name)));
    const first = await takeInventory('node-1', machine);
    expect(await inventoryOf(machine.recording())).toEqual(first);
  });

  it('refuses what is no recording of this version', () => {
    for (const bad of [
      null,
      {},
      { ...smallMachine({}), schema: 'assay/recording/v2' },
      { ...smallMachine({}), extra: 1 },
    ]) {
      expect(() => replayMachine(bad)).toThrow(AssayError);
    }
  });

  it('has no program that was not recorded, and a failure for arguments that were not', async () => {
    const machine = replayMachine(smallMachine({ commands: { 'cnmon info': 'x' } }));
    expect((await machine.run('efsmi', [])).status).toBe('not_found');
    expect((await machine.run('cnmon', ['-z'])).status).toBe('failed');
    expect(await machine.readFile('__proto__')).toMatchObject({ ok: false, missing: true });
  });
});

describe('masking', () => {
  it.each(recordedNames())('%s: no identity is left and the inventory keeps its shape', async (name) => {
    const recording = recorded(name);
    const before = await inventoryOf(recording);
    const masked = maskRecording(recording, before, KEY);
    const after = await inventoryOf(masked);
    const text = JSON.stringify(masked);
    const secrets = [
      ...before.accelerators.flatMap((device) => [device.uuid?.value, device.serial?.value]),
      ...before.disks.map((disk) => disk.serial?.value),
      ...before.links.map((link) => link.mac?.value),
      before.host.machineId?.value,
      before.host.bootId?.value,
      before.host.boardSerial?.value,
      before.host.hostname?.value,
    ].filter((secret) => secret !== undefined);
    for (const secret of secrets) expect(text).not.toContain(secret);
    const shape = (inventory: typeof before) =>
      inventory.accelerators.map((device) => ({ ...device, uuid: device.uuid?.source, serial: device.serial?.source }));
    expect(shape(after)).toEqual(shape(before));
    expect(masked.masked).toBe(true);
  });

  it('gives one secret one pseudonym everywhere, so that what was equal stays equal', async () => {
    const recording = recorded('iluvatar-bi-v150-2-cards');
    const after = await inventoryOf(maskRecording(recording, await inventoryOf(recording), KEY));
    const serials = after.accelerators.filter((device) => device.kind === 'die').map((device) => device.serial?.value);
    expect(new Set(serials).size).toBe(2);
    expect(serials[0]).toBe(serials[1]);
  });

  it('gives other pseudonyms with another key', async () => {
    const recording = recorded('metax-c500-2');
    const inventory = await inventoryOf(recording);
    expect(maskRecording(recording, inventory, KEY)).not.toEqual(maskRecording(recording, inventory, KEY.slice(1)));
  });

  it('keeps length and shape', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9:. -]{1,60}$/), (secret) => {
        const masked = pseudonym(secret, KEY);
        const shape = (text: string) => text.replace(/[a-z]/g, 'a').replace(/[A-Z]/g, 'A').replace(/\d/g, '0');
        expect(shape(masked)).toBe(shape(secret));
      }),
    );
  });

  it('leaves versions, model names and numbers alone', async () => {
    const recording = recorded('kunlunxin-p800-2');
    const text = JSON.stringify(maskRecording(recording, await inventoryOf(recording), KEY));
    for (const kept of ['5.0.21.30', 'P800 OAM', '98304 MiB', '00000000:0B:00.0']) expect(text).toContain(kept);
  });
});

describe('the table for a terminal', () => {
  it.each(recordedNames())('%s is shown with labels in both languages and no control character', async (name) => {
    const text = inventoryTable(await inventoryOf(recorded(name)));
    expect(text).toContain('加速卡 Accelerators');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });

  it('says that there is no accelerator tool', async () => {
    const text = inventoryTable(await inventoryOf(smallMachine({ pci: {} })));
    expect(text).toContain('no accelerator tool found; looked for nvidia-smi');
    expect(text).toContain('未发现加速卡');
  });

  it('does not let a tool steer the terminal', async () => {
    const text = inventoryTable(
      await inventoryOf(smallMachine({ commands: { 'ppu-smi -L': 'PPU 0: \u009b31mPPU (UUID: GPU-1)\n' } })),
    );
    expect(text).not.toContain('\u009b');
  });
});
