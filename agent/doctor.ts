import { readFileSync, statfsSync } from 'node:fs';
import type { Text } from '../model/text.ts';
import { takeInventory } from './inventory/inventory.ts';
import type { Machine } from './inventory/machine.ts';

/** One thing that a target needs on this machine, and whether it is there. */
export interface Need {
  readonly id: string;
  /** Targets that it serves. */
  readonly targets: readonly string[];
  readonly state: 'ready' | 'missing' | 'weak';
  readonly found: string;
  /** What to do; absent where nothing is to be done. */
  readonly todo?: Text;
}

export interface Examination {
  readonly node: string;
  readonly needs: readonly Need[];
  /** What the inventory has to say. */
  readonly findings: readonly { readonly code: string; readonly detail: string }[];
}

interface Part {
  readonly id: string;
  readonly targets: readonly string[];
  readonly program: string;
  readonly args: readonly string[];
  readonly todo: Text;
}

const install = (debian: string): Text => ({
  zh: `安装：apt-get install ${debian}`,
  en: `install it: apt-get install ${debian}`,
});
const python = (module: string): readonly string[] => ['-c', `import ${module} as m; print(m.__version__)`];
const framework = (id: string, module: string, zh: string): Part => ({
  id,
  targets: ['frameworks.adapted'],
  program: 'python3',
  args: python(module),
  todo: { zh, en: `install it for the python3 of this machine: ${zh.replace(/^.*：/, '')}` },
});

const PARTS: readonly Part[] = [
  { id: 'fio', targets: ['storage.speed'], program: 'fio', args: ['--version'], todo: install('fio') },
  framework('PyTorch', 'torch', '安装：apt-get install python3-torch'),
  framework('TensorFlow', 'tensorflow', '安装：pip install tensorflow-cpu'),
  framework('PaddlePaddle', 'paddle', '安装：pip install paddlepaddle'),
  framework('JAX', 'jax', '安装：pip install jax'),
  framework('MindSpore', 'mindspore', '安装：pip install mindspore'),
  { id: 'openssl', targets: ['report'], program: 'openssl', args: ['version'], todo: install('openssl') },
  { id: 'Chromium', targets: ['report'], program: 'chromium', args: ['--version'], todo: install('chromium') },
];

/** Looks at the machine for everything that the targets need. Starts no benchmark and installs nothing. */
export async function examineMachine(node: string, machine: Machine): Promise<Examination> {
  const [inventory, needs] = await Promise.all([
    takeInventory(node, machine),
    Promise.all(PARTS.map((part) => examinePart(part, machine))),
  ]);
  const cards = inventory.accelerators.filter((a) => a.kind === 'package').length;
  const cpu = inventory.cpu;
  const accelerators: Need = {
    id: 'accelerators',
    targets: ['compute.capacity', 'compute.precisions'],
    state: cards > 0 ? 'ready' : 'weak',
    found: cards > 0 ? `${cards}` : 'none; the processor is measured instead',
    ...(cards > 0
      ? {}
      : {
          todo: {
            zh: '若装有加速卡，请安装厂商驱动与工具。',
            en: 'if there are accelerators, install their driver and tools',
          },
        }),
  };
  const processor: Need = {
    id: 'processor',
    targets: ['compute.capacity'],
    state: 'ready',
    found: `${cpu.model?.value ?? 'unknown'}, ${cpu.logicalCores?.value ?? '?'} cores, ${cpu.simd?.value.join(' ') ?? ''}`,
  };
  return { node, needs: [processor, accelerators, ...needs, descriptors(), space('.')], findings: inventory.findings };
}

async function examinePart(part: Part, machine: Machine): Promise<Need> {
  const ran = await machine.run(part.program, part.args, { timeoutMs: 30_000 });
  const { id, targets, todo } = part;
  if (ran.status === 'exited' && ran.exit === 0) {
    const found = ran.stdout.trim().split('\n').at(-1) ?? '';
    return { id, targets, state: 'ready', found };
  }
  return { id, targets, state: 'missing', found: '', todo };
}

/** The users benchmark opens a connection a user and as many again on the service's side. */
const DESCRIPTORS = 2 * 1100 + 200;

function descriptors(): Need {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  const enough = limit >= DESCRIPTORS;
  return {
    id: 'open files',
    targets: ['users.concurrent', 'records.simultaneous'],
    state: enough ? 'ready' : 'weak',
    found: String(limit),
    ...(enough
      ? {}
      : { todo: { zh: `提高上限：ulimit -n ${DESCRIPTORS}`, en: `raise the limit: ulimit -n ${DESCRIPTORS}` } }),
  };
}

const SPACE = 2e9;

function space(directory: string): Need {
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const enough = free >= SPACE;
  return {
    id: 'free space here',
    targets: ['storage.capacity', 'storage.speed'],
    state: enough ? 'ready' : 'weak',
    found: `${(free / 1e9).toFixed(1)} GB`,
    ...(enough
      ? {}
      : {
          todo: {
            zh: '释放空间，或用 --out 与 --storage 指定其他磁盘。',
            en: 'free some, or name other disks with --out and --storage',
          },
        }),
  };
}

const SIGN: Record<Need['state'], string> = { ready: 'ok ', missing: 'MISSING', weak: 'WEAK' };

/** The examination for a person: one line a need, what to do under it. */
export function doctorText(examination: Examination): string {
  const lines = [`node ${examination.node}`, ''];
  for (const need of examination.needs) {
    lines.push(`${SIGN[need.state].padEnd(8)} ${need.id.padEnd(16)} ${need.found}  (${need.targets.join(', ')})`);
    if (need.todo) lines.push(`         ${need.todo.en}`, `         ${need.todo.zh}`);
  }
  if (examination.findings.length > 0) {
    lines.push('', 'inventory:');
    for (const { code, detail } of examination.findings) lines.push(`  ${code}: ${detail}`);
  }
  return `${lines.join('\n')}\n`;
}
