import { describe, expect, it } from 'vitest';
import { MODULES_SCRIPT, ONNXRUNTIME_DIRECTORY, PARTS } from '../../../agent/doctor/parts.ts';
import type { Reach, WayState } from '../../../agent/doctor/reach.ts';
import { doctorText } from '../../../agent/doctor/text.ts';
import { examineMachine } from '../../../agent/doctor.ts';
import { replayMachine } from '../../../agent/inventory/machine.ts';
import type { Recording } from '../../../agent/inventory/recording.ts';
import { recorded, recordedNames } from './inventory/recordings.ts';

interface Extra {
  /** Files by directory. */
  files?: Record<string, string[]>;
  /** What Python says of its modules. */
  modules?: Record<string, unknown>;
  /** What the trial of the backends gave. */
  trial?: unknown;
}

/** A recorded machine with software on it. */
function machineWith(name: string, { files = {}, modules, trial }: Extra): Recording {
  const recording = recorded(name);
  for (const [path, value] of Object.entries(files)) recording.directories[path] = { ok: true, value };
  if (modules) {
    recording.commands.push({
      program: 'python3',
      args: ['-c', MODULES_SCRIPT],
      ran: { status: 'exited', exit: 0, stdout: `${JSON.stringify(modules)}\n`, stderr: '' },
    });
  }
  if (trial !== undefined) recording.documents.backends = { ok: true, value: trial };
  return recording;
}

const examine = (name: string, extra: Extra = {}) => examineMachine('node-1', replayMachine(machineWith(name, extra)));
const reachOf = async (name: string, id: string, extra: Extra = {}): Promise<Reach> =>
  (await examine(name, extra)).devices.find((device) => device.id === id)!;
const states = (reach: Reach) => Object.fromEntries(reach.ways.map(({ way, state }) => [way, state]));
const wayOf = (reach: Reach, name: string): WayState => reach.ways.find(({ way }) => way === name)!;

const ready = (backend: string, ...devices: { id: string; uuid?: string; precisions?: string[] }[]) => ({
  backend,
  name: backend,
  software: [{ name: backend, version: '9.9' }],
  devices: devices.map((device) => ({ name: 'x', precisions: ['FP16'], ...device })),
});

