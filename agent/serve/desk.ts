import type { InferRequest, InferResponse } from '../../proto/inference/tensor.ts';
import { admit, type Refusal, type Refused } from './admission.ts';
import type { Books } from './metrics.ts';
import type { ServedModel } from './models.ts';
import type { Queue } from './queue.ts';

export type Answer = { readonly ok: true; readonly response: InferResponse } | Refused;

/** Where both fronts bring requests that were received whole: admits them, queues them and keeps the books. */
export class Desk {
  readonly models: ReadonlyMap<string, ServedModel>;
  readonly books: Books;
  readonly #queue: Queue;

  constructor(models: readonly ServedModel[], queue: Queue, books: Books) {
    this.models = new Map(models.map((model) => [model.name, model]));
    this.books = books;
    this.#queue = queue;
  }

  /** The model of that name and version; an empty or absent version is the only one there is. */
  model(name: string, version = ''): ServedModel | undefined {
    const model = this.models.get(name);
    return model && (version === '' || version === model.version) ? model : undefined;
  }

  /**
   * Answers one request. The books count it from here until `delivered` is called with what came out, which the
   * front does when the answer has been handed to the network.
   */
  async infer(model: ServedModel, request: InferRequest): Promise<{ answer: Answer; delivered: () => void }> {
    const { books } = this;
    books.requests.add(1);
    const admitted = admit(model, request);
    if (!admitted.ok) {
      return {
        answer: admitted,
        delivered: () => {
          books.requests.add(-1);
          books.count(admitted.refusal);
        },
      };
    }
    books.records.add(admitted.rows);
    const outcome = await this.#queue.submit(model, admitted.rows, admitted.inputs);
    const delivered = () => {
      books.requests.add(-1);
      books.records.add(-admitted.rows);
      books.count(outcome.ok ? 'ok' : outcome.refusal);
      if (outcome.ok) books.answeredRows += admitted.rows;
    };
    if (!outcome.ok) return { answer: outcome, delivered };
    const outputs =
      request.outputs.length === 0
        ? outcome.outputs
        : outcome.outputs.filter((output) => request.outputs.includes(output.name));
    return {
      answer: {
        ok: true,
        response: {
          modelName: model.name,
          modelVersion: model.version,
          ...(request.id === undefined ? {} : { id: request.id }),
          outputs,
        },
      },
      delivered,
    };
  }

  refuse(refusal: Refusal): void {
    this.books.count(refusal);
  }
}
