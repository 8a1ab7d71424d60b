import { EXIT } from '../model/errors.ts';

/**
 * First Ctrl-C ends the run in order, and so does a terminal that is closed (Node undoes what nohup asked for); the
 * second one ends the program.
 */
export function interruptible(): AbortSignal {
  const abort = new AbortController();
  const stop = (): void => {
    if (abort.signal.aborted) process.exit(EXIT.cannotTell);
    process.stderr.write('\nstopping; what was measured is kept 正在停止，已测数据会保留\n');
    abort.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', stop);
  return abort.signal;
}
