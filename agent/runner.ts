/**
 * The process that one attempt runs in. It is told what to do over the channel to its parent, runs one benchmark and
 * tells how it went. Whatever it does to itself (crash, hang, eat memory), the agent survives and reports it.
 */
import '../benchmarks/closed-site.ts';
import { type Libraries, type Service, Unsupported } from '../benchmarks/benchmark.ts';
import { type ProcessNews, tellProcesses } from '../benchmarks/processes.ts';
import { canonicalBytes } from '../evidence/canonical.ts';
import { AssayError } from '../model/errors.ts';
import type { EvidenceRef, Examination, Measurement } from '../model/measurement.ts';
import type { ReasonCode } from '../model/reason.ts';
import { check } from '../model/schema.ts';
import { loadBenchmark } from './benchmarks.ts';
import { storeBlob } from './blobs.ts';
import type { Figure } from './figure.ts';

/** What the parent sends. */
export type ToRunner =
  | {
      type: 'start';
      benchmark: string;
      version: string;
      settings: Record<string, unknown>;
      service: Service | undefined;
      libraries: Libraries;
      workDirectory: string;
      blobDirectory: string;
    }
  | { type: 'beacon'; index: number; beacon: string }
  | { type: 'abort' }
  /** The result was taken, and what this process has loaded was looked at: it may go. */
  | { type: 'leave' };

/** What the runner sends. */
export type FromRunner =
  | { type: 'phase'; name: string }
  | { type: 'progress'; share: number; figure?: Figure }
  | { type: 'commit'; index: number; label: string; payload: string; together: boolean }
  | { type: 'software'; name: string; version: string }
  | { type: 'evidence'; ref: EvidenceRef }
  | ProcessNews
  | { type: 'done'; raw: EvidenceRef; examination: Examination }
  | { type: 'failed'; state: Measurement['state']; code: ReasonCode; detail: string };

const send = (message: FromRunner): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });

const abort = new AbortController();
const waiting = new Map<number, (beacon: string) => void>();

process.on('message', (message: ToRunner) => {
  if (message.type === 'abort') abort.abort();
  else if (message.type === 'beacon') waiting.get(message.index)?.(message.beacon);
  else if (message.type === 'leave') leave();
  else void run(message);
});
// The agent is gone: nobody will take the result, and nothing may be left running.
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => abort.abort());
process.on('SIGINT', () => {});

tellProcesses((news) => void send(news));

function leave(): void {
  process.removeAllListeners('disconnect');
  process.disconnect?.();
  process.exit(0);
}

async function run(start: Extract<ToRunner, { type: 'start' }>): Promise<void> {
  const refs: EvidenceRef[] = [];
  const kept = new Map<string, Uint8Array>();
  const keep = async (name: string, mediaType: string, bytes: Uint8Array): Promise<EvidenceRef> => {
    const ref = storeBlob(start.blobDirectory, name, mediaType, bytes);
    refs.push(ref);
    kept.set(name, bytes);
    return ref;
  };
  try {
    const benchmark = await loadBenchmark(start.benchmark);
    if (!benchmark) return await fail('unsupported', 'unsupported', `no benchmark ${start.benchmark} here`);
    if (benchmark.descriptor.version !== start.version) {
      const detail = `${start.benchmark} is version ${benchmark.descriptor.version} here, ${start.version} was asked for`;
      return await fail('unsupported', 'unsupported', detail);
    }
    const settings = check(benchmark.descriptor.settings, start.settings);
    if (!settings.ok) return await fail('failed', 'parse_error', `settings: ${settings.problems.join('; ')}`);
    let commits = 0;
    const raw = await benchmark.run({
      settings: settings.value,
      service: start.service,
      libraries: start.libraries,
      workDirectory: start.workDirectory,
      signal: abort.signal,
      now: process.hrtime.bigint,
      phase: (name) => void send({ type: 'phase', name }),
      progress: (share, figure) => void send({ type: 'progress', share, ...(figure ? { figure } : {}) }),
      commit: (label, payload, together = false) => {
        const index = commits++;
        return new Promise<string>((resolve, reject) => {
          waiting.set(index, (beacon) => {
            waiting.delete(index);
            resolve(beacon);
          });
          abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
          void send({ type: 'commit', index, label, payload: Buffer.from(payload).toString('base64'), together });
        });
      },
      keep: async (name, mediaType, bytes) => {
        await send({ type: 'evidence', ref: await keep(name, mediaType, bytes) });
      },
      software: (name, version) => void send({ type: 'software', name, version }),
    });
    if (abort.signal.aborted) return await fail('cancelled', 'cancelled', 'cancelled while it ran');
    const shaped = check(benchmark.proof.raw, raw);
    if (!shaped.ok) return await fail('failed', 'parse_error', `samples: ${shaped.problems.join('; ')}`);
    const examination = benchmark.proof.examine(shaped.value, {
      settings: start.settings,
      transcript: undefined,
      evidence: (name) => kept.get(name),
    });
    const ref = storeBlob(start.blobDirectory, 'samples.json', 'application/json', canonicalBytes(raw));
    await send({ type: 'done', raw: ref, examination });
  } catch (error) {
    if (abort.signal.aborted) return await fail('cancelled', 'cancelled', 'cancelled while it ran');
    if (error instanceof Unsupported) return await fail('unsupported', error.reason, error.message);
    if (error instanceof AssayError) return await fail('failed', 'crashed', `${error.code}: ${error.message}`);
    await fail('failed', 'crashed', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

async function fail(state: Measurement['state'], code: ReasonCode, detail: string): Promise<void> {
  await send({ type: 'failed', state, code, detail: detail.slice(0, 4000) });
}
