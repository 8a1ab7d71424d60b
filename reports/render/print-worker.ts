import { parentPort, workerData } from 'node:worker_threads';
import { AssayError, type ErrorCode } from '../../model/errors.ts';
import { type PdfFacts, type PrinterOptions, printPdf, startBrowser } from './pdf.ts';

/** What the other thread answers to a page. */
export type Printed =
  | { readonly bytes: Uint8Array }
  | { readonly code: ErrorCode | undefined; readonly problem: string };

/** Starts a browser at once, answers every page that is sent with its PDF, and ends at `close`. */
const options = workerData as PrinterOptions;
const starting = startBrowser(options);
starting.catch(() => {});

async function answer(html: string, facts: PdfFacts): Promise<Printed> {
  try {
    return { bytes: await printPdf((await starting).browser, html, facts, options.mostS) };
  } catch (error) {
    return { code: error instanceof AssayError ? error.code : undefined, problem: (error as Error).message };
  }
}

async function end(): Promise<void> {
  await starting.then(
    (browser) => browser.end(),
    () => {},
  );
  parentPort!.close();
}

parentPort!.on('message', (message: 'close' | { html: string; facts: PdfFacts }) => {
  if (message === 'close') void end();
  else void answer(message.html, message.facts).then((printed) => parentPort!.postMessage(printed));
});
