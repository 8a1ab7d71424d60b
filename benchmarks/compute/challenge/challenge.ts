import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Benchmark, Context } from '../../benchmark.ts';
import { Unsupported } from '../../benchmark.ts';
import { type Engine, startEngine } from '../engine/client.ts';
import { devicesFor, type Ready, startEngines, whyLacking } from '../gemm/selection.ts';
import { coreCount, cpuFlags, equipment } from '../host.ts';
import { energySample, meterDevice } from '../meter.ts';
import type { Precision } from '../precision.ts';
import { auditPlan } from './chain.ts';
import { type ChallengeSettings, descriptor } from './descriptor.ts';
import {
  auditCount,
  LEAST_LAYERS,
  largestStateBits,
  MOST_LAYERS,
  type Parameters,
  roundOperations,
  roundSeconds,
  rowLength,
  tooShort,
  weightBits,
} from './parameters.ts';
import { proof } from './proof.ts';
import { type ChallengeRaw, type ChallengeResult, commitLabels, meetingLabel, openingText } from './samples.ts';
import { sketchFile } from './sketch-file.ts';
import { openBlock, pickedBlocks, sketchRoot } from './sketches.ts';

/**
 * Answers chained challenges: for each precision and device the fastest exact backend, all devices at once. Settings
 * are fixed before the nonce comes, matrices made before the first seed comes, and every round's sketch is committed to
 * before the next seed comes. What is committed to is the root over a sketch, 32 bytes; the sketches stay in a file,
 * and only the parts that the last beacon picks leave the node.
 */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = { descriptor, proof, run };

async function run(context: Context<ChallengeSettings>): Promise<ChallengeRaw> {
  const { settings, signal } = context;
  const threads = settings.threads || coreCount();
  context.phase('preconditions');
  const flags = cpuFlags();
  const { ready, tried } = await startEngines(
    settings.backends,
    flags,
    settings.pythons,
    threads,
    signal,
    context.libraries,
  );
  try {
    if (ready.length === 0) {
      const why = tried.map(({ name, failed }) => `${name}: ${failed}`).join('; ');
      throw new Unsupported('unsupported', `no backend works here: ${why}`);
    }
    for (const one of ready) for (const part of one.software) context.software(part.name, part.version);
    const challenge = await context.commit('compute.challenge', new TextEncoder().encode(JSON.stringify(settings)));
    const results: ChallengeResult[] = [];
    const unsupported: ChallengeRaw['unsupported'] = [];
    for (const [index, precision] of settings.precisions.entries()) {
      signal.throwIfAborted();
      const step = (share: number, rate?: number) =>
        context.progress(
          (index + share) / settings.precisions.length,
          rate === undefined ? undefined : { value: rate, unit: 'op/s', label: precision },
        );
      step(0);
      const plans = await planPrecision(context, ready, precision);
      signal.throwIfAborted();
      if (typeof plans !== 'string') {
        results.push(...(await answerTogether(context, plans, precision, threads, step)));
        continue;
      }
      unsupported.push({ precision, detail: plans });
      // A node that has nothing to show in this precision says so too, that none waits for it.
      await meet(context, precision);
    }
    signal.throwIfAborted();
    return { challenge, threads, ...equipment(flags), engines: tried, unsupported, results };
  } finally {
    await Promise.all(ready.map((one) => one.engine.stop()));
  }
}

interface Plan {
  readonly ready: Ready;
  readonly device: string;
  readonly emulated: string | undefined;
  readonly parameters: Parameters;
  readonly selfTest: { rows: number; wrong: number };
}

/** Rows of state that the self-test compares, and layers that it goes through. */
const TEST = { m: 16, layers: 2, matrices: 1 } as const;
/** Layers of a round on trial. */
const TRIAL_LAYERS = 6;
/**
 * Rounds on trial, of which the fastest counts: at least so many, and for so many seconds, so that a burst of other
 * work on the machine does not make the choice.
 */
const TRIAL_ROUNDS = 2;
const TRIAL_S = 0.4;

