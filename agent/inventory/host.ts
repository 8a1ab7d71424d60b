import type { Inventory, NumberFact, TextFact, Unread } from '../../model/inventory.ts';
import type { Machine, Read } from './machine.ts';
import { at, listAt, textAt } from './output.ts';
import { isIdentity, isName } from './value.ts';

/** The parts of an inventory that `systeminformation` and the kernel's own files answer. */
export interface HostPart {
  readonly host: Inventory['host'];
  readonly memory: Inventory['memory'];
  readonly disks: Inventory['disks'];
  readonly mounts: Inventory['mounts'];
  readonly links: Inventory['links'];
  readonly findings: Inventory['findings'];
  readonly unread: Unread[];
}

const SI = 'systeminformation';
/** Host facts. Each one names its source; what could not be read is listed with the reason. */
export async function readHost(machine: Machine): Promise<HostPart & { document: Read<unknown> }> {
  const unread: Unread[] = [];
  const findings: Inventory['findings'] = [];
  const document = await machine.document('host');
  const facts = document.ok ? document.value : {};
  if (!document.ok) unread.push({ what: 'host facts', source: SI, why: document.why });
  const failures = at(facts, 'failures');
  if (typeof failures === 'object' && failures !== null) {
    for (const [what, why] of Object.entries(failures)) {
      unread.push({ what, source: `${SI}.${what}()`, why: String(why) });
    }
  }

  const dmi = async (name: string) => await line(machine, `/sys/class/dmi/id/${name}`);
  const [machineId, bootId, boardSerial, vendor, product, cgroup, dockerEnv, containerEnv] = await Promise.all([
    line(machine, '/etc/machine-id'),
    line(machine, '/proc/sys/kernel/random/boot_id'),
    dmi('board_serial'),
    dmi('sys_vendor'),
    dmi('product_name'),
    machine.readFile('/proc/1/cgroup'),
    machine.readFile('/.dockerenv'),
    machine.readFile('/run/.containerenv'),
  ]);
  const host: Inventory['host'] = {};
  put(host, 'hostname', siText(facts, 'osInfo', 'hostname'));
  put(host, 'machineId', machineId);
  put(host, 'bootId', bootId);
  put(host, 'manufacturer', vendor ?? siText(facts, 'system', 'manufacturer'));
  put(host, 'product', product ?? siText(facts, 'system', 'model'));
  put(host, 'boardSerial', boardSerial ?? siText(facts, 'baseboard', 'serial'));
  const name = ['distro', 'release'].flatMap((key) => siText(facts, 'osInfo', key)?.value ?? []);
  if (name.length > 0) host.os = { value: name.join(' '), source: `${SI}.osInfo()` };
  put(host, 'kernel', siText(facts, 'osInfo', 'kernel'));
  if (at(facts, 'system', 'virtual') === true) {
    const hypervisor = siText(facts, 'system', 'virtualHost')?.value ?? 'unknown hypervisor';
    host.virtualization = { value: hypervisor, source: `${SI}.system()` };
  }
  const container = containerKind(cgroup, dockerEnv, containerEnv);
  if (container) host.container = container;
  for (const [key, what] of [
    ['machineId', 'machine id'],
    ['bootId', 'boot id'],
    ['boardSerial', 'board serial number'],
    ['manufacturer', 'manufacturer'],
    ['product', 'product name'],
  ] as const) {
    if (!host[key])
      unread.push({
        what,
        source: key.endsWith('Id') ? 'kernel and /etc' : 'DMI',
        why: 'not readable or not filled in',
      });
  }
  const memory = await readMemory(machine, facts, findings);
  const disks = readDisks(facts);
  const mounts = readMounts(facts);
  const links = readLinks(facts);
  if (document.ok) {
    // An empty answer is none: machines have all of these, and what a container does not show is not read either.
    for (const [what, call, read] of [
      ['memory', 'mem', memory.totalBytes !== undefined],
      ['disks', 'diskLayout', disks.length > 0],
      ['mounts', 'fsSize', mounts.length > 0],
      ['network links', 'networkInterfaces', links.length > 0],
    ] as const) {
      const told = unread.some((item) => item.what === call);
      if (!read && !told) unread.push({ what, source: `${SI}.${call}()`, why: 'the answer has none' });
    }
  }
  return {
    host,
    memory,
    disks,
    mounts,
    links,
    findings,
    unread,
    document,
  };
}

async function readMemory(
  machine: Machine,
  facts: unknown,
  findings: Inventory['findings'],
): Promise<Inventory['memory']> {
  const memory: Inventory['memory'] = {};
  put(memory, 'totalBytes', siNumber(facts, 'mem', 'total'));
  put(memory, 'availableBytes', siNumber(facts, 'mem', 'available'));
  const type = listAt(facts, 'memLayout')
    .map((bank) => textAt(bank, 'type') ?? '')
    .find(isName);
  if (type) memory.type = { value: type, source: `${SI}.memLayout()` };
  for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    const limit = await line(machine, path);
    const bytes = Number(limit?.value);
    if (limit && bytes > 0 && memory.totalBytes && bytes < memory.totalBytes.value) {
      findings.push({
        code: 'memory_limited',
        detail: `${path}: ${bytes} of ${memory.totalBytes.value} bytes may be used`,
      });
      break;
    }
  }
  return memory;
}

