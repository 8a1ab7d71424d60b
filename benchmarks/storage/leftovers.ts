import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rmdir, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { check } from '../../model/schema.ts';

const FOLDER = /^assay-storage-[0-9a-f]{16}$/;
const MANIFEST = 'clean-up.json';
/** Every file that a run may leave in its folder. Nothing else is ever removed. */
const OURS = /^(part-\d{5,}\.bin|fio-\d+\.bin|probe\.bin|clean-up\.json)$/;

/** Who made a folder, so that a later start can tell a running test from a dead one. */
export const CleanUpManifest = Type.Object(
  {
    schema: Type.Literal('assay/storage-clean-up/v1'),
    host: Type.String(),
    boot: Type.String(),
    pid: Type.Integer({ minimum: 1 }),
    /** Start time of the process in clock ticks after boot: process ids come again. */
    started: Type.String(),
  },
  { additionalProperties: false },
);
export type CleanUpManifest = Static<typeof CleanUpManifest>;

/** A folder of this run's own inside the directory under test. `id`: 16 hex digits. */
export async function makeFolder(directory: string, id: string): Promise<string> {
  const folder = join(directory, `assay-storage-${id}`);
  await mkdir(folder, { mode: 0o700 });
  const manifest: CleanUpManifest = { schema: 'assay/storage-clean-up/v1', ...thisProcess() };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest)}\n`, { mode: 0o600 });
  const handle = await open(folder, 'r');
  // The manifest must outlive a crash of the machine; some file systems can't sync folders.
  await handle.sync().catch(() => {});
  await handle.close();
  return folder;
}

/** Removes a folder of ours with the files that a run makes. A folder with anything else in it stays. */
export async function removeFolder(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const data = names.filter((name) => OURS.test(name) && name !== MANIFEST);
  for (const name of data) await unlink(join(folder, name)).catch(() => {});
  // Last, so that a clean-up that is cut short can be taken up again.
  await unlink(join(folder, MANIFEST)).catch(() => {});
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}

/** Removes what dead runs of this host left in a directory; gives the folders that were removed. */
export async function removeLeftovers(directory: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of (await readdir(directory)).filter((entry) => FOLDER.test(entry))) {
    const folder = join(directory, name);
    const manifest = await readManifest(folder);
    if (manifest && isDead(manifest) && (await removeFolder(folder))) removed.push(name);
  }
  return removed;
}

async function readManifest(folder: string): Promise<CleanUpManifest | undefined> {
  try {
    const read = check(CleanUpManifest, JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')));
    return read.ok ? read.value : undefined;
  } catch {
    return undefined;
  }
}

/** Only this host's own: another node's process on a shared file system can't be seen from here. */
function isDead(manifest: CleanUpManifest): boolean {
  const now = thisProcess();
  if (manifest.host !== now.host) return false;
  if (manifest.boot !== now.boot) return true;
  return startOf(manifest.pid) !== manifest.started;
}

function thisProcess(): Omit<CleanUpManifest, 'schema'> {
  return {
    host: hostname(),
    boot: readText('/proc/sys/kernel/random/boot_id'),
    pid: process.pid,
    started: startOf(process.pid),
  };
}

/** Field 22 of /proc/PID/stat, counted behind the name, which may hold blanks and brackets. Empty if there is no such process. */
function startOf(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
