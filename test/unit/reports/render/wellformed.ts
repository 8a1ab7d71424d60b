const VOID = new Set(['meta', 'br', 'col', 'wbr', 'link', 'img', 'hr', 'input']);

/** Where markup is not well formed: the first tag that does not close what is open; an empty text if all is well. */
export function balanced(markup: string): string {
  const open: string[] = [];
  const bare = markup.replace(/<!DOCTYPE[^>]*>|<\?[^>]*\?>|<style>[\s\S]*?<\/style>/g, '');
  for (const match of bare.matchAll(/<(\/?)([A-Za-z][\w:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)(\/?)>|</g)) {
    const [whole, closing, name, attributes] = match;
    if (!name) return `stray < at ${bare.slice(match.index, match.index + 60)}`;
    if (closing) {
      const last = open.pop();
      if (last !== name)
        return `</${name}> closes <${last}> at ${bare.slice(Math.max(0, match.index - 80), match.index + 20)}`;
    } else if (!attributes!.endsWith('/') && !whole.endsWith('/>') && !VOID.has(name)) open.push(name);
  }
  return open.length === 0 ? '' : `unclosed: ${open.join(' ')}`;
}
