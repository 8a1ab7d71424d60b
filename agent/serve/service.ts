import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Service } from '../../benchmarks/benchmark.ts';
import type { ServiceCommand, ServiceNotice, ServiceOptions } from './commands.ts';

/** A running service. */
export interface RunningService extends Service {
  /** `host:port` of the gRPC front. */
  readonly grpcUrl: string;
  /** Process id of the service. */
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the process; settles when it has ended. */
  stop(): Promise<void>;
}

/** Inference threads that suit this machine: half of its cores, at least one. */
export function defaultWorkers(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

/** Starts the built-in inference service as a child process. Rejects with the cause if it does not come up in 30 s. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const child = spawn(process.execPath, ['--no-warnings', fileURLToPath(new URL('./main.ts', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4_096);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const stop = () => end(child, ended);
  try {
    const notice = await started(child, options, () => stderr);
    return {
      url: notice.url,
      grpcUrl: notice.grpcUrl,
      model: notice.model,
      identityKey: options.identityKey,
      pid: child.pid!,
      ended,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function started(
  child: ChildProcess,
  options: ServiceOptions,
  stderr: () => string,
): Promise<ServiceNotice & { kind: 'started' }> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`the inference service did not start in 30 s. ${stderr()}`)),
      30_000,
    );
    const settle = (act: () => void) => {
      clearTimeout(late);
      act();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code) =>
      settle(() => reject(new Error(`the inference service ended with ${code} while starting. ${stderr()}`))),
    );
    child.on('message', (notice: ServiceNotice) =>
      settle(() => (notice.kind === 'started' ? resolve(notice) : reject(new Error(notice.detail)))),
    );
    child.send({ kind: 'start', options } satisfies ServiceCommand);
  });
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  if (child.connected) child.send({ kind: 'stop' } satisfies ServiceCommand);
  const hard = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await ended;
  clearTimeout(hard);
}
