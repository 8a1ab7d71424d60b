import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { request } from 'undici';
import type { Benchmark, Context, Service } from '../../../benchmarks/benchmark.ts';
import type { Transcript } from '../../../model/assignment.ts';
import type { Examination } from '../../../model/measurement.ts';
import { check } from '../../../model/schema.ts';

/** Runs a benchmark as the agent would, keeps the transcript as the controller would, and examines as a verifier would. */
export async function runAndExamine<S extends TSchema, R extends TSchema>(
  benchmark: Benchmark<S, R>,
  settings: Static<S>,
  service: Service | undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ raw: Static<R>; examination: Examination; phases: string[] }> {
  const from = process.hrtime.bigint();
  const since = () => String(process.hrtime.bigint() - from);
  const transcript: Transcript = {
    schema: 'assay/transcript/v1',
    run: 'run',
    assignment: 'assignment',
    attempt: 1,
    node: 'node',
    issuedAt: new Date().toISOString(),
    endedAt: new Date().toISOString(),
    exchanges: [],
  };
  const phases: string[] = [];
  const workDirectory = mkdtempSync(join(tmpdir(), 'assay-work-'));
  const context: Context<Static<S>> = {
    settings,
    service,
    workDirectory,
    signal,
    now: () => process.hrtime.bigint(),
    phase: (name) => phases.push(name),
    progress: () => {},
    commit: async (label, bytes) => {
      const receivedNs = since();
      const beacon = randomBytes(32).toString('hex');
      const commit = Buffer.from(bytes).toString('base64');
      transcript.exchanges.push({
        index: transcript.exchanges.length,
        label,
        commit,
        beacon,
        receivedNs,
        answeredNs: since(),
      });
      return beacon;
    },
    keep: async () => {},
    software: () => {},
  };
  const fits = check(benchmark.descriptor.settings, settings);
  if (!fits.ok) throw new Error(fits.problems.join('; '));
  const raw = await benchmark.run(context).finally(() => rmSync(workDirectory, { recursive: true, force: true }));
  const shaped = check(benchmark.proof.raw, JSON.parse(JSON.stringify(raw)));
  if (!shaped.ok) throw new Error(shaped.problems.join('; '));
  const examination = benchmark.proof.examine(shaped.value, {
    settings: settings as Record<string, unknown>,
    transcript,
    evidence: () => undefined,
  });
  return { raw: shaped.value, examination, phases };
}

/** Changes what a service answered, or makes up an answer of its own. */
export type Tamper = (
  call: { path: string; headers: IncomingHttpHeaders; body: Buffer },
  forward: () => Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>,
) => Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>;

/** A service that lies: it stands before an honest one and changes some of its answers. */
export async function startLiar(
  service: Service,
  tamper: Tamper,
): Promise<{ service: Service; stop(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const path = incoming.url ?? '/';
      const forward = async () => {
        const {
          connection: _c,
          'transfer-encoding': _t,
          host: _h,
          'content-length': _l,
          ...headers
        } = incoming.headers;
        const method = incoming.method as 'GET' | 'POST';
        const reply = await request(service.url + path, { method, headers, body: method === 'POST' ? body : null });
        return { status: reply.statusCode, headers: reply.headers, body: Buffer.from(await reply.body.arrayBuffer()) };
      };
      tamper({ path, headers: incoming.headers, body }, forward).then(
        ({ status, headers, body: answer }) => {
          const length = headers['inference-header-content-length'];
          outgoing.writeHead(status, {
            'content-length': answer.length,
            ...(length === undefined ? {} : { 'inference-header-content-length': length }),
          });
          outgoing.end(answer);
        },
        () => outgoing.destroy(),
      );
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    service: { ...service, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    stop: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
