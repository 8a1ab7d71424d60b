/**
 * Runs one attempt as an agent does, in the environment that this process was given, and prints what it says of that
 * environment. Arguments: the settings and the policy's libraries, as JSON.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAttempt } from '../../../agent/attempt.ts';
import { benchmark } from '../../../benchmarks/compute/gemm/gemm.ts';
import type { Order } from '../../../proto/wire.ts';

const [settings, libraries] = process.argv.slice(2).map((text) => JSON.parse(text));
const { id, version, profiles } = benchmark.descriptor;
const scratch = mkdtempSync(join(tmpdir(), 'assay-one-attempt-'));
try {
  const order: Order = {
    run: 'r1',
    assignment: 'a1',
    attempt: 1,
    benchmark: id,
    version,
    settings: { ...profiles.quick, ...settings },
    timeoutS: 600,
  };
  const result = await runAttempt(order, {
    platform: async () => undefined,
    scratch,
    blobs: join(scratch, 'blobs'),
    libraries,
    signal: new AbortController().signal,
    commit: async (index) => index.toString(16).padStart(64, '0'),
    progress: () => {},
  });
  const bytes = readFileSync(join(scratch, 'blobs', result.environment!.sha256), 'utf8');
  process.stdout.write(
    JSON.stringify({ state: result.state, failure: result.failure, environment: JSON.parse(bytes) }),
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
