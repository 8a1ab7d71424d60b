import type { Benchmark } from '../../benchmark.ts';
import { untilAborted } from '../../users/abort.ts';
import { Thread } from '../../users/fleet.ts';
import { packageVersion } from '../../users/software.ts';
import { runModel } from '../benchmark.ts';
import { descriptor as inference } from '../descriptor.ts';
import type { InferenceCommands } from '../worker.ts';
import { descriptor } from './descriptor.ts';
import { proof } from './proof.ts';

/** `edge.realtime`: SingleStream of `inference.onnx` with one network and a deadline. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = {
  descriptor,
  proof,
  run: (context) =>
    untilAborted(context.signal, async (ends) => {
      const { model, provider, threads, samples, warmUpS, measureS } = context.settings;
      context.software('onnxruntime-node', packageVersion('onnxruntime-node'));
      context.phase('preconditions');
      const challenge = await context.commit('open', new TextEncoder().encode(JSON.stringify(context.settings)));
      const thread = new Thread<InferenceCommands>(new URL('../worker.ts', import.meta.url));
      ends.push(() => thread.end());
      const settings = {
        ...inference.profiles.quick,
        models: [model],
        scenarios: ['SingleStream' as const],
        provider,
        threads,
        samples,
        warmUpS,
        scenarioS: measureS,
      };
      const played = await runModel(
        {
          settings,
          signal: context.signal,
          workDirectory: context.workDirectory,
          phase: (name) => context.phase(name),
        },
        challenge,
        thread,
        (order) => thread.ask('play', { ...order, challenge }),
        { model, file: undefined },
        (share) => context.progress(share),
      );
      return { challenge, nullRuns: [], models: [played] };
    }),
};
