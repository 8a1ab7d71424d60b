import type { Plan } from '../model/assignment.ts';
import type { LibraryAdvice } from '../model/report.ts';
import { isBuiltin } from '../reports/guides/builtin.ts';
import type { RegistersReading } from '../reports/registers/reading.ts';
import { pad as padTo } from '../reports/text/width.ts';
import { expectedSeconds } from './planner.ts';
import { clock } from './progress.ts';
import { registersJson, registersText } from './register-report.ts';

/** The plan as JSON, with the totals, the libraries that its node lacks, and the registers. */
export function planJson(plan: Plan, libraries: readonly LibraryAdvice[], registers?: RegistersReading): string {
  const found = registers && { registers: registersJson(registers) };
  const totals = { expectedS: expectedSeconds(plan), writesBytes: totalWrites(plan) };
  return JSON.stringify({ ...plan, ...totals, libraries, ...found }, null, 2);
}

/**
 * The plan as a table: benchmark, node, expected time, bytes written; then what nothing measures, and the registers.
 */
export function planTable(plan: Plan, registers?: RegistersReading): string {
  const lines = [
    `guide ${plan.guide.id} ${plan.guide.version}${isBuiltin(plan.guide.sha256) ? '' : ` (${GUIDE_UNKNOWN})`} · profile ${plan.profile} · nodes ${plan.nodes.join(', ')}`,
    ...(plan.targets ? [`partial: only ${plan.targets.join(', ')}; no other target will be judged`] : []),
    '',
    row('benchmark', 'node', 'repeats', 'about', 'writes'),
    ...plan.assignments.map((a) =>
      row(
        a.benchmark,
        a.node,
        String(a.repeats),
        clock(a.expectedS * a.repeats * 1000),
        bytes(a.writesBytes * a.repeats),
      ),
    ),
    '',
    `about ${clock(expectedSeconds(plan) * 1000)} in all; at most ${bytes(totalWrites(plan))} written, all removed afterwards`,
  ];
  if (plan.unmeasured.length > 0) {
    lines.push('', 'not measured:');
    for (const { target, reason, detail } of plan.unmeasured) lines.push(`  ${target}: ${reason}: ${detail}`);
  }
  if (registers) lines.push('', registersText(registers).trimEnd());
  lines.push('', 'nothing was started');
  return `${lines.join('\n')}\n`;
}

/** By a guide that does not come with the software nothing passes. */
export const GUIDE_UNKNOWN = '指南未知 guide not known';

const totalWrites = (plan: Plan): number => plan.assignments.reduce((total, a) => total + a.writesBytes * a.repeats, 0);

const row = (benchmark: string, node: string, repeats: string, about: string, writes: string): string =>
  [
    padTo(benchmark, 24),
    padTo(node, 20),
    padTo(repeats, 8, 'right'),
    padTo(about, 8, 'right'),
    padTo(writes, 12, 'right'),
  ].join(' ');

function bytes(value: number): string {
  if (value === 0) return '-';
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} GB`;
  return `${(value / 1e6).toFixed(0)} MB`;
}
