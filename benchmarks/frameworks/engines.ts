import { operationsRight } from './operations.ts';
import { publishedBuild, TAKEN } from './published/builds.ts';
import type { Outside } from './samples.ts';

/** A framework we know: how it is found, probed and counted. */
export interface Framework {
  readonly id: string;
  readonly title: string;
  /** Python module that is looked for; empty for what is not Python. */
  readonly module: string;
  /** Names it is packaged under, to read its version. */
  readonly packages: readonly string[];
  /** File under probes/; absent where we can only tell that it is there. */
  readonly probe?: string;
  /** Command that installs it. */
  readonly install: string;
}

/** In the order in which they are tried. */
export const FRAMEWORKS: readonly Framework[] = [
  {
    id: 'onnxruntime',
    title: 'ONNX Runtime',
    module: '',
    packages: [],
    probe: 'probe-onnxruntime.ts',
    install: 'npm ci',
  },
  {
    id: 'pytorch',
    title: 'PyTorch',
    module: 'torch',
    packages: ['torch'],
    probe: 'probe_pytorch.py',
    install: 'apt-get install python3-torch (or: pip install torch)',
  },
  {
    id: 'tensorflow',
    title: 'TensorFlow',
    module: 'tensorflow',
    packages: ['tensorflow', 'tensorflow-cpu', 'tensorflow_cpu', 'tensorflow-gpu', 'tf-nightly'],
    probe: 'probe_tensorflow.py',
    install: 'pip install tensorflow',
  },
  {
    id: 'paddlepaddle',
    title: 'PaddlePaddle',
    module: 'paddle',
    packages: ['paddlepaddle', 'paddlepaddle-gpu'],
    probe: 'probe_paddlepaddle.py',
    install: 'pip install paddlepaddle',
  },
  { id: 'jax', title: 'JAX', module: 'jax', packages: ['jax'], probe: 'probe_jax.py', install: 'pip install jax' },
  {
    id: 'mindspore',
    title: 'MindSpore',
    module: 'mindspore',
    packages: ['mindspore', 'mindspore-ascend', 'mindspore-gpu'],
    probe: 'probe_mindspore.py',
    install: 'pip install mindspore',
  },
  {
    id: 'keras',
    title: 'Keras',
    module: 'keras',
    packages: ['keras'],
    probe: 'probe_keras.py',
    install: 'pip install keras',
  },
  { id: 'mxnet', title: 'MXNet', module: 'mxnet', packages: ['mxnet'], install: 'pip install mxnet' },
  { id: 'oneflow', title: 'OneFlow', module: 'oneflow', packages: ['oneflow'], install: 'pip install oneflow' },
  {
    id: 'megengine',
    title: 'MegEngine',
    module: 'megengine',
    packages: ['megengine'],
    install: 'pip install megengine',
  },
  { id: 'jittor', title: 'Jittor', module: 'jittor', packages: ['jittor'], install: 'pip install jittor' },
  { id: 'openvino', title: 'OpenVINO', module: 'openvino', packages: ['openvino'], install: 'pip install openvino' },
  { id: 'tensorrt', title: 'TensorRT', module: 'tensorrt', packages: ['tensorrt'], install: 'pip install tensorrt' },
];

export function frameworkOf(id: string): Framework | undefined {
  return FRAMEWORKS.find((framework) => framework.id === id);
}

/** How an engine is known by the file that it is. */
interface Engine {
  /** Names that the file has. A name alone shows nothing: it says which files are read. */
  readonly file: RegExp;
  /** Functions that every build of it defines for others; none where builds have none in common that are its own. */
  readonly symbols: readonly string[];
  /** Fewer bytes than any build of it has. */
  readonly leastBytes: number;
}

