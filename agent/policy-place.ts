/** Line and column of a key in the text of a valid JSON document, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where the key stands that is reached by these keys from the top; the beginning of the text where there is none. */
export function placeOf(text: string, path: readonly string[]): Place {
  const wanted = JSON.stringify(path);
  /** Keys that lead to the container that is open; an array stands as null. */
  const way: (string | null)[] = [];
  let last = { key: '', at: 0 };
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{') way.push('');
    else if (token === '[') way.push(null);
    else if (token === '}' || token === ']') way.pop();
    else if (token !== ':') last = { key: JSON.parse(token) as string, at: index };
    else {
      way[way.length - 1] = last.key;
      if (path.length > 0 && JSON.stringify(way) === wanted) return placeAt(text, last.at);
    }
  }
  return { line: 1, column: 1 };
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
