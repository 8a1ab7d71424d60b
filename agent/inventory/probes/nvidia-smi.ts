import { createRequire } from 'node:module';

/**
 * Helper process: NVIDIA's full report (`nvidia-smi -q -x`) through the package `node-nvidia-smi`, one JSON object.
 * The package starts a shell, has no time limit and calls any byte on standard error a failure; here it cannot hurt
 * more than this process, and the reader has a second reading by the CSV query.
 */
const smi = createRequire(import.meta.url)('node-nvidia-smi') as (
  done: (failure: unknown, report?: unknown) => void,
) => void;

smi((failure, report) => {
  if (failure) {
    const why = (failure instanceof Error ? failure.message : String(failure)).slice(0, 500);
    print({ ok: false, missing: /not found|ENOENT/i.test(why), why });
  } else {
    print({ ok: true, value: report });
  }
});

function print(answer: unknown): void {
  process.stdout.write(JSON.stringify(answer), () => process.exit(0));
}
