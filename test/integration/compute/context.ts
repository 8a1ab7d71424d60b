import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Context } from '../../../benchmarks/benchmark.ts';
import type { Transcript } from '../../../model/assignment.ts';
import type { Examination } from '../../../model/measurement.ts';
import { check } from '../../../model/schema.ts';

export interface Ran {
  readonly raw: unknown;
  readonly transcript: Transcript;
  readonly examination: Examination;
  readonly phases: string[];
  readonly software: string[];
}

/**
 * Runs a benchmark as the agent does, with a controller that answers every commit with fresh random bytes. `entered` is
 * told of every phase as it begins.
 */
export async function runBenchmark(
  benchmark: Benchmark,
  settings: Record<string, unknown>,
  signal: AbortSignal = new AbortController().signal,
  entered: (phase: string) => void = () => {},
): Promise<Ran> {
  const began = process.hrtime.bigint();
  const now = () => String(process.hrtime.bigint() - began);
  const issuedAt = new Date().toISOString();
  const exchanges: Transcript['exchanges'] = [];
  const kept = new Map<string, Uint8Array>();
  const phases: string[] = [];
  const software: string[] = [];
  const workDirectory = mkdtempSync(join(tmpdir(), 'assay-test-'));
  const context: Context<Record<string, unknown>> = {
    settings,
    service: undefined,
    workDirectory,
    signal,
    now: process.hrtime.bigint,
    phase: (name) => {
      phases.push(name);
      entered(name);
    },
    progress: () => {},
    commit: async (label, bytes) => {
      const receivedNs = now();
      const beacon = randomBytes(32).toString('hex');
      const commit = Buffer.from(bytes).toString('base64');
      exchanges.push({ index: exchanges.length, label, commit, beacon, receivedNs, answeredNs: now() });
      return beacon;
    },
    keep: async (name, _mediaType, bytes) => void kept.set(name, bytes),
    software: (name, version) => void software.push(`${name} ${version}`),
  };
  try {
    const raw: unknown = JSON.parse(JSON.stringify(await benchmark.run(context as never)));
    const shaped = check(benchmark.proof.raw, raw);
    if (!shaped.ok) throw new Error(`samples do not fit: ${shaped.problems.join('; ')}`);
    const transcript: Transcript = {
      schema: 'assay/transcript/v1',
      run: 'r',
      assignment: 'a',
      attempt: 1,
      node: 'n',
      issuedAt,
      endedAt: new Date().toISOString(),
      exchanges,
    };
    const evidence = (name: string) => kept.get(name);
    const examination = benchmark.proof.examine(shaped.value, { settings, transcript, evidence });
    return { raw, transcript, examination, phases, software };
  } finally {
    rmSync(workDirectory, { recursive: true, force: true });
  }
}
