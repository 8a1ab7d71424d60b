import { parentPort, workerData } from 'node:worker_threads';
import { type FoldTask, foldPart, LAST_TURN } from './fold-part.ts';
import { instantiateKernels } from './kernels.ts';

/** Folds its part of the block at every turn, and sleeps in between. */
const { memory, plan, part, parts } = workerData as FoldTask;
const kernels = instantiateKernels(memory);
const control = new Int32Array(memory.buffer, plan.controlAt, 2);
let turn = Atomics.load(control, 0);
parentPort!.postMessage('ready');
for (;;) {
  Atomics.wait(control, 0, turn);
  const next = Atomics.load(control, 0);
  if (next === LAST_TURN) break;
  if (next === turn) continue;
  turn = next;
  foldPart(kernels, plan, part, parts);
  if (Atomics.sub(control, 1, 1) === 1) Atomics.notify(control, 1);
}
