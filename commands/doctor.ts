import type { Command } from 'commander';
import { doctorText } from '../agent/doctor/text.ts';
import { examineMachine } from '../agent/doctor.ts';
import { realMachine } from '../agent/inventory/machine.ts';
import { adviceLines, adviceOn } from './library-advice.ts';
import { nodeName } from './node-name.ts';
import { out } from './output.ts';

/** Says what to install for which target. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check this machine and say what to install for which target')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const result = await examineMachine(nodeName(), realMachine());
      const libraries = adviceOn(result.node, result.libraries);
      out(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${doctorText(result)}${adviceLines(libraries)}`);
    });
}
