import { fileURLToPath } from 'node:url';
import { libraryOf } from '../../benchmarks/compute/libraries.ts';
import type { Text } from '../../model/text.ts';
import type { Machine } from '../inventory/machine.ts';
import { at, textAt } from '../inventory/output.ts';

/** Native part of the package onnxruntime-node for this kind of machine. */
export const ONNXRUNTIME_DIRECTORY = fileURLToPath(
  new URL(`../../node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`, import.meta.url),
);

const LOADER = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib/loongarch64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
];
const CUDA = [
  '/usr/local/cuda/lib64',
  '/usr/local/cuda/targets/x86_64-linux/lib',
  '/usr/local/cuda/targets/sbsa-linux/lib',
  '/opt/cuda/lib64',
  '/usr/local/nvidia/lib64',
  '/usr/lib/wsl/lib',
];

/** How a part of a backend is looked for. */
type Search =
  | { readonly in: readonly string[]; readonly file: RegExp }
  /** A module of the system's Python, or what PyTorch was built for. */
  | { readonly python: string };

interface PartEntry {
  readonly what: string;
  readonly search: Search;
  readonly todo: Text;
}

const library = (what: string, file: RegExp, directories: readonly string[], todo: Text): PartEntry => ({
  what,
  search: { in: directories, file },
  todo,
});
const stack = (what: string, ...directories: string[]): PartEntry => ({
  what: `${what} (${directories[0]})`,
  search: { in: directories, file: /./ },
  todo: {
    zh: `安装厂商软件栈 ${what}（${directories[0]}）`,
    en: `install the vendor's software ${what} (${directories[0]})`,
  },
});
const python = (what: string, module: string, todo: Text): PartEntry => ({ what, search: { python: module }, todo });
const plugin = (module: string, vendor: Text): PartEntry =>
  python(module, module, {
    zh: `为本机 python3 安装${vendor.zh}的 PyTorch 插件 ${module}`,
    en: `install ${vendor.en}'s plug-in ${module} for the python3 of this machine`,
  });
const build = (word: string, name: string): PartEntry =>
  python(`PyTorch built for ${name}`, `torch.${word}`, {
    zh: `安装支持 ${name} 的 PyTorch 版本`,
    en: `install the PyTorch that is built for ${name}`,
  });

/** How to install a backend's library, as the benchmarks' own table says. */
const installing = (backend: string): Text => {
  const found = libraryOf(backend);
  if (!found) throw new Error(`libraries.json has no ${backend}`);
  return found.install;
};

/** Everything that some backend needs, how to see whether it is there, and how to get it. */
export const PARTS = {
  cudaDriver: library('libcuda.so.1', /^libcuda\.so\.1$/, [...LOADER, ...CUDA], {
    zh: '安装 NVIDIA 驱动（容器需挂载驱动库）',
    en: "install NVIDIA's driver (a container must have its libraries mounted)",
  }),
  cublaslt: library('libcublasLt', /^libcublasLt\.so(?:\.\d+)*$/, [...LOADER, ...CUDA], {
    zh: '安装 CUDA 的 cuBLAS 库，或在节点策略文件的 libraries 中以 cublaslt 指明其路径',
    en: "install CUDA's cuBLAS library, or name its path as cublaslt under libraries in the node's policy",
  }),
  openblas: library(
    'libopenblas',
    /^libopenblasp?\.so(?:\.0)?$/,
    [...LOADER, '/opt/OpenBLAS/lib'],
    installing('openblas'),
  ),
  onednn: library(
    'libdnnl',
    /^libdnnl\.so(?:\.[23](?:\.6)?)?$/,
    [...LOADER, '/opt/intel/oneapi/dnnl/latest/lib'],
    installing('onednn'),
  ),
  onnxruntime: library('onnxruntime-node', /^libonnxruntime\./, [ONNXRUNTIME_DIRECTORY], {
    zh: '重新安装依赖：npm ci',
    en: 'install the packages again: npm ci',
  }),
  onnxruntimeCuda: library(
    "ONNX Runtime's CUDA provider",
    /^libonnxruntime_providers_cuda\.so$/,
    [ONNXRUNTIME_DIRECTORY],
    {
      zh: '联网重装依赖：删除 node_modules 后执行 ASSAY_CUDA=1 ./assay doctor（仅 x64）',
      en: 'with internet access remove node_modules and run ASSAY_CUDA=1 ./assay doctor (x64 only)',
    },
  ),
  vulkan: library('the Vulkan loader libvulkan.so.1', /^libvulkan\.so\.1$/, LOADER, {
    zh: '安装：apt-get install libvulkan1',
    en: 'install it: apt-get install libvulkan1',
  }),
  vulkanNvidia: vulkanDriver('NVIDIA', /^nvidia_icd.*\.json$/),
  vulkanAmd: vulkanDriver('AMD', /^(?:radeon|amd)_icd.*\.json$/),
  vulkanIntel: vulkanDriver('Intel', /^intel_icd.*\.json$/),
  torch: python('PyTorch', 'torch', {
    zh: '为本机 python3 安装 PyTorch',
    en: 'install PyTorch for the python3 of this machine',
  }),
  torchCuda: build('cuda', 'CUDA'),
  torchRocm: build('hip', 'ROCm'),
  torchXpu: build('xpu', 'Intel XPU'),
  torchNpu: plugin('torch_npu', { zh: '昇腾', en: 'Ascend' }),
  torchMlu: plugin('torch_mlu', { zh: '寒武纪', en: 'Cambricon' }),
  torchMusa: plugin('torch_musa', { zh: '摩尔线程', en: 'Moore Threads' }),
  rocm: stack('ROCm', '/opt/rocm'),
  dtk: stack('DTK', '/opt/dtk'),
  cann: stack('CANN', '/usr/local/Ascend/ascend-toolkit', '/usr/local/Ascend/cann'),
  neuware: stack('CNToolkit', '/usr/local/neuware'),
  musa: stack('MUSA', '/usr/local/musa'),
  maca: stack('MACA', '/opt/maca'),
  corex: stack('CoreX', '/usr/local/corex'),
  ppu: stack('PPU SDK', '/usr/local/PPU_SDK'),
} as const satisfies Record<string, PartEntry>;

