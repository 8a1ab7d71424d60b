import { availableParallelism, freemem } from 'node:os';
import { median } from '../../model/estimate.ts';
import type { Benchmark, Context } from '../benchmark.ts';
import { untilAborted } from '../users/abort.ts';
import { Thread } from '../users/fleet.ts';
import { packageVersion } from '../users/software.ts';
import { descriptor, type InferenceSettings } from './descriptor.ts';
import { shownPercentile } from './early-stopping.ts';
import { findModel } from './models/catalogue.ts';
import { type Network, networksOf, scenariosOf } from './order.ts';
import { proof, serverLimitUs } from './proof.ts';
import type { InferenceRaw, PlayedRaw } from './raw.ts';
import type { InferenceCommands, PlayOrder } from './worker.ts';

type Ask = (order: Omit<PlayOrder, 'challenge'>) => Promise<PlayedRaw>;
type ModelRaw = InferenceRaw['models'][number];

/** `inference.onnx`: see the descriptor for what it measures and the proof for what its samples amount to. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = {
  descriptor,
  proof,
  run: (context) => untilAborted(context.signal, (ends) => measure(context, ends)),
};

async function measure(context: Context<InferenceSettings>, ends: (() => Promise<void>)[]): Promise<InferenceRaw> {
  const { settings } = context;
  context.software('onnxruntime-node', packageVersion('onnxruntime-node'));
  context.phase('preconditions');
  const challenge = await context.commit('open', new TextEncoder().encode(JSON.stringify(settings)));
  const thread = new Thread<InferenceCommands>(new URL('./worker.ts', import.meta.url));
  ends.push(() => thread.end());
  const ask: Ask = (order) => thread.ask('play', { ...order, challenge });

  context.phase('null_run');
  const nothing = { nothing: true, trial: 'null', seconds: settings.nullS, batch: 1 };
  const nullRuns = [await ask({ ...nothing, scenario: 'Server', rate: settings.nullRate })];

  const networks = networksOf(settings);
  const models: ModelRaw[] = [];
  for (const [index, network] of networks.entries()) {
    const share = (part: number) => context.progress((index + part) / networks.length);
    models.push(await runModel(context, challenge, thread, ask, network, share));
  }
  await context.commit('answers', new TextEncoder().encode(JSON.stringify(models.map((model) => model.sha256))));
  return { challenge, nullRuns, models };
}

/** Opens one network, checks its answers and plays the scenarios. What cannot run here is said in `unsupported`. */
export async function runModel(
  context: Pick<Context<InferenceSettings>, 'settings' | 'signal' | 'workDirectory' | 'phase'>,
  challenge: string,
  thread: Thread<InferenceCommands>,
  ask: Ask,
  network: Network,
  share: (part: number) => void,
): Promise<ModelRaw> {
  const { settings } = context;
  const threads = settings.threads > 0 ? settings.threads : availableParallelism();
  const base: ModelRaw = {
    model: network.model,
    unsupported: null,
    precision: 'FP32',
    sha256: '',
    asked: settings.provider,
    providers: {},
    threads,
    operations: 0,
    accuracy: [],
    distinct: 0,
    played: [],
  };
  const memory = (findModel(network.model)?.parameters ?? 0) * 4 * 6;
  if (memory > freemem())
    return { ...base, unsupported: `it takes ${(memory / 1e9).toFixed(1)} GB of memory to build` };

  context.phase('correctness_gate');
  let opened: InferenceCommands['open']['result'];
  try {
    opened = await thread.ask('open', {
      ...network,
      challenge,
      provider: settings.provider,
      threads,
      samples: settings.samples,
      workDirectory: context.workDirectory,
    });
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { ...base, unsupported: error instanceof Error ? error.message : String(error) };
  }
  share(0.2);
  try {
    context.phase('warm_up');
    await thread.ask('warmUp', { seconds: settings.warmUpS });
    context.phase('measure');
    const played = await playAll(settings, network, ask, share);
    await thread.ask('close', undefined);
    return { ...base, ...opened, played };
  } catch (error) {
    if (context.signal.aborted) throw error;
    // One network that breaks takes nothing from the others.
    const detail = error instanceof Error ? error.message : String(error);
    return { ...base, ...opened, unsupported: `it broke while it was timed: ${detail}` };
  }
}

async function playAll(
  settings: InferenceSettings,
  network: Network,
  ask: Ask,
  share: (part: number) => void,
): Promise<PlayedRaw[]> {
  const played: PlayedRaw[] = [];
  const order = (scenario: PlayOrder['scenario'], rate?: number): Omit<PlayOrder, 'challenge'> => ({
    scenario,
    nothing: false,
    trial: `${network.model}/${scenario}/${played.length}`,
    seconds: settings.scenarioS,
    // A file of the operator's may not take batches.
    batch: network.file === undefined ? settings.batch : 1,
    rate,
  });
  const scenarios = scenariosOf(settings) ?? [];
  for (const scenario of scenarios) {
    if (scenario === 'Server') await searchRate(settings, played, (rate) => ask(order('Server', rate)));
    else played.push(await ask(order(scenario)));
    share(
      0.2 + (0.8 * played.length) / (scenarios.length + (scenarios.includes('Server') ? settings.serverTrials : 0)),
    );
  }
  return played;
}

/**
 * Looks for the highest rate whose p99 keeps the limit: from six tenths of what one query after the other allows, up
 * by a quarter while it keeps, else down by a third until it does.
 */
async function searchRate(
  settings: InferenceSettings,
  played: PlayedRaw[],
  trial: (rate: number) => Promise<PlayedRaw>,
): Promise<void> {
  const single = played.find((run) => run.scenario === 'SingleStream');
  const limitUs = serverLimitUs({ played }, settings);
  if (!single || limitUs === undefined) return;
  let rate = (0.6 * 1e6) / median(single.latenciesUs);
  let before: boolean | undefined;
  for (let i = 0; i < settings.serverTrials; i++) {
    const run = await trial(rate);
    played.push(run);
    const shown = shownPercentile(run.latenciesUs, 0.99);
    const kept = shown !== undefined && shown <= limitUs && run.latenciesUs.length === run.due;
    if (before !== undefined && kept !== before) return;
    before = kept;
    rate *= kept ? 1.25 : 2 / 3;
  }
}
