import { lstatSync, opendirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AssayError } from '../../model/errors.ts';
import { isForeign } from './foreign.ts';
import { escaped, PATHS } from './layout.ts';
import { readRunning } from './running.ts';

/** What people pack folders with, by the ends of names. */
const PACKED = /\.(zip|7z|rar|tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst|iso)$/i;
/** Files that only the folder of a bundle has: one that lost its manifest is a bundle that was changed. */
const OWN: readonly string[] = [PATHS.evaluation, PATHS.log, PATHS.checkpoint, PATHS.controllerKey];
/** So many names of a folder are looked at, and so many bundles named. */
const MOST_NAMES = 1000;
const MOST_NAMED = 5;

/**
 * Says at once whether a place is a bundle at all, before anything in it is read. Rejects with `bundle_missing`,
 * `bundle_packed`, `bundle_is_file`, `run_unfinished` or `bundle_unreadable`; where a bundle lies close by, it is
 * named.
 */
export function requireBundle(place: string): void {
  const stat = statOf(place);
  if (!stat.isDirectory()) refuseFile(place, stat);
  if (isPlainFile(join(place, PATHS.manifest))) return;
  // A run that was not finished may hold anything, and its own storage under test: it is named before it is looked at.
  const running = readRunning(place);
  if (running) {
    const { pid, host, at } = running;
    throw new AssayError('run_unfinished', `${place}: process ${pid} on ${host} began it at ${at} and did not end it`);
  }
  if (exists(join(place, PATHS.manifest)) || OWN.some((path) => isPlainFile(join(place, path)))) return;
  throw new AssayError('bundle_missing', `${place}: ${nearby(place)}`);
}

function refuseFile(place: string, stat: Stats): never {
  const folder = dirname(place);
  if (stat.isFile() && PACKED.test(basename(place))) throw new AssayError('bundle_packed', place);
  const hint = isPlainFile(join(folder, PATHS.manifest)) ? `: the bundle that it is in is ${folder}` : '';
  throw new AssayError('bundle_is_file', `${place}${hint}`);
}

/** Where to look in place of a folder that is no bundle. */
function nearby(place: string): string {
  const names = namesIn(place);
  const inside = names.filter((name) => isPlainFile(join(place, name, PATHS.manifest)));
  const more = inside.length > MOST_NAMED ? ` and ${inside.length - MOST_NAMED} more` : '';
  if (inside.length > 0) {
    const named = inside.slice(0, MOST_NAMED).map((name) => join(place, shown(name)));
    return `no manifest.json in it, but in ${named.join(', ')}${more}`;
  }
  const above = [dirname(place), dirname(dirname(place))].find((folder) => isPlainFile(join(folder, PATHS.manifest)));
  if (above !== undefined) return `no manifest.json in it; it is part of the bundle ${above}`;
  const packed = names.find((name) => PACKED.test(name));
  if (packed !== undefined) return `no manifest.json in it; unpack ${shown(packed)} first`;
  return names.length === 0 ? 'it is empty' : 'no manifest.json in it';
}

/** The first names in a folder; those that operating systems add left out. */
function namesIn(place: string): string[] {
  try {
    const folder = opendirSync(place);
    try {
      const names: string[] = [];
      for (let entry = folder.readSync(); entry && names.length < MOST_NAMES; entry = folder.readSync()) {
        if (!isForeign(entry.name)) names.push(entry.name);
      }
      return names.sort();
    } finally {
      folder.closeSync();
    }
  } catch (error) {
    throw unreadable(place, error);
  }
}

/** A name from somebody else's folder, for a message. */
const shown = (name: string): string => escaped(name).slice(1, -1);

const isPlainFile = (path: string): boolean => found(path)?.isFile() ?? false;
const exists = (path: string): boolean => found(path) !== undefined;

/** What is at a path, itself and not what it may point to; undefined where nothing is, or nothing can be seen. */
function found(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function statOf(place: string): Stats {
  try {
    return statSync(place);
  } catch (error) {
    throw unreadable(place, error);
  }
}

function unreadable(place: string, error: unknown): AssayError {
  return new AssayError('bundle_unreadable', `${place}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
}
