import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageSettings } from '../../../benchmarks/storage/descriptor.ts';
import type { StorageSamples } from '../../../benchmarks/storage/samples.ts';
import { benchmark } from '../../../benchmarks/storage/volume.ts';
import type { Transcript } from '../../../model/assignment.ts';
import type { Examination } from '../../../model/measurement.ts';

const MiB = 1024 ** 2;

/** Small enough for a test, and all of it. */
export const SMALL: StorageSettings = {
  ...benchmark.descriptor.profiles.quick,
  fillBytes: 16 * MiB,
  maxFreeShare: 0.5,
  chunkBytes: MiB,
  lanes: 2,
  fillMinSeconds: 0,
  settleSeconds: 0,
  windowSeconds: 0.01,
  fio: false,
};

export interface Attempt {
  readonly samples: StorageSamples;
  readonly examination: Examination;
  readonly evidence: ReadonlyMap<string, Uint8Array>;
  /** What lies in the directory under test afterwards. */
  readonly left: string[];
}

/** A directory of its own for one test, and its removal. */
export function scratch(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'assay-storage-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Runs the benchmark as an agent does. `onCommit` is called when the controller gets a commit, before its beacon is
 * known to anybody: there a storage that cheats does what it does.
 */
export async function attempt(
  directory: string,
  options: {
    settings?: Partial<StorageSettings>;
    onCommit?: (label: string) => void;
    onBeacon?: (label: string, beacon: string) => void;
    onPhase?: (name: string) => void;
    signal?: AbortSignal;
  } = {},
): Promise<Attempt> {
  const settings = { ...SMALL, directory, ...options.settings };
  const work = scratch();
  const began = process.hrtime.bigint();
  const sinceNs = () => String(process.hrtime.bigint() - began);
  const exchanges: Transcript['exchanges'] = [];
  const evidence = new Map<string, Uint8Array>();
  try {
    const samples = await benchmark.run({
      settings,
      service: undefined,
      workDirectory: work.path,
      signal: options.signal ?? new AbortController().signal,
      now: process.hrtime.bigint,
      phase: (name) => options.onPhase?.(name),
      progress: () => {},
      commit: async (label, bytes) => {
        const receivedNs = sinceNs();
        options.onCommit?.(label);
        const beacon = randomBytes(32).toString('hex');
        options.onBeacon?.(label, beacon);
        const commit = Buffer.from(bytes).toString('base64');
        exchanges.push({ index: exchanges.length, label, commit, beacon, receivedNs, answeredNs: sinceNs() });
        return beacon;
      },
      keep: async (name, _, bytes) => void evidence.set(name, bytes),
      software: () => {},
    });
    const at = new Date(0).toISOString();
    const transcript: Transcript = {
      schema: 'assay/transcript/v1',
      run: 'r',
      assignment: 'a',
      attempt: 1,
      node: 'n',
      issuedAt: at,
      endedAt: at,
      exchanges,
    };
    const around = { settings, transcript, evidence: (name: string) => evidence.get(name) };
    return { samples, examination: benchmark.proof.examine(samples, around), evidence, left: readdirSync(directory) };
  } finally {
    work.remove();
  }
}
