import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, readlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { isAcceleratorFile } from './accelerator-files.ts';
import type { Child } from './conversation.ts';
import { readElf } from './elf.ts';
import { isEngineFile, SYMBOLS } from './engines.ts';
import { publishedBuilds } from './published/builds.ts';
import type { LoadedObject, Outside } from './samples.ts';

/** Most objects that are read whole, and most names that are kept. */
const [MOST_OBJECTS, MOST_NAMES] = [16, 4096];
/** Most bytes of an object that is read: the largest engine has 1.1 billion. */
const MOST_BYTES = 8 * 2 ** 30;

const PUBLISHED_SIZES: ReadonlySet<number> = new Set(publishedBuilds().map((build) => build.bytes));

/**
 * What the processes that hold a channel have loaded, read by the agent out of /proc while they wait for the next
 * request: nothing of it is their own word. Undefined where no such process can be seen: it runs in a container, for
 * another user, or has ended.
 *
 * Only what is mapped as code counts as loaded. Files whose names or sizes are those of an engine are read whole.
 */
export async function lookFromOutside({ held, ended }: Child): Promise<Outside | undefined> {
  if (!held.startsWith('socket:')) return undefined;
  const names = new Set<string>();
  const devices = new Set<string>();
  const objects = new Map<string, LoadedObject>();
  let seen = false;
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const opened = await openFiles(pid);
    if (!opened.includes(held)) continue;
    const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
    if (maps === '') continue;
    seen = true;
    for (const path of opened) if (isAcceleratorFile(path)) devices.add(path);
    for (const { path, inode } of mappedCode(maps)) {
      if (isAcceleratorFile(path)) devices.add(path);
      const name = basename(path);
      if (!/\.so|\.node$/.test(name) && !isEngineFile(name)) continue;
      names.add(name.slice(0, 200));
      if (objects.has(path) || objects.size === MOST_OBJECTS) continue;
      const object = await readObject(`/proc/${pid}/root`, path, inode, ended);
      if (object) objects.set(path, object);
    }
  }
  if (!seen) return undefined;
  return {
    libraries: [...names].sort().slice(0, MOST_NAMES),
    objects: [...objects.values()],
    devices: [...devices].sort().slice(0, 64),
  };
}

async function openFiles(pid: string): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
}

/** Files mapped as code, out of /proc/<pid>/maps (proc_pid_maps(5)): range, rights, offset, device, inode, path. */
function mappedCode(maps: string): { path: string; inode: number }[] {
  const found = new Map<string, number>();
  for (const line of maps.split('\n')) {
    const [, rights = '', inode = '', path = ''] = /^\S+ (\S+) \S+ \S+ (\d+)\s+(\/.*)$/.exec(line) ?? [];
    if ((rights[2] === 'x' || path.startsWith('/dev/')) && !path.endsWith(' (deleted)')) found.set(path, Number(inode));
  }
  return Array.from(found, ([path, inode]) => ({ path, inode }));
}

/** One object that may be an engine; undefined for others, and where another file is under that name by now. */
async function readObject(
  root: string,
  path: string,
  inode: number,
  ended: AbortSignal,
): Promise<LoadedObject | undefined> {
  const file = await open(root + path, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const { ino, size } = await file.stat();
    // The device is not compared: overlay and btrfs give another number to the one who opens a file.
    if (ino !== inode || size > MOST_BYTES || !(isEngineFile(basename(path)) || PUBLISHED_SIZES.has(size)))
      return undefined;
    const sha256 = await digestOf(file, ended);
    const { buildId, symbols } = await readElf(file, SYMBOLS);
    const record = await recordOf(root, path, sha256);
    return { path: path.slice(0, 1000), bytes: size, sha256, buildId, symbols, record };
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

async function digestOf(file: FileHandle, ended: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })) {
    ended.throwIfAborted();
    hash.update(bytes);
  }
  return hash.digest('hex');
}

/**
 * What the RECORD of the installed package says of a file (PEP 376): the same digest, another, or nothing. Whoever owns
 * the folder may write it anew, so it informs only.
 */
async function recordOf(root: string, path: string, sha256: string): Promise<LoadedObject['record']> {
  let folder = dirname(path);
  while (!/^(site|dist)-packages$/.test(basename(folder))) {
    if (folder === '/') return 'absent';
    folder = dirname(folder);
  }
  const name = relative(folder, path);
  for (const entry of await readdir(root + folder).catch(() => [])) {
    if (!entry.endsWith('.dist-info')) continue;
    const text = await readFile(join(root + folder, entry, 'RECORD'), 'utf8').catch(() => '');
    const line = text.split('\n').find((one) => one.startsWith(`${name},sha256=`));
    if (!line) continue;
    const said = line.slice(name.length + ',sha256='.length).split(',')[0]!;
    return said === Buffer.from(sha256, 'hex').toString('base64url') ? 'same' : 'differs';
  }
  return 'absent';
}