/** For every device that has the precision the fastest exact backend; or why there is none. */
async function planPrecision(
  context: Context<ChallengeSettings>,
  ready: readonly Ready[],
  precision: Precision,
): Promise<Plan[] | string> {
  const devices = devicesFor(ready, precision);
  if (devices.length === 0) return whyLacking(ready, precision);
  context.phase(`correctness_gate_${precision}`);
  const plans: Plan[] = [];
  const faults: string[] = [];
  const { settings } = context;
  const extent = [settings.seconds, settings.precisions.length, devices.length] as const;
  const roundS = roundSeconds(settings.roundS, ...extent);
  for (const device of devices) {
    let best: (Plan & { rate: number }) | undefined;
    for (const one of ready) {
      const offer = one.devices
        .find((entry) => entry.id === device)
        ?.offers.find((entry) => entry.precision === precision);
      if (!offer) continue;
      try {
        const plan = await tryBackend(settings, one, device, precision, roundS);
        if (!best || plan.rate > best.rate) best = { ...plan, ready: one, device, emulated: offer.emulated };
      } catch (error) {
        faults.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (!best) continue;
    const shortS = roundOperations(best.parameters) / best.rate;
    if (tooShort(shortS, ...extent)) {
      return `rounds of ${shortS.toPrecision(2)} s on ${device} would be too many to record: it needs more rows`;
    }
    plans.push(best);
  }
  return plans.length > 0 ? plans : faults.join('; ').slice(0, 1000) || 'no backend can be challenged in it';
}

/**
 * Finds the widest state that is exact on this backend, by comparing a small chain whole, then how many layers fill a
 * round. Throws where no width is exact.
 */
async function tryBackend(
  settings: ChallengeSettings,
  one: Ready,
  device: string,
  precision: Precision,
  roundS: number,
) {
  const host = device === 'cpu';
  const n = rowLength(precision, host ? settings.size : settings.deviceSize);
  const base = { n, m: host ? settings.rows : settings.deviceRows, matrices: settings.matrices };
  const secret = () => randomBytes(32).toString('hex');
  for (let stateBits = largestStateBits(precision, n); stateBits >= 2; stateBits--) {
    const parameters = { ...base, layers: TRIAL_LAYERS, weightBits: weightBits(precision), stateBits };
    const selfTest = await one.engine.ask('chainTest', {
      device,
      precision,
      parameters: { ...parameters, ...TEST },
      nonce: secret(),
      seed: secret(),
    });
    if (selfTest.wrong > 0) continue;
    await one.engine.ask('chainOpen', {
      device,
      precision,
      parameters: { ...parameters, matrices: 1 },
      nonce: secret(),
    });
    let seconds = Number.POSITIVE_INFINITY;
    for (let i = 0, spent = 0; i < TRIAL_ROUNDS || spent < TRIAL_S; i++) {
      const { startNs, endNs } = await one.engine.ask('chainRound', { seed: secret() });
      const took = Number(endNs - startNs) / 1e9;
      seconds = Math.min(seconds, took);
      // A clock that stands still must not keep the trial going.
      spent += Math.max(took, TRIAL_S / 1000);
    }
    await one.engine.ask('close', {});
    const layers = Math.round((roundS / seconds) * TRIAL_LAYERS);
    return {
      rate: roundOperations(parameters) / seconds,
      parameters: { ...parameters, layers: Math.min(MOST_LAYERS, Math.max(LEAST_LAYERS, layers)) },
      selfTest,
    };
  }
  throw new Error('no width of state gives exact results');
}

async function answerTogether(
  context: Context<ChallengeSettings>,
  plans: readonly Plan[],
  precision: Precision,
  threads: number,
  step: (share: number, rate?: number) => void,
): Promise<ChallengeResult[]> {
  context.phase(`measure_${precision}`);
  const own: Engine[] = [];
  try {
    const engines: Engine[] = [];
    for (const { ready } of plans) {
      // One engine serves one device at a time: devices that share a backend get processes of their own.
      let engine = ready.engine;
      if (engines.includes(engine)) {
        engine = startEngine(ready.candidate, context.signal);
        own.push(engine);
        await engine.ask('probe', { threads });
      }
      engines.push(engine);
    }
    const opened = await Promise.all(plans.map((plan, i) => open(context, plan, engines[i]!, precision)));
    await meet(context, precision);
    // All are ready before the first begins, and none ends before all have worked for as long as is asked: one window.
    const pace: Pace = { working: plans.length };
    return await Promise.all(opened.map((one) => answer(context, one, pace, step)));
  } finally {
    for (const engine of own) await engine.stop();
  }
}

/** Waits for the other nodes: what is to be summed over nodes must be shown at one time. */
const meet = (context: Context<ChallengeSettings>, precision: Precision): Promise<string> =>
  context.commit(meetingLabel(precision), new Uint8Array(0), true);

/** Devices that have not worked long enough yet. */
interface Pace {
  working: number;
}

interface Opened {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly said: Pick<ChallengeResult, 'precision' | 'device' | 'backend' | 'parameters'>;
  readonly nonce: string;
  /** The device's own, where its backend tells. */
  readonly uuid: string | undefined;
}

/** Commits to the parameters, gets the nonce and makes the matrices. */
async function open(
  context: Context<ChallengeSettings>,
  plan: Plan,
  engine: Engine,
  precision: Precision,
): Promise<Opened> {
  const { parameters, device } = plan;
  const said = { precision, device, backend: plan.ready.name, parameters };
  const nonce = await context.commit(commitLabels(said).open, new TextEncoder().encode(openingText(said)));
  await engine.ask('chainOpen', { device, precision, parameters, nonce });
  const uuid = plan.ready.devices.find(({ id }) => id === device)?.uuid;
  // The first reading of a meter loads its library: that must not take from the window.
  if (device !== 'cpu') await engine.ask('energy', { device, uuid });
  return { plan, engine, said, nonce, uuid };
}

async function answer(
  context: Context<ChallengeSettings>,
  { plan, engine, said, nonce, uuid }: Opened,
  pace: Pace,
  step: (share: number, rate?: number) => void,
): Promise<ChallengeResult> {
  const { parameters, selfTest, emulated } = plan;
  const labels = commitLabels(said);
  const name = `sketches-${said.precision}-${said.device.replace(/[^A-Za-z0-9._-]/g, '-')}.bin`;
  const sketches = await sketchFile(join(context.workDirectory, name), 4 * parameters.m);
  try {
    // From before the first seed until after the last sketch: no part of the phase is left out.
    const meter = await meterDevice(said.device, uuid, engine);
    let seed = await context.commit(labels.ready, new Uint8Array(0));
    const origin = process.hrtime.bigint();
    const rounds: ChallengeResult['rounds'] = [];
    let elapsedS = 0;
    let working = true;
    do {
      context.signal.throwIfAborted();
      const { sketch, startNs, endNs, productNs } = await engine.ask('chainRound', { seed });
      const root = sketchRoot(sketch);
      rounds.push({
        seed,
        root: Buffer.from(root).toString('hex'),
        startNs: Number(startNs - origin),
        endNs: Number(endNs - origin),
        productNs,
      });
      elapsedS = Number(endNs - origin) / 1e9;
      step(
        Math.min(1, elapsedS / context.settings.seconds),
        roundOperations(parameters) / (Number(endNs - startNs) / 1e9),
      );
      [seed] = await Promise.all([context.commit(labels.round, root), sketches.add(sketch)]);
      if (working && elapsedS >= context.settings.seconds) {
        working = false;
        pace.working--;
      }
    } while (pace.working > 0);
    const energy = energySample(await meter.stop());
    await engine.ask('close', {});
    const openings: ChallengeResult['openings'] = [];
    const plan = auditPlan(parameters, rounds.length, auditCount(context.settings.audits), seed);
    for (const { round, block } of pickedBlocks(plan)) {
      openings.push(openBlock(await sketches.read(round), block));
    }
    return { ...said, ...(emulated ? { emulated } : {}), selfTest, nonce, rounds, audit: seed, openings, ...energy };
  } finally {
    await sketches.close();
  }
}
