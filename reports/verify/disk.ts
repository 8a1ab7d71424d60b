import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssayError } from '../../model/errors.ts';
import type { Bundle } from './layout.ts';

/** Bounds on what is looked at: a bundle comes from somebody else. */
const LIMITS = {
  files: 500_000,
  depth: 8,
  fileBytes: 2 * 1024 ** 3,
  totalBytes: 64 * 1024 ** 3,
} as const;

/**
 * A bundle in a directory. Only plain files count: a link, a socket or a device in it, a name that could mean another
 * place, and anything over the limits are refused with `bundle_unreadable`. Nothing outside the directory is opened.
 */
export function openBundle(directory: string): Bundle {
  const paths: string[] = [];
  let total = 0;
  const walk = (relative: string, depth: number): void => {
    if (depth > LIMITS.depth) throw new AssayError('bundle_unreadable', `${relative}: nested too deep`);
    for (const name of list(join(directory, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (/[\\:\0]/.test(name))
        throw new AssayError('bundle_unreadable', `${JSON.stringify(path)}: a name that is not allowed`);
      const stat = lstatSync(join(directory, path));
      if (stat.isDirectory()) {
        walk(path, depth + 1);
        continue;
      }
      if (!stat.isFile()) throw new AssayError('bundle_unreadable', `${path}: not a plain file`);
      if (stat.size > LIMITS.fileBytes)
        throw new AssayError('bundle_unreadable', `${path}: ${stat.size} bytes are too many`);
      total += stat.size;
      paths.push(path);
      if (paths.length > LIMITS.files) throw new AssayError('bundle_unreadable', `more than ${LIMITS.files} files`);
      if (total > LIMITS.totalBytes) throw new AssayError('bundle_unreadable', `more than ${LIMITS.totalBytes} bytes`);
    }
  };
  walk('', 0);
  paths.sort();
  const known = new Set(paths);
  return { paths, read: (path) => (known.has(path) ? readFileSync(join(directory, path)) : undefined) };
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw new AssayError('bundle_unreadable', `${directory}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
