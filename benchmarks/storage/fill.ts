import { join } from 'node:path';
import { AssayError } from '../../model/errors.ts';
import type { Context } from '../benchmark.ts';
import type { StorageSettings } from './descriptor.ts';
import { storageError, sync } from './directory.ts';
import type { Lanes } from './lanes.ts';
import type { StorageSamples } from './samples.ts';

/** Seconds that the harness alone is measured. */
const NULL_RUN_S = 0.4;

/** The lanes make data and touch no storage: the most that this harness could show. */
export async function measureHarness(lanes: Lanes): Promise<StorageSamples['nullRun']> {
  const job = (until: bigint, chunks: number) =>
    ({ kind: 'null', key: Buffer.alloc(16, 1), chunks, originNs: until, deadlineNs: until, windowNs: 1e9 }) as const;
  // Threads take their time to start; a first job of no chunks waits for them.
  await lanes.run(job(process.hrtime.bigint(), 0), {});
  const beganNs = process.hrtime.bigint();
  const result = await lanes.run(
    { ...job(beganNs + seconds(NULL_RUN_S), Number.MAX_SAFE_INTEGER), originNs: beganNs },
    {},
  );
  return { bytes: result.bytes, seconds: Number(process.hrtime.bigint() - beganNs) / 1e9 };
}

/** Writes pass after pass until the time is long enough; every pass ends with fsync on every file. */
export async function fillVolume(
  context: Context<StorageSettings>,
  lanes: Lanes,
  target: { key: Uint8Array; folder: string; dataFiles: readonly string[]; planned: number },
): Promise<StorageSamples['fill']> {
  const { settings } = context;
  const { chunkBytes } = settings;
  const chunks = target.planned / chunkBytes;
  const originNs = process.hrtime.bigint();
  const elapsedS = () => Number(process.hrtime.bigint() - originNs) / 1e9;
  const deadlineNs = originNs + seconds(settings.fillMaxSeconds);
  const windowNs = settings.windowSeconds * 1e9;
  const windows: number[] = [];
  let writtenBytes = 0;
  let bytes = 0;
  let epoch = 0;
  let epochChunks = 0;
  let syncSeconds = 0;
  for (let pass = 0; pass < settings.maxPasses; pass++) {
    if (pass > 0 && (elapsedS() >= settings.fillMinSeconds || bytes < target.planned)) break;
    if (pass > 0 && writtenBytes + target.planned > settings.maxWriteBytes) break;
    const result = await lanes.run(
      { kind: 'write', epoch: pass, key: target.key, chunks, originNs, deadlineNs, windowNs },
      { progress: rate(context, 'write', chunkBytes, chunks, 0.05, 0.35) },
    );
    context.signal.throwIfAborted();
    if (result.failure)
      throw storageError({ code: result.failure }, `${target.folder} after ${writtenBytes + result.bytes} bytes`);
    result.windows.forEach((part, index) => {
      windows[index] = (windows[index] ?? 0) + part;
    });
    const syncBegan = elapsedS();
    for (const name of target.dataFiles) await sync(join(target.folder, name));
    context.signal.throwIfAborted();
    syncSeconds += elapsedS() - syncBegan;
    writtenBytes += result.bytes;
    if (result.bytes > 0) {
      epoch = pass;
      epochChunks = result.bytes / chunkBytes;
    }
    if (pass === 0) {
      bytes = result.bytes;
      if (bytes === 0)
        throw new AssayError('storage_failed', `not one chunk was written in ${settings.fillMaxSeconds} s`);
    }
  }
  const total = elapsedS();
  return {
    plannedBytes: target.planned,
    bytes,
    writtenBytes,
    epoch,
    epochChunks,
    seconds: total,
    syncSeconds,
    stoppedBy: bytes < target.planned ? 'time' : 'planned',
    windows: whole({ windows }, settings.windowSeconds, total),
  };
}

/** Windows that the measured time filled from end to end. */
export function whole(
  result: { windows: readonly number[] },
  windowS: number,
  totalS: number,
): StorageSamples['read']['windows'] {
  const bytes = result.windows.slice(0, Math.floor(totalS / windowS));
  return { windowS, bytes: Array.from(bytes, (part) => Math.round(part ?? 0)) };
}

/** Reports progress as lanes finish chunks, with the rate since the last report. */
export function rate(
  context: Context<StorageSettings>,
  label: string,
  chunkBytes: number,
  chunks: number,
  from: number,
  share: number,
) {
  let last = 0;
  let lastNs = context.now();
  return (done: number) => {
    const now = context.now();
    const value = ((done - last) * chunkBytes) / (Number(now - lastNs) / 1e9);
    last = done;
    lastNs = now;
    context.progress(from + share * Math.min(1, done / chunks), { value, unit: 'B/s', label });
  };
}

/** Seconds as nanoseconds. */
export function seconds(value: number): bigint {
  return BigInt(Math.round(value * 1e9));
}