function readDisks(facts: unknown): Inventory['disks'] {
  const layout = listAt(facts, 'diskLayout');
  const blocks = listAt(facts, 'blockDevices').filter(
    (block) => textAt(block, 'type') === 'disk' && Number(textAt(block, 'size')) > 0,
  );
  const names = new Set([...layout, ...blocks].map((disk) => (textAt(disk, 'device') ?? '').replace(/^\/dev\//, '')));
  names.delete('');
  return [...names].map((name) => {
    const same = (disk: unknown) => textAt(disk, 'device')?.replace(/^\/dev\//, '') === name;
    const entry = layout.find(same);
    const block = blocks.find(same);
    const disk: Inventory['disks'][number] = { name };
    put(disk, 'model', text(`${SI}.diskLayout()`, entry, 'name') ?? text(`${SI}.blockDevices()`, block, 'model'));
    put(disk, 'vendor', text(`${SI}.diskLayout()`, entry, 'vendor'));
    put(
      disk,
      'serial',
      text(`${SI}.diskLayout()`, entry, 'serialNum') ?? text(`${SI}.blockDevices()`, block, 'serial'),
    );
    put(disk, 'bytes', number(`${SI}.diskLayout()`, entry, 'size') ?? number(`${SI}.blockDevices()`, block, 'size'));
    put(disk, 'type', text(`${SI}.diskLayout()`, entry, 'type') ?? text(`${SI}.blockDevices()`, block, 'physical'));
    return disk;
  });
}

function readMounts(facts: unknown): Inventory['mounts'] {
  return listAt(facts, 'fsSize').flatMap((mount) => {
    const path = textAt(mount, 'mount');
    const device = textAt(mount, 'fs');
    const fsType = textAt(mount, 'type');
    // The first entry may be the heading of df in the system's language, which has no path.
    if (!path?.match(/^(?:\/|[A-Z]:)/i) || !device || !fsType) return [];
    const made: Inventory['mounts'][number] = { path, device, fsType };
    put(made, 'totalBytes', number(`${SI}.fsSize()`, mount, 'size'));
    put(made, 'availableBytes', number(`${SI}.fsSize()`, mount, 'available'));
    return [made];
  });
}

function readLinks(facts: unknown): Inventory['links'] {
  return listAt(facts, 'networkInterfaces').flatMap((link) => {
    const name = textAt(link, 'iface');
    if (!name || at(link, 'internal') === true) return [];
    const made: Inventory['links'][number] = { name };
    const speed = number(`${SI}.networkInterfaces()`, link, 'speed');
    if (speed && speed.value > 0) made.speedMbps = speed;
    put(made, 'mac', text(`${SI}.networkInterfaces()`, link, 'mac'));
    const state = textAt(link, 'operstate');
    if (state === 'up' || state === 'down') made.up = { value: state === 'up', source: `${SI}.networkInterfaces()` };
    return [made];
  });
}

function containerKind(cgroup: Read<string>, docker: Read<string>, podman: Read<string>): TextFact | undefined {
  if (docker.ok) return { value: 'docker', source: '/.dockerenv' };
  if (podman.ok) return { value: 'podman', source: '/run/.containerenv' };
  const match = cgroup.ok ? /kubepods|docker|containerd|libpod|lxc|garden/.exec(cgroup.value) : null;
  return match ? { value: match[0] === 'kubepods' ? 'kubernetes' : match[0], source: '/proc/1/cgroup' } : undefined;
}

async function line(machine: Machine, path: string): Promise<TextFact | undefined> {
  const file = await machine.readFile(path);
  if (!file.ok) return undefined;
  const value = file.value.split('\n')[0]!.trim();
  return isIdentity(value) ? { value, source: path } : undefined;
}

const siText = (facts: unknown, call: string, key: string) => text(`${SI}.${call}()`, at(facts, call), key);
const siNumber = (facts: unknown, call: string, key: string) => number(`${SI}.${call}()`, at(facts, call), key);

/** Keys whose values are names, not what tells one thing from all others. */
const NAMES: ReadonlySet<string> = new Set(['name', 'model', 'vendor', 'manufacturer', 'type', 'physical']);

function text(source: string, value: unknown, key: string): TextFact | undefined {
  const found = textAt(value, key);
  const fits = NAMES.has(key) ? isName : isIdentity;
  return found !== undefined && fits(found) ? { value: found, source } : undefined;
}

function number(source: string, value: unknown, key: string): NumberFact | undefined {
  const found = at(value, key);
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? { value: found, source } : undefined;
}

function put<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value;
}
