/** A file with code in the address space of a process, as the kernel tells it. */
export interface Mapped {
  readonly path: string;
  /** The file has no name any more. */
  readonly deleted: boolean;
  /** It never had one: made by memfd_create(2) or shared memory without a name. */
  readonly memory: boolean;
}

/**
 * Files that a process has mapped to be executed, each once, from the text of its /proc/<pid>/maps (proc_pid_maps(5)).
 */
export function mappedCode(text: string): Mapped[] {
  const found = new Map<string, Mapped>();
  for (const line of text.split('\n')) {
    const fields = /^[0-9a-f]+-[0-9a-f]+ ..(.). [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ +(\/.*)$/.exec(line);
    if (fields?.[1] !== 'x') continue;
    // The kernel writes a line feed in a name as \012.
    const name = fields[2]!.replaceAll('\\012', '\n');
    const deleted = name.endsWith(' (deleted)');
    const path = deleted ? name.slice(0, -' (deleted)'.length) : name;
    const memory = deleted && /^\/(memfd:|dev\/zero$|SYSV)/.test(path);
    found.set(name, { path, deleted, memory });
  }
  return [...found.values()];
}
