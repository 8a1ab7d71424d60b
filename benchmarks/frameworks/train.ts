import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Benchmark, type Context, Unsupported } from '../benchmark.ts';
import { acceleratorFiles } from './accelerator-files.ts';
import { descriptor, type FrameworksSettings } from './descriptor.ts';
import { FRAMEWORKS, frameworkOf } from './engines.ts';
import { defaultCommands, type Interpreter, ISOLATED, lookInto, PROBES } from './interpreters.ts';
import { type Examinee, type ProbeOptions, probeFramework } from './probe.ts';
import { proof } from './proof.ts';
import { answersCommit, type FrameworksSamples, weightsCommit } from './samples.ts';
import { examplesOf, TASK, weightSeed } from './task.ts';

/** Finds frameworks, makes each one train and infer, and keeps what it answered. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = {
  descriptor,
  proof,
  async run(context) {
    const { settings, signal, workDirectory } = context;
    context.phase('find');
    const env = environment(workDirectory);
    const interpreters = await findInterpreters(context, env);
    const { examinees, present, absent, unreachable } = choose(interpreters, settings);
    if (examinees.length === 0 && present.length === 0 && unreachable.length === 0 && settings.frameworks.length > 0) {
      throw new Unsupported('tool_missing', `none of ${settings.frameworks.join(', ')} is installed`);
    }
    context.phase('prepare');
    const challenge = await context.commit(
      'open',
      Buffer.from(JSON.stringify(examinees.map((one) => one.framework.id))),
    );
    const task = await writeTask(context, challenge);
    const runs: FrameworksSamples['runs'] = [];
    for (const [index, examinee] of examinees.entries()) {
      signal.throwIfAborted();
      const { id, title } = examinee.framework;
      context.phase(id);
      context.progress(index / examinees.length, { value: index, unit: '1', label: title });
      const { run, output } = await probeFramework(examinee, {
        signal,
        timeoutS: settings.timeoutSeconds,
        env,
        cwd: workDirectory,
        now: context.now,
        precisions: settings.precisions,
        task,
        async holdOut(trained) {
          const beacon = await context.commit(`trained.${id}`, weightsCommit(trained));
          const inputsFile = join(workDirectory, `held-${id}.f32`);
          const { inputs } = examplesOf(challenge, beacon, 'held', settings.heldOut);
          await writeFile(inputsFile, bytesOf(inputs));
          return { beacon, inputsFile, samples: settings.heldOut };
        },
      });
      signal.throwIfAborted();
      if (output.length > 0) await context.keep(`${id}.output`, 'text/plain', output);
      if (run.version !== '') context.software(title, run.version);
      runs.push(run);
    }
    context.phase('close');
    await context.commit('answers', answersCommit(runs));
    context.progress(1);
    return {
      challenge,
      interpreters: interpreters.map(({ channel: _, ...interpreter }) => interpreter),
      accelerators: await acceleratorFiles(),
      runs,
      absent,
      present,
      unreachable,
    };
  },
};

/** An interpreter, and whether the agent's channel comes through to it. */
type Reached = Interpreter & { readonly channel: boolean };

async function findInterpreters(context: Context<FrameworksSettings>, env: NodeJS.ProcessEnv): Promise<Reached[]> {
  const { settings, signal } = context;
  const named = settings.interpreters.length > 0;
  const commands = named ? settings.interpreters : await defaultCommands(env.PATH ?? '');
  const found: Reached[] = [];
  const prefixes = new Set<string>();
  for (const command of commands) {
    signal.throwIfAborted();
    const { prefix, ...interpreter } = await lookInto(command, { signal, timeoutS: settings.findSeconds, env });
    // Two names of one installation; in containers equal prefixes mean nothing, but those are named.
    if (!named && prefix !== '' && prefixes.has(prefix)) continue;
    prefixes.add(prefix);
    found.push(interpreter);
  }
  return found;
}

/** Each framework from the first interpreter that has it and can be talked with. */
function choose(
  interpreters: readonly Reached[],
  settings: FrameworksSettings,
): { examinees: Examinee[] } & Pick<FrameworksSamples, 'present' | 'absent' | 'unreachable'> {
  const examinees: Examinee[] = [];
  const present: FrameworksSamples['present'] = [];
  const absent: FrameworksSamples['absent'] = [];
  const unreachable: FrameworksSamples['unreachable'] = [];
  const wanted = FRAMEWORKS.filter(({ id }) => settings.frameworks.length === 0 || settings.frameworks.includes(id));
  for (const framework of wanted) {
    const { id, module, probe, install } = framework;
    if (module === '' && probe) {
      examinees.push({ framework, version: '', command: [process.execPath, '--no-warnings', join(PROBES, probe)] });
      continue;
    }
    const hosts = interpreters.filter((interpreter) => interpreter.found.some((one) => one.framework === id));
    const host = hosts.find(({ channel }) => channel) ?? hosts[0];
    const version = host?.found.find((one) => one.framework === id)?.version ?? '';
    if (!host && probe) absent.push({ framework: id, install });
    if (!host) continue;
    if (!probe) present.push({ framework: id, version });
    else if (!host.channel) unreachable.push({ framework: id, version, command: host.command });
    else {
      const command = [...host.command, ...ISOLATED, join(PROBES, 'wire.py'), probe.replace(/\.py$/, '')];
      examinees.push({ framework, version, command });
    }
  }
  for (const id of settings.frameworks) {
    if (!frameworkOf(id)) absent.push({ framework: id, install: 'not known to this version' });
  }
  return { examinees, present, absent, unreachable };
}

async function writeTask(context: Context<FrameworksSettings>, challenge: string): Promise<ProbeOptions['task']> {
  const { settings, workDirectory } = context;
  const { inputs, labels } = examplesOf(challenge, challenge, 'train', settings.trainSamples);
  const inputsFile = join(workDirectory, 'train.f32');
  const labelsFile = join(workDirectory, 'train.labels');
  await writeFile(inputsFile, bytesOf(inputs));
  await writeFile(labelsFile, labels);
  return {
    inputsFile,
    labelsFile,
    samples: settings.trainSamples,
    inputs: TASK.inputs,
    hidden: TASK.hidden,
    classes: TASK.classes,
    steps: settings.steps,
    batch: settings.batch,
    seed: weightSeed(challenge),
  };
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The node's own environment, but caches and settings of frameworks go to the work directory and logs are short. */
function environment(workDirectory: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TMPDIR: workDirectory,
    XDG_CACHE_HOME: workDirectory,
    KERAS_HOME: join(workDirectory, 'keras'),
    MPLCONFIGDIR: workDirectory,
    TF_CPP_MIN_LOG_LEVEL: '2',
    GLOG_v: '3',
    GLOG_minloglevel: '2',
  };
}
