import { closeSync, fstatSync, lstatSync, opendirSync, openSync, readSync } from 'node:fs';
import type { Disk } from '../../../reports/verify/disk.ts';

/** What was asked of a disk. */
export interface Asked {
  entries: number;
  bytes: number;
}

/** Node's own file system, counting the entries of folders and the bytes of files that are read. */
export function countingDisk(): { readonly disk: Disk; readonly asked: Asked } {
  const asked: Asked = { entries: 0, bytes: 0 };
  const disk: Disk = {
    opendirSync: (path) => {
      const folder = opendirSync(path);
      const next = () => {
        const entry = folder.readSync();
        if (entry) asked.entries++;
        return entry;
      };
      return { readSync: next, closeSync: () => folder.closeSync() };
    },
    lstatSync: (path) => lstatSync(path),
    openSync,
    fstatSync: (file) => fstatSync(file),
    readSync: (file, buffer, offset, length, position) => {
      const read = readSync(file, buffer, offset, length, position);
      asked.bytes += read;
      return read;
    },
    closeSync,
  };
  return { disk, asked };
}
