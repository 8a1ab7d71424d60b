import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import type { Relation } from '../../model/controller.ts';
import { AssayError } from '../../model/errors.ts';
import { LABELS } from '../text/catalog.ts';
import { utc } from '../text/moment.ts';
import { KIND } from '../text/standing.ts';
import { markup } from './markup.ts';

/** What a document is called and dated by. */
export interface PdfFacts {
  /** Report number, for the head of every page. */
  readonly number: string;
  /** Marks every page as made from synthetic data. */
  readonly synthetic: boolean;
  /** Who held the controller's key: a self-test says so on every page. */
  readonly relation: Relation;
  /**
   * RFC 3339 moment to write as the document's dates, in place of the clock's: then the same page gives the same bytes.
   */
  readonly at: string;
}

export interface PrinterOptions {
  /** Path of a Chromium or Chrome to use; else the usual places are tried. */
  readonly chromium?: string;
  /** Whether this process runs as root, where Chromium's sandbox cannot start. */
  readonly root: boolean;
  /** Most time that a page may take to be printed, seconds; ten minutes where it is not given. */
  readonly mostS?: number;
}

/** Far more than the page of a large run takes: what is not there by then hangs. */
const MOST_S = 600;

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/usr/bin/microsoft-edge',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * Quiet and offline: no first-run page, no update, no account, no component download. It still asks for addresses of
 * its maker's on its own; no name is looked up, so that nobody is called.
 */
const FLAGS = [
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--disable-domain-reliability',
  '--no-pings',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--font-render-hinting=none',
];

/** The one address the page is served under; no request ever leaves the browser. */
const ADDRESS = 'http://report.invalid/';

/** Starts a headless browser. Throws `tool_missing` if no Chromium starts. */
export async function startBrowser(options: PrinterOptions): Promise<{ browser: Browser; end: () => Promise<void> }> {
  // The browser keeps settings and crash folders in its home: it gets one of its own, which goes with it.
  const home = await mkdtemp(join(tmpdir(), 'assay-pdf-'));
  const remove = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const browser = await launch(options, home);
    return { browser, end: () => browser.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * The page as A4 with "page x of y": tagged, with an outline, fonts embedded, scripts off, every request but the page
 * itself refused. Rejects where that takes more than so many seconds: most of what a browser is asked has no limit of
 * its own, and one that hangs would keep a finished run from being handed over.
 */
export async function printPdf(browser: Browser, html: string, facts: PdfFacts, mostS = MOST_S): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`the browser printed nothing in ${mostS} s`)), mostS * 1000);
  try {
    return await Promise.race([print(browser, html, facts), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function print(browser: Browser, html: string, facts: PdfFacts): Promise<Uint8Array> {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'zh-CN', timezoneId: 'UTC' });
  await context.route('**/*', (route) =>
    route.request().url() === ADDRESS
      ? route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' })
      : route.abort(),
  );
  const page = await context.newPage();
  await page.goto(ADDRESS, { waitUntil: 'load', timeout: 120_000 });
  await page.screenshot();
  const bytes = await page.pdf({
    format: 'A4',
    preferCSSPageSize: true,
    printBackground: true,
    tagged: true,
    outline: true,
    displayHeaderFooter: true,
    headerTemplate: header(facts),
    footerTemplate: FOOTER,
  });
  return withDates(bytes, facts.at);
}

async function launch(options: PrinterOptions, home: string): Promise<Browser> {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, TMPDIR: home };
  const places = options.chromium === undefined ? PLACES : [options.chromium];
  const args = options.root ? ['--no-sandbox', ...FLAGS] : FLAGS;
  const failures: string[] = [];
  for (const executablePath of places) {
    try {
      return await chromium.launch({ executablePath, args, env, headless: true, timeout: 60_000 });
    } catch (error) {
      failures.push(`${executablePath}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  throw new AssayError('tool_missing', `Chromium (apt-get install chromium): ${failures.join('; ')}`);
}

const FONT = `font:7.5pt "Noto Sans CJK SC","Microsoft YaHei","PingFang SC",sans-serif;color:#333;width:100%;padding:0 14mm`;

function header(facts: PdfFacts): string {
  const note =
    facts.synthetic &&
    markup`<span style="color:#b3261e;font-weight:700">${LABELS.synthetic.zh} SYNTHETIC DATA</span> `;
  const kind = facts.relation === 'self' && markup`${KIND.self.zh} ${KIND.self.en} · `;
  return markup`<div style="${FONT.replaceAll('"', "'")};text-align:right">${note}${kind}${LABELS.number.zh} ${LABELS.number.en} ${facts.number}</div>`
    .text;
}

const FOOTER = `<div style='${FONT.replaceAll("'", '"')};text-align:center'>第 <span class="pageNumber"></span> 页 共 <span class="totalPages"></span> 页 · Page <span class="pageNumber"></span> of <span class="totalPages"></span></div>`;

/**
 * The two dates of the document's information, set to a fixed moment. They are replaced in place, so no offset moves.
 */
function withDates(bytes: Uint8Array, at: string): Uint8Array {
  const stamp = `D:${utc(at).replace(/[-:TZ]/g, '')}+00'00'`;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const dated = text.replace(/(\/(?:CreationDate|ModDate) \()(D:\d{14}\+00'00')(\))/g, (all, open, old, close) =>
    String(old).length === stamp.length ? `${open}${stamp}${close}` : all,
  );
  return new Uint8Array(Buffer.from(dated, 'latin1'));
}
