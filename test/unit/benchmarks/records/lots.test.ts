import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../../benchmarks/records/ledger.ts';
import { type Corpus, LotWork } from '../../../../benchmarks/records/lots.ts';
import { poisonOf, type Shape } from '../../../../benchmarks/records/manifest.ts';
import type { Failure, Reply } from '../../../../benchmarks/users/client.ts';
import type { Ask } from '../../../../benchmarks/users/crowd.ts';
import { INPUTS, OUTPUTS } from '../../../../benchmarks/users/network.ts';
import { decodeRequest, encodeResponse } from '../../../../proto/inference/http.ts';

const shape: Shape = { challenge: createHash('sha256').update('lots').digest('hex'), users: 4, lot: 6 };
const size = shape.users * shape.lot;
const corpus: Corpus = {
  inputs: Float32Array.from({ length: size * INPUTS }, (_, i) => Math.floor(i / INPUTS)),
  answers: Float32Array.from({ length: size * OUTPUTS }, (_, i) => Math.floor(i / OUTPUTS) * 1_000 + (i % OUTPUTS)),
};

interface Row {
  id: bigint;
  answer: number[];
}

/** What an honest service would answer: the corpus answer of the record that the input is. */
function rowsOf(ask: Ask): Row[] {
  const decoded = decodeRequest(ask.body, ask.jsonLength);
  if (!decoded.ok) throw new Error(decoded.problem);
  const [input, id] = decoded.value.inputs;
  const values = new Float32Array(new Uint8Array(input!.data).buffer);
  return Array.from(new BigInt64Array(new Uint8Array(id!.data).buffer), (own, row) => {
    const k = values[row * INPUTS]!;
    return { id: own, answer: [...corpus.answers.slice(k * OUTPUTS, (k + 1) * OUTPUTS)] };
  });
}

function reply(rows: Row[], failure?: Failure): Reply {
  const { bytes, headerLength } = encodeResponse(
    {
      modelName: 'm',
      outputs: [
        {
          name: 'output',
          datatype: 'FP32',
          shape: [rows.length, OUTPUTS],
          data: new Uint8Array(Float32Array.from(rows.flatMap((row) => row.answer)).buffer),
        },
        {
          name: 'record',
          datatype: 'INT64',
          shape: [rows.length],
          data: new Uint8Array(BigInt64Array.from(rows.map((row) => row.id)).buffer),
        },
      ],
    },
    'all',
  );
  return {
    failure,
    status: failure ? 400 : 200,
    headerLength: String(headerLength),
    body: Buffer.from(bytes),
    wireMs: 0,
    firstMs: 1,
    endMs: 2,
  };
}

/** The first lot of user 0 that is not poison. */
function goodLot() {
  const work = new LotWork(shape, corpus);
  let ask = work.next(0);
  while (ask.weight === 0) ask = work.next(0);
  return { work, ask, rows: rowsOf(ask) };
}

describe('a lot of records', () => {
  it('that comes back right closes the ledger, and the sums agree', () => {
    const { work, ask, rows } = goodLot();
    expect(ask.settle(reply(rows))).toBeUndefined();
    expect(work.ledger.counts()).toEqual({ admitted: 6, right: 6, lost: 0, twice: 0, corrupt: 0, unexpected: 0 });
    expect(work.answeredSum).toBe(work.expectedSum);
  });

  it('may come back in any order: ids say which is which', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
        const { work, ask, rows } = goodLot();
        expect(ask.settle(reply(order.map((i) => rows[i]!)))).toBeUndefined();
        expect(work.ledger.counts().right).toBe(6);
        expect(work.answeredSum).toBe(work.expectedSum);
      }),
    );
  });

  it.each<[string, (rows: Row[]) => Row[], Partial<ReturnType<Ledger['counts']>>]>([
    ['a record is left out', (rows) => rows.slice(1), { right: 5, lost: 1 }],
    ['a record comes twice', (rows) => [...rows, rows[2]!], { right: 6, twice: 1 }],
    [
      'one comes twice and another is left out',
      (rows) => [...rows.slice(1), rows[2]!],
      { right: 5, lost: 1, twice: 1 },
    ],
    [
      'two records swap their answers',
      (rows) => rows.map((row, i) => (i < 2 ? { ...row, answer: rows[1 - i]!.answer } : row)),
      { right: 4, corrupt: 2 },
    ],
    [
      'a near-duplicate gets the answer of its twin',
      (rows) => rows.map((row, i) => (i === 5 ? { ...row, answer: rows[4]!.answer } : row)),
      { right: 5, corrupt: 1 },
    ],
    [
      'one value is off by one unit in the last place',
      (rows) =>
        rows.map((row, i) =>
          i === 3 ? { ...row, answer: row.answer.map((v, j) => (j === 7 ? v * (1 + 2 ** -23) : v)) } : row,
        ),
      { right: 5, corrupt: 1 },
    ],
    [
      'an answer is NaN',
      (rows) => rows.map((row, i) => (i === 3 ? { ...row, answer: row.answer.map(() => Number.NaN) } : row)),
      { right: 5, corrupt: 1 },
    ],
    [
      'an id is another one',
      (rows) => rows.map((row, i) => (i === 0 ? { ...row, id: row.id ^ 1n } : row)),
      { right: 5, lost: 1, unexpected: 1 },
    ],
    ['nothing comes back', () => [], { right: 0, lost: 6 }],
  ])('is seen to be wrong when %s', (_what, change, expected) => {
    const { work, ask, rows } = goodLot();
    expect(ask.settle(reply(change(rows)))).toBe('wrong_answer');
    expect(work.ledger.counts()).toMatchObject({ admitted: 6, ...expected });
    expect(work.leaves[0]!.at(-1)!.failed).toBe(true);
    if (!('right' in expected && expected.right === 6 && !expected.twice))
      expect(work.answeredSum).not.toBe(work.expectedSum);
  });

  it('is lost as a whole when the request fails or the body is cut short', () => {
    for (const broken of [reply([], 'timeout'), { ...reply([]), body: Buffer.from('{') }]) {
      const { work, ask } = goodLot();
      expect(ask.settle(broken)).not.toBeUndefined();
      expect(work.ledger.counts()).toMatchObject({ admitted: 6, right: 0, lost: 6 });
    }
  });
});

