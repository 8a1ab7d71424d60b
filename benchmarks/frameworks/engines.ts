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

/** Shared libraries by which an engine is known. A front end has none: it counts as what it computes with. */
const LIBRARIES: Readonly<Record<string, RegExp>> = {
  torch: /^libtorch_(cpu|cuda|python)\b|^libtorch\.so/,
  tensorflow: /^libtensorflow|^_pywrap_tensorflow/,
  paddle: /^libpaddle\b|^libpaddle_inference/,
  jax: /^libjax_common|^xla_extension|^_jax\b/,
  mindspore: /^libmindspore|^_c_expression/,
  onnxruntime: /^libonnxruntime\b|^onnxruntime_/,
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

/** Engines whose libraries are among those that a process had loaded (file names, without folders), sorted. */
export function enginesLoaded(libraries: readonly string[]): string[] {
  return Object.keys(LIBRARIES)
    .filter((engine) => libraries.some((library) => LIBRARIES[engine]!.test(library)))
    .sort();
}

/**
 * The engine that a framework's result counts for, with what is wrong about it, if anything. A framework with an
 * engine of its own must have that engine's library in its process; a front end counts as the back end it named,
 * whose library must be there too.
 */
export function engineOf(
  framework: string,
  backend: string,
  libraries: readonly string[],
): { engine: string; problem: string } {
  const engine = OWN_ENGINE[framework] ?? backend;
  const loaded = enginesLoaded(libraries);
  if (engine === '') return { engine: framework, problem: 'it does not say which engine it computes with' };
  if (!LIBRARIES[engine]) return { engine, problem: `${engine} is no engine we know` };
  if (!loaded.includes(engine)) {
    return { engine, problem: `no library of ${engine} was loaded (seen: ${loaded.join(', ') || 'none'})` };
  }
  return { engine, problem: '' };
}
