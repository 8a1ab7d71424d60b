/**
 * What others see on the recorded machines: `node test/bench/inventory/compare.ts [GPUSTACK_RUNTIME]` prints the table of
 * docs/inventory.md. Every peer gets the same recorded outputs: the tools as programs in its PATH, the bus as a
 * directory mounted over sysfs (where this process may do so) and as `lspci`. GPUSTACK_RUNTIME is the path of that
 * program (PyPI `gpustack-runtime`); without it its column is empty.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { takeInventory } from '../../../agent/inventory/inventory.ts';
import { replayMachine } from '../../../agent/inventory/machine.ts';
import type { Recording } from '../../../agent/inventory/recording.ts';
import type { Accelerator } from '../../../model/inventory.ts';

const FOLDER = new URL('../../recorded/', import.meta.url);
const PCI = '/sys/bus/pci/devices';
const CLASSES: Record<string, string> = {
  '0300': 'VGA compatible controller',
  '0302': '3D controller',
  '0380': 'Display controller',
  '0780': 'Communication controller',
  '1200': 'Processing accelerators',
  '0600': 'Host bridge',
  '0604': 'PCI bridge',
  '0200': 'Ethernet controller',
};
/** As Debian's list of PCI ids prints them; it has no device names for most accelerators. */
const NAMES: Record<string, string> = {
  '10de': 'NVIDIA Corporation',
  '1002': 'Advanced Micro Devices, Inc. [AMD/ATI]',
  '8086': 'Intel Corporation',
  '19e5': 'Huawei Technologies Co., Ltd.',
  '1d94': 'Chengdu Haiguang IC Design Co., Ltd.',
  '1ed5': 'Moore Threads Technology Co.,Ltd',
  '1d22': 'Baidu Technology',
  '1e36': 'Shanghai Enflame Technology Co. Ltd',
};

interface Seen {
  devices: number;
  facts: number;
}

const gpustack = process.argv[2];
const rows: string[] = [];
for (const file of readdirSync(FOLDER).sort()) {
  const name = file.replace(/\.json$/, '');
  const recording = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Recording;
  const folder = mkdtempSync(join(tmpdir(), 'assay-peers-'));
  try {
    lay(recording, folder);
    const { accelerators } = await takeInventory('node', replayMachine(recording));
    const counts = ['package', 'die', 'partition'].map((kind) => accelerators.filter((d) => d.kind === kind).length);
    const ours = `${counts.join(' / ')}, ${average(accelerators.filter((d) => d.kind !== 'partition').map(facts))}`;
    const nvidia = nvidiaSmi(recording);
    rows.push(
      `| ${name} | ${ours} | ${show(systeminformation(folder))} | ${nvidia ? show(nvidia) : '–'} | ${show(runtime(folder))} |`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(
  '| recorded machine | Assay: cards / dies / slices, facts each | systeminformation.graphics() | nvidia-smi | gpustack-runtime |',
);
console.log('|---|---|---|---|---|');
console.log(rows.join('\n'));

/** Programs, `lspci` and the bus of a recorded machine as files. */
function lay(recording: Recording, folder: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const byProgram = Map.groupBy(
    recording.commands.filter((command) => command.ran.status === 'exited'),
    (command) => command.program,
  );
  for (const [program, commands] of byProgram) {
    const cases = commands.map(({ args, ran }, i) => {
      writeFileSync(join(folder, `${program}.${i}`), ran.stdout);
      return `'${args.join(' ').replaceAll("'", '')}') cat '${join(folder, `${program}.${i}`)}'; exit ${ran.exit};;`;
    });
    script(join(bin, program), `case "$*" in\n${cases.join('\n')}\n*) exit 1;;\nesac`);
  }
  const lines: string[] = [];
  const listing = recording.directories[PCI];
  for (const address of listing?.ok ? listing.value : []) {
    const read = (what: string) => {
      const text = recording.files[`${PCI}/${address}/${what}`];
      return text?.ok ? text.value : undefined;
    };
    mkdirSync(join(folder, 'pci', address), { recursive: true });
    for (const what of ['vendor', 'device', 'class', 'subsystem_vendor', 'subsystem_device', 'numa_node']) {
      writeFileSync(join(folder, 'pci', address, what), read(what) ?? '');
    }
    writeFileSync(join(folder, 'pci', address, 'config'), Buffer.alloc(64));
    const id = (what: string) => (read(what) ?? '').trim().slice(2);
    const kind = CLASSES[id('class').slice(0, 4)] ?? `Class ${id('class').slice(0, 4)}`;
    lines.push(
      `${address.slice(5)} ${kind}: ${NAMES[id('vendor')] ?? ''} Device ${id('vendor')}:${id('device')} (rev 01)`,
    );
    lines.push('\tControl: I/O- Mem+ BusMaster+', '');
  }
  writeFileSync(join(folder, 'lspci.txt'), lines.join('\n'));
  script(join(bin, 'lspci'), `cat '${join(folder, 'lspci.txt')}'`);
}

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
}

function systeminformation(folder: string): Seen {
  const module = createRequire(import.meta.url).resolve('systeminformation');
  const code = `require(${JSON.stringify(module)}).graphics().then((g) => console.log(JSON.stringify(g.controllers)))`;
  const text = execFileSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    env: { PATH: `${folder}/bin:/usr/bin:/bin`, LC_ALL: 'C' },
  });
  const found = JSON.parse(text) as object[];
  const filled = found.map((one) => Object.values(one).filter((v) => v !== null && v !== '' && v !== false).length);
  return { devices: found.length, facts: average(filled) };
}

/** `nvidia-smi` itself: the GPUs it lists, and the fields of its longest answered query. */
function nvidiaSmi(recording: Recording): Seen | undefined {
  const own = recording.commands.filter((command) => command.program === 'nvidia-smi' && command.ran.exit === 0);
  if (own.length === 0) return undefined;
  const list = own.find((command) => command.args[0] === '-L')?.ran.stdout ?? '';
  const fields = own.map((command) => (command.args[0]?.startsWith('--query') ? command.args[0].split(',').length : 0));
  return { devices: (list.match(/^GPU \d+:/gm) ?? []).length, facts: Math.max(0, ...fields) };
}

function runtime(folder: string): Seen | undefined {
  if (!gpustack) return undefined;
  const command = `mount --bind '${folder}/pci' ${PCI} && exec '${gpustack}' detect --format json`;
  const ran = spawnSync('unshare', ['-m', 'sh', '-c', command], {
    encoding: 'utf8',
    env: { PATH: `${folder}/bin:${dirname(gpustack)}:/usr/bin:/bin:/usr/sbin`, LC_ALL: 'C', HOME: folder },
    timeout: 60_000,
  });
  if (ran.status !== 0) throw new Error(`${gpustack}: ${ran.stderr.slice(0, 500)}`);
  const from = ran.stdout.indexOf('[\n');
  const found = (from < 0 ? [] : JSON.parse(ran.stdout.slice(from))) as object[];
  return {
    devices: found.length,
    facts: average(found.map((one) => Object.values(one).filter((v) => v !== null).length)),
  };
}

function facts(device: Accelerator): number {
  return Object.keys(device).filter((key) => !['id', 'kind', 'parent'].includes(key)).length;
}

function average(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : Math.round(numbers.reduce((a, b) => a + b, 0) / numbers.length);
}

function show(seen: Seen | undefined): string {
  if (!seen) return '';
  return seen.devices === 0 ? '0' : `${seen.devices}, ${seen.facts}`;
}
