import { type ChildProcess, spawn } from 'node:child_process';

/** Seconds since the kernel booted, read between two readings of this process's own monotonic clock (nanoseconds). */
export interface BootReading {
  readonly askedNs: bigint;
  readonly answeredNs: bigint;
  readonly bootS: number;
}

/** Reads the kernel's boot time counter in a process of its own. */
export interface BootClock {
  /** Undefined where the counter is not available: no /proc, no shell, no answer within a few seconds. */
  read(): Promise<BootReading | undefined>;
  close(): void;
}

/** A machine may be so busy that a shell gets no turn for a while; beyond this there is no reading. */
const ANSWER_LIMIT_MS = 5000;

/**
 * Starts a shell that answers every line with the first word of /proc/uptime, by builtins alone. It gets no
 * environment: a library that is preloaded into this process to bend its clocks is not loaded there. A reading is made
 * after it is asked for; those asked for while one is under way share the next.
 */
export function startBootClock(source = '/proc/uptime'): BootClock {
  const script = `while read -r _; do read -r up _ <"$0" || exit 1; echo "$up"; done`;
  let child: ChildProcess | undefined;
  let waiting: ((line: string | undefined) => void) | undefined;
  let underWay: Promise<BootReading | undefined> | undefined;
  let next: Promise<BootReading | undefined> | undefined;
  let closed = false;

  const start = (): ChildProcess => {
    const started = spawn('/bin/sh', ['-c', script, source], { env: {}, stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    const end = (): void => {
      if (child === started) child = undefined;
      waiting?.(undefined);
    };
    started.once('error', end).once('exit', end);
    started.stdin?.on('error', end);
    started.stdout?.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
      const at = text.indexOf('\n');
      if (at < 0) return;
      const line = text.slice(0, at);
      text = text.slice(at + 1);
      waiting?.(line);
    });
    // The clock must not keep a controller alive that has nothing more to do.
    started.unref();
    for (const pipe of [started.stdin, started.stdout]) (pipe as unknown as { unref(): void } | null)?.unref();
    return started;
  };

  const ask = async (): Promise<BootReading | undefined> => {
    child ??= start();
    const asked = child;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    waiting = resolve;
    const limit = setTimeout(() => resolve(undefined), ANSWER_LIMIT_MS);
    const askedNs = process.hrtime.bigint();
    asked.stdin?.write('\n');
    const line = await promise;
    const answeredNs = process.hrtime.bigint();
    clearTimeout(limit);
    waiting = undefined;
    // Whatever it may still answer would be taken for the next answer.
    if (line === undefined) {
      asked.kill('SIGKILL');
      if (child === asked) child = undefined;
    }
    const bootS = line !== undefined && /^\d{1,12}\.\d{2}$/.test(line) ? Number(line) : undefined;
    return bootS === undefined ? undefined : { askedNs, answeredNs, bootS };
  };

  const begin = (): Promise<BootReading | undefined> => {
    next = undefined;
    if (closed) return Promise.resolve(undefined);
    underWay = ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };

  return {
    read() {
      if (!underWay) return begin();
      next ??= underWay.then(begin);
      return next;
    },
    close() {
      closed = true;
      child?.kill('SIGKILL');
      child = undefined;
    },
  };
}
