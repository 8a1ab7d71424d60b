import type { Knob } from '../departures.ts';

/** Settings and samples that every benchmark of a service has: who asks, how finely it is counted, and whom. */
export function targetKnobs(
  raw: { readonly users: number; readonly slotMs: number; readonly endpoint: string; readonly model: string },
  asked: Readonly<Record<string, unknown>>,
  model: string,
): Knob[] {
  const external = asked.endpoint !== undefined;
  return [
    ['users', raw.users, asked.users],
    ['slotMs', raw.slotMs, asked.slotMs],
    ['endpoint', raw.endpoint, external ? 'external' : 'built_in'],
    ['model', raw.model, external ? (asked.model ?? model) : model],
  ];
}

/** First tasks that are asked, one by each of the first users of the first thread, before anything else. */
export function gateTasks(users: number, shards: number): number {
  return Math.min(20, Math.floor(users / Math.max(1, shards)));
}

/** Most threads that users are spread over where the settings leave it open: one for every 4,000. */
export function mostShards(users: number): number {
  return Math.ceil(users / 4_000);
}

/** Seconds of a window that is asked to last so long, on the grid of slots; undefined for what is no time. */
export function onGrid(seconds: unknown, slotMs: number): number | undefined {
  return typeof seconds === 'number' ? (Math.round((seconds * 1_000) / slotMs) * slotMs) / 1_000 : undefined;
}
