import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { ReasonCode } from '../../model/reason.ts';
import { Precision } from './precision.ts';

const strict = { additionalProperties: false } as const;
const Beacon = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Seconds = Type.Number({ minimum: 0 });

/** What one framework did in one precision. */
export const PrecisionRun = Type.Object(
  {
    precision: Precision,
    steps: Type.Integer({ minimum: 0 }),
    /** From the request to the answer, by the agent's clock. */
    trainSeconds: Seconds,
    inferSeconds: Seconds,
    /** The framework's own word. */
    firstLoss: Type.Number(),
    lastLoss: Type.Number(),
    weights: Type.String(),
    /** Empty where it never came to inference. */
    labels: Type.String(),
  },
  strict,
);
export type PrecisionRun = Static<typeof PrecisionRun>;

/** A file that a process had loaded as code, read by the agent: it may be an engine. */
export const LoadedObject = Type.Object(
  {
    path: Type.String({ maxLength: 1000 }),
    bytes: Type.Integer({ minimum: 0 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    /** GNU build id; empty if it has none. */
    buildId: Type.String({ maxLength: 128 }),
    /** Functions of engines that it defines for others. */
    symbols: Type.Array(Type.String({ maxLength: 200 }), { maxItems: 64 }),
    /** What the list of the installed package says of it. */
    record: Type.Enum(['same', 'differs', 'absent']),
  },
  strict,
);
export type LoadedObject = Static<typeof LoadedObject>;

/** What the agent saw of the processes of a framework from outside, while they waited. */
export const Outside = Type.Object(
  {
    /** Names of all shared libraries. */
    libraries: Type.Array(Type.String({ maxLength: 200 }), { maxItems: 4096 }),
    objects: Type.Array(LoadedObject, { maxItems: 16 }),
    /** Device files of accelerators that they had open. */
    devices: Type.Array(Type.String({ maxLength: 200 }), { maxItems: 64 }),
  },
  strict,
);
export type Outside = Static<typeof Outside>;

/** What one framework did. */
export const FrameworkRun = Type.Object(
  {
    framework: Type.String(),
    title: Type.String(),
    command: Type.Array(Type.String()),
    /** From here to `accelerated`: the framework's own word. */
    version: Type.String(),
    build: Type.String(),
    backend: Type.String(),
    devices: Type.Array(Type.String()),
    device: Type.String(),
    accelerated: Type.Boolean(),
    /** Why it did not come to its end. */
    failure: Type.Optional(Type.Object({ code: ReasonCode, detail: Type.String() }, strict)),
    /** Beacon of the commit to its weights: the held-out inputs derive from it. Empty if it never came so far. */
    held: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
    runs: Type.Array(PrecisionRun, { maxItems: 16 }),
    /** Precisions it does not have or that broke. */
    refused: Type.Array(Type.Object({ precision: Precision, detail: Type.String() }, strict)),
    onnx: Type.Object(
      { state: Type.Enum(['exported', 'loaded', 'absent', 'failed', 'unknown']), detail: Type.String() },
      strict,
    ),
    /** Absent where its processes could not be seen. */
    outside: Type.Optional(Outside),
    /** Numbers that only its engine gives; empty where it gave none. */
    operations: Type.Array(Type.Number(), { maxItems: 4096 }),
    seconds: Seconds,
  },
  strict,
);
export type FrameworkRun = Static<typeof FrameworkRun>;

/** Raw samples of `frameworks.train`. */
export const FrameworksSamples = Type.Object(
  {
    /** Beacon of commit `open`: task and training set derive from it. */
    challenge: Beacon,
    interpreters: Type.Array(
      Type.Object(
        {
          command: Type.Array(Type.String()),
          /** Empty if it did not answer. */
          version: Type.String(),
          found: Type.Array(Type.Object({ framework: Type.String(), version: Type.String() }, strict)),
          problem: Type.String(),
        },
        strict,
      ),
    ),
    /** Device files of accelerators on this node. */
    accelerators: Type.Array(Type.String()),
    /** One for each framework that was tried. */
    runs: Type.Array(FrameworkRun, { maxItems: 64 }),
    /** Known frameworks that are not installed. */
    absent: Type.Array(Type.Object({ framework: Type.String(), install: Type.String() }, strict)),
    /** Installed ones that can only be recognised. */
    present: Type.Array(Type.Object({ framework: Type.String(), version: Type.String() }, strict)),
    /** Those of an interpreter that closes the agent's channel: in a container, or behind a wrapper. Not tried. */
    unreachable: Type.Array(
      Type.Object({ framework: Type.String(), version: Type.String(), command: Type.Array(Type.String()) }, strict),
    ),
  },
  strict,
);
export type FrameworksSamples = Static<typeof FrameworksSamples>;

/** What is committed when a framework has trained, before anybody can know what it will be asked. */
export function weightsCommit(run: Pick<FrameworkRun, 'framework' | 'runs'>): Uint8Array {
  return sha256([run.framework, ...run.runs.map((one) => [one.precision, one.weights])]);
}

/** What is committed at the end: every answer. */
export function answersCommit(runs: readonly FrameworkRun[]): Uint8Array {
  return sha256(runs.map((run) => [run.framework, ...run.runs.map((one) => [one.precision, one.labels])]));
}

function sha256(value: unknown): Uint8Array {
  return createHash('sha256').update(JSON.stringify(value)).digest();
}
