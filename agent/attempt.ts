import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Libraries, Service } from '../benchmarks/benchmark.ts';
import type { ProcessNews } from '../benchmarks/processes.ts';
import { canonicalBytes } from '../evidence/canonical.ts';
import type { PolicyLibrary } from '../model/environment.ts';
import type { EvidenceRef, Examination, Measurement } from '../model/measurement.ts';
import type { ReasonCode } from '../model/reason.ts';
import type { Order } from '../proto/wire.ts';
import { storeBlob } from './blobs.ts';
import { FileDigests } from './environment/files.ts';
import { EnvironmentWatch } from './environment/watch.ts';
import { type Figure, LiveFigure } from './figure.ts';
import { watchable, watchDevices } from './inventory/live.ts';
import type { FromRunner, ToRunner } from './runner.ts';
import { startTelemetry } from './telemetry.ts';

/** A platform under test that was started for one attempt. */
export interface Platform {
  readonly service: Service;
  /** Its process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** What an attempt may use of its agent. */
export interface Surround {
  /** Starts the platform under test, where the order needs one of ours. */
  readonly platform: () => Promise<Platform | undefined>;
  /** Where private work directories are made. */
  readonly scratch: string;
  /** Where blobs are put under their digest. */
  readonly blobs: string;
  /** Libraries that the node's policy names. */
  readonly libraries: readonly PolicyLibrary[];
  readonly signal: AbortSignal;
  commit(index: number, label: string, payload: Buffer, together: boolean): Promise<string>;
  progress(phase: string, share: number, figure?: Figure): void;
}

/** What the attempt gave: a measurement but for its place in the agent's chain. */
export type AttemptResult = Omit<Measurement, 'schema' | 'run' | 'node' | 'sequence' | 'previous'>;

const EMPTY: Examination = { metrics: [], checks: [], findings: [] };
/** How long a benchmark may take to clean up after it was told to stop. */
const GRACE_MS = 5000;
const OUTPUT_LIMIT = 65_536;
/** Ten readings a second of clocks, power and temperature; telemetry makes one of them each second. */
const DEVICES_EVERY_MS = 100;
/** The same libraries are loaded by attempt after attempt. */
const digests = new FileDigests();

/** Runs one attempt in a process of its own. Always gives a result; a crash, a hang and a cancel are results too. */
export async function runAttempt(order: Order, surround: Surround): Promise<AttemptResult> {
  const workDirectory = mkdtempSync(join(surround.scratch, 'work-'));
  const startedAt = new Date().toISOString();
  const started = process.hrtime.bigint();
  const now = process.hrtime.bigint;
  const watched = watchable();
  const devices = watched && watchDevices({ ...watched, intervalMs: DEVICES_EVERY_MS, now });
  const figure = new LiveFigure(now);
  const telemetry = startTelemetry(process.pid, now, { devices, figure });
  const phases = phaseBook();
  const watch = new EnvironmentWatch();
  const evidence: EvidenceRef[] = [];
  const software: { name: string; version: string }[] = [];
  let challenge = '';
  let platform: Platform | undefined;
  let refused = '';
  try {
    platform = await surround.platform().catch((error: unknown) => {
      refused = `the platform under test did not start: ${error instanceof Error ? error.message : String(error)}`;
      return undefined;
    });
    if (platform) watch.root(platform.pid, 'service');
    const listeners: Listeners = {
      runner: (pid) => watch.root(pid, 'runner'),
      process: (news) => watch.take(news),
      look: () => watch.look(),
      phase: (name) => {
        watch.look();
        phases.enter(name);
        figure.forget();
      },
      figure: (told) => figure.report(told),
      current: () => phases.current(),
      evidence: (ref) => evidence.push(ref),
      software: (item) => software.push(item),
      opened: (beacon) => {
        challenge ||= beacon;
      },
    };
    const ended = refused
      ? crashed(listeners.current(), refused)
      : await superviseRunner(order, surround, platform?.service, workDirectory, listeners);
    const times = {
      startedAt,
      endedAt: new Date().toISOString(),
      elapsedS: Number(process.hrtime.bigint() - started) / 1e9,
      phases: phases.close(),
      telemetry: telemetry.stop(),
    };
    // Digests of large libraries take seconds of a processor: they are none of the time that was measured.
    const environment = canonicalBytes(await watch.finish(digests, surround.libraries));
    return {
      assignment: order.assignment,
      attempt: order.attempt,
      benchmark: order.benchmark,
      version: order.version,
      challenge,
      settings: order.settings,
      state: ended.state,
      ...(ended.failure ? { failure: ended.failure } : {}),
      ...times,
      ...(ended.raw ? { raw: ended.raw } : {}),
      evidence,
      environment: storeBlob(surround.blobs, 'environment.json', 'application/json', environment),
      examination: ended.examination,
      software,
    };
  } finally {
    telemetry.stop();
    watch.stop();
    await platform?.stop();
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

/** The result of an attempt that the agent itself could not carry out: it is told like any other failure. */
export function brokenAttempt(order: Order, startedAt: string, error: unknown): AttemptResult {
  const { assignment, attempt, benchmark, version, settings } = order;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    assignment,
    attempt,
    benchmark,
    version,
    challenge: '',
    settings,
    ...crashed('preconditions', detail),
    startedAt,
    endedAt: new Date().toISOString(),
    elapsedS: 0,
    phases: [],
    evidence: [],
    telemetry: [],
    software: [],
  };
}

interface Ended {
  readonly state: Measurement['state'];
  readonly failure?: NonNullable<Measurement['failure']>;
  readonly raw?: EvidenceRef;
  readonly examination: Examination;
}

interface Listeners {
  /** The runner's process is there. */
  runner(pid: number): void;
  process(news: ProcessNews): void;
  /** The runner is about to go. */
  look(): void;
  phase(name: string): void;
  figure(told: Figure): void;
  current(): string;
  evidence(ref: EvidenceRef): void;
  software(item: { name: string; version: string }): void;
  opened(beacon: string): void;
}

const crashed = (phase: string, detail: string): Ended => ({
  state: 'failed',
  failure: { code: 'crashed', phase, detail: detail.slice(0, 4000) },
  examination: EMPTY,
});

function superviseRunner(
  order: Order,
  surround: Surround,
  service: Service | undefined,
  workDirectory: string,
  on: Listeners,
): Promise<Ended> {
  return new Promise((resolve) => {
    // Its own process group, so that a benchmark's tools die with it.
    const child = fork(join(import.meta.dirname, 'runner.ts'), [], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    if (child.pid !== undefined) on.runner(child.pid);
    let output = '';
    const listen = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_LIMIT);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    const tell = (message: ToRunner): void => {
      if (child.connected) child.send(message, () => {});
    };
    let ended: Ended | undefined;
    let ending: { state: Measurement['state']; code: ReasonCode; detail: string } | undefined;
    let killer: NodeJS.Timeout | undefined;
    const end = (state: Measurement['state'], code: ReasonCode, detail: string): void => {
      if (ended || ending) return;
      ending = { state, code, detail };
      tell({ type: 'abort' });
      killer = setTimeout(() => killGroup(child.pid), GRACE_MS);
    };
    const deadline = setTimeout(
      () => end('timed_out', 'timed_out', `no result within ${order.timeoutS} s`),
      order.timeoutS * 1000,
    );
    const cancel = (): void => end('cancelled', 'cancelled', 'cancelled while it ran');
    if (surround.signal.aborted) cancel();
    surround.signal.addEventListener('abort', cancel, { once: true });

    const failure = (code: ReasonCode, detail: string): NonNullable<Measurement['failure']> => ({
      code,
      phase: on.current(),
      detail: detail.slice(0, 4000),
    });
    child.on('message', (message: FromRunner) => {
      if (message.type === 'phase') on.phase(message.name);
      else if (message.type === 'evidence') on.evidence(message.ref);
      else if (message.type === 'process' || message.type === 'process_ended') on.process(message);
      else if (message.type === 'software') on.software({ name: message.name, version: message.version });
      else if (message.type === 'progress') {
        if (message.figure) on.figure(message.figure);
        surround.progress(on.current(), message.share, message.figure);
      } else if (message.type === 'commit') {
        surround.commit(message.index, message.label, Buffer.from(message.payload, 'base64'), message.together).then(
          (beacon) => {
            if (message.index === 0) on.opened(beacon);
            tell({ type: 'beacon', index: message.index, beacon });
          },
          (error: unknown) => end('failed', 'node_lost', error instanceof Error ? error.message : String(error)),
        );
      } else {
        ended =
          message.type === 'done'
            ? { state: 'completed', raw: message.raw, examination: message.examination }
            : { state: message.state, failure: failure(message.code, message.detail), examination: EMPTY };
        on.look();
        tell({ type: 'leave' });
      }
    });
    child.on('error', (error) => {
      output += error.message;
    });
    // Tools that outlived the benchmark are ended with its group; they would hold its pipes open.
    child.on('exit', () => killGroup(child.pid));
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      clearTimeout(killer);
      surround.signal.removeEventListener('abort', cancel);
      if (ending) {
        resolve({ state: ending.state, failure: failure(ending.code, ending.detail), examination: EMPTY });
      } else if (ended) {
        resolve(ended);
      } else {
        const how = signal ? `killed by ${signal}` : `exit status ${code}`;
        const said = output.trim().slice(-2000);
        resolve(crashed(on.current(), `the benchmark process ended without a result (${how}) ${said}`));
      }
    });
    tell({
      type: 'start',
      benchmark: order.benchmark,
      version: order.version,
      settings: order.settings,
      service,
      libraries: Object.fromEntries(surround.libraries.map(({ name, path }) => [name, path])) as Libraries,
      workDirectory,
      blobDirectory: surround.blobs,
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function phaseBook(): { enter(name: string): void; current(): string; close(): Measurement['phases'] } {
  const phases: Measurement['phases'] = [];
  let open: { name: string; startedAt: string; from: bigint } = {
    name: 'preconditions',
    startedAt: new Date().toISOString(),
    from: process.hrtime.bigint(),
  };
  const finish = (): void => {
    const durationS = Number(process.hrtime.bigint() - open.from) / 1e9;
    phases.push({ name: open.name, startedAt: open.startedAt, durationS });
  };
  return {
    enter: (name) => {
      finish();
      open = { name, startedAt: new Date().toISOString(), from: process.hrtime.bigint() };
    },
    current: () => open.name,
    close: () => {
      finish();
      return phases;
    },
  };
}
