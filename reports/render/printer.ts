import { Worker } from 'node:worker_threads';
import { AssayError } from '../../model/errors.ts';
import type { PdfFacts, PrinterOptions } from './pdf.ts';
import type { Printed } from './print-worker.ts';

/** Prints pages as PDF. */
export interface Printer {
  /** Rejects with `tool_missing` if no Chromium starts, and with why if it fails or hangs. One page at a time. */
  print(html: string, facts: PdfFacts): Promise<Uint8Array>;
  /** Ends the browser and removes what it kept. */
  close(): Promise<void>;
}

/** Starts a browser in a thread of its own, which talks to it while this one works. */
export function startPrinter(options: PrinterOptions): Printer {
  const worker = new Worker(new URL('./print-worker.ts', import.meta.url), { workerData: options });
  const ended = Promise.withResolvers<Error>();
  worker.once('error', (error) => ended.resolve(error as Error));
  worker.once('exit', (code) => ended.resolve(new Error(`printing ended with ${code}`)));
  return {
    print: async (html, facts) => {
      const answer = Promise.withResolvers<Printed>();
      worker.once('message', answer.resolve);
      worker.postMessage({ html, facts });
      const printed = await Promise.race([answer.promise, ended.promise]);
      if (printed instanceof Error) throw printed;
      if ('bytes' in printed) return printed.bytes;
      throw printed.code ? new AssayError(printed.code, printed.problem) : new Error(printed.problem);
    },
    close: async () => {
      worker.postMessage('close');
      await ended.promise;
    },
  };
}
