import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Candidate } from '../backends/candidates.ts';
import { LibraryError } from '../backends/library-error.ts';
import type { Ask, Operation, Requests, Tell, Window } from './requests.ts';

/** One backend in a process of its own. */
export interface Engine {
  /** Asks and waits. Rejects with what the backend said, or with how its process ended. */
  ask<O extends Operation>(
    operation: O,
    input: Requests[O]['in'],
    onWindow?: (window: Window) => void,
  ): Promise<Requests[O]['out']>;
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
}

const OUTPUT_LIMIT = 4096;

/** Starts an engine. When the signal fires it is killed at once, whatever it is doing. */
export function startEngine(candidate: Candidate, signal: AbortSignal): Engine {
  // Node runs TypeScript itself; a loader of the parent's would only cost time.
  const child = fork(fileURLToPath(new URL('./engine.ts', import.meta.url)), [candidate.backend], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, NODE_OPTIONS: '', ...candidate.environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const waiting = new Map<number, { settle: (tell: Tell) => void; fail: (error: Error) => void }>();
  let ended: Error | undefined;
  let output = '';
  let next = 1;
  const listen = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-OUTPUT_LIMIT);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);

  const gone = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended ??= new Error(`${candidate.backend} ${how}${output ? `: ${output.trim().slice(-600)}` : ''}`);
      for (const { fail } of waiting.values()) fail(ended);
      waiting.clear();
      resolve();
    };
    child.on('error', (error) => end(`could not be started: ${error.message}`));
    child.on('close', (code, name) => end(name ? `was ended by ${name}` : `ended with status ${code}`));
  });
  const kill = () => child.kill('SIGKILL');
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill, { once: true });
  void gone.then(() => signal.removeEventListener('abort', kill));

  child.on('message', (tell: Tell) => waiting.get(tell.id)?.settle(tell));
  return {
    ask: (operation, input, onWindow) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = next++;
        const settle = (tell: Tell) => {
          if ('window' in tell) return onWindow?.(tell.window);
          waiting.delete(id);
          if ('error' in tell) reject(tell.fault ? new LibraryError(tell.fault, tell.error) : new Error(tell.error));
          else resolve(tell.output as never);
        };
        waiting.set(id, { settle, fail: reject });
        send(child, { id, operation, input });
      }),
    async stop() {
      kill();
      await gone;
    },
  };
}

function send(child: ChildProcess, ask: Ask): void {
  // A channel that is closed shows as the end of the process; nothing more is to be said here.
  if (child.connected) child.send(ask, () => {});
}
