/** What a thread can be asked: by name, what it takes and what it gives. */
export type Commands = Record<string, { arg: unknown; result: unknown }>;
export type ThreadRequest = { readonly id: number; readonly kind: string; readonly arg: unknown };
export type ThreadReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly detail: string };

/** Cells that a thread and its owner share: the thread is to end; how many native calls it is in. */
export const ENDING = 0;
export const BUSY = 1;
