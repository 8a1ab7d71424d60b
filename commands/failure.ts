import { type Command, CommanderError } from 'commander';
import { AssayError, EXIT, explain, PROGRAM_HELP } from '../model/errors.ts';

/** What there is in place of commands that people look for. */
const INSTEAD: Readonly<Record<string, string>> = {
  controller: '; this version measures the machine that it is started on: ./assay accept',
  resume: '; a run that broke off is started again from its beginning: ./assay accept',
  run: '; ./assay accept measures this machine',
  test: '; the launcher ./assay runs the tests',
};

/** How to get at the options of the command that was called. */
function helpCommand(program: Command): string {
  const called = process.argv[2];
  const known = program.commands.find((command) => command.name() === called);
  return known ? `./assay ${known.name()} --help` : PROGRAM_HELP;
}

/** Says on standard error what failed and what to do, and sets the exit code. */
export function fail(error: unknown, program: Command): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    const said = error.code === 'commander.help' ? 'a command is needed' : error.message.replace(/^error: /, '');
    const instead = error.code === 'commander.unknownCommand' ? (INSTEAD[process.argv[2] ?? ''] ?? '') : '';
    process.stderr.write(`${explain(new AssayError('usage', `${said}${instead}`), helpCommand(program))}\n`);
    process.exitCode = EXIT.usage;
    return;
  }
  const known = error instanceof AssayError ? error : new AssayError('internal', describe(error), { cause: error });
  process.stderr.write(`${explain(known, helpCommand(program))}\n`);
  process.exitCode = known.exit;
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
