import { readdirSync, readFileSync } from 'node:fs';

/** Variable that marks a probe and all that it starts. */
export const KIN_VARIABLE = 'ASSAY_PROBE';

/**
 * Ends every process that carries the mark in its environment. A probe stays in the process group of the benchmark,
 * so that it dies with it; what it started itself is found by the mark, also after its parent has gone.
 */
export function endKin(mark: string): void {
  const wanted = Buffer.from(`\0${KIN_VARIABLE}=${mark}\0`);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${name}/environ`);
      if (Buffer.concat([Buffer.of(0), environment]).includes(wanted)) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended, or it is another user's.
    }
  }
}
