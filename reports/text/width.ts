const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns that text takes on a terminal: East Asian wide characters take two (UAX 11), combining ones none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}|\p{Cf}/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** Text filled with spaces to a width, or cut with `…` to it. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const cut = displayWidth(text) > width ? truncate(text, width) : text;
  const fill = ' '.repeat(Math.max(0, width - displayWidth(cut)));
  return side === 'left' ? cut + fill : fill + cut;
}

/** Lines of at most `width` columns; breaks at spaces where there are some, between wide characters anywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<= )|(?=\p{Script=Han})|(?<=\p{Script=Han})(?!\p{P})/u)) {
    if (displayWidth((line + word).trimEnd()) <= width) {
      line += word;
      continue;
    }
    if (line.trim()) lines.push(line.trimEnd());
    line = word;
    while (displayWidth(line.trimEnd()) > width) {
      const head = takeColumns(line, width);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line.trim() || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}

export function truncate(text: string, width: number): string {
  return width < 1 ? '' : `${takeColumns(text, width - 1)}…`;
}

function takeColumns(text: string, width: number): string {
  let taken = '';
  let used = 0;
  for (const character of text) {
    const next = displayWidth(character);
    if (used + next > width && taken !== '') break;
    used += next;
    taken += character;
  }
  return taken;
}
