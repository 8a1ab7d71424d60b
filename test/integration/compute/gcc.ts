import { execFileSync } from 'node:child_process';

/** Whether stand-ins for libraries can be compiled here. */
export const hasGcc = (() => {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
