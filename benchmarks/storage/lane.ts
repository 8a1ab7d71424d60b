import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { alignedMemory } from './aligned.ts';
import { content, DEFECTS, type Defect, type DefectKind, defect, UNIT_BYTES } from './block.ts';
import { DESCRIBED_DEFECTS, type LaneJob, type LaneResult, type LaneSetup, spread } from './jobs.ts';
import { walk } from './positions.ts';
import { chunkPlace, epochOf, fileName } from './samples.ts';

// One thread that makes data and writes it, or reads it and compares. Blocking calls on purpose: a lane is one request
// in flight, and the time of a request has no event loop in it.

const setup = workerData as LaneSetup;
const control = new BigInt64Array(setup.control);
const chunk = alignedMemory(setup.chunkBytes);
const unitsPerChunk = setup.chunkBytes / UNIT_BYTES;
const open = new Map<number, number>();

parentPort!.on('message', (job: LaneJob | 'close') => {
  if (job === 'close') {
    closeAll();
    parentPort!.close();
    return;
  }
  const result = run(job);
  // Closing frees what the file system keeps in advance for open files, so that its books can be compared.
  closeAll();
  parentPort!.postMessage(result);
});

function run(job: LaneJob): LaneResult {
  const state = {
    bytes: 0,
    windows: [] as number[],
    bad: Object.fromEntries(DEFECTS.map((kind) => [kind, 0])) as Record<DefectKind, number>,
    defects: [] as Defect[],
    failure: '',
    latenciesNs: [] as number[],
    visited: 0,
    digest: '',
  };
  const note = (found: Defect, units = 1) => {
    state.bad[found.kind] += units;
    if (state.defects.length < DESCRIBED_DEFECTS) state.defects.push(found);
  };
  try {
    if (job.kind === 'sample') {
      sample(job, state, note);
      return state;
    }
    const order = job.kind === 'read' ? walk(job.challenge, job.chunks) : (index: number) => index;
    for (;;) {
      const before = process.hrtime.bigint();
      if (before >= job.deadlineNs || Atomics.load(control, 2) !== 0n) break;
      const index = Number(Atomics.add(control, 0, 1n));
      if (index >= job.chunks) break;
      const number = order(index);
      if (job.kind === 'read') readChunk(job, number, note);
      else {
        content(
          job.key,
          { epoch: job.kind === 'write' ? job.epoch : 0, unit: number * unitsPerChunk },
          chunk.length,
        ).copy(chunk);
        if (job.kind === 'write') writeChunk(number);
      }
      const after = process.hrtime.bigint();
      spread(state.windows, Number(before - job.originNs), Number(after - job.originNs), job.windowNs, chunk.length);
      state.bytes += chunk.length;
      Atomics.add(control, 1, 1n);
    }
  } catch (error) {
    state.failure = (error as NodeJS.ErrnoException).code ?? String(error);
    Atomics.store(control, 2, 1n);
  }
  return state;
}

function writeChunk(number: number): void {
  const { file, offset } = chunkPlace(number, setup.files, setup.chunkBytes);
  const fd = handle(file, constants.O_WRONLY);
  for (let at = 0; at < chunk.length; ) {
    const written = writeSync(fd, chunk, at, chunk.length - at, offset + at);
    if (written <= 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    at += written;
  }
}

function readChunk(
  job: LaneJob & { kind: 'read' },
  number: number,
  note: (found: Defect, units?: number) => void,
): void {
  const { file, offset } = chunkPlace(number, setup.files, setup.chunkBytes);
  const firstUnit = number * unitsPerChunk;
  const began = process.hrtime.bigint();
  const got = readFully(file, offset, chunk, (failure, at) =>
    note(
      { unit: firstUnit + Math.floor(at / UNIT_BYTES), kind: 'error', distance: 0, detail: failure },
      unitsPerChunk - Math.floor(at / UNIT_BYTES),
    ),
  );
  if (Number(process.hrtime.bigint() - began) > job.blockTimeoutNs) {
    note({ unit: firstUnit, kind: 'timeout', distance: 0, detail: 'the chunk came too late' }, unitsPerChunk);
  }
  const epoch = epochOf(job.fill, number);
  if (content(job.key, { epoch, unit: firstUnit }, got).equals(chunk.subarray(0, got))) return;
  for (let i = 0; (i + 1) * UNIT_BYTES <= got; i++) {
    const block = chunk.subarray(i * UNIT_BYTES, (i + 1) * UNIT_BYTES);
    const found = defect(job.key, { epoch, unit: firstUnit + i }, block);
    if (found) note(found);
  }
}

function sample(
  job: LaneJob & { kind: 'sample' },
  state: { latenciesNs: number[]; visited: number; digest: string; bytes: number },
  note: (found: Defect) => void,
): void {
  const digest = createHash('sha256');
  const block = chunk.subarray(0, UNIT_BYTES);
  for (const unit of job.units) {
    const before = process.hrtime.bigint();
    if (before >= job.deadlineNs || Atomics.load(control, 2) !== 0n) break;
    const number = Math.floor(unit / unitsPerChunk);
    const { file, offset } = chunkPlace(number, setup.files, setup.chunkBytes);
    handle(file, constants.O_RDONLY);
    let failure = '';
    const began = process.hrtime.bigint();
    const got = readFully(file, offset + (unit % unitsPerChunk) * UNIT_BYTES, block, (code) => {
      failure = code;
    });
    const tookNs = Number(process.hrtime.bigint() - began);
    if (state.visited < job.timed) state.latenciesNs.push(tookNs);
    state.visited++;
    state.bytes += got;
    Atomics.add(control, 1, 1n);
    const place = { epoch: epochOf(job.fill, number), unit };
    if (failure) note({ unit, kind: 'error', distance: 0, detail: failure });
    else if (tookNs > job.blockTimeoutNs) note({ unit, kind: 'timeout', distance: 0, detail: `${tookNs} ns` });
    else {
      const found = defect(job.key, place, block);
      if (found) note(found);
      else absorb(digest, unit, block);
    }
  }
  state.digest = digest.digest('hex');
}

function absorb(digest: ReturnType<typeof createHash>, unit: number, block: Uint8Array): void {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(unit));
  digest.update(place).update(block);
}

/** Reads until `into` is full; on an error or an early end tells why and where, and gives the bytes so far. */
function readFully(file: number, offset: number, into: Buffer, failed: (code: string, at: number) => void): number {
  let at = 0;
  try {
    const fd = handle(file, constants.O_RDONLY);
    while (at < into.length) {
      const got = readSync(fd, into, at, into.length - at, offset + at);
      if (got <= 0) {
        failed('the file ends too early', at);
        break;
      }
      at += got;
    }
  } catch (error) {
    failed((error as NodeJS.ErrnoException).code ?? String(error), at);
  }
  return at;
}

function handle(file: number, mode: number): number {
  let fd = open.get(file);
  if (fd === undefined) {
    fd = openSync(join(setup.directory, fileName(file)), mode | (setup.direct ? constants.O_DIRECT : 0));
    open.set(file, fd);
  }
  return fd;
}

function closeAll(): void {
  for (const fd of open.values()) closeSync(fd);
  open.clear();
}
