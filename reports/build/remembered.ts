/** What is known under a key, found once: by `find` where it is asked for first. */
export function remember<T>(known: Map<string, T>, key: string, find: () => T): T {
  if (!known.has(key)) known.set(key, find());
  return known.get(key) as T;
}
