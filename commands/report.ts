import type { Command } from 'commander';
import { writeReport } from '../reports/build/rendering.ts';
import { out } from './output.ts';
import { SOFTWARE } from './software.ts';

/** Renders a bundle's pages again, or compares it with an earlier one. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('render the pages of a bundle again, or compare it with an earlier one')
    .argument('<folder>', 'the bundle')
    .option(
      '--compare <folder>',
      'an earlier bundle: what changed since; exit code 0 not worse, 1 worse, 3 cannot tell',
    )
    .option('--out <folder>', 'where the pages go; needed unless two bundles are compared')
    .option('--json', 'the comparison as JSON')
    .action(async (folder: string, options: { compare?: string; out?: string; json?: boolean }) => {
      const say = (text: string): void => void process.stderr.write(text);
      process.exitCode = await writeReport({ folder, ...options, version: SOFTWARE.version, write: out, say });
    });
}
