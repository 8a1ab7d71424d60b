import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';

/** That a process was started or has ended, told by the one that started it. */
export type ProcessNews =
  | { readonly type: 'process'; readonly pid: number; readonly path: string; readonly argv: readonly string[] }
  | { readonly type: 'process_ended'; readonly pid: number; readonly livedS: number };

/**
 * Tells of every process that this one starts from now on, whoever starts it, and hands on what children of ours tell
 * of theirs over their channel. Nothing that measures is started without a word: what it ran in is evidence.
 */
export function tellProcesses(tell: (news: ProcessNews) => void): void {
  subscribe('child_process', (message) => {
    const { process: child } = message as { process: ChildProcess };
    let startedNs = 0n;
    child.once('spawn', () => {
      startedNs = process.hrtime.bigint();
      tell({ type: 'process', pid: child.pid!, path: child.spawnfile, argv: child.spawnargs });
    });
    child.once('exit', () => {
      const livedS = Number(process.hrtime.bigint() - startedNs) / 1e9;
      tell({ type: 'process_ended', pid: child.pid!, livedS });
    });
    child.on('message', (news: ProcessNews) => {
      if (news?.type === 'process' || news?.type === 'process_ended') tell(news);
    });
  });
}
