import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { takeInventory } from '../agent/inventory/inventory.ts';
import { type Machine, realMachine, recordingMachine, replayMachine } from '../agent/inventory/machine.ts';
import { maskRecording } from '../agent/inventory/mask.ts';
import { inventoryTable } from '../agent/inventory/table.ts';
import { readBytes } from '../controller/inputs.ts';
import { AssayError } from '../model/errors.ts';
import { requireNewFile } from '../reports/build/folder.ts';
import { parseWritten } from '../reports/verify/written-json.ts';
import { nodeName } from './node-name.ts';
import { out, writeNew } from './output.ts';

/** Says what this node is. */
export function registerInventory(program: Command): void {
  program
    .command('inventory')
    .description('print what this node is: host, processor, memory, disks, network, accelerators')
    .option('--json', 'as JSON')
    .option('--record <file>', 'save every command output and file that was read')
    .option('--mask', 'with --record: replace serial numbers, addresses and names')
    .option('--replay <file>', 'read a recorded machine in place of this one')
    .action(async (options: { json?: boolean; record?: string; mask?: boolean; replay?: string }) => {
      if (options.record !== undefined) requireNewFile(options.record);
      const machine = options.replay === undefined ? realMachine() : replayOf(options.replay);
      const recorder = recordingMachine(machine);
      const inventory = await takeInventory(nodeName(), recorder);
      if (options.record !== undefined) {
        const recording = recorder.recording();
        writeNew(
          options.record,
          `${JSON.stringify(options.mask ? maskRecording(recording, inventory, randomBytes(32)) : recording, null, 2)}\n`,
          0o600,
        );
      }
      out(options.json ? `${JSON.stringify(inventory, null, 2)}\n` : `${inventoryTable(inventory)}\n`);
    });
}

function replayOf(path: string): Machine {
  const recording = parseWritten(readBytes(path), path);
  try {
    return replayMachine(recording);
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    throw new AssayError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}
