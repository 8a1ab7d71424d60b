import { type Static, Type } from 'typebox';

const strict = { additionalProperties: false } as const;
/** What a node sends is bounded: nothing here is longer than the kernel's own limits, or than any framework needs. */
/** Characters of a word or of a value that are kept: what is so long may have had more. */
export const MOST_CHARACTERS = 4096;
const Word = Type.String({ maxLength: MOST_CHARACTERS });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** Why the bytes behind a loaded object are not known. */
export const OBJECT_PROBLEMS = ['deleted', 'memory', 'changed', 'unreadable'] as const;

/** A file with code that a process had mapped. */
export const LoadedObject = Type.Object(
  {
    path: Word,
    sha256: Type.Optional(Sha256),
    bytes: Type.Optional(Type.Integer({ minimum: 0 })),
    /** GNU build id that its linker wrote into it, hex. */
    buildId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{2,128}$' })),
    /**
     * Set where `sha256` is not: its file is gone, it never had one, the file is another one now, or cannot be read.
     */
    problem: Type.Optional(Type.Enum(OBJECT_PROBLEMS)),
    /** It lies in a directory that LD_LIBRARY_PATH of its process names. */
    searched: Type.Optional(Type.Boolean()),
  },
  strict,
);
export type LoadedObject = Static<typeof LoadedObject>;

/**
 * Who a process is: the one that runs the benchmark, the service under test that the agent started, or their children.
 */
export const PROCESS_ROLES = ['runner', 'service', 'child'] as const;

/** One process that measured, or several that were alike. */
export const MeasuringProcess = Type.Object(
  {
    role: Type.Enum(PROCESS_ROLES),
    argv: Type.Array(Word, { maxItems: 200 }),
    count: Type.Integer({ minimum: 1 }),
    /** Positions in the list of objects. */
    objects: Type.Array(Type.Integer({ minimum: 0 })),
    /** Variables that can change a measurement; what looks like a secret is masked. */
    variables: Type.Record(Type.String({ maxLength: 256 }), Word),
    /** Set where it ran and could not be looked at. */
    unseen: Type.Optional(Type.Boolean()),
  },
  strict,
);
export type MeasuringProcess = Static<typeof MeasuringProcess>;

/** A program that was started, as it was called. */
export const Tool = Type.Object(
  { path: Word, sha256: Type.Optional(Sha256), argv: Type.Array(Word, { maxItems: 200 }) },
  strict,
);
export type Tool = Static<typeof Tool>;

/** Libraries that a node's policy can name, and the variable by which each is told to the process that loads it. */
export const NAMED_LIBRARIES = {
  onednn: 'ASSAY_ONEDNN',
  openblas: 'ASSAY_OPENBLAS',
  cublaslt: 'ASSAY_CUBLASLT',
  cuda: 'ASSAY_CUDA_DRIVER',
  nvrtc: 'ASSAY_NVRTC',
} as const;
export type LibraryName = keyof typeof NAMED_LIBRARIES;
const LIBRARY_NAMES = Object.keys(NAMED_LIBRARIES) as [LibraryName, ...LibraryName[]];

/** A library that the owner of the node named in its policy. */
export const PolicyLibrary = Type.Object(
  { name: Type.Enum(LIBRARY_NAMES), path: Word, sha256: Type.Optional(Sha256) },
  strict,
);
export type PolicyLibrary = Static<typeof PolicyLibrary>;

/** In what the processes of one attempt measured; evidence of its measurement (`environment.json`). */
export const Environment = Type.Object(
  {
    schema: Type.Literal('assay/environment/v1'),
    objects: Type.Array(LoadedObject, { maxItems: 20_000 }),
    processes: Type.Array(MeasuringProcess, { maxItems: 10_000 }),
    tools: Type.Array(Tool, { maxItems: 1000 }),
    /** Objects that /etc/ld.so.preload puts into every process of the machine. */
    preload: Type.Array(Word, { maxItems: 1000 }),
    policy: Type.Array(PolicyLibrary, { maxItems: 100 }),
  },
  strict,
);
export type Environment = Static<typeof Environment>;

/** What of an environment a report repeats: the libraries and programs that measured, and what was set for them. */
export const EnvironmentSummary = Type.Object(
  {
    objects: Type.Array(LoadedObject),
    /** Programs that were started, each once. */
    tools: Type.Array(Type.Object({ path: Word, sha256: Type.Optional(Sha256) }, strict)),
    variables: Type.Record(Type.String(), Type.String()),
    policy: Type.Array(PolicyLibrary),
  },
  strict,
);
export type EnvironmentSummary = Static<typeof EnvironmentSummary>;

/**
 * Variables that take the place of a library or of a way to measure. They are for tests and for looking into a fault:
 * what is measured under one of them does not count.
 */
export const OVERRIDES: readonly string[] = [
  ...Object.values(NAMED_LIBRARIES),
  'ASSAY_ONEDNN_FORM',
  'ASSAY_TORCH_PYTHON',
];
