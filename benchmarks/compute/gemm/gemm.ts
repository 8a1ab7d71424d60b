import type { Benchmark, Context } from '../../benchmark.ts';
import { Unsupported } from '../../benchmark.ts';
import { type Engine, startEngine } from '../engine/client.ts';
import { coreCount, cpuFlags, equipment } from '../host.ts';
import { bmcPower, energySample, meterDevice, watchPower } from '../meter.ts';
import type { PowerReading } from '../power.ts';
import type { Precision } from '../precision.ts';
import { descriptor, type GemmSettings } from './descriptor.ts';
import { looksName, pickLooks } from './looks.ts';
import { openingName, operandStream, pickRows } from './opening.ts';
import { TURN } from './places.ts';
import { proof } from './proof.ts';
import { commitLabel, type GemmRaw, type GemmResult, operations } from './samples.ts';
import { type Choice, choose, devicesFor, type Ready, startEngines, whyLacking } from './selection.ts';

/**
 * Sustained matrix products. Every backend is tried in a process of its own; for each precision the fastest right one
 * of each device is measured, all devices in one window, and the very output that was timed is verified.
 */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = { descriptor, proof, run };

type Raw = GemmRaw['precisions'][number];

async function run(context: Context<GemmSettings>): Promise<GemmRaw> {
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
    const first = ready[0];
    if (!first) {
      const why = tried.map(({ name, failed }) => `${name}: ${failed}`).join('; ');
      throw new Unsupported('unsupported', `no backend works here: ${why}`);
    }
    for (const one of ready) for (const part of one.software) context.software(part.name, part.version);

    context.phase('null_run');
    const { nsPerIteration } = await first.engine.ask('nullRun', { iterations: 100_000 });

    const challenge = await context.commit('compute.gemm', new TextEncoder().encode(JSON.stringify(settings)));
    const precisions: Raw[] = [];
    for (const [index, precision] of settings.precisions.entries()) {
      signal.throwIfAborted();
      const figure = (share: number, rate?: number) =>
        context.progress(
          (index + share) / settings.precisions.length,
          rate === undefined ? undefined : { value: rate, unit: 'op/s', label: precision },
        );
      figure(0);
      precisions.push(await measurePrecision(context, ready, precision, challenge, threads, figure));
    }
    signal.throwIfAborted();
    return { challenge, threads, nullNs: nsPerIteration, ...equipment(flags), engines: tried, precisions };
  } finally {
    await Promise.all(ready.map((one) => one.engine.stop()));
  }
}

async function measurePrecision(
  context: Context<GemmSettings>,
  ready: readonly Ready[],
  precision: Precision,
  challenge: string,
  threads: number,
  figure: (share: number, rate?: number) => void,
): Promise<Raw> {
  const { settings, signal } = context;
  const devices = devicesFor(ready, precision);
  if (devices.length === 0) {
    return { precision, unsupported: whyLacking(ready, precision), trials: [], results: [] };
  }
  const stream = operandStream(precision);
  const trials: Raw['trials'] = [];
  const chosen: Choice[] = [];
  context.phase(`correctness_gate_${precision}`);
  for (const device of devices) {
    const sizes = device === 'cpu' ? settings.sizes : settings.deviceSizes;
    const tried = await choose(ready, device, precision, sizes, settings.trialS, challenge, stream);
    trials.push(...tried.trials);
    if (tried.choice) chosen.push(tried.choice);
  }
  signal.throwIfAborted();
  if (chosen.length === 0) {
    return { precision, unsupported: 'no backend gave a right result', trials, results: [] };
  }
  // One engine serves one device at a time: devices that share a backend get processes of their own.
  const engines: Engine[] = [];
  const own: Engine[] = [];
  for (const { ready: one } of chosen) {
    if (!engines.includes(one.engine)) {
      engines.push(one.engine);
      continue;
    }
    const engine = startEngine(one.candidate, signal);
    own.push(engine);
    engines.push(engine);
    await engine.ask('probe', { threads });
  }
  try {
    const measured = await measureTogether(context, chosen, engines, precision, challenge, stream, figure);
    return { precision, trials, ...measured };
  } finally {
    for (const engine of own) await engine.stop();
  }
}

