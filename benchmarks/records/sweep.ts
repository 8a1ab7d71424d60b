import { encodeRequest } from '../../proto/inference/http.ts';
import type { Reply, UserClient } from '../users/client.ts';
import { INPUTS, OUTPUTS } from '../users/network.ts';
import type { Corpus } from './lots.ts';
import { readLot } from './lots.ts';
import type { Shape } from './manifest.ts';

/** What one size of request gave. */
export interface SweepReport {
  readonly batch: number;
  readonly records: number;
  readonly right: number;
  readonly seconds: number;
}

interface Sweep {
  readonly batch: number;
  readonly records: number;
  readonly clients: readonly UserClient[];
  readonly corpus: Corpus;
  readonly shape: Shape;
  readonly now: () => number;
}

/**
 * Sends `records` records of the corpus in requests of `batch`, each client one request at a time, and says how long
 * it took and how many answers were right.
 */
export async function sweepBatch({ batch, records, clients, corpus, shape, now }: Sweep): Promise<SweepReport> {
  const size = shape.users * shape.lot;
  let next = 0;
  let right = 0;
  const from = now();
  const work = async (client: UserClient) => {
    while (next < records) {
      const first = next;
      next += batch;
      const count = Math.min(batch, records - first);
      const at = first % Math.max(1, size - count + 1);
      const ids = BigInt64Array.from({ length: count }, (_, i) => BigInt(first + i));
      const input = corpus.inputs.slice(at * INPUTS, (at + count) * INPUTS);
      const { bytes, headerLength } = encodeRequest({
        inputs: [
          { name: 'input', datatype: 'FP32', shape: [count, INPUTS], data: new Uint8Array(input.buffer) },
          { name: 'id', datatype: 'INT64', shape: [count], data: new Uint8Array(ids.buffer) },
        ],
      });
      const reply = await new Promise<Reply>((done) => client.send(bytes, headerLength, { wire: () => {}, done }));
      if (reply.failure) continue;
      const read = readLot(reply);
      if (read?.ids.length !== count) continue;
      const expected = Buffer.from(corpus.answers.buffer, at * OUTPUTS * 4, count * OUTPUTS * 4);
      const whole = Buffer.from(read.answers.buffer).equals(expected) && read.ids.every((id, i) => id === ids[i]);
      if (whole) right += count;
    }
  };
  await Promise.all(clients.map(work));
  return { batch, records, right, seconds: (now() - from) / 1_000 };
}
