/**
 * The process that one backend runs in. Products block its loop, and a backend may crash it: the benchmark that
 * started it keeps its own loop free, is told of the crash, and stops the work at any moment by killing it.
 * Started as `engine.ts BACKEND`; asked over its channel, one thing at a time.
 */

import '../../closed-site.ts';
import { merklePaths } from '../../commitment.ts';
import { tellProcesses } from '../../processes.ts';
import type { Gemm } from '../backends/backend.ts';
import { createBackend } from '../backends/backends.ts';
import { plainRecompute } from '../challenge/audit.ts';
import type { Chain } from '../challenge/host-chain.ts';
import { readEnergy } from '../energy.ts';
import { freivalds } from '../gemm/freivalds.ts';
import { type OutputForm, rootOf, rowDigests } from '../gemm/opening.ts';
import { type Elements, randomElements } from '../operands.ts';
import { keyOf } from '../philox.ts';
import { FORMS, type Precision, RESIDUAL_BOUND } from '../precision.ts';
import type { Ask, Operation, Requests, Tell, Window } from './requests.ts';

let open: { gemm: Gemm; a: Elements; b: Elements; size: number; integer: boolean } | undefined;
let chain: Chain | undefined;
/** Output of the last run, taken off the device once, and the digests of its rows. */
let fixed: { output: Elements; leaves: Uint8Array[] } | undefined;
let queue: Promise<void> = Promise.resolve();

// Before the first backend is made, which may start a process of its own.
tellProcesses((news) => void process.send?.(news));
const backend = createBackend(process.argv[2] ?? '');
process.on('disconnect', () => process.exit(0));
process.on('message', (ask: Ask) => {
  queue = queue.then(() => answer(ask));
});

function send(tell: Tell): void {
  process.send?.(tell);
}

async function answer(ask: Ask): Promise<void> {
  try {
    const handler = HANDLERS[ask.operation] as (input: unknown, id: number) => Promise<unknown>;
    send({ id: ask.id, output: await handler(ask.input, ask.id) });
  } catch (error) {
    send({ id: ask.id, error: error instanceof Error ? error.message : String(error) });
  }
}

