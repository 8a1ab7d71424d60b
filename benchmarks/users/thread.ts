import { parentPort, workerData } from 'node:worker_threads';
import { BUSY, type Commands, ENDING, type ThreadReply, type ThreadRequest } from './commands.ts';

/** Handlers of a thread's commands. */
export type Handlers<C extends Commands> = { [K in keyof C]: (arg: C[K]['arg']) => Promise<C[K]['result']> };

/** Serves a thread's commands; to be called once, on a worker thread. */
export function serveCommands<C extends Commands>(handlers: Handlers<C>): void {
  const port = parentPort;
  if (!port) throw new Error('this file runs as a worker thread only');
  port.on('message', ({ id, kind, arg }: ThreadRequest) => {
    const handle = handlers[kind] as ((arg: unknown) => Promise<unknown>) | undefined;
    const answer = handle ? handle(arg) : Promise.reject(new Error(`no command ${kind}`));
    answer.then(
      (result) => port.postMessage({ id, ok: true, result } satisfies ThreadReply),
      (error: unknown) => port.postMessage({ id, ok: false, detail: String(error) } satisfies ThreadReply),
    );
  });
}

/**
 * Runs a call into native code that must not be cut short: to end a thread inside ONNX Runtime ends the process. The
 * thread is not ended before the call is over, and no call begins after it is to end.
 */
export async function native<T>(call: () => Promise<T>): Promise<T> {
  const cells = (workerData as { cells?: Int32Array } | null)?.cells;
  if (!cells) return call();
  Atomics.add(cells, BUSY, 1);
  try {
    if (Atomics.load(cells, ENDING) !== 0) throw new Error('the thread is to end');
    return await call();
  } finally {
    Atomics.sub(cells, BUSY, 1);
  }
}
