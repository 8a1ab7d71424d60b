import { type Answer, Broken, type Channel } from './channel.ts';
import { type Child, converse } from './conversation.ts';
import { engineOf, type Framework } from './engines.ts';
import { lookFromOutside } from './loaded.ts';
import { readDescription, readInferred, readOnnx, readOperations, readTrained, type TrainRequest } from './messages.ts';
import { operationsSeed } from './operations.ts';
import type { Precision } from './precision.ts';
import type { FrameworkRun } from './samples.ts';

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
  readonly precisions: readonly Precision[];
  readonly task: Omit<TrainRequest, 'ask' | 'precision'>;
  /** Monotonic nanoseconds. */
  readonly now: () => bigint;
  /** Commits to the weights; gives the beacon and the file with the held-out inputs that derive from it. */
  readonly holdOut: (run: FrameworkRun) => Promise<{ beacon: string; inputsFile: string; samples: number }>;
}

type Building = { -readonly [K in keyof FrameworkRun]: FrameworkRun[K] };

/**
 * Runs one probe from its description to its end. A probe that hangs, dies, breaks the protocol or says things out of
 * turn gives a run with a failure and what it had done until then. The end of its output comes beside it.
 */
export async function probeFramework(
  examinee: Examinee,
  options: ProbeOptions,
): Promise<{ run: FrameworkRun; output: Buffer }> {
  const began = options.now();
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
    operations: [],
    seconds: 0,
  };
  // A plain variable would look constant to the compiler: only the callback changes it.
  const talk: { channel?: Channel; complete: boolean } = { complete: false };
  const ended = await converse(examinee.command, {
    ...options,
    async talk(channel, child) {
      talk.channel = channel;
      await examine(run, channel, child, options);
      talk.complete = true;
    },
  });
  run.seconds = secondsSince(began, options.now);
  const asked = talk.channel?.asked ?? '';
  const waited = asked === '' ? '' : `, while "${asked}" was asked`;
  if (ended.timedOut) run.failure = { code: 'timed_out', detail: `no end after ${options.timeoutS} s${waited}` };
  else if (ended.broken) run.failure = { code: 'parse_error', detail: `protocol broken: ${ended.ending}${waited}` };
  else if (ended.exitCode !== 0 || !talk.complete) {
    const last = ended.stderr.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    run.failure = { code: 'crashed', detail: `${ended.ending}${waited}: ${last.slice(0, 500)}` };
  }
  return { run, output: Buffer.concat([ended.stdout.subarray(0, 64 * 1024), ended.stderr]) };
}

/** Asks for everything in order. The agent takes the times, and looks at the process before it lets it go. */
async function examine(run: Building, channel: Channel, child: Child, options: ProbeOptions): Promise<void> {
  const described = readDescription(must(await channel.ask({ ask: 'describe' })));
  if (!described.ok) throw new Broken(`its description is none: ${described.problems.join('; ')}`);
  Object.assign(run, described.value);
  const { steps } = options.task;
  for (const precision of options.precisions) {
    const began = options.now();
    const answer = await channel.ask({ ask: 'train', precision, ...options.task });
    const trainSeconds = secondsSince(began, options.now);
    const { losses, weights } = answer.ok ? readTrained(answer.body, steps) : { losses: [], weights: '' };
    if (!answer.ok || !losses.every(Number.isFinite)) {
      run.refused.push({ precision, detail: answer.ok ? 'its losses are no numbers' : answer.why });
      continue;
    }
    const [firstLoss, lastLoss] = [losses[0]!, losses.at(-1)!];
    run.runs.push({ precision, steps, trainSeconds, inferSeconds: 0, firstLoss, lastLoss, weights, labels: '' });
  }
  const { beacon, inputsFile, samples } = await options.holdOut(run);
  run.held = beacon;
  for (const one of run.runs) {
    const began = options.now();
    const answer = await channel.ask({ ask: 'infer', precision: one.precision, inputsFile, samples });
    one.inferSeconds = secondsSince(began, options.now);
    if (answer.ok) one.labels = readInferred(answer.body);
    else run.refused.push({ precision: one.precision, detail: answer.why });
  }
  const engine = engineOf(run.framework, run.backend);
  const operations = await channel.ask({ ask: 'operations', engine, seed: operationsSeed(beacon) });
  if (operations.ok) run.operations = readOperations(operations.body);
  if (run.runs.length > 0) {
    const onnx = readOnnx(must(await channel.ask({ ask: 'onnx', folder: options.cwd })));
    if (!onnx.ok) throw new Broken(`what it says of ONNX is no answer: ${onnx.problems.join('; ')}`);
    run.onnx = onnx.value;
  }
  const outside = await lookFromOutside(child);
  if (outside) run.outside = outside;
  must(await channel.ask({ ask: 'end' }));
}

/** The content of an answer that may not be refused. */
function must(answer: Answer): Buffer {
  if (!answer.ok) throw new Broken(`it refused: ${answer.why}`);
  return answer.body;
}

function secondsSince(began: bigint, now: () => bigint): number {
  return Number(now() - began) / 1e9;
}
