import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../../../agent/serve/service.ts';
import { benchmark } from '../../../benchmarks/records/benchmark.ts';
import { descriptor } from '../../../benchmarks/records/descriptor.ts';
import type { Examination } from '../../../model/measurement.ts';
import { decodeResponse, encodeResponse, headerLength } from '../../../proto/inference/http.ts';
import { runAndExamine, startLiar, type Tamper } from '../users/harness.ts';

const settings = {
  ...descriptor.profiles.quick,
  users: 50,
  lot: 20,
  holdS: 1.5,
  graceS: 3,
  timeoutS: 5,
  sweepRecords: 1_000,
  audits: 16,
};
let service: RunningService;
beforeAll(async () => {
  service = await startService({ host: '127.0.0.1', port: 0, identityKey: 'records test', workers: 1 });
});
afterAll(() => service.stop());

const value = (examination: Examination, id: string) =>
  examination.metrics.find((m) => m.metric === id)?.estimate.value;
const answered = (examination: Examination) => examination.metrics.find((m) => m.metric === 'records.answered');

/** Runs against a service that changes some of the lots it answers. */
async function against(change: (answer: { ids: bigint[]; rows: Buffer[] }, lot: number) => void, poisoned?: Tamper) {
  let lots = 0;
  const liar = await startLiar(service, async (call, forward) => {
    const reply = await forward();
    if (reply.status !== 200 || !call.path.endsWith('/infer'))
      return poisoned ? poisoned(call, async () => reply) : reply;
    const decoded = decodeResponse(reply.body, headerLength(reply.headers['inference-header-content-length']));
    if (!decoded.ok) return reply;
    const output = decoded.value.outputs.find((o) => o.name === 'output')!;
    const record = decoded.value.outputs.find((o) => o.name === 'record')!;
    const bytes = Buffer.from(output.data);
    const answer = {
      ids: [...new BigInt64Array(new Uint8Array(record.data).buffer)],
      rows: Array.from({ length: output.shape[0]! }, (_, i) => bytes.subarray(i * 64, i * 64 + 64)),
    };
    change(answer, ++lots);
    const count = answer.ids.length;
    const { bytes: body, headerLength: length } = encodeResponse(
      {
        modelName: 'm',
        outputs: [
          { name: 'output', datatype: 'FP32', shape: [count, 16], data: new Uint8Array(Buffer.concat(answer.rows)) },
          {
            name: 'record',
            datatype: 'INT64',
            shape: [count],
            data: new Uint8Array(BigInt64Array.from(answer.ids).buffer),
          },
        ],
      },
      'all',
    );
    return { status: 200, headers: { 'inference-header-content-length': String(length) }, body: Buffer.from(body) };
  });
  try {
    return await runAndExamine(benchmark, settings, liar.service);
  } finally {
    await liar.stop();
  }
}

describe('records.simultaneous against the built-in service', () => {
  it('has all records of all users under way at once, and each comes back rightly exactly once', async () => {
    const { raw, examination } = await runAndExamine(benchmark, settings, service);
    expect(raw.peak).toBe(1_000);
    expect(value(examination, 'records.simultaneous.peak')).toBeGreaterThan(500);
    expect(value(examination, 'records.answered')).toBe(raw.ledger.admitted);
    // More than were ever under way: the lots of several rounds.
    expect(value(examination, 'records.answered')).toBeGreaterThan(raw.peak);
    for (const id of ['lost', 'twice', 'corrupt', 'unexpected']) expect(value(examination, `records.${id}`)).toBe(0);
    expect(answered(examination)).toMatchObject({ verified: true, level: 'E1' });
    expect(examination.metrics.filter((m) => m.metric === 'records.sweep.rate').map((m) => m.labels.batch)).toEqual([
      '1',
      '10',
      '100',
      '1000',
    ]);
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
  });

  it('says of a service to which nobody can connect that nothing was done', async () => {
    const gone = await startLiar(service, async (_call, forward) => forward());
    await gone.stop();
    const { examination } = await runAndExamine(benchmark, settings, gone.service);
    expect(examination.findings.map((finding) => finding.code)).toEqual(['zero_work']);
    expect(value(examination, 'records.answered')).toBe(0);
    expect(answered(examination)?.verified).toBe(false);
  });

  it('ends at once when it is cancelled', async () => {
    const cancel = new AbortController();
    const run = runAndExamine(benchmark, settings, service, cancel.signal);
    setTimeout(() => cancel.abort(new Error('cancelled by the test')), 800);
    await expect(run).rejects.toThrow('cancelled by the test');
  });
});

describe('records.simultaneous against a service that cheats', () => {
  it('sees records that are lost, come twice, are wrong or were never asked', async () => {
    const { raw, examination } = await against((answer, lot) => {
      if (lot % 40 === 1) {
        answer.ids.shift();
        answer.rows.shift();
      } else if (lot % 40 === 2) {
        answer.ids.push(answer.ids[3]!);
        answer.rows.push(answer.rows[3]!);
      } else if (lot % 40 === 3) {
        answer.rows[5]![0]! ^= 1;
      } else if (lot % 40 === 4) {
        answer.ids.push(1n);
        answer.rows.push(answer.rows[0]!);
      }
    });
    for (const set of ['lost', 'twice', 'corrupt', 'unexpected'] as const) expect(raw.ledger[set]).toBeGreaterThan(0);
    expect(raw.ledger.right + raw.ledger.lost + raw.ledger.corrupt).toBe(raw.ledger.admitted);
    expect(answered(examination)?.verified).toBe(false);
  });

  it('sees a near-duplicate that is merged with its twin', async () => {
    const { raw } = await against((answer, lot) => {
      // Answers two neighbours alike in some lots, as a service would that takes them for one.
      if (lot % 20 === 0) answer.rows[1] = answer.rows[0]!;
    });
    expect(raw.ledger.corrupt).toBeGreaterThan(0);
  });

  it('takes a lot that comes back in another order for what it is: right', async () => {
    const { raw, examination } = await against((answer) => {
      answer.ids.reverse();
      answer.rows.reverse();
    });
    expect(raw.ledger.right).toBe(raw.ledger.admitted);
    expect(answered(examination)?.verified).toBe(true);
  });

  it('sees poison that is swallowed instead of turned away', async () => {
    const { examination } = await against(
      () => {},
      async (_call, forward) => {
        const reply = await forward();
        return reply.status === 422 ? { status: 200, headers: {}, body: Buffer.from('{}') } : reply;
      },
    );
    expect(examination.checks.find((check) => check.id === 'poison_rejected')?.passed).toBe(false);
    expect(answered(examination)?.verified).toBe(false);
  });
});