async function measureTogether(
  context: Context<GemmSettings>,
  chosen: readonly Choice[],
  engines: readonly Engine[],
  precision: Precision,
  challenge: string,
  stream: number,
  figure: (share: number, rate?: number) => void,
): Promise<{ results: GemmResult[]; nodePower?: PowerReading[] }> {
  const { settings } = context;
  const each = <T>(act: (choice: Choice, engine: Engine) => Promise<T>) =>
    Promise.all(chosen.map((choice, i) => act(choice, engines[i]!)));

  context.phase(`warm_up_${precision}`);
  const warmUpS = chosen.some(({ device }) => device !== 'cpu') ? settings.deviceWarmUpS : settings.warmUpS;
  await each(async ({ device, size }, engine) => {
    await engine.ask('open', { device, precision, size, seed: challenge, stream });
    const windowS = Math.min(warmUpS, settings.windowS);
    if (warmUpS > 0) await engine.ask('run', { seconds: warmUpS, windowS, turn: TURN.warmUp });
  });

  context.phase(`measure_${precision}`);
  const origin = process.hrtime.bigint();
  const readPower = bmcPower();
  const power = readPower && watchPower(readPower, origin);
  const runs = await each(async ({ device, size, ready }, engine) => {
    const uuid = ready.devices.find(({ id }) => id === device)?.uuid;
    const meter = await meterDevice(device, uuid, engine);
    const order = { seconds: settings.seconds, windowS: settings.windowS, turn: TURN.measured };
    const run = await engine.ask('run', order, (window) => {
      const rate = (window.iterations * operations(size) * 1e9) / Number(window.endNs - window.startNs);
      figure(Math.min(1, Number(window.endNs - origin) / 1e9 / settings.seconds), rate);
    });
    return { ...run, energy: energySample(await meter.stop()) };
  }).finally(() => power?.stop());
  const nodePower = await power?.stop();

  context.phase(`proof_${precision}`);
  const results: GemmResult[] = [];
  for (const [i, { device, size, gate, emulated, ready }] of chosen.entries()) {
    const engine = engines[i]!;
    const { root } = await engine.ask('digest', {});
    // What is checked is fixed before the node learns with which random vectors and in which rows.
    const beacon = await context.commit(commitLabel(precision, device), Buffer.from(root, 'hex'));
    const { rms, worst } = await engine.ask('verify', { seed: beacon, rounds: settings.rounds });
    const { windows, wrong, worst: worstLook, order, bothChange, energy } = runs[i]!;
    const count = windows.reduce((sum, window) => sum + window.looks.length, 0);
    const picked = { rows: pickRows(beacon, size, settings.openedRows), looks: pickLooks(beacon, count) };
    const { form, rows, looks } = await engine.ask('openLeaves', picked);
    await context.keep(openingName(precision, device), 'application/octet-stream', rows.bytes);
    await context.keep(looksName(precision, device), 'application/octet-stream', looks.bytes);
    await engine.ask('close', {});
    results.push({
      device,
      backend: ready.name,
      size,
      ...(emulated ? { emulated } : {}),
      gate,
      warmUpS,
      windows: windows.map(({ startNs, endNs, iterations, looks: numbers }) => ({
        startNs: Number(startNs - origin),
        endNs: Number(endNs - origin),
        iterations,
        looks: numbers,
      })),
      ...energy,
      products: { order, changes: bothChange ? 'both' : 'left', wrong, worst: worstLook, paths: looks.paths },
      verification: { root, beacon, rounds: settings.rounds, rms, worst },
      opening: { form, paths: rows.paths },
    });
  }
  return { results, ...(nodePower ? { nodePower } : {}) };
}