describe('what can measure the cards of a machine', () => {
  it('says of every recorded machine with which backend, or that there is none, and what is missing', async () => {
    for (const name of recordedNames()) {
      const { devices, needs } = await examine(name);
      expect(devices[0]?.id).toBe('cpu');
      for (const device of devices) {
        expect(device.ways.length > 0 || device.remark !== undefined, `${name} ${device.id}`).toBe(true);
        for (const way of device.ways) {
          expect(way.state).toBe('missing');
          expect(way.missing.length).toBeGreaterThan(0);
          expect(way.targets.length).toBeGreaterThan(0);
        }
      }
      for (const need of needs.filter(({ state }) => state === 'missing')) expect(need.todo).toBeDefined();
    }
  });

  it('names what is missing on a machine with NVIDIA cards and nothing but their driver', async () => {
    const reach = await reachOf('nvidia-h100-4-mig', 'nvidia-0', {
      files: {
        '/usr/lib/x86_64-linux-gnu': ['libcuda.so.1', 'libc.so.6'],
        [ONNXRUNTIME_DIRECTORY]: ['libonnxruntime.so.1'],
      },
    });
    expect(reach).toMatchObject({
      name: 'NVIDIA H100 80GB HBM3',
      tools: { names: ['nvidia-smi'], found: true },
    });
    expect(reach.ways.map(({ way, state, missing }) => [way, state, ...missing.map(({ what }) => what)])).toEqual([
      ['torch', 'missing', 'PyTorch', 'PyTorch built for CUDA'],
      ['cublaslt', 'missing', 'libcublasLt'],
      ['onnxruntime (cuda)', 'missing', "ONNX Runtime's CUDA provider"],
      ['onnxruntime (webgpu)', 'missing', 'the Vulkan loader libvulkan.so.1', "NVIDIA's Vulkan driver"],
    ]);
    expect(wayOf(reach, 'cublaslt').found).toEqual(['libcuda.so.1: /usr/lib/x86_64-linux-gnu/libcuda.so.1']);
  });

  it('calls nothing ready that was not tried', async () => {
    const files = {
      '/usr/local/cuda/lib64': ['libcublasLt.so.12', 'libcublasLt.so.12.6.4'],
      '/lib64': ['libcuda.so.1'],
    };
    const modules = { torch: '2.7.0+cu126', built: { cuda: '12.6', hip: null, xpu: null } };
    const reach = await reachOf('nvidia-h100-4-mig', 'nvidia-0', { files, modules });
    expect(states(reach)).toMatchObject({ torch: 'untried', cublaslt: 'untried', 'onnxruntime (cuda)': 'missing' });
    expect(wayOf(reach, 'torch').why).toContain('not tried');
    const { needs } = await examine('nvidia-h100-4-mig', { files, modules });
    expect(needs.find(({ id }) => id === 'accelerators')).toMatchObject({ state: 'ready', found: '4' });
  });

  it('takes the word of the trial, for each card by its UUID or its place', async () => {
    const uuid = (
      await import('./inventory/recordings.ts').then(({ inventoryOf }) => inventoryOf(recorded('nvidia-h100-4-mig')))
    ).accelerators.find(({ id }) => id === 'nvidia-1')!.uuid!.value;
    const trial = {
      ready: [
        ready('torch', { id: 'cpu' }, { id: 'cuda:0', precisions: ['FP16', 'INT8'] }),
        // Seen as number 0 by a process that was given this one card only.
        ready('cublaslt', { id: 'cuda:0', uuid: uuid.replace(/^GPU-/, '') }),
      ],
      failed: [],
    };
    const { devices } = await examine('nvidia-h100-4-mig', { trial });
    const by = new Map(devices.map((device) => [device.id, device]));
    expect(wayOf(by.get('nvidia-0')!, 'torch')).toMatchObject({
      state: 'ready',
      found: ['torch 9.9'],
      precisions: ['FP16', 'INT8'],
      missing: [],
    });
    expect(wayOf(by.get('nvidia-1')!, 'torch')).toMatchObject({ state: 'missing', why: 'torch 9.9 sees cpu, cuda:0' });
    expect(wayOf(by.get('nvidia-1')!, 'cublaslt').state).toBe('ready');
    expect(wayOf(by.get('nvidia-0')!, 'cublaslt').state).not.toBe('ready');
    expect(wayOf(by.get('cpu')!, 'torch').state).toBe('ready');
  });

  it('tells a backend that fails although everything is there, with the end of what it said', async () => {
    const modules = { torch: '2.4.0', torch_mlu: '1.23', built: { cuda: null } };
    const reach = await reachOf('cambricon-590-2-json', 'cambricon-0', {
      files: { '/usr/local/neuware': ['lib64'] },
      modules,
      trial: { ready: [], failed: [{ name: 'torch (python3)', why: 'Traceback …\nImportError: libcnnl.so.1' }] },
    });
    expect(wayOf(reach, 'torch')).toMatchObject({ state: 'failed', missing: [], why: 'ImportError: libcnnl.so.1' });
  });

  it.each([
    ['ascend-910b3-8-kunpeng', 'ascend-0', { '/usr/local/Ascend/ascend-toolkit': ['latest'] }, 'torch_npu', 'npu:0'],
    ['cambricon-590-2-json', 'cambricon-0', { '/usr/local/neuware': ['lib64'] }, 'torch_mlu', 'mlu:0'],
    ['mthreads-s4000-3', 'mthreads-0', { '/usr/local/musa': ['lib'] }, 'torch_musa', 'musa:0'],
    ['amd-mi300x-2', 'amd-0', { '/opt/rocm': ['lib'] }, 'torch', 'cuda:0'],
    ['hygon-k100ai-2', 'hygon-0', { '/opt/dtk': ['lib'] }, 'torch', 'cuda:0'],
    ['metax-c500-2', 'metax-0', { '/opt/maca': ['lib'] }, 'torch', 'cuda:0'],
    ['intel-flex-2', 'intel-0', {}, 'torch', 'xpu:0'],
  ])('%s: PyTorch with the vendor’s part', async (name, id, files, plugin, device) => {
    const built = { cuda: null, hip: '6.2', xpu: '2025' };
    const modules = { torch: '2.5.1', [plugin]: '2.5.1', built };
    expect(states(await reachOf(name, id, { files, modules })).torch).toBe('untried');
    expect(states(await reachOf(name, id, { files })).torch).toBe('missing');
    const trial = { ready: [ready('torch', { id: device })], failed: [] };
    expect(states(await reachOf(name, id, { files, modules, trial })).torch).toBe('ready');
    const other = { ready: [ready('torch', { id: 'cpu' })], failed: [] };
    expect(states(await reachOf(name, id, { files, modules, trial: other })).torch).toBe('failed');
  });

  it.each([
    ['biren-106-2-svi', 'biren-0'],
    ['enflame-s60-2', 'enflame-0'],
    ['intel-gaudi2-2', 'intel-0'],
  ])('%s: a card that no backend speaks to is said to be listed only', async (name, id) => {
    const { devices, needs } = await examine(name);
    const card = devices.find((device) => device.id === id) ?? devices[1];
    expect(card).toMatchObject({ ways: [], remark: { en: expect.stringContaining('cannot be measured') } });
    expect(needs.find((need) => need.id === 'accelerators')).toMatchObject({ state: 'missing' });
  });

  it('rubbish from Python or from the trial makes nothing ready', async () => {
    for (const trial of [null, 'x', [], { ready: [{ backend: 'torch' }], failed: [] }]) {
      const { devices } = await examine('nvidia-h100-4-mig', { trial, modules: { torch: ['2'], built: 7 } });
      expect(devices.flatMap(({ ways }) => ways).every(({ state }) => state === 'missing')).toBe(true);
    }
  });
});

