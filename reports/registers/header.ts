import type { Column } from './column.ts';
import { type RegisterProblem, shown } from './problem.ts';
import { sameness } from './sameness.ts';
import { cellContent } from './text-cell.ts';

/** Where each column of a register stands in a row that may be its header, and what is wrong with that row as one. */
export interface HeaderMatch {
  readonly places: ReadonlyMap<string, number>;
  readonly problems: readonly RegisterProblem[];
}

/** Matches a row with columns. Headers match without case, width, punctuation, blanks and a unit in brackets. */
export function matchHeader(cells: readonly string[], row: number, columns: readonly Column[]): HeaderMatch {
  const places = new Map<string, number>();
  const problems: RegisterProblem[] = [];
  const units = new Set<string>();
  const plain = cells.map(plainHeader);
  const taken = new Set<number>();
  for (const column of columns) {
    const accepted = acceptedOf(column);
    const found = plain.flatMap((text, place) => (accepted.has(text) && !taken.has(place) ? [place] : []));
    const first = found[0];
    if (found.length > 1) {
      const detail = found
        .slice(0, 20)
        .map((place) => shown(cells[place]!))
        .join(', ');
      problems.push({ row, column: column.headers[0]!, code: 'header_twice', detail });
    } else if (first !== undefined) {
      places.set(column.key, first);
      taken.add(first);
      if (column.unit) units.add(/\(([^()]*)\)/.exec(cells[first]!.normalize('NFKC'))?.[1]?.trim() ?? '');
    } else if (!column.optional) {
      const detail = `${column.headers.join(' / ')}; ${cells.slice(0, 20).map(shown).join(', ')}`;
      problems.push({ row, column: column.headers[0]!, code: 'header_missing', detail });
    }
  }
  if (units.size > 1) problems.push({ row, column: '', code: 'header_units', detail: [...units].join(', ') });
  return { places, problems };
}

const known = new WeakMap<Column, ReadonlySet<string>>();

function acceptedOf(column: Column): ReadonlySet<string> {
  const before = known.get(column);
  if (before) return before;
  const accepted = new Set(column.headers.map(plainHeader));
  known.set(column, accepted);
  return accepted;
}

function plainHeader(text: string): string {
  if (text.length > 200) return '';
  return sameness(
    cellContent(text)
      .normalize('NFKC')
      .replace(/\([^()]*\)|\[[^[\]]*\]|【[^【】]*】/g, ''),
  );
}
