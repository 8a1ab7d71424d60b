import { converse } from './conversation.ts';
import type { Framework } from './engines.ts';
import { type Message, readMessage, type TrainRequest } from './messages.ts';
import type { FrameworkRun, PrecisionRun } from './samples.ts';

/** What a framework is asked to do. */
export interface Examinee {
  readonly framework: Framework;
  readonly version: string;
  readonly command: readonly string[];
}

/** How a probe is run. */
export interface ProbeOptions {
  readonly signal: AbortSignal;
  readonly timeoutS: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly request: TrainRequest;
  /** Commits to the weights; gives the beacon and the file with the held-out inputs that derive from it. */
  readonly holdOut: (run: FrameworkRun) => Promise<{ beacon: string; inputsFile: string; samples: number }>;
}

type Building = { -readonly [K in keyof FrameworkRun]: FrameworkRun[K] };

/**
 * Runs one probe from hello to done. A probe that hangs, dies, breaks the protocol or says things out of turn gives a
 * run with a failure and what it had done until then. The end of its standard error comes beside it.
 */
export async function probeFramework(
  examinee: Examinee,
  options: ProbeOptions,
): Promise<{ run: FrameworkRun; stderr: Buffer }> {
  const began = process.hrtime.bigint();
  const run: Building = {
    framework: examinee.framework.id,
    title: examinee.framework.title,
    command: [...examinee.command],
    version: examinee.version,
    build: '',
    backend: '',
    devices: [],
    device: '',
    accelerated: false,
    held: '',
    runs: [],
    refused: [],
    onnx: { state: 'unknown', detail: '' },
    libraries: [],
    noiseLines: 0,
    seconds: 0,
  };
  // A plain variable would look constant to the compiler: only the callback changes it.
  const protocol: { awaited: State } = { awaited: 'hello' };
  const ended = await converse(examinee.command, {
    ...options,
    async onLine(line, say) {
      const read = readMessage(line);
      if (!read) {
        if (line.trim() !== '') run.noiseLines++;
        return;
      }
      if (!read.ok) throw new Broken(`it sent what is no message: ${read.problems.join('; ')}`);
      const next = turn(protocol.awaited, read.value);
      if (!next) throw new Broken(`it sent "${read.value.type}" when it should have sent "${protocol.awaited}"`);
      protocol.awaited = next;
      record(run, read.value);
      if (read.value.type === 'hello') say(options.request);
      if (read.value.type === 'ready') {
        const { beacon, inputsFile, samples } = await options.holdOut(run);
        run.held = beacon;
        say({ type: 'infer', inputsFile, samples });
      }
    },
  });
  run.seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const waited = protocol.awaited === 'end' ? '' : `, while "${protocol.awaited}" was awaited`;
  if (ended.timedOut) run.failure = { code: 'timed_out', detail: `no end after ${options.timeoutS} s${waited}` };
  else if (ended.ending.includes(Broken.mark)) run.failure = { code: 'parse_error', detail: ended.ending };
  else if (ended.exitCode !== 0 || protocol.awaited !== 'end') {
    const last = ended.stderr.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    run.failure = { code: 'crashed', detail: `${ended.ending}${waited}: ${last.slice(0, 500)}` };
  }
  return { run, stderr: ended.stderr };
}

class Broken extends Error {
  static readonly mark = 'protocol broken';
  constructor(detail: string) {
    super(`${Broken.mark}: ${detail}`);
  }
}

/** What a probe owes next: `hello`, then the results of training up to `ready`, then those of inference up to `done`. */
type State = 'hello' | 'ready' | 'done' | 'end';

function turn(state: State, { type }: Message): State | undefined {
  switch (state) {
    case 'hello':
      return type === 'hello' ? 'ready' : undefined;
    case 'ready':
      if (type === 'ready') return 'done';
      return type === 'trained' || type === 'failed' ? 'ready' : undefined;
    case 'done':
      if (type === 'done') return 'end';
      return type === 'inferred' || type === 'failed' || type === 'onnx' ? 'done' : undefined;
    case 'end':
      return undefined;
  }
}

function record(run: Building, message: Message): void {
  switch (message.type) {
    case 'hello': {
      const { version, build, backend, devices, device, accelerated } = message;
      Object.assign(run, { version, build, backend, devices, device, accelerated });
      break;
    }
    case 'trained': {
      if (run.runs.some((one) => one.precision === message.precision)) {
        throw new Broken(`it trained ${message.precision} twice`);
      }
      const { precision, steps, seconds, firstLoss, lastLoss, weights } = message;
      run.runs.push({
        precision,
        steps,
        trainSeconds: seconds,
        inferSeconds: 0,
        firstLoss,
        lastLoss,
        weights,
        labels: '',
      });
      break;
    }
    case 'inferred': {
      const one: PrecisionRun | undefined = run.runs.find(({ precision }) => precision === message.precision);
      if (one?.labels !== '') throw new Broken(`it inferred ${message.precision} twice or untrained`);
      one.labels = message.labels;
      one.inferSeconds = message.seconds;
      break;
    }
    case 'failed':
      run.refused.push({ precision: message.precision, detail: message.detail });
      break;
    case 'onnx':
      run.onnx = { state: message.state, detail: message.detail };
      break;
    case 'done':
      run.libraries = [...message.libraries];
      break;
    case 'ready':
      break;
  }
}
