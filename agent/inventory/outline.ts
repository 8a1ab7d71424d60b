import { clean } from './output.ts';

/** One `Key : value` line with the keys of the sections it stands in, outermost first, in lower case. */
export interface OutlineLine {
  readonly path: readonly string[];
  readonly value: string;
}

/**
 * Reads indented `Key : value` text as many tools print it with `-q`: a line without a value opens a section for the
 * lines indented deeper. Lines of any other form are left out.
 */
export function outline(text: string): OutlineLine[] {
  const lines: OutlineLine[] = [];
  const open: { indent: number; key: string }[] = [];
  for (const raw of clean(text).split('\n')) {
    const line = raw.replace(/\t/g, '    ').trimEnd();
    if (line.trim() === '' || /^\s*[-=*+]{3,}/.test(line)) continue;
    const indent = line.length - line.trimStart().length;
    const match = /^\s*(.+?)(?:\s+[:：]\s*|[:：](?:\s+|$))(.*)$/.exec(line);
    const key = (match ? match[1]! : line).trim().toLowerCase();
    const value = match ? match[2]!.trim() : '';
    while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
    const path = [...open.map((section) => section.key), key];
    if (value !== '') lines.push({ path, value });
    open.push({ indent, key });
  }
  return lines;
}

/**
 * Splits an outline into devices at every line that `starts` recognises, and gives each device's own text. What comes
 * before the first (driver versions, counts) is `head`.
 */
export function splitOutline(
  text: string,
  starts: RegExp,
): { head: string; devices: { title: string; body: string }[] } {
  const head: string[] = [];
  const devices: { title: string; body: string[] }[] = [];
  for (const line of clean(text).split('\n')) {
    if (starts.test(line.trim())) devices.push({ title: line.trim(), body: [] });
    else if (devices.length > 0) devices.at(-1)!.body.push(line);
    else head.push(line);
  }
  return { head: head.join('\n'), devices: devices.map((d) => ({ title: d.title, body: d.body.join('\n') })) };
}

/**
 * Looks values up in an outline: the first line whose path ends with the keys of one of `paths`, in that order of
 * preference. Keys are separated by `/`.
 */
export function finder(lines: readonly OutlineLine[]): (...paths: string[]) => string {
  return (...paths) => {
    for (const path of paths) {
      const keys = path.toLowerCase().split('/');
      const found = lines.find((line) => {
        const tail = line.path.slice(-keys.length);
        return tail.length === keys.length && keys.every((key, i) => tail[i] === key);
      });
      if (found) return found.value;
    }
    return '';
  };
}
