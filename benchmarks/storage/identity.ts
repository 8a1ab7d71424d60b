import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Books, readBooks, STAT_FORMAT } from './books.ts';
import { type Host, layersOf } from './layers.ts';
import { readMounts } from './mounts.ts';
import type { Volume } from './samples.ts';

/** What the directory under test lies on, read from this machine without writing. Undefined where it has no mount. */
export function identify(directory: string, fsid: string, host = thisHost()): Volume | undefined {
  const layers = layersOf(directory, host);
  if (!layers) return undefined;
  const { device, ...rest } = layers;
  const uuid = host
    .list('/dev/disk/by-uuid')
    .find((name) => device !== '' && basename(host.realPath(`/dev/disk/by-uuid/${name}`)) === basename(device));
  const identity = layers.remote
    ? `${layers.fsType}:${layers.source}`
    : `${layers.fsType}:${uuid ? `uuid:${uuid}` : fsid ? `fsid:${fsid}` : layers.source}`;
  return { directory, identity, ...rest };
}

/** The file system's own numbers, now. `stat -f` knows the fundamental block size, which Node's statfs does not. */
export async function readFileSystem(directory: string): Promise<Books> {
  const text = await new Promise<string>((resolve) => {
    const options = { env: { PATH: process.env.PATH, LC_ALL: 'C' }, timeout: 20_000 };
    execFile('stat', ['-f', '-c', STAT_FORMAT, '--', directory], options, (error, stdout) =>
      resolve(error ? '' : stdout),
    );
  });
  const books = readBooks(text);
  if (books) return books;
  const plain = statfsSync(directory);
  return {
    blockBytes: plain.bsize,
    totalBytes: plain.blocks * plain.bsize,
    freeBytes: plain.bfree * plain.bsize,
    availableBytes: Math.min(plain.bavail, plain.bfree) * plain.bsize,
    fsid: '',
    source: 'statfs',
  };
}

function thisHost(): Host {
  const quiet = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch {
      return otherwise;
    }
  };
  return {
    mounts: readMounts(quiet(() => readFileSync('/proc/self/mountinfo', 'utf8'), '')),
    read: (path) => quiet(() => readFileSync(path, 'utf8').trim(), ''),
    realPath: (path) => quiet(() => realpathSync(path), ''),
    list: (path) => quiet(() => readdirSync(path), []),
    deviceNumber: (path) =>
      quiet(() => {
        const stat = statSync(path);
        return stat.isBlockDevice() ? deviceText(stat.rdev) : '';
      }, ''),
    room: (path) =>
      quiet(() => {
        const stat = statSync(path);
        const plain = statfsSync(path);
        return {
          sizeBytes: stat.size,
          allocatedBytes: stat.blocks * 512,
          availableBytes: plain.bavail * plain.bsize,
        };
      }, undefined),
  };
}

/** `major:minor` of a Linux dev_t in the form that glibc gives (gnu_dev_major, gnu_dev_minor). */
function deviceText(device: number): string {
  const number = BigInt(device);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