describe('poison', () => {
  it('counts for nothing in flight, and must be turned away', () => {
    const work = new LotWork(
      { ...shape, lot: 100 },
      { inputs: new Float32Array(400 * INPUTS), answers: new Float32Array(400 * OUTPUTS) },
    );
    const met = new Set<string>();
    for (let n = 0; n < 900; n++) {
      const ask = work.next(1);
      const kind = poisonOf(shape, 1, n);
      expect(ask.weight).toBe(kind ? 0 : 100);
      if (!kind) continue;
      met.add(kind);
      const decoded = decodeRequest(ask.body, ask.jsonLength);
      if (kind === 'malformed') expect(decoded.ok).toBe(false);
      if (kind === 'oversize') expect(decoded.ok && decoded.value.inputs[0]!.shape[0]).toBe(5_000);
      if (kind === 'not_finite') {
        const data = decoded.ok ? new Float32Array(new Uint8Array(decoded.value.inputs[0]!.data).buffer) : [];
        expect(data.filter((value) => Number.isNaN(value)).length).toBe(1);
      }
      const before = work.poison[kind].rejected;
      expect(ask.settle({ ...reply([]), failure: 'status_4xx' })).toBeUndefined();
      expect(work.poison[kind].rejected).toBe(before + 1);
    }
    expect(met.size).toBe(3);
    let poisoned = work.next(1);
    while (poisoned.weight > 0) poisoned = work.next(1);
    expect(poisoned.settle(reply([]))).toBe('wrong_answer');
    const { malformed, oversize, not_finite } = work.poison;
    const planted = malformed.planted + oversize.planted + not_finite.planted;
    expect(malformed.rejected + oversize.rejected + not_finite.rejected).toBe(planted - 1);
  });
});

describe('the ledger', () => {
  it('keeps sets: what is lost and what comes twice never cancel out', () => {
    const events = fc.array(fc.record({ place: fc.nat(29), right: fc.boolean() }), { maxLength: 80 });
    fc.assert(
      fc.property(events, (list) => {
        const ledger = new Ledger(10);
        expect([ledger.admit(), ledger.admit(), ledger.admit()]).toEqual([0, 10, 20]);
        for (const { place, right } of list) ledger.answered(place, right);
        const first = new Map<number, boolean>();
        for (const { place, right } of list) if (!first.has(place)) first.set(place, right);
        const counts = ledger.counts();
        expect(counts.right).toBe([...first.values()].filter(Boolean).length);
        expect(counts.corrupt).toBe([...first.values()].filter((right) => !right).length);
        expect(counts.lost).toBe(30 - first.size);
        expect(counts.twice).toBe(
          [...first.keys()].filter((place) => list.filter((e) => e.place === place).length > 1).length,
        );
      }),
    );
  });

  it('has room for as many records as come, and none for a place that was never opened', () => {
    const ledger = new Ledger(1_000);
    for (let i = 0; i < 200; i++) ledger.admit();
    ledger.answered(199_999, true);
    expect(ledger.counts()).toMatchObject({ admitted: 200_000, right: 1, lost: 199_999 });
    expect(() => ledger.answered(200_000, true)).toThrow();
  });
});
