import type { Libraries } from '../../benchmark.ts';
import type { Device } from '../backends/backend.ts';
import { type Candidate, candidates } from '../backends/candidates.ts';
import { LibraryError } from '../backends/library-error.ts';
import { type Engine, startEngine } from '../engine/client.ts';
import { PRECISIONS, type Precision } from '../precision.ts';
import type { Tried } from '../tried.ts';
import { TURN } from './places.ts';
import { operations } from './samples.ts';

/** An engine that answered its probe. */
export interface Ready {
  /** Backend and, where there is a choice, its variant: `openblas/SkylakeX`. */
  readonly name: string;
  readonly candidate: Candidate;
  readonly engine: Engine;
  readonly devices: readonly Device[];
  readonly software: readonly { readonly name: string; readonly version: string }[];
}

/** Starts every candidate at once and keeps those that work; two that turn out to be the same are one. */
export async function startEngines(
  allowed: readonly string[],
  flags: ReadonlySet<string>,
  pythons: readonly string[],
  threads: number,
  signal: AbortSignal,
  libraries?: Libraries,
): Promise<{ ready: Ready[]; tried: Tried[] }> {
  const started = candidates(allowed, flags, pythons, libraries).map(async (candidate) => {
    const engine = startEngine(candidate, signal);
    try {
      const { variant, devices, software } = await engine.ask('probe', { threads });
      const name = variant ? `${candidate.backend}/${variant}` : candidate.backend;
      return { name, candidate, engine, devices, software };
    } catch (error) {
      await engine.stop();
      const how = Object.values(candidate.environment).join(' ');
      const failure: Tried = {
        name: how ? `${candidate.backend} (${how})` : candidate.backend,
        devices: [],
        failed: (error instanceof Error ? error.message : String(error)).slice(0, 600),
        backend: candidate.backend,
        // What is there and crashes, or does not answer, is no use either.
        fault: error instanceof LibraryError ? error.fault : 'refused',
      };
      return failure;
    }
  });
  const ready: Ready[] = [];
  const tried: Tried[] = [];
  for (const result of await Promise.all(started)) {
    if (!('engine' in result)) {
      tried.push(result);
    } else if (ready.some((other) => other.name === result.name)) {
      await result.engine.stop();
    } else {
      ready.push(result);
      const { name, candidate, devices, software } = result;
      tried.push({
        name,
        devices: devices.map((device) => device.id),
        backend: candidate.backend,
        software: [...software],
        lacks: lacksOf(devices.find(({ id }) => id === 'cpu')),
      });
    }
  }
  return { ready, tried };
}

/** What the processor is not offered in, with the reasons cut to what a person reads. */
function lacksOf(processor: Device | undefined): NonNullable<Tried['lacks']> {
  return PRECISIONS.flatMap((precision) => {
    const why = processor?.lacks[precision];
    return why === undefined ? [] : [{ precision, why: why.slice(0, 300) }];
  });
}

/** Devices that have the precision: all accelerators that have it in hardware, else those that have it at all. */
export function devicesFor(ready: readonly Ready[], precision: Precision): string[] {
  const having = (test: (device: Device) => boolean) => [
    ...new Set(ready.flatMap((one) => one.devices.filter(test).map((device) => device.id))),
  ];
  const offers = (device: Device, native: boolean) =>
    device.offers.some((offer) => offer.precision === precision && !(native && offer.emulated));
  const accelerators = having((device) => device.id !== 'cpu' && offers(device, true));
  if (accelerators.length > 0) return accelerators;
  const native = having((device) => offers(device, true));
  return native.length > 0 ? native : having((device) => offers(device, false));
}

/** Why no device here has the precision, backend by backend. */
export function whyLacking(ready: readonly Ready[], precision: Precision): string {
  const reasons = ready.flatMap((one) =>
    one.devices.flatMap(({ id, lacks }) => (lacks[precision] ? [`${one.name} on ${id}: ${lacks[precision]}`] : [])),
  );
  return reasons.join('; ').slice(0, 1000) || 'no backend on this node has it';
}

export interface Trial {
  readonly device: string;
  readonly backend: string;
  readonly size: number;
  readonly opsPerSecond?: number;
  readonly failed?: string;
}

export interface Choice {
  readonly ready: Ready;
  readonly device: string;
  readonly size: number;
  readonly emulated?: string;
  readonly gate: { wrong: number; elements: number; worst: number };
}

/** Size of the small product that is compared whole: no multiple of a vector's width, as far as the device allows. */
const GATE_SIZE = 97;
/** Accelerators take 8-bit operands only in multiples of 16. */
const DEVICE_GATE_SIZE = 112;

/**
 * Tries every backend that has the precision on the device at every size and takes the fastest. A backend whose small
 * product is wrong is out, however fast it is, and so is one that leaves out a product while it is tried.
 */
export async function choose(
  ready: readonly Ready[],
  device: string,
  precision: Precision,
  sizes: readonly number[],
  trialS: number,
  seed: string,
  stream: number,
): Promise<{ choice: Choice | undefined; trials: Trial[] }> {
  const trials: Trial[] = [];
  let best: (Choice & { rate: number }) | undefined;
  const gateSize = device === 'cpu' ? GATE_SIZE : DEVICE_GATE_SIZE;
  const able = ready.flatMap((one) => {
    const found = one.devices.find((entry) => entry.id === device);
    const offer = found?.offers.find((entry) => entry.precision === precision);
    return offer ? [{ one, offer }] : [];
  });
  const native = able.filter(({ offer }) => !offer.emulated);
  for (const { one, offer } of native.length > 0 ? native : able) {
    const note = (size: number, outcome: { opsPerSecond: number } | { failed: string }) =>
      trials.push({ device, backend: one.name, size, ...outcome });
    try {
      const gate = await one.engine.ask('gate', { device, precision, size: gateSize, seed, stream });
      if (gate.wrong > 0) {
        note(gateSize, { failed: `${gate.wrong} of ${gate.elements} elements wrong, worst ${gate.worst}` });
        continue;
      }
      let own: typeof best;
      for (const size of sizes) {
        await one.engine.ask('open', { device, precision, size, seed, stream });
        const { windows, wrong } = await one.engine.ask('run', {
          seconds: trialS,
          windowS: trialS / 4,
          turn: TURN.trial,
        });
        if (wrong > 0) {
          const looks = windows.reduce((sum, window) => sum + window.looks.length, 0);
          own = undefined;
          note(size, { failed: `${wrong} of ${looks} products wrong that were looked at` });
          break;
        }
        // The fastest window: a trial is too short for anything else, and others may use the machine.
        const rate = Math.max(
          ...windows.map((w) => (w.iterations * operations(size) * 1e9) / Number(w.endNs - w.startNs)),
        );
        note(size, { opsPerSecond: rate });
        if (!own || rate > own.rate) {
          const emulated = offer.emulated ? { emulated: offer.emulated } : {};
          own = { ready: one, device, size, gate, rate, ...emulated };
        }
      }
      if (own && (!best || own.rate > best.rate)) best = own;
      await one.engine.ask('close', {});
    } catch (error) {
      note(sizes[0] ?? 0, { failed: (error instanceof Error ? error.message : String(error)).slice(0, 600) });
    }
  }
  return { choice: best, trials };
}
