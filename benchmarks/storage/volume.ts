import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AssayError } from '../../model/errors.ts';
import { type Benchmark, type Context, Unsupported } from '../benchmark.ts';
import { DEFECTS, UNIT_BYTES, volumeKey } from './block.ts';
import { type Books, plannedFill, slope } from './books.ts';
import { descriptor, type StorageSettings } from './descriptor.ts';
import { createFiles, directoryUnderTest, directWorks, drop, fetchedBytes, storageError } from './directory.ts';
import { fillVolume, measureHarness, rate, seconds, whole } from './fill.ts';
import { FIO_POINTS, findFio, runFio } from './fio.ts';
import { identify, readFileSystem } from './identity.ts';
import { laneCount, startLanes } from './lanes.ts';
import { makeFolder, removeFolder, removeLeftovers } from './leftovers.ts';
import { challengedUnits } from './positions.ts';
import { proof } from './proof.ts';
import { fillCommit, readCommit, type StorageSamples } from './samples.ts';

/** No file grows beyond this; many file systems end at 16 TiB. */
const FILE_BYTES = 1024 ** 4;

/** Fills part of a file system, lets the controller choose what to read, reads it back cold, and runs fio beside it. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = {
  descriptor,
  proof,
  async run(context) {
    context.phase('preconditions');
    const directory = await directoryUnderTest(context);
    await removeLeftovers(directory);
    const before = await readFileSystem(directory);
    const found = identify(directory, before.fsid);
    if (!found) throw new Unsupported('unsupported', `no mount is known for ${directory}`);
    const planned = plannedFill(before, context.settings);
    if (planned === 0) {
      throw new AssayError(
        'no_space',
        `${before.availableBytes} bytes are free in ${directory}, too few to fill one chunk`,
      );
    }
    const folder = await makeFolder(directory, randomBytes(8).toString('hex')).catch((error) => {
      throw storageError(error, directory);
    });
    try {
      return await measure(context, folder, { before, found, planned });
    } finally {
      await removeFolder(folder);
    }
  },
};

type Start = { before: Books; found: StorageSamples['volume']; planned: number };

async function measure(context: Context<StorageSettings>, folder: string, start: Start): Promise<StorageSamples> {
  const { settings, signal } = context;
  const { chunkBytes } = settings;
  const count = laneCount(settings.lanes);
  const files = Math.min(start.planned / chunkBytes, Math.max(count, Math.ceil(start.planned / FILE_BYTES)));
  const direct = settings.direct && directWorks(folder);
  const dataFiles = await createFiles(folder, files);
  const lanes = startLanes(count, { directory: folder, direct, files, chunkBytes });
  const stop = () => lanes.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    context.phase('null_run');
    const nullRun = await measureHarness(lanes);
    signal.throwIfAborted();

    context.phase('fill');
    const challenge = await context.commit(
      'open',
      Buffer.from(JSON.stringify([start.found.identity, start.planned, files])),
    );
    const key = volumeKey(challenge);
    const fill = await fillVolume(context, lanes, { key, folder, dataFiles, planned: start.planned });
    const audit = await context.commit('filled', fillCommit({ fill, chunkBytes, files }));

    context.phase('books');
    const after = await settledBooks(context, start, fill.bytes);
    const forget = () => dataFiles.map((name) => drop(join(folder, name))).every(Boolean);
    const droppedFirst = forget();

    context.phase('sample');
    const pass = { epoch: fill.epoch, epochChunks: fill.epochChunks };
    const blockTimeoutNs = settings.blockTimeoutSeconds * 1e9;
    const chosen = challengedUnits(audit, fill.bytes / UNIT_BYTES, settings.samples);
    await context.commit('settled', new Uint8Array());
    const sampleBegan = context.now();
    const sampled = await lanes.run(
      {
        kind: 'sample',
        key,
        fill: pass,
        units: Float64Array.from([...chosen.sample, ...chosen.ruler]),
        timed: chosen.sample.length,
        deadlineNs: process.hrtime.bigint() + seconds(settings.sampleMaxSeconds),
        blockTimeoutNs,
      },
      {
        alone: true,
        progress: (done) =>
          context.progress(0.4 + 0.15 * Math.min(1, done / (chosen.sample.length + chosen.ruler.length))),
      },
    );
    signal.throwIfAborted();
    const sampleS = Number(context.now() - sampleBegan) / 1e9;
    await context.commit('sampled', Buffer.from(sampled.first.digest, 'hex'));

    context.phase('read');
    // What the sample fetched would be read from the cache.
    const cacheDropped = forget() && droppedFirst;
    const chunks = fill.bytes / chunkBytes;
    await context.commit('reading', new Uint8Array());
    const fetchedBefore = fetchedBytes();
    const originNs = process.hrtime.bigint();
    const read = await lanes.run(
      {
        kind: 'read',
        challenge: audit,
        fill: pass,
        key,
        chunks,
        originNs,
        deadlineNs: originNs + seconds(settings.readMaxSeconds),
        windowNs: settings.windowSeconds * 1e9,
        blockTimeoutNs,
      },
      { progress: rate(context, 'read', chunkBytes, chunks, 0.55, 0.25) },
    );
    const fetchedAfter = fetchedBytes();
    const readS = Number(process.hrtime.bigint() - originNs) / 1e9;
    const reading: StorageSamples['read'] = {
      bytes: read.bytes,
      seconds: readS,
      windows: whole(read, settings.windowSeconds, readS),
      ...(fetchedBefore !== undefined && fetchedAfter !== undefined
        ? { fetchedBytes: fetchedAfter - fetchedBefore }
        : {}),
    };
    signal.throwIfAborted();
    await context.commit('read', readCommit({ read: reading }));

    const end = await readFileSystem(start.found.directory);
    context.phase('fio');
    const fio = await measureWithFio(context, { folder, dataFiles, direct });
    context.progress(1);
    return {
      challenge,
      audit,
      volume: start.found,
      before: start.before,
      after,
      end,
      direct,
      cacheDropped,
      chunkBytes,
      lanes: lanes.count,
      files,
      nullRun,
      fill,
      sample: {
        latenciesNs: sampled.first.latenciesNs,
        planned: settings.samples,
        stratified: Math.min(sampled.first.visited, chosen.sample.length),
        ruler: Math.max(0, sampled.first.visited - chosen.sample.length),
        seconds: sampleS,
        digest: sampled.first.digest,
      },
      read: reading,
      bad: Object.fromEntries(
        DEFECTS.map((kind) => [kind, sampled.bad[kind] + read.bad[kind]]),
      ) as StorageSamples['bad'],
      defects: [
        ...sampled.defects.slice(0, 256).map((defect) => ({ during: 'sample' as const, ...defect })),
        ...read.defects.slice(0, 256).map((defect) => ({ during: 'read' as const, ...defect })),
      ],
      fio,
    };
  } finally {
    signal.removeEventListener('abort', stop);
    await lanes.close();
  }
}

/** Waits until the books have followed the data, at most as long as the settings say. */
async function settledBooks(context: Context<StorageSettings>, start: Start, bytes: number): Promise<Books> {
  const until = context.now() + seconds(context.settings.settleSeconds);
  for (;;) {
    const books = await readFileSystem(start.found.directory);
    if (slope(start.before, books, bytes).sound || context.now() >= until) return books;
    await new Promise((resolve) => setTimeout(resolve, 200));
    context.signal.throwIfAborted();
  }
}

async function measureWithFio(
  context: Context<StorageSettings>,
  target: { folder: string; dataFiles: readonly string[]; direct: boolean },
): Promise<StorageSamples['fio']> {
  const none = { path: '', version: '', sha256: '', runs: [] };
  if (!context.settings.fio) return none;
  const fio = await findFio(context.settings.fioPath, context.signal);
  if (!fio) return none;
  context.software('fio', fio.version);
  const { path, version, sha256 } = fio;
  if (!target.direct) return { path, version, sha256, runs: [] };
  const runs: StorageSamples['fio']['runs'] = [];
  for (const [index, point] of FIO_POINTS.entries()) {
    context.signal.throwIfAborted();
    context.progress(0.8 + 0.05 * index);
    const { run, ended } = await runFio(fio, point, { ...target, settings: context.settings, signal: context.signal });
    await context.keep(run.stdout, 'application/json', ended.stdout);
    await context.keep(run.stderr, 'text/plain', ended.stderr);
    runs.push(run);
  }
  context.signal.throwIfAborted();
  return { path, version, sha256, runs };
}
