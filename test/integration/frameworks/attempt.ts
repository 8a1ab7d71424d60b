import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FrameworksSettings } from '../../../benchmarks/frameworks/descriptor.ts';
import type { FrameworkRun, FrameworksSamples } from '../../../benchmarks/frameworks/samples.ts';
import { benchmark } from '../../../benchmarks/frameworks/train.ts';
import type { Transcript } from '../../../model/assignment.ts';
import type { Examination } from '../../../model/measurement.ts';

/** The system's interpreter, which has Debian's PyTorch where python3-torch is installed. */
export const PYTHON = '/usr/bin/python3';
export const PYTHON_WITH_TORCH =
  spawnSync(PYTHON, ['-c', 'import importlib.util as u; assert u.find_spec("torch")']).status === 0;

export interface Attempt {
  readonly samples: FrameworksSamples;
  readonly examination: Examination;
  readonly evidence: ReadonlyMap<string, Uint8Array>;
  /** The run of one framework. */
  run(framework: string): FrameworkRun | undefined;
  /** Engines that count: a verified level above zero. */
  readonly counted: string[];
}

export function scratch(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'assay-frameworks-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs the benchmark as an agent does, with the controller's part played here. */
export async function attempt(
  changes: Partial<FrameworksSettings>,
  options: { signal?: AbortSignal; onPhase?: (name: string) => void } = {},
): Promise<Attempt> {
  // Long limits: a busy machine imports a framework in minutes.
  const limits = { timeoutSeconds: 900, findSeconds: 600 };
  const settings = { ...benchmark.descriptor.profiles.quick, ...limits, ...changes };
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
        const beacon = randomBytes(32).toString('hex');
        const commit = Buffer.from(bytes).toString('base64');
        exchanges.push({ index: exchanges.length, label, commit, beacon, receivedNs, answeredNs: sinceNs() });
        return beacon;
      },
      keep: async (name, _, bytes) => void evidence.set(name, bytes),
      software: () => {},
    });
    const at = new Date(0).toISOString();
    const head = { schema: 'assay/transcript/v1', run: 'r', assignment: 'a', attempt: 1, node: 'n' } as const;
    const transcript: Transcript = { ...head, issuedAt: at, endedAt: at, exchanges };
    const examination = benchmark.proof.examine(samples, {
      settings,
      transcript,
      evidence: (name) => evidence.get(name),
    });
    const levels = examination.metrics.filter((one) => one.metric === 'frameworks.adapted.level');
    const counting = levels.filter((one) => one.verified && one.estimate.value > 0);
    return {
      samples,
      examination,
      evidence,
      run: (framework) => samples.runs.find((one) => one.framework === framework),
      counted: [...new Set(counting.map((one) => one.labels.engine ?? ''))],
    };
  } finally {
    work.remove();
  }
}
