import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../../model/inventory.ts';
import { inventoryOf, output, smallMachine } from './recordings.ts';

const of = (inventory: Inventory, kind: string) => inventory.accelerators.filter((one) => one.kind === kind);

const parseXml = createRequire(createRequire(import.meta.url).resolve('node-nvidia-smi'))('xml2js').parseString as (
  text: string,
  options: object,
  done: (error: unknown, document: unknown) => void,
) => void;
/** The document that the package node-nvidia-smi makes of the tool's XML. */
function report(text: string): unknown {
  let document: unknown;
  parseXml(text, { explicitArray: false, trim: true, async: false }, (_, made) => {
    document = made;
  });
  return document;
}
const nvidia = (text: string) =>
  inventoryOf(smallMachine({ commands: { 'nvidia-smi -L': 'GPU 0: x\n' }, documents: { 'nvidia-smi': report(text) } }));

describe('health is what was said', () => {
  it('an A100 whose every question is answered N/A has no health, and its slices are no cards', async () => {
    const inventory = await nvidia(output('nvidia-report-a100-sxm4-v12.xml'));
    expect([of(inventory, 'package').length, of(inventory, 'partition').length]).toEqual([1, 4]);
    for (const one of inventory.accelerators) expect(one.health).toBeUndefined();
  });

  it.each<[string, string, Record<string, RegExp>]>([
    ['a pending row remapping', 'nvidia-report-a10g-remap-pending.xml', { 'nvidia-0': /row remapping pending/ }],
    ['a reboot that is required', 'nvidia-report-rtx-4000-recovery-reboot.xml', { 'nvidia-0': /reboot required/ }],
    [
      'a failed row remapping and a lost card',
      'nvidia-report-k8s-gb200-lost.xml',
      { 'nvidia-0': /row remapping failed/, 'nvidia-1': /lost/ },
    ],
  ])('%s', async (_, name, expected) => {
    const inventory = await nvidia(output(name));
    for (const [id, said] of Object.entries(expected)) {
      expect(inventory.accelerators.find((one) => one.id === id)?.health?.value).toMatch(said);
    }
  });

  const RTX = output('nvidia-report-rtx-4000-recovery-reboot.xml').replace('>Reboot<', '>None<');
  const healthAfter = async (change: (text: string) => string) => {
    const changed = change(RTX);
    expect(changed).not.toBe(RTX);
    return (await nvidia(changed)).accelerators[0]?.health?.value;
  };
  const answered = (name: string, answer: string) =>
    healthAfter((text) => text.replace(new RegExp(`<${name}>[^<]*</${name}>`), `<${name}>${answer}</${name}>`));

  it('a card that answers well is well', async () => {
    expect((await nvidia(RTX)).accelerators[0]?.health?.value).toBe('OK');
  });

  it.each([
    ['gpu_recovery_action', 'Reset', 'reset required'],
    ['gpu_recovery_action', 'Drain P2P', 'recovery action required: Drain P2P'],
    ['gpu_recovery_action', 'Something New', 'recovery action required: Something New'],
    ['remapped_row_failure', 'Yes', 'row remapping failed'],
    ['remapped_row_unc', '3', 'rows remapped after uncorrectable errors: 3'],
    ['pending_retirement', 'Yes', 'page retirement pending'],
    ['channel_repair_pending', 'Yes', 'channel repair pending'],
    ['dram_uncorrectable', '7', 'uncorrected memory errors: 7'],
    ['state', 'Failed', 'fabric state: Failed'],
    ['summary', 'Unhealthy', 'fabric health: Unhealthy'],
    ['route_unhealthy', 'True', 'fabric route unhealthy'],
    ['incorrect_configuration', 'Invalid Partition', 'fabric configuration: Invalid Partition'],
    ['gpu_temp', 'GPU requires reset', 'reset required'],
  ])('%s %s is said: %s', async (name, answer, said) => {
    expect(await answered(name, answer)).toBe(said);
  });

  it('answers that are none make no health', async () => {
    const silent = RTX.replace(/<remapped_rows>[\s\S]*<\/remapped_rows>/, '<remapped_rows>N/A</remapped_rows>');
    expect((await nvidia(silent)).accelerators[0]?.health).toBeUndefined();
    const tokens = RTX.replace(/<(remapped_row_(?:pending|failure))>No</g, '<$1>[Unknown Error]<');
    expect((await nvidia(tokens)).accelerators[0]?.health).toBeUndefined();
  });

  it('a card that the driver cannot reach is listed as lost', async () => {
    const list =
      'GPU 0: NVIDIA L20 (UUID: GPU-1)\nUnable to determine the device handle for GPU1: 0000:44:00.0: Unknown Error\n';
    const inventory = await inventoryOf(
      smallMachine({ commands: { 'nvidia-smi -L': list }, documents: { 'nvidia-smi': report(RTX) } }),
    );
    expect(inventory.accelerators.find((one) => one.pciAddress?.value === '0000:44:00.0')?.health?.value).toBe('lost');
  });
});
