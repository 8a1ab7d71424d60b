import type { Registers } from '../../model/register.ts';
import type { RegistersReading } from '../registers/reading.ts';

/** Files that nothing uses which a report lists; a folder may hold thousands of documents that no row names. */
const MAX_UNUSED = 100;

/**
 * What a report says of the registers: what counts of each file, every row that does not, and files that nothing uses.
 */
export function registersOf(reading: RegistersReading): Registers {
  const unused = reading.unused.map(({ file, code, detail }) => ({ file, code, detail }));
  const more = unused.length - MAX_UNUSED;
  return {
    files: reading.registers.map(({ file, sha256, rows, valid, duplicates, problems }) => ({
      file,
      sha256,
      rows,
      valid,
      duplicates,
      problems: [...problems],
    })),
    unused:
      more <= 0 ? unused : [...unused.slice(0, MAX_UNUSED), { file: '', code: 'more' as const, detail: String(more) }],
  };
}
