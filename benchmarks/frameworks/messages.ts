import { type Static, Type } from 'typebox';
import { type Checked, check } from '../../model/schema.ts';
import { Precision } from './precision.ts';

const Short = Type.String({ maxLength: 2000 });

/** Who answers: the first message of a probe. `device` is the one that it will compute on. */
export const Hello = Type.Object({
  type: Type.Literal('hello'),
  framework: Short,
  version: Short,
  build: Short,
  /** Engine under a front end; empty for a framework that is its own. */
  backend: Short,
  devices: Type.Array(Short, { maxItems: 256 }),
  device: Short,
  accelerated: Type.Boolean(),
});

export const Trained = Type.Object({
  type: Type.Literal('trained'),
  precision: Precision,
  steps: Type.Integer({ minimum: 0 }),
  seconds: Type.Number({ minimum: 0 }),
  firstLoss: Type.Number(),
  lastLoss: Type.Number(),
  /** Base64 of little-endian 32-bit floats; see network.ts. */
  weights: Type.String({ maxLength: 1_000_000 }),
});

export const Inferred = Type.Object({
  type: Type.Literal('inferred'),
  precision: Precision,
  seconds: Type.Number({ minimum: 0 }),
  /** One digit for each input. */
  labels: Type.String({ maxLength: 100_000 }),
});

/** A precision that this framework or device does not have, or that broke. */
export const Failed = Type.Object({ type: Type.Literal('failed'), precision: Precision, detail: Short });

/** `exported`, `loaded`: with ONNX; `absent`: it can't; `failed`: it should have. */
export const Onnx = Type.Object({
  type: Type.Literal('onnx'),
  state: Type.Enum(['exported', 'loaded', 'absent', 'failed']),
  detail: Short,
});

/** All training is done; the probe waits for inputs. */
export const Ready = Type.Object({ type: Type.Literal('ready') });

export const Done = Type.Object({
  type: Type.Literal('done'),
  /** File names of the shared libraries in its process, from /proc/self/maps. */
  libraries: Type.Array(Short, { maxItems: 4096 }),
});

export const Message = Type.Union([Hello, Trained, Inferred, Failed, Onnx, Ready, Done]);
export type Message = Static<typeof Message>;

/** First request: train. Paths are of files with little-endian 32-bit floats (inputs) and bytes (labels). */
export interface TrainRequest {
  readonly type: 'train';
  readonly inputsFile: string;
  readonly labelsFile: string;
  readonly samples: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  readonly precisions: readonly Precision[];
  /** A folder that the probe may write to. */
  readonly folder: string;
}

/** Second request: infer; the file has no labels beside it. */
export interface InferRequest {
  readonly type: 'infer';
  readonly inputsFile: string;
  readonly samples: number;
}

/** Longest line that is taken from a probe. */
export const LINE_BYTES = 2_000_000;

/**
 * Reads one line of a probe. Lines that don't begin with `{` are noise of some library (`undefined`); one that does
 * must be a message, or the probe has broken the protocol.
 */
export function readMessage(line: string): Checked<Message> | undefined {
  const text = line.trim();
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problems: [`not JSON: ${text.slice(0, 80)}`] };
  }
  return check(Message, value);
}
