import { readFileSync, statfsSync } from 'node:fs';
import type { Inventory } from '../model/inventory.ts';
import type { Finding } from '../model/measurement.ts';
import type { Text } from '../model/text.ts';
import { librariesTodo, missedIn } from './doctor/libraries.ts';
import { findParts } from './doctor/parts.ts';
import { type Reach, reachOf } from './doctor/reach.ts';
import { takeInventory } from './inventory/inventory.ts';
import type { Machine } from './inventory/machine.ts';
import { BUSY_ADVICE, isBusy, lookAtOccupation, type Occupation } from './occupation.ts';

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
  /** The processor and each card: with what it can be measured here. */
  readonly devices: readonly Reach[];
  /** Libraries that a measurement here would lack. */
  readonly libraries: readonly Finding[];
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

/**
 * Looks at the machine for everything that the targets need, and tries every compute backend. Starts no benchmark and
 * installs nothing.
 */
export async function examineMachine(node: string, machine: Machine): Promise<Examination> {
  // Before anything of ours makes the machine busy.
  const occupation = await lookAtOccupation();
  const [inventory, needs, found, trial] = await Promise.all([
    takeInventory(node, machine),
    Promise.all(PARTS.map((part) => examinePart(part, machine))),
    findParts(machine),
    machine.document('backends'),
  ]);
  const devices = reachOf(inventory, found, trial);
  const libraries = missedIn(trial);
  const [processor, ...cards] = devices;
  return {
    node,
    needs: [
      processorNeed(inventory, processor!, libraries),
      cardsNeed(cards),
      ...needs,
      descriptors(),
      space('.'),
      ...otherWork(occupation),
    ],
    devices,
    libraries,
    findings: inventory.findings,
  };
}

/** Whether some way serves the target and is not known to be shut. */
const serves = (reach: Reach, target: string): boolean =>
  reach.ways.some(({ state, targets }) => targets.includes(target) && (state === 'ready' || state === 'untried'));

function processorNeed({ cpu }: Inventory, processor: Reach, libraries: readonly Finding[]): Need {
  const open = serves(processor, 'compute.capacity');
  const todo = librariesTodo(libraries);
  return {
    id: 'processor',
    targets: ['compute.capacity', 'compute.precisions'],
    state: open ? (todo ? 'weak' : 'ready') : 'missing',
    found: `${cpu.model?.value ?? 'unknown'}, ${cpu.logicalCores?.value ?? '?'} cores, ${cpu.simd?.value.join(' ') ?? ''}`,
    ...(open
      ? todo && { todo }
      : {
          todo: {
            zh: '没有可用于处理器的计算后端，见下表。',
            en: 'no backend can measure the processor; see below',
          },
        }),
  };
}

function cardsNeed(cards: readonly Reach[]): Need {
  const shared = { id: 'accelerators', targets: ['compute.capacity', 'compute.precisions'] };
  if (cards.length === 0) {
    return {
      ...shared,
      state: 'weak',
      found: 'none; the processor is measured instead',
      todo: {
        zh: '若装有加速卡，请安装厂商驱动与工具。',
        en: 'if there are accelerators, install their driver and tools',
      },
    };
  }
  const shut = cards.filter((card) => !serves(card, 'compute.capacity'));
  if (shut.length === 0) return { ...shared, state: 'ready', found: String(cards.length) };
  return {
    ...shared,
    state: 'missing',
    found: `${cards.length}, of which ${shut.length} cannot be measured here`,
    todo: {
      zh: '部分加速卡没有可用于算力挑战的后端，见下表。',
      en: 'no backend can answer the compute challenge on some of them; see below',
    },
  };
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

/** Other work makes rates lower than the machine's and lets time limits be missed. */
function otherWork(occupation: Occupation | undefined): Need[] {
  if (!occupation) return [];
  const busy = isBusy(occupation);
  const { load, cores, busy: share } = occupation;
  return [
    {
      id: 'other work',
      targets: ['compute.capacity', 'users.concurrent', 'records.simultaneous'],
      state: busy ? 'weak' : 'ready',
      found: `${Math.round(share * 100)} % of ${cores} cores busy, load ${load.toFixed(1)}`,
      ...(busy && { todo: BUSY_ADVICE }),
    },
  ];
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
