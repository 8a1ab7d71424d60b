import { type Static, Type } from 'typebox';
import { type Checked, check } from '../../model/schema.ts';
import type { Precision } from './precision.ts';

/**
 * The talk with a probe. The agent asks, one request at a time, by a line of JSON on the channel (descriptor 3). The
 * probe answers each request with one frame: a byte that is `A` (answer) or `R` (refused), four bytes with the length
 * of what follows (little endian), and the content. What an answer may be follows from the request; see `answerOf`.
 *
 * The process of a framework can say what it likes: its packages run in it. So it is never asked for a verdict. Numbers
 * are checked, and what it says of itself stands in the report as its own word.
 */
export type Request = DescribeRequest | TrainRequest | InferRequest | OperationsRequest | OnnxRequest | EndRequest;

interface DescribeRequest {
  readonly ask: 'describe';
}

/** Files hold little-endian 32-bit floats (inputs) and bytes (labels). */
export interface TrainRequest {
  readonly ask: 'train';
  readonly precision: Precision;
  readonly inputsFile: string;
  readonly labelsFile: string;
  readonly samples: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
}

/** The file has no labels beside it. */
export interface InferRequest {
  readonly ask: 'infer';
  readonly precision: Precision;
  readonly inputsFile: string;
  readonly samples: number;
}

/** Numbers that only the engine's own generators give for this seed. */
export interface OperationsRequest {
  readonly ask: 'operations';
  readonly engine: string;
  readonly seed: number;
}

interface OnnxRequest {
  readonly ask: 'onnx';
  /** A folder that the probe may write to. */
  readonly folder: string;
}

interface EndRequest {
  readonly ask: 'end';
}

/** Most bytes of an answer in words. */
const WORDS_BYTES = 64 * 1024;
/** Most numbers of engine operations. */
const OPERATIONS = 4096;

/**
 * Bytes that an answer to a request may have: least and most. `numbers` is how many weights a network has. An answer to
 * `train` is the loss of each step (64-bit floats), then the weights (32-bit floats); see network.ts for their order.
 */
export function answerOf(request: Request, numbers: number): { readonly least: number; readonly most: number } {
  switch (request.ask) {
    case 'train': {
      const bytes = request.steps * 8 + numbers * 4;
      return { least: bytes, most: bytes };
    }
    case 'infer':
      return { least: request.samples, most: request.samples };
    case 'operations':
      return { least: 0, most: OPERATIONS * 8 };
    case 'describe':
    case 'onnx':
      return { least: 2, most: WORDS_BYTES };
    case 'end':
      return { least: 0, most: 0 };
  }
}

const Short = Type.String({ maxLength: 2000 });

/** What a framework says of itself. `device` is the one that it will compute on. */
export const Description = Type.Object({
  version: Short,
  build: Short,
  /** Engine under a front end; empty for a framework that is its own. */
  backend: Short,
  devices: Type.Array(Short, { maxItems: 256 }),
  device: Short,
  accelerated: Type.Boolean(),
});
export type Description = Static<typeof Description>;

/** `exported`, `loaded`: with ONNX; `absent`: it can't; `failed`: it should have. */
export const Onnx = Type.Object({ state: Type.Enum(['exported', 'loaded', 'absent', 'failed']), detail: Short });
export type Onnx = Static<typeof Onnx>;

/** Reads an answer in words: JSON that fits the schema. */
export function readDescription(body: Uint8Array): Checked<Description> {
  return read(Description, body);
}

/** The same for what became of ONNX. */
export function readOnnx(body: Uint8Array): Checked<Onnx> {
  return read(Onnx, body);
}

function read<T extends typeof Description | typeof Onnx>(schema: T, body: Uint8Array): Checked<Static<T>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return { ok: false, problems: [`not JSON: ${Buffer.from(body).toString('utf8').slice(0, 80)}`] };
  }
  return check(schema, value);
}

/** Losses of each step and weights as base64, out of an answer to `train`. */
export function readTrained(body: Uint8Array, steps: number): { losses: number[]; weights: string } {
  const bytes = Buffer.from(body);
  return {
    losses: Array.from({ length: steps }, (_, i) => bytes.readDoubleLE(i * 8)),
    weights: bytes.subarray(steps * 8).toString('base64'),
  };
}

/** Class numbers as one digit each; a class above 9 is `x`, which is right for no input. */
export function readInferred(body: Uint8Array): string {
  return Array.from(body, (label) => (label > 9 ? 'x' : String(label))).join('');
}

/** 64-bit floats out of an answer to `operations`; an odd rest, or one that is not finite, makes it none. */
export function readOperations(body: Uint8Array): number[] {
  const bytes = Buffer.from(body);
  if (bytes.length % 8 !== 0) return [];
  const numbers = Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
  return numbers.every(Number.isFinite) ? numbers : [];
}