const HANDLERS: {
  [O in Operation]: (input: Requests[O]['in'], id: number) => Promise<Requests[O]['out']>;
} = {
  probe: async ({ threads }) => await backend.probe(threads),

  async open({ device, precision, size, seed, stream }) {
    await close();
    const { a, b } = operands(precision, size, seed, stream);
    const gemm = await backend.open(device, precision, size, a, b);
    open = { gemm, a, b, size, integer: FORMS[precision].kind === 'integer' };
    return { firstNs: await gemm.multiply(1) };
  },

  async gate({ device, precision, size, seed, stream }) {
    const { a, b } = operands(precision, size, seed, stream);
    const gemm = await backend.open(device, precision, size, a, b);
    try {
      await gemm.multiply(1);
      return compare(a, b, await gemm.output(), size, RESIDUAL_BOUND[precision]);
    } finally {
      await gemm.close();
    }
  },

  async nullRun({ iterations }) {
    const nothing = { multiply: () => 0 };
    const start = process.hrtime.bigint();
    for (let i = 0; i < iterations; i++) await nothing.multiply();
    return { nsPerIteration: Number(process.hrtime.bigint() - start) / iterations };
  },

  async run({ seconds, windowS }, id) {
    fixed = undefined;
    const { gemm } = opened();
    const windows: Window[] = [];
    const begin = process.hrtime.bigint();
    const until = begin + BigInt(Math.round(seconds * 1e9));
    const length = BigInt(Math.round(windowS * 1e9));
    // As many products a call as fill about a tenth of a window, so that asking the clock costs nothing.
    let batch = 1;
    for (let startNs = begin; startNs < until; ) {
      let iterations = 0;
      let endNs = startNs;
      while (endNs - startNs < length) {
        const before = endNs;
        await gemm.multiply(batch);
        iterations += batch;
        endNs = process.hrtime.bigint();
        if (endNs - before < length / 20n) batch *= 2;
      }
      const window = { startNs, endNs, iterations };
      windows.push(window);
      send({ id, window });
      startNs = endNs;
      // Lets a message from the parent in between windows.
      await new Promise(setImmediate);
    }
    return { windows };
  },

  async energy({ device, uuid }) {
    return { reading: readEnergy(device, uuid) };
  },

  async digest() {
    const { gemm, size } = opened();
    const output = await gemm.output();
    fixed = { output, leaves: rowDigests(output, size) };
    return { root: Buffer.from(rootOf(fixed.leaves)).toString('hex') };
  },

  async openRows({ rows }) {
    const { size } = opened();
    const { output, leaves } = committed();
    const bytes = new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
    const stride = bytes.length / size;
    const picked = rows.map((row) => bytes.slice(row * stride, (row + 1) * stride));
    const paths = merklePaths(leaves, rows).map((path) => path.map((node) => Buffer.from(node).toString('hex')));
    return { form: formOf(output), bytes: new Uint8Array(Buffer.concat(picked)), paths };
  },

  async verify({ seed, rounds }) {
    const { a, b, size, integer } = opened();
    return freivalds(a, b, committed().output, { m: size, n: size, k: size }, integer, keyOf(seed), rounds);
  },

  async chainTest({ device, precision, parameters, nonce, seed }) {
    await close();
    const tested = await backend.openChain(device, precision, parameters, nonce);
    try {
      const { sketch } = await tested.round(seed);
      const audits = Array.from({ length: parameters.m }, (_, row) => ({ round: 0, row }));
      const right = plainRecompute(parameters, nonce, [seed], audits);
      const view = new DataView(sketch.buffer, sketch.byteOffset, sketch.byteLength);
      const wrong = right.filter((value, row) => view.getUint32(4 * row, true) !== value).length;
      return { rows: parameters.m, wrong };
    } finally {
      await tested.close();
    }
  },

  async chainOpen({ device, precision, parameters, nonce }) {
    await close();
    chain = await backend.openChain(device, precision, parameters, nonce);
    return {};
  },

  async chainRound({ seed }) {
    if (!chain) throw new Error('no chain is open');
    const startNs = process.hrtime.bigint();
    const { sketch, productNs } = await chain.round(seed);
    return { sketch, startNs, endNs: process.hrtime.bigint(), productNs };
  },

  async stream({ device, order }) {
    await close();
    if (!backend.stream) throw new Error('this backend does not measure memory');
    return backend.stream(device, order);
  },

  async close() {
    await close();
    return {};
  },
};

function opened() {
  if (!open) throw new Error('no product is open');
  return open;
}

/** The output that was committed to: what is checked is what was digested. */
function committed() {
  if (!fixed) throw new Error('the output has no digest yet');
  return fixed;
}

async function close(): Promise<void> {
  fixed = undefined;
  const { gemm } = open ?? {};
  open = undefined;
  await gemm?.close();
  const ended = chain;
  chain = undefined;
  await ended?.close();
}

function formOf(output: Elements): OutputForm {
  if (output instanceof Float64Array) return 'float64';
  return output instanceof Float32Array ? 'float32' : 'int32';
}

function operands(precision: Precision, size: number, seed: string, stream: number): { a: Elements; b: Elements } {
  const key = keyOf(seed);
  const count = size * size;
  return {
    a: randomElements(precision, key, stream, 0, 0, count),
    b: randomElements(precision, key, stream, 1, 0, count),
  };
}

/** How many elements differ from plain sums in double precision by more than the bound, relative to a typical element. */
function compare(a: Elements, b: Elements, c: Elements, size: number, bound: number) {
  let wrong = 0;
  let worst = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      let squares = 0;
      for (let p = 0; p < size; p++) {
        const term = a[i * size + p]! * b[p * size + j]!;
        sum += term;
        squares += term * term;
      }
      const error = Math.abs(c[i * size + j]! - sum) / Math.max(Math.sqrt(squares), Math.abs(sum), Number.MIN_VALUE);
      if (!(error <= bound)) wrong++;
      worst = Math.max(worst, error);
    }
  }
  return { wrong, elements: size * size, worst };
}
