import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { Broken, Channel, Gone } from './channel.ts';
import { endKin, KIN_VARIABLE } from './kin.ts';

/** How a child process ended. `ending` is for people. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** It broke the protocol of the channel. */
  readonly broken: boolean;
  readonly ending: string;
  /** The beginning of its standard output: nothing is decided by what a framework prints there. */
  readonly stdout: Buffer;
  /** The end of its standard error. */
  readonly stderr: Buffer;
}

/** What is known of a child from outside. */
export interface Child {
  /**
   * What the kernel calls the child's end of the channel, for example `socket:[1234]`: processes that hold it can be
   * found by it. Empty where it cannot be read.
   */
  readonly held: string;
  /** Fires when the child has ended or is to be ended. */
  readonly ended: AbortSignal;
}

/** Most bytes kept of the standard output: its beginning. */
const STDOUT_BYTES = 1024 * 1024;
/** Most bytes kept of the standard error: its end, where the reason stands. */
const STDERR_BYTES = 256 * 1024;
/** Descriptor of the channel in the child. */
const CHANNEL = 3;

/**
 * Runs a command and talks with it on a channel of its own, descriptor 3 of the child; its standard input is empty.
 * What `talk` throws ends the child. The child and whatever it started are ended at the time limit, on abort, and when
 * the child has ended, so that nothing stays behind. Never rejects for what the child does.
 *
 */
export function converse(
  argv: readonly string[],
  options: {
    signal: AbortSignal;
    timeoutS: number;
    env: NodeJS.ProcessEnv;
    cwd?: string;
    talk?: (channel: Channel, child: Child) => Promise<void>;
  },
): Promise<Ending> {
  return new Promise((resolve) => {
    const mark = randomUUID();
    const child = spawn(argv[0]!, argv.slice(1), {
      cwd: options.cwd ?? '/',
      env: { ...options.env, [KIN_VARIABLE]: mark },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    let timedOut = false;
    let broken = false;
    let problem = '';
    let stdout = Buffer.alloc(0);
    let stderr = Buffer.alloc(0);
    const over = new AbortController();
    const kill = () => {
      over.abort();
      child.kill('SIGKILL');
      endKin(mark);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutS * 1000);
    options.signal.addEventListener('abort', kill, { once: true });
    if (options.signal.aborted) kill();
    child.stdout!.on('data', (bytes: Buffer) => {
      if (stdout.length < STDOUT_BYTES) stdout = Buffer.concat([stdout, bytes]).subarray(0, STDOUT_BYTES);
    });
    child.stderr!.on('data', (bytes: Buffer) => {
      stderr = Buffer.concat([stderr, bytes]).subarray(-STDERR_BYTES);
    });
    const channel = new Channel(child.stdio[CHANNEL] as Duplex);
    const talk = Promise.resolve(options.talk?.(channel, { held: endOf(child), ended: over.signal })).catch(
      (error: unknown) => {
        // One that has gone is told by how it ended.
        if (error instanceof Gone) return;
        broken = error instanceof Broken;
        problem ||= error instanceof Error ? error.message : String(error);
        kill();
      },
    );
    let finished = false;
    const finish = (exitCode: number | null, signal: NodeJS.Signals | null) => {
      if (finished) return;
      finished = true;
      child.stdio[CHANNEL]?.destroy();
      void talk.then(() => {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', kill);
        const ending = problem || (signal ? `ended by ${signal}` : `ended with ${exitCode}`);
        resolve({ exitCode, signal, timedOut, broken, ending, stdout, stderr });
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

function endOf({ pid }: ChildProcess): string {
  try {
    return pid === undefined ? '' : readlinkSync(`/proc/${pid}/fd/${CHANNEL}`);
  } catch {
    return '';
  }
}
