/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: number;
  readonly device: string;
  readonly root: string;
  readonly mountPoint: string;
  readonly options: string;
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: string;
}

/** File systems that live in memory: what they hold is gone with the power. */
const MEMORY_TYPES = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'rootfs', 'hugetlbfs']);

/** File systems whose data lie on other machines or with another process; many nodes may mount one. */
const REMOTE = /^(nfs4?|cifs|smb3|lustre|ceph|beegfs.*|gpfs|glusterfs|9p|virtiofs|ocfs2|gfs2|fuse(\..*)?|fuseblk)$/;

/** Mounts in the order of the file; lines that don't fit the format are left out. */
export function readMounts(text: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    if (dash < 0 || fields.length < dash + 3) continue;
    const id = Number(fields[0]);
    if (!Number.isInteger(id) || !/^\d+:\d+$/.test(fields[2] ?? '')) continue;
    mounts.push({
      id,
      device: fields[2]!,
      root: decoded(fields[3]!),
      mountPoint: decoded(fields[4]!),
      options: fields[5]!,
      fsType: fields[dash + 1]!,
      source: decoded(fields[dash + 2]!),
      // The options run to the end of the line: not every file system writes a blank in them as \040.
      superOptions: decoded(fields.slice(dash + 3).join(' ')),
    });
  }
  return mounts;
}

/** The mount that a path without links lies on: the longest mount point above it, and the latest of equal ones. */
export function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const point = mount.mountPoint === '/' ? '/' : `${mount.mountPoint}/`;
    if (!`${path}/`.startsWith(point)) continue;
    if (!best || mount.mountPoint.length >= best.mountPoint.length) best = mount;
  }
  return best;
}

export function livesInMemory(mount: Mount): boolean {
  return MEMORY_TYPES.has(mount.fsType);
}

export function isRemote(mount: Mount): boolean {
  return REMOTE.test(mount.fsType);
}

/** Value of `key=value` among a mount's own options, for example the `upperdir` of an overlay. */
export function mountOption(mount: Mount, key: string): string | undefined {
  for (const option of mount.superOptions.split(',')) {
    if (option.startsWith(`${key}=`)) return option.slice(key.length + 1);
  }
  return undefined;
}

/** Blanks, tabs, newlines and backslashes stand as three octal digits. */
function decoded(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
