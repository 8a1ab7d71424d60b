import { type Definition, REGISTERS } from './definition.ts';
import { headerOf } from './table.ts';

/** Endings of what spreadsheets keep or export, which somebody may take for a CSV file. */
const SHEETS = /\.(?:csv|xlsx?|xlsm|xlsb|et|ett|ods|numbers|tsv|txt|dat|tab|prn)$/i;
/** What is added to a name by copying, downloading twice, dating or numbering it. */
const ADDED = /[\s_.-]*(?:\(\d+\)|副本|复件|copy|final|new|最终版?|终稿|定稿|新|v?\d+)$/iu;
const BEFORE = /^(?:副本|复件|copy of)[\s_-]*/iu;

/** Headers that lists of anything have. */
const COMMON = new Set(['名称', '编号', '项目', 'name', 'title', 'number', 'code', 'item', 'file']);

/** Which register a file has the columns of, where its name says nothing. */
export function nearColumns(file: { readonly name: string; readonly bytes: Uint8Array }): string | undefined {
  if (!/\.(?:csv|txt|tsv)$/i.test(file.name)) return undefined;
  const fitting = Object.entries(REGISTERS).filter(([, { columns }]) => {
    const needed = columns.filter((column) => !column.optional);
    return headerOf(file.bytes, needed)?.some((header) => !COMMON.has(header.toLowerCase()));
  });
  return fitting.length === 0 ? undefined : mostColumns(fitting);
}

function mostColumns(fitting: readonly (readonly [string, Definition])[]): string {
  const needed = ([, { columns }]: readonly [string, Definition]): number => columns.filter((c) => !c.optional).length;
  return fitting.reduce((best, one) => (needed(one) > needed(best) ? one : best))[0];
}

/** Which register a file's name is close to: case, endings, copies, dates, plurals and two slips of the hand. */
export function nearName(base: string): string | undefined {
  let stem = base.normalize('NFKC').replace(/^[.~$]+/, '');
  if (!SHEETS.test(stem) && stem.includes('.')) return undefined;
  while (SHEETS.test(stem)) stem = stem.replace(SHEETS, '');
  stem = stem.replace(BEFORE, '');
  for (let shorter = stem.replace(ADDED, ''); shorter !== stem; shorter = stem.replace(ADDED, '')) stem = shorter;
  const plain = stem.replace(/[\s_.()-]+/g, '').toLowerCase();
  if (plain === '') return undefined;
  for (const [name, { title }] of Object.entries(REGISTERS)) {
    if (plain === title || plain === `${title}表` || plain === `${title}登记表` || plain === `${title}清单`)
      return name;
  }
  const distances = Object.keys(REGISTERS).map((name) => [name, distance(plain, name.toLowerCase())] as const);
  const [name, slips] = distances.reduce((best, one) => (one[1] < best[1] ? one : best));
  // short names are close to many words
  const allowed = name.length <= 2 ? Number(plain === `${name}s`) : name.length <= 5 ? 1 : 2;
  return slips <= allowed ? name : undefined;
}

/** Slips between two words: letters added, left out, changed, or neighbours that changed places. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      }
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
