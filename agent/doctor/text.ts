import type { Examination, Need } from '../doctor.ts';
import type { Reach, WayState } from './reach.ts';

const SIGN: Record<Need['state'], string> = { ready: 'ok', missing: 'MISSING', weak: 'WEAK' };
const WAY_SIGN: Record<WayState['state'], string> = {
  ready: 'ok',
  untried: 'untried',
  failed: 'FAILED',
  missing: 'MISSING',
};
const WAY_TEXT: Record<WayState['state'], string> = {
  ready: '可用 works',
  untried: '部件齐全，未试运行 all parts there, not tried',
  failed: '部件齐全，但试运行失败 all parts there, and it does not work',
  missing: '缺少部件 parts are missing',
};

/** The examination for a person: one line a need and a way, what to do under it, in both languages. */
export function doctorText(examination: Examination): string {
  const lines = [`node ${examination.node}`, ''];
  for (const need of examination.needs) {
    lines.push(`${SIGN[need.state].padEnd(8)} ${need.id.padEnd(16)} ${need.found}  (${need.targets.join(', ')})`);
    if (need.todo) lines.push(`         ${need.todo.en}`, `         ${need.todo.zh}`);
  }
  lines.push('', '各设备可用的测量后端 what can measure each device here:');
  for (const [names, reach] of alike(examination.devices)) lines.push('', ...deviceLines(names, reach));
  if (examination.findings.length > 0) {
    lines.push('', '清单发现的问题 inventory:');
    for (const { code, detail } of examination.findings) lines.push(`  ${code}: ${detail}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Devices of which everything is the same, as one: eight equal cards need not be read eight times. */
function alike(devices: readonly Reach[]): [string[], Reach][] {
  const groups = Map.groupBy(devices, ({ id: _, ...rest }) => JSON.stringify(rest));
  return [...groups.values()].map((group) => [group.map(({ id }) => id), group[0]!]);
}

function deviceLines(names: readonly string[], reach: Reach): string[] {
  const which = names.length > 2 ? `${names[0]} … ${names.at(-1)} (${names.length})` : names.join(', ');
  const lines = [`  ${which}: ${printable(reach.name)}`];
  if (reach.tools && !reach.tools.found) {
    const tools = reach.tools.names.join(', ');
    lines.push(`    未找到厂商工具 the vendor's tool is not here: ${tools}`);
  }
  if (reach.remark) lines.push(`    ${reach.remark.en}`, `    ${reach.remark.zh}`);
  for (const way of reach.ways) {
    const what = [way.found.join(', '), way.precisions?.join(' ')].filter(Boolean).join('; ');
    lines.push(
      `    ${WAY_SIGN[way.state].padEnd(8)} ${way.way.padEnd(20)} ${WAY_TEXT[way.state]}  (${way.targets.join(', ')})`,
    );
    if (what !== '') lines.push(`             ${printable(what)}`);
    if (way.why !== undefined) lines.push(`             ${printable(way.why)}`);
    for (const { what: part, todo } of way.missing) {
      lines.push(`             - ${part}: ${todo.en}`, `               ${todo.zh}`);
    }
  }
  return lines;
}

/** What a tool printed must not steer the reader's terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
