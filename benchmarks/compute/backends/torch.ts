import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { schedule } from '../challenge/chain.ts';
import { foldShift } from '../challenge/parameters.ts';
import { PLACES } from '../gemm/places.ts';
import { arithmeticLack, cpuFlags } from '../host.ts';
import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import { packFloats } from '../storage.ts';
import { type Backend, type Device, lacking, type Offer } from './backend.ts';
import { TORCH_PYTHON } from './candidates.ts';
import { LibraryError } from './library-error.ts';

interface PythonDevice {
  readonly id: string;
  readonly name: string;
  readonly uuid: string | null;
  readonly precisions: readonly Precision[];
  /** Why each of the others that it was asked to try did not work. */
  readonly lacks: Readonly<Partial<Record<Precision, string>>>;
}

/**
 * PyTorch in a Python process of its own: every vendor that has a PyTorch. What each device can do is found by doing
 * it.
 */
export function torch(): Backend {
  const runner = startRunner(process.env[TORCH_PYTHON] ?? 'python3');
  return {
    async probe(threads) {
      const { answer } = await runner.ask({ operation: 'probe', threads });
      const { version, devices } = answer as { version: string; devices: PythonDevice[] };
      return {
        software: [{ name: 'torch', version }],
        devices: devices.map(({ id, name, uuid, precisions, lacks }): Device => {
          const offers = precisions.map((precision) => offer(id, precision));
          const why = 'this build of PyTorch has no such type';
          return { id, name, ...(uuid ? { uuid } : {}), offers, lacks: lacking(offers, why, lacks) };
        }),
      };
    },
    async open(device, precision, size, step, a, b) {
      const order = { operation: 'open', device, precision, size, step, places: PLACES };
      await runner.ask(order, [stored(a, precision), stored(b, precision)]);
      const numbers = ({ answer, data }: Answered): Elements => {
        const { form } = answer as { form: string };
        if (form === 'float64') return new Float64Array(data.buffer);
        return form === 'int32' ? new Int32Array(data.buffer) : new Float32Array(data.buffer);
      };
      return {
        order: 'columns',
        async multiply(pairs, rows) {
          const places = pairs.map((pair) => [pair.a, pair.b]);
          return numbers(await runner.ask({ operation: 'multiply', pairs: places, rows }));
        },
        async poison() {
          await runner.ask({ operation: 'poison' });
        },
        output: async () => numbers(await runner.ask({ operation: 'output' })),
        async close() {
          await runner.ask({ operation: 'close' });
        },
      };
    },
    async openChain(device, precision, parameters, nonce) {
      const withShift = { ...parameters, shift: foldShift(parameters) };
      await runner.ask({ operation: 'chain', device, precision, nonce, parameters: withShift });
      return {
        async round(seed) {
          const order = { operation: 'round', seed, schedule: schedule(parameters, seed) };
          const { answer, data } = await runner.ask(order);
          return { sketch: data, productNs: (answer as { productNs: number }).productNs };
        },
        async close() {
          await runner.ask({ operation: 'close' });
        },
      };
    },
    async stream(device, { operation: kind, arrayBytes, ...order }) {
      const own = { kind, bytes_each: arrayBytes, device, places: PLACES };
      const { answer } = await runner.ask({ operation: 'stream', ...own, ...order });
      const { windows, elements, wrong } = answer as { windows: number[][]; elements: number; wrong: number };
      return {
        windows: windows.map(([startNs, endNs, passes]) => ({ startNs: startNs!, endNs: endNs!, passes: passes! })),
        elements,
        wrong,
      };
    },
    close: () => runner.stop(),
  };
}

/** A processor without arithmetic of its own for halves converts to FP32 and back. */
function offer(device: string, precision: Precision): Offer {
  if (device !== 'cpu') return { precision };
  const emulated = arithmeticLack(precision, cpuFlags());
  return emulated === undefined ? { precision } : { precision, emulated };
}

function stored(elements: Elements, precision: Precision): Uint8Array {
  const packed = precision === 'FP16' || precision === 'BF16' || precision.startsWith('FP8');
  const view = packed ? packFloats(elements as Float32Array, precision) : elements;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** First line of an answer. */
interface Header {
  /** Raw bytes that follow the line. */
  readonly bytes: number;
  readonly error?: string;
}

interface Answered {
  readonly answer: object;
  /** Bytes that followed the answer, in memory of their own. */
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Exit status of the script where its Python has no PyTorch. */
const NO_TORCH = 69;

/** JSON lines with raw bytes behind them, one question at a time, to and from the script beside this file. */
function startRunner(python: string) {
  const script = fileURLToPath(new URL('./torch_runner.py', import.meta.url));
  const child = spawn(python, ['-u', script], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  let ended: Error | undefined;
  let waiting: { resolve: (answered: Answered) => void; reject: (error: Error) => void } | undefined;
  let header = Buffer.alloc(0);
  let answer: Header | undefined;
  let data = new Uint8Array(0);
  let got = 0;

  const end = (how: string, missing: boolean) => {
    const message = `${python} ${how}${errors ? `: ${errors.trim().slice(-400)}` : ''}`;
    ended ??= missing ? new LibraryError('missing', message) : new Error(message);
    waiting?.reject(ended);
    waiting = undefined;
  };
  child.on('error', (error: NodeJS.ErrnoException) =>
    end(`could not be started: ${error.message}`, error.code === 'ENOENT'),
  );
  child.on('close', (code, signal) =>
    end(signal ? `was ended by ${signal}` : `ended with status ${code}`, code === NO_TORCH),
  );
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-4096);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    let rest = chunk;
    if (!answer) {
      header = Buffer.concat([header, rest]);
      const at = header.indexOf(10);
      if (at < 0) return;
      answer = JSON.parse(header.subarray(0, at).toString('utf8')) as Header;
      rest = header.subarray(at + 1);
      header = Buffer.alloc(0);
      data = new Uint8Array(answer.bytes);
      got = 0;
    }
    data.set(rest.subarray(0, data.length - got), got);
    got += Math.min(rest.length, data.length - got);
    if (got < data.length) return;
    const finished = { answer, data };
    const settle = waiting;
    answer = undefined;
    waiting = undefined;
    if (finished.answer.error) settle?.reject(new Error(finished.answer.error));
    else settle?.resolve(finished);
  });

  return {
    ask(order: object, payload: readonly Uint8Array[] = []): Promise<Answered> {
      return new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        waiting = { resolve, reject };
        const bytes = payload.reduce((sum, part) => sum + part.length, 0);
        child.stdin.write(`${JSON.stringify({ ...order, bytes })}\n`);
        for (const part of payload) child.stdin.write(part);
      });
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