export type PartName = keyof typeof PARTS;

function vulkanDriver(vendor: string, file: RegExp): PartEntry {
  const todo = { zh: `安装 ${vendor} 的 Vulkan 驱动`, en: `install ${vendor}'s Vulkan driver` };
  return library(`${vendor}'s Vulkan driver`, file, ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'], todo);
}

/** Where each part was found; a part that is not in the map is not there. */
export type Found = ReadonlyMap<PartName, string>;

/**
 * Looks for all parts at once: a listing of each directory, and one question to Python. Loads and starts nothing else.
 */
export async function findParts(machine: Machine): Promise<Found> {
  const entries = Object.entries(PARTS) as [PartName, PartEntry][];
  const names = new Set(entries.flatMap(([, { search }]) => ('in' in search ? search.in : [])));
  const [modules, ...listings] = await Promise.all([
    pythonModules(machine),
    ...[...names].map(async (name) => [name, await machine.readDirectory(name)] as const),
  ]);
  const directories = new Map(listings);
  const found = new Map<PartName, string>();
  for (const [part, { search }] of entries) {
    if ('python' in search) {
      const version = modules[search.python];
      if (version !== undefined) found.set(part, version);
      continue;
    }
    for (const directory of search.in) {
      const listing = directories.get(directory);
      const file = listing?.ok ? listing.value.find((name) => search.file.test(name)) : undefined;
      if (file === undefined) continue;
      found.set(part, `${directory}/${file}`);
      break;
    }
  }
  return found;
}

/** Versions without importing anything: a PyTorch takes seconds to load and may not load at all. */
export const MODULES_SCRIPT = `
import importlib.util, json, os, runpy
try:
    from importlib.metadata import version
except ImportError:
    version = lambda name: "?"
seen = {}
for name in ("torch", "torch_npu", "torch_mlu", "torch_musa"):
    spec = importlib.util.find_spec(name)
    if spec is None:
        continue
    try:
        seen[name] = version(name)
    except Exception:
        seen[name] = "?"
    if name == "torch" and spec.origin:
        try:
            built = runpy.run_path(os.path.join(os.path.dirname(spec.origin), "version.py"))
            seen["built"] = {key: built.get(key) for key in ("cuda", "hip", "xpu")}
        except Exception:
            pass
print(json.dumps(seen))
`;

async function pythonModules(machine: Machine): Promise<Record<string, string>> {
  const ran = await machine.run('python3', ['-c', MODULES_SCRIPT], { timeoutMs: 20_000 });
  if (ran.status !== 'exited' || ran.exit !== 0) return {};
  let document: unknown;
  try {
    document = JSON.parse(ran.stdout);
  } catch {
    return {};
  }
  const found: Record<string, string> = {};
  for (const name of ['torch', 'torch_npu', 'torch_mlu', 'torch_musa']) {
    const version = textAt(document, name);
    if (version !== undefined) found[name] = version;
  }
  for (const word of ['cuda', 'hip', 'xpu']) {
    const version = textAt(at(document, 'built'), word);
    if (version !== undefined) found[`torch.${word}`] = version;
  }
  return found;
}
