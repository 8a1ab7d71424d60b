import type { Command } from 'commander';
import { doctorText } from '../agent/doctor/text.ts';
import { examineMachine } from '../agent/doctor.ts';
import { realMachine } from '../agent/inventory/machine.ts';
import { readInputs } from '../controller/inputs.ts';
import { registersJson, registersText } from '../controller/register-report.ts';
import { place } from './arguments.ts';
import { adviceLines, adviceOn } from './library-advice.ts';
import { nodeName } from './node-name.ts';
import { out } from './output.ts';

/** Says what to install for which target. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check this machine and say what to install for which target')
    .option('--registers <folder>', 'folder of CSV registers: also check every row of them', place)
    .option('--guide <id|file>', 'guide whose dates the registers are held against')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean; registers?: string; guide?: string }) => {
      const { registers } = readInputs(options);
      const result = await examineMachine(nodeName(), realMachine());
      const libraries = adviceOn(result.node, result.libraries);
      const found = registers && { registers: registersJson(registers) };
      if (options.json) out(`${JSON.stringify({ ...result, ...found }, null, 2)}\n`);
      else out(`${doctorText(result)}${adviceLines(libraries)}${registers ? `\n${registersText(registers)}` : ''}`);
    });
}
