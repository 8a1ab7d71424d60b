import '../closed-site.ts';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { native } from '../users/thread.ts';
import type { SampleTensor } from './models/model.ts';
import { providersOf } from './provider.ts';
import type { System } from './scenario.ts';

/** Answers by the name of the output, as floats. */
export type Answers = Record<string, Float32Array>;

/** A model in a session of its own with its samples in memory. */
export class ModelSession {
  readonly #session: ort.InferenceSession;
  readonly #samples: readonly (readonly SampleTensor[])[];
  /** Batches that were put together already, by the numbers of their samples. */
  readonly #batches = new Map<string, Record<string, ort.Tensor>>();
  /** Called with each call's answers; costs its time. */
  watch: ((samples: readonly number[], answers: ort.InferenceSession.ReturnType) => void) | undefined;

  private constructor(session: ort.InferenceSession, samples: readonly (readonly SampleTensor[])[]) {
    this.#session = session;
    this.#samples = samples;
  }

  static async open(
    model: Uint8Array,
    samples: readonly (readonly SampleTensor[])[],
    options: { provider: string; threads: number; plain?: boolean; profileIn?: string },
  ): Promise<ModelSession> {
    const settings: ort.InferenceSession.SessionOptions = {
      executionProviders: [options.provider],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: options.plain ? 'disabled' : 'all',
      ...(options.profileIn ? { enableProfiling: true, profileFilePrefix: join(options.profileIn, 'profile') } : {}),
    };
    const session = await native(() => ort.InferenceSession.create(model, settings));
    return new ModelSession(session, samples);
  }

  /** As a system under test: samples with these numbers in one call. */
  readonly system: System = async (numbers) => {
    const answers = await native(() => this.#session.run(this.#feeds(numbers)));
    this.watch?.(numbers, answers);
  };

  /** Float answers to one sample. */
  async answer(number: number): Promise<Answers> {
    const fetched = await native(() => this.#session.run(this.#feeds([number])));
    const answers: Answers = {};
    for (const [name, tensor] of Object.entries(fetched)) {
      const floats = toFloats(tensor);
      if (floats) answers[name] = floats;
    }
    return answers;
  }

  /** Ends profiling and gives the providers that ran; the file is removed. */
  providers(directory: string): Record<string, number> | undefined {
    this.#session.endProfiling();
    const name = readdirSync(directory).find((file) => file.startsWith('profile'));
    if (!name) return undefined;
    const path = join(directory, name);
    const seen = providersOf(readFileSync(path, 'utf8'));
    rmSync(path, { force: true });
    return seen;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #feeds(numbers: readonly number[]): Record<string, ort.Tensor> {
    const key = numbers.join();
    const known = this.#batches.get(key);
    if (known) return known;
    const feeds: Record<string, ort.Tensor> = {};
    const first = this.#samples[numbers[0]!]!;
    first.forEach((head, t) => {
      const parts = numbers.map((number) => this.#samples[number]![t]!);
      feeds[head.name] = joinSamples(parts);
    });
    // Random orders of large batches hardly come twice; single samples always do.
    if (numbers.length === 1) this.#batches.set(key, feeds);
    return feeds;
  }
}

/** Tensors of single samples put together along the batch. */
function joinSamples(parts: readonly SampleTensor[]): ort.Tensor {
  const [head] = parts;
  // A file of the operator's is asked for single samples, whatever its shapes are.
  const shape = parts.length === 1 ? head!.shape : [parts.length, ...head!.shape.slice(1)];
  if (head!.type === 'int64') {
    const data = new BigInt64Array(parts.length * head!.data.length);
    parts.forEach((part, i) => {
      data.set(part.data as BigInt64Array, i * part.data.length);
    });
    return new ort.Tensor('int64', data, shape);
  }
  const data = new Float32Array(parts.length * head!.data.length);
  parts.forEach((part, i) => {
    data.set(part.data as Float32Array, i * part.data.length);
  });
  return new ort.Tensor('float32', data, shape);
}

/** Values of an output as floats of their own; undefined where it holds none. */
export function toFloats({ data }: ort.Tensor): Float32Array | undefined {
  return data instanceof Float32Array || data instanceof Float64Array ? Float32Array.from(data) : undefined;
}
