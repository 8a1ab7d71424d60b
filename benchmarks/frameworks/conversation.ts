import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { endKin, KIN_VARIABLE } from './kin.ts';
import { LINE_BYTES } from './messages.ts';

/** How a child process ended. `ending` is for people. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly ending: string;
  readonly stderr: Buffer;
}

/** Most bytes kept of the standard error: its end, where the reason stands. */
const STDERR_BYTES = 256 * 1024;

/**
 * Runs a command and talks with it line by line. `onLine` sees every line in order, one after the other; what it
 * throws ends the child. The child and whatever it started are ended at the time limit, on abort, and when the child has
 * ended, so that nothing stays behind. Never rejects for what the child does.
 */
export function converse(
  argv: readonly string[],
  options: {
    signal: AbortSignal;
    timeoutS: number;
    env: NodeJS.ProcessEnv;
    cwd?: string;
    onLine: (line: string, say: (message: object) => void) => Promise<void>;
  },
): Promise<Ending> {
  return new Promise((resolve) => {
    const mark = randomUUID();
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: options.cwd ?? '/',
      env: { ...options.env, [KIN_VARIABLE]: mark },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let timedOut = false;
    let problem = '';
    let stderr = Buffer.alloc(0);
    let rest = '';
    let work = Promise.resolve();
    const kill = () => {
      child.kill('SIGKILL');
      endKin(mark);
    };
    const abandon = (why: string) => {
      problem ||= why;
      kill();
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutS * 1000);
    options.signal.addEventListener('abort', kill, { once: true });
    if (options.signal.aborted) kill();
    const say = (message: object) => void child.stdin.write(`${JSON.stringify(message)}\n`);
    const take = (line: string) => {
      work = work
        .then(() => (problem ? undefined : options.onLine(line, say)))
        .catch((error) => abandon(String(error)));
    };
    // A child that closes its input early is seen by how it ends.
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_BYTES) {
        rest = '';
        abandon('it sent a line without end');
      }
      for (const line of lines) take(line);
    });
    child.stderr.on('data', (bytes: Buffer) => {
      stderr = Buffer.concat([stderr, bytes]).subarray(-STDERR_BYTES);
    });
    let finished = false;
    const finish = (exitCode: number | null, signal: NodeJS.Signals | null) => {
      if (finished) return;
      finished = true;
      if (rest !== '') take(rest);
      void work.then(() => {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', kill);
        const ending = problem || (signal ? `ended by ${signal}` : `ended with ${exitCode}`);
        resolve({ exitCode, signal, timedOut, ending, stderr });
      });
    };
    child.on('error', (error) => {
      problem ||= error.message;
      finish(null, null);
    });
    // Not `close`: a grandchild may hold the pipes open for ever.
    child.on('exit', (exitCode, signal) => {
      kill();
      const drained = setTimeout(() => finish(exitCode, signal), 2000);
      child.once('close', () => {
        clearTimeout(drained);
        finish(exitCode, signal);
      });
    });
  });
}