/** Symbols were read out of real builds: PyTorch 1.13 and 2.12, TensorFlow 2.21, PaddlePaddle 3.3, JAX 0.10. */
const ENGINES: Readonly<Record<string, Engine>> = {
  torch: {
    file: /^libtorch_cpu\.so/,
    symbols: [
      '_ZN2at16CPUGeneratorImpl6randomEv',
      '_ZN2at16CPUGeneratorImpl8random64Ev',
      '_ZN2at6detail18createCPUGeneratorEm',
      '_ZN2at6detail22getDefaultCPUGeneratorEv',
      '_ZN5torch8autograd6Engine18get_default_engineEv',
    ],
    leastBytes: 60_000_000,
  },
  tensorflow: {
    file: /^libtensorflow_cc\.so/,
    symbols: ['TFE_Execute', 'TFE_NewContext', 'TF_LoadLibrary', 'TF_NewGraph', 'TF_NewSession'],
    leastBytes: 150_000_000,
  },
  paddle: {
    file: /^libpaddle\.so/,
    symbols: ['PyInit_libpaddle', '_ZN3egr10Controller8InstanceEv', '_ZN6paddle9framework8Executor5CloseEv'],
    leastBytes: 80_000_000,
  },
  jax: {
    file: /^(libjax_common|xla_extension)\.so/,
    symbols: ['Wrapped_PyInit__jax', 'Wrapped_PyInit__mlir', 'Wrapped_PyInit__ifrt_proxy'],
    leastBytes: 80_000_000,
  },
  mindspore: { file: /^libmindspore_core\.so/, symbols: [], leastBytes: 5_000_000 },
  onnxruntime: { file: /^libonnxruntime\.so/, symbols: [], leastBytes: 10_000_000 },
};

/** The engine that does the work of each framework, unless a probe names its back end. */
const OWN_ENGINE: Readonly<Record<string, string>> = {
  pytorch: 'torch',
  tensorflow: 'tensorflow',
  paddlepaddle: 'paddle',
  jax: 'jax',
  mindspore: 'mindspore',
  onnxruntime: 'onnxruntime',
};

/** All symbols by which an engine may be known. */
export const SYMBOLS: readonly string[] = Object.values(ENGINES).flatMap((engine) => engine.symbols);

/** Whether a file has a name that the file of an engine has. */
export function isEngineFile(name: string): boolean {
  return Object.values(ENGINES).some((engine) => engine.file.test(name));
}

/** The engine that a framework computes with: its own, or the one that a front end names; empty if it names none. */
export function engineOf(framework: string, backend: string): string {
  return OWN_ENGINE[framework] ?? backend;
}

/** What shows that an engine did the work. `build` is undefined where nothing does, and `problem` says why. */
export interface EngineEvidence {
  readonly engine: string;
  readonly build: 'known' | 'unknown' | undefined;
  /** Which build it is, or what is wrong; for people. */
  readonly detail: string;
}

/**
 * Looks for the engine of a framework among the files that its process really had loaded. A file counts by its content:
 * either it is a published one (SHA-256 and size), or, as an unknown build, it is as large as the engine and defines
 * the engine's functions, and then the engine's own operations must be right. Operations that are wrong count against a
 * published file, too: it may lie there unused.
 */
export function engineEvidence(run: {
  readonly framework: string;
  readonly backend: string;
  readonly held: string;
  readonly outside?: Outside | undefined;
  readonly operations: readonly number[];
}): EngineEvidence {
  const engine = engineOf(run.framework, run.backend);
  const no = (detail: string) => ({ engine: engine || run.framework, build: undefined, detail });
  if (engine === '') return no('it does not say which engine it computes with');
  const known = Object.hasOwn(ENGINES, engine) ? ENGINES[engine]! : undefined;
  if (!known) return no(`${engine} is no engine that is known`);
  if (run.held === '') return no('it never came to inference');
  if (!run.outside) return no('its process could not be seen from outside');
  const right = operationsRight(engine, run.held, run.operations);
  if (right === false) return no(`operations that only ${engine} has are wrong`);
  for (const { sha256, bytes } of run.outside.objects) {
    const build = publishedBuild(sha256, bytes);
    if (build?.engine !== engine) continue;
    const where = `${build.package} ${build.version} (${build.tag}) of ${build.registry}`;
    return { engine, build: 'known', detail: `${build.file} is that of ${where}, list of ${TAKEN}` };
  }
  const like = run.outside.objects.find(
    ({ bytes, symbols }) =>
      known.symbols.length > 0 && bytes >= known.leastBytes && known.symbols.every((one) => symbols.includes(one)),
  );
  const named = run.outside.objects.find(({ path }) => known.file.test(path.slice(path.lastIndexOf('/') + 1)));
  const file = like ?? named;
  if (!file) return no(`no library of ${engine} is loaded in its process`);
  const changed = file.record === 'differs' ? ', nor what the installed package lists' : '';
  const which = `${file.path} (${file.bytes} bytes, SHA-256 ${file.sha256}) is no build in the list of ${TAKEN}${changed}`;
  if (like && right) return { engine, build: 'unknown', detail: `${which}; it has the functions of ${engine}` };
  return no(known.symbols.length > 0 && !like ? `${which}, and lacks the functions of ${engine}` : which);
}