describe('the text of the examination', () => {
  it('is in both languages, names equal cards once, and says what to do', async () => {
    const text = doctorText(await examine('nvidia-h100-4-mig', { files: { '/lib64': ['libcuda.so.1'] } }));
    expect(text).toContain('nvidia-0 … nvidia-3 (4): NVIDIA H100');
    expect(text.match(/H100/g)).toHaveLength(1);
    expect(text).toMatch(/MISSING {2}cublaslt/);
    for (const { todo } of [PARTS.cublaslt, PARTS.torchCuda]) {
      expect(text).toContain(todo.zh);
      expect(text).toContain(todo.en);
    }
  });

  it('cannot be steered by what a tool printed', async () => {
    const examination = await examine('nvidia-h100-4-mig');
    const [cpu, ...rest] = examination.devices;
    const text = doctorText({ ...examination, devices: [{ ...cpu!, name: 'a\u001b[2Jb\nc' }, ...rest] });
    expect(text).toContain('a [2Jb c');
  });

  it('says that the vendor’s tool is not here where it is not', async () => {
    expect(doctorText(await examine('bus-only-seven-vendors'))).toContain("the vendor's tool is not here: cnmon");
  });
});

describe('every part', () => {
  it('says in both languages how to get it', () => {
    for (const { what, todo } of Object.values(PARTS)) {
      expect(what).not.toBe('');
      expect(todo.zh).toMatch(/\p{Script=Han}/u);
      expect(todo.en).not.toMatch(/\p{Script=Han}/u);
    }
  });
});

describe('libraries that a measurement would lack', () => {
  const engine = { name: 'onnxruntime', devices: ['cpu'], backend: 'onnxruntime', software: [], lacks: [] };
  const onednn = { name: 'onednn (gemm)', devices: [], backend: 'onednn', failed: 'no oneDNN found', fault: 'missing' };
  const trial = {
    ready: [ready('onnxruntime', { id: 'cpu', precisions: ['INT8', 'FP32'] })],
    failed: [{ name: 'onednn (gemm)', why: 'no oneDNN found' }],
    tried: [engine, onednn],
    arithmetic: ['avx512f', 'avx512_vnni', 'avx2'],
    cards: [],
  };

  it('make the processor weak, with the command that installs them', async () => {
    const { needs, libraries } = await examine('nvidia-h100-4-mig', { trial });
    expect(libraries).toMatchObject([{ code: 'library_missing', labels: { library: 'onednn', precision: 'INT8' } }]);
    const need = needs.find(({ id }) => id === 'processor');
    expect(need).toMatchObject({ state: 'weak', todo: PARTS.onednn.todo && expect.anything() });
    expect(need!.todo!.en).toContain('libdnnl2');
    expect(need!.todo!.zh).toContain('INT8');
  });

  it('are none where the trial is of an earlier version, or did not take place', async () => {
    const { tried: _, ...earlier } = trial;
    for (const one of [earlier, null]) {
      const { needs, libraries } = await examine('nvidia-h100-4-mig', { trial: one });
      expect(libraries).toEqual([]);
      expect(needs.find(({ id }) => id === 'processor')?.state).not.toBe('weak');
    }
  });

  it('are those that reach the cards where there are cards and none is reached', async () => {
    const { libraries } = await examine('nvidia-h100-4-mig', {
      trial: { ...trial, cards: ['nvidia'], tried: [engine, { ...onednn, name: 'cublaslt', backend: 'cublaslt' }] },
    });
    expect(libraries).toMatchObject([{ labels: { vendor: 'nvidia', library: 'cublaslt' } }]);
  });
});
