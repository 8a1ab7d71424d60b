import { parentPort } from 'node:worker_threads';
import type { Commands, ThreadReply, ThreadRequest } from './fleet.ts';

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
