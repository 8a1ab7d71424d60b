/**
 * The process that one backend runs in. Products block its loop, and a backend may crash it: the benchmark that
 * started it keeps its own loop free, is told of the crash, and stops the work at any moment by killing it.
 * Started as `engine.ts BACKEND`; asked over its channel, one thing at a time.
 */

import '../../closed-site.ts';
import { merklePaths } from '../../commitment.ts';
import { tellProcesses } from '../../processes.ts';
import { rowsOf } from '../backends/backend.ts';
import { createBackend } from '../backends/backends.ts';
import { LibraryError } from '../backends/library-error.ts';
import { plainRecompute } from '../challenge/audit.ts';
import type { Chain } from '../challenge/host-chain.ts';
import { readEnergy } from '../energy.ts';
import { freivalds } from '../gemm/freivalds.ts';
import { lookDigest } from '../gemm/looks.ts';
import { type OutputForm, rootOf, rowDigests } from '../gemm/opening.ts';
import { cutOf } from '../gemm/operand-cuts.ts';
import { type Pair, placeStep, streamLength } from '../gemm/places.ts';
import { type Elements, randomElements } from '../operands.ts';
import { type Key, keyOf } from '../philox.ts';
import { FORMS, type Precision, RESIDUAL_BOUND } from '../precision.ts';
import { transposed } from '../storage.ts';
import type { Ask, Operation, Requests, Tell, Window } from './requests.ts';
import { type Look, multiplyInWindows, type Opened, wrongLooks } from './windows.ts';

let open: (Opened & { readonly key: Key; readonly stream: number }) | undefined;
let chain: Chain | undefined;
/** Looks of the last run, and the places of the operands that its last product had. */
let ran: { looks: readonly Look[]; last: Pair } | undefined;
/** Output of the last run, taken off the device once; what its rows and all looks are digested to. */
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
    const message = error instanceof Error ? error.message : String(error);
    send({ id: ask.id, error: message, ...(error instanceof LibraryError ? { fault: error.fault } : {}) });
  }
}

const HANDLERS: {
  [O in Operation]: (input: Requests[O]['in'], id: number) => Promise<Requests[O]['out']>;
} = {
  probe: async ({ threads }) => await backend.probe(threads),

  async open({ device, precision, size, seed, stream }) {
    await close();
    open = await prepare(device, precision, size, seed, stream);
    await open.gemm.multiply([FIRST], []);
    return {};
  },

  async gate({ device, precision, size, seed, stream }) {
    const tried = await prepare(device, precision, size, seed, stream);
    try {
      await tried.gemm.multiply([FIRST], []);
      const { a, b } = matrices(tried, FIRST);
      return compare(a, b, await tried.gemm.output(), size, RESIDUAL_BOUND[precision]);
    } finally {
      await tried.gemm.close();
    }
  },

  async nullRun({ iterations }) {
    const nothing = { multiply: () => 0 };
    const start = process.hrtime.bigint();
    for (let i = 0; i < iterations; i++) await nothing.multiply();
    return { nsPerIteration: Number(process.hrtime.bigint() - start) / iterations };
  },

  async run({ seconds, windowS, turn }, id) {
    fixed = undefined;
    ran = undefined;
    const product = opened();
    const { gemm, key, stream } = product;
    const bothChange = gemm.takeRight === undefined;
    const told = async (window: Window) => {
      send({ id, window });
      // Lets a message from the parent in between windows.
      await new Promise(setImmediate);
    };
    const draw = { key, stream, turn, bothChange };
    const { windows, looks } = await multiplyInWindows(product, draw, seconds, windowS, told);
    ran = { looks, last: looks.at(-1)!.pair };
    const { wrong, worst } = wrongLooks(product, looks);
    return { windows, wrong, worst: finite(worst), order: gemm.order, bothChange };
  },

  async energy({ device, uuid }) {
    return { reading: readEnergy(device, uuid) };
  },

  async digest() {
    const { gemm, size } = opened();
    const output = await gemm.output();
    fixed = { output, leaves: [...rowDigests(output, size), ...run().looks.map(({ values }) => lookDigest(values))] };
    return { root: Buffer.from(rootOf(fixed.leaves)).toString('hex') };
  },

  async openLeaves({ rows, looks }) {
    const { size } = opened();
    const { output, leaves } = committed();
    const pathsOf = (indexes: number[]) =>
      merklePaths(leaves, indexes).map((path) => path.map((node) => Buffer.from(node).toString('hex')));
    const bytesOf = ({ buffer, byteOffset, byteLength }: Elements) => new Uint8Array(buffer, byteOffset, byteLength);
    return {
      form: formOf(output),
      rows: { bytes: bytesOf(rowsOf(output, size, rows)), paths: pathsOf(rows) },
      looks: {
        bytes: new Uint8Array(Buffer.concat(looks.map((look) => bytesOf(run().looks[look]!.values)))),
        paths: pathsOf(looks.map((look) => size + look)),
      },
    };
  },

  async verify({ seed, rounds }) {
    const product = opened();
    const { size, precision } = product;
    const { a, b } = matrices(product, run().last);
    const integer = FORMS[precision].kind === 'integer';
    const shape = { m: size, n: size, k: size };
    const { rms, worst } = freivalds(a, b, committed().output, shape, integer, keyOf(seed), rounds);
    return { rms: finite(rms), worst: finite(worst) };
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

function run() {
  if (!ran) throw new Error('nothing was multiplied yet');
  return ran;
}

/** The output that was committed to: what is checked is what was digested. */
function committed() {
  if (!fixed) throw new Error('the output has no digest yet');
  return fixed;
}

async function close(): Promise<void> {
  fixed = undefined;
  ran = undefined;
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

/** Places of the operands of a product outside any window. */
const FIRST: Pair = { a: 0, b: 0 };

async function prepare(device: string, precision: Precision, size: number, seed: string, stream: number) {
  const key = keyOf(seed);
  const step = placeStep(device);
  const count = streamLength(size, step);
  const [a, b] = [0, 1].map((part) => randomElements(precision, key, stream, part, 0, count)) as [Elements, Elements];
  const gemm = await backend.open(device, precision, size, step, a, b);
  return { gemm, a, b, device, precision, size, step, key, stream };
}

/** Both operands of a product as whole matrices, row by row. */
function matrices({ a, b, size, step, gemm }: Opened, pair: Pair): { a: Elements; b: Elements } {
  const cut = cutOf(pair, step, gemm.order);
  const right = b.subarray(cut.b, cut.b + size * size);
  return {
    a: a.subarray(cut.a, cut.a + size * size),
    b: gemm.order === 'columns' ? transposed(right, size) : right,
  };
}

/** What is not a number, or beyond all, as the largest one: JSON has no other. */
const finite = (value: number): number => (Number.isFinite(value) ? value : Number.MAX_VALUE);

/**
 * How many elements differ from plain sums in double precision by more than the bound, relative to a typical element.
 */
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
