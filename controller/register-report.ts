import type { Registers } from '../model/register.ts';
import { registersOf } from '../reports/build/registers.ts';
import type { RegistersReading } from '../reports/registers/reading.ts';
import { type RegisterLine, registerLines, registerSum } from '../reports/render/registers.ts';
import { LABELS } from '../reports/text/catalog.ts';
import { oneLine } from '../reports/text/visible.ts';

/** Lines about one register on a terminal; the JSON and the report have up to 500. */
const MAX_LINES = 100;

/** What the registers are found to be before anything is measured, for a program: as in the report, with every text. */
export function registersJson(reading: RegistersReading) {
  const supplied = registersOf(reading);
  const lines = registerLines(supplied);
  const files = supplied.files.map(({ problems: _, ...file }) => file);
  return { files, problems: lines, counts: reading.counts };
}

/** The same for a person: what counts of each register, and every row that does not, with row, column and reason. */
export function registersText(reading: RegistersReading): string {
  const supplied: Registers = registersOf(reading);
  const lines = registerLines(supplied);
  const text = [`${LABELS.registers.zh} ${LABELS.registers.en}:`];
  for (const one of supplied.files) {
    const sum = registerSum(one);
    text.push(`  ${oneLine(one.file)}: ${sum.zh} ${sum.en}`);
    const own = lines.filter(({ file }) => file === one.file);
    text.push(...own.slice(0, MAX_LINES).map((line) => `    ${problemText(line)}`));
    const more = own.length - MAX_LINES;
    if (more > 0) text.push(`    另有 ${more} 条，见 --json 或报告 ${more} more: see --json or the report`);
  }
  const unused = lines.filter(({ file }) => !supplied.files.some((one) => one.file === file));
  text.push(...unused.map((line) => `  ${line.file === '' ? '' : `${oneLine(line.file)}: `}${problemText(line)}`));
  return `${text.join('\n')}\n`;
}

function problemText(line: RegisterLine): string {
  const column = line.column && ` ${line.column}`;
  const where = line.row === undefined ? '' : `第 ${line.row} 行 row ${line.row}${column}: `;
  const counts = line.counts ? ` (${LABELS.registerCounts.zh} ${LABELS.registerCounts.en})` : '';
  const detail = line.detail === '' ? '' : `: ${line.detail}`;
  return oneLine(`${where}${line.code} ${line.text.zh} ${line.text.en}${counts}${detail}`);
}

/**
 * Says what the registers are found to be: one event on standard output for a program, else lines on standard error.
 */
export function tellRegisters(reading: RegistersReading | undefined, json: boolean, out: (text: string) => void): void {
  if (!reading) return;
  if (json) out(`${JSON.stringify({ at: new Date().toISOString(), type: 'registers', ...registersJson(reading) })}\n`);
  else process.stderr.write(registersText(reading));
}
