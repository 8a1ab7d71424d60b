import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Host, layersOf } from '../../../../benchmarks/storage/layers.ts';
import { mountOf, mountOption, readMounts } from '../../../../benchmarks/storage/mounts.ts';

const MOUNTS = `22 27 0:21 / /proc rw,relatime - proc proc rw
25 27 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684100k
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 7:0 / /mnt/loop rw,relatime shared:7 master:1 - xfs /dev/loop0 rw
31 27 7:1 / /mnt/thin rw - ext4 /dev/loop1 rw
32 27 252:0 / /mnt/zram rw - ext4 /dev/zram0 rw
33 27 253:3 / /mnt/lvm rw - xfs /dev/mapper/vg-data rw
34 27 0:40 / /mnt/over rw - overlay overlay rw,lowerdir=/l,upperdir=/dev/shm/up,workdir=/dev/shm/work
35 27 0:41 / /mnt/over2 rw - overlay overlay rw,lowerdir=/l,upperdir=/data/up,workdir=/data/work
36 27 0:42 / /mnt/nfs rw - nfs4 storage:/export/a rw,vers=4.2
37 27 0:43 /sub /mnt/btrfs rw - btrfs /dev/vdb rw,subvol=/sub
38 27 0:44 / /mnt/with\\040blank rw - ramfs none rw
39 27 254:0 / /mnt/nfs/later rw - ext4 /dev/vda rw
40 27 252:0 / /mnt/lower rw - xfs /dev/mapper/zcrypt rw
`;

const FILES: Record<string, string> = {
  '/sys/dev/block/254:0/size': '536870912',
  '/sys/dev/block/254:16/size': '1000',
  '/sys/dev/block/7:0/size': '2097152',
  '/sys/dev/block/7:0/loop/backing_file': '/dev/shm/disk.img',
  '/sys/dev/block/7:1/size': '2199023255552',
  '/sys/dev/block/7:1/loop/backing_file': '/images/thin.img',
  '/sys/dev/block/252:0/size': '16777216',
  '/sys/dev/block/253:3/size': '2000',
  '/sys/dev/block/253:3/slaves/zram1/dev': '252:1',
};
const LINKS: Record<string, string> = {
  '/sys/dev/block/254:0': '/sys/devices/virtio/block/vda',
  '/sys/dev/block/254:16': '/sys/devices/virtio/block/vdb',
  '/sys/dev/block/7:0': '/sys/devices/virtual/block/loop0',
  '/sys/dev/block/7:1': '/sys/devices/virtual/block/loop1',
  '/sys/dev/block/252:0': '/sys/devices/virtual/block/zram0',
  '/sys/dev/block/252:1': '/sys/devices/virtual/block/zram1',
  '/sys/dev/block/253:3': '/sys/devices/virtual/block/dm-3',
};

const host: Host = {
  mounts: readMounts(MOUNTS),
  read: (path) => FILES[path] ?? '',
  realPath: (path) => LINKS[path] ?? (path.startsWith('/gone') ? '' : path),
  list: (path) => (path === '/sys/dev/block/253:3/slaves' ? ['zram1'] : []),
  deviceNumber: (path) => (path === '/dev/vdb' ? '254:16' : ''),
  room: (path) =>
    path === '/images/thin.img'
      ? { sizeBytes: 2 ** 50, allocatedBytes: 1_000_000, availableBytes: 77_000_000_000 }
      : { sizeBytes: 2 ** 30, allocatedBytes: 2 ** 30, availableBytes: 0 },
};

describe('the mount of a path', () => {
  it('is the longest one above it', () => {
    expect(mountOf(host.mounts, '/mnt/loop/a')?.source).toBe('/dev/loop0');
    expect(mountOf(host.mounts, '/mnt/loopback')?.mountPoint).toBe('/');
    expect(mountOf(host.mounts, '/mnt/nfs/later/x')?.fsType).toBe('ext4');
    expect(mountOf(host.mounts, '/')?.mountPoint).toBe('/');
  });

  it('reads escaped names', () => {
    expect(mountOf(host.mounts, '/mnt/with blank/x')?.fsType).toBe('ramfs');
  });

  it('options run to the end of the line, blanks in them included', () => {
    const text = readFileSync(new URL('../../../recorded/tools/mountinfo-overlay-blank.txt', import.meta.url), 'utf8');
    const [mount] = readMounts(text);
    expect(mountOption(mount!, 'upperdir')).toBe('/tmp/bg3/upper');
    expect(mountOption(mount!, 'workdir')).toBe('/tmp/bg3/work');
    expect(mountOption(mount!, 'lowerdir')).toContain('Larian Studios/current');
  });

  it('reads optional fields of any number, and never throws', () => {
    expect(host.mounts).toHaveLength(14);
    fc.assert(fc.property(fc.string(), (text) => void readMounts(text)));
  });
});

describe('what a directory lies on', () => {
  it.each([
    ['a disk', '/srv', 'no'],
    ['a file system in memory', '/dev/shm/x', 'yes'],
    ['a loop device over a file in memory', '/mnt/loop', 'yes'],
    ['a compressed device in memory', '/mnt/zram', 'yes'],
    ['a mapped device over memory', '/mnt/lvm', 'yes'],
    ['an overlay whose upper directory is in memory', '/mnt/over', 'yes'],
    ['an overlay over a disk', '/mnt/over2', 'no'],
    ['a file system of another machine', '/mnt/nfs/a', 'no'],
    ['a subvolume, whose device has no number of its own', '/mnt/btrfs', 'no'],
  ] as const)('tells %s', (_, path, volatile) => {
    expect(layersOf(path, host)?.volatile).toBe(volatile);
  });

  it('does not trust an overlay whose upper directory cannot be seen, as in a container', () => {
    const inside = (text: string): Host => ({ ...host, mounts: readMounts(text) });
    const gone = inside('1 0 0:40 / / rw - overlay overlay rw,upperdir=/gone/diff\n');
    expect(layersOf('/data', gone)?.volatile).toBe('unknown');
    const itself = inside('1 0 0:40 / / rw - overlay overlay rw,upperdir=/var/lib/x/diff\n');
    expect(layersOf('/data', itself)?.volatile).toBe('unknown');
  });

  it('knows how much can be behind a sparse file, whatever the file system on it claims', () => {
    const thin = layersOf('/mnt/thin', host);
    expect(thin?.ceilingBytes).toBe(77_001_000_000);
    expect(thin?.layers.join(' ')).toContain('/images/thin.img (sparse)');
  });

  it('finds the device of a subvolume by its source', () => {
    expect(layersOf('/mnt/btrfs', host)).toMatchObject({ device: '/dev/vdb', ceilingBytes: 512_000 });
  });

  it('ends for devices that lie on themselves', () => {
    const ring: Host = { ...host, list: () => ['loop0'], read: (path) => (path.endsWith('/dev') ? '254:0' : '') };
    expect(layersOf('/srv', ring)?.volatile).toBe('unknown');
  });
});
