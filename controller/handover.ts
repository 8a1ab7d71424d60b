import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { canonicalBytes } from '../evidence/canonical.ts';
import { signCheckpoint } from '../evidence/checkpoint.ts';
import { type FileDigest, sha256Hex, sm3Hex } from '../evidence/digest.ts';
import { seal } from '../evidence/envelope.ts';
import type { Signer } from '../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../evidence/statement.ts';
import type { Report } from '../model/report.ts';
import { renderDocuments } from '../reports/build/documents.ts';
import { renderPages } from '../reports/build/pages.ts';
import { buildReport, type ReportFacts } from '../reports/build/report.ts';
import { reportSchema } from '../reports/build/schema.ts';
import { bundleReadme } from '../reports/text/readme.ts';
import type { Admitted } from '../reports/verify/admission.ts';
import { openBundle } from '../reports/verify/disk.ts';
import { logOrigin, PATHS } from '../reports/verify/layout.ts';
import type { Evaluation, Manifest } from '../reports/verify/manifest.ts';
import { replay } from '../reports/verify/replay.ts';
import type { RunDirectory } from './store/run-directory.ts';

/**
 * Turns the directory of a finished run into a bundle: replays the log from disk, judges, writes the report, signs the
 * evaluation, renders the pages and lists every file. Throws if the directory's own log does not replay or its evidence
 * is not what its names say: a bug or a damaged disk.
 *
 * Uses nothing that is only in the controller's memory but, to save time, `known`: what it made of measurements when they
 * came in (by sha256 of the signed payload), which a verifier makes of them again.
 */
export async function handOver(
  directory: RunDirectory,
  signer: Signer,
  facts: ReportFacts,
  warn: (detail: string) => void = () => {},
  known: ReadonlyMap<string, Admitted> = new Map(),
): Promise<Report> {
  directory.writeFile(PATHS.controllerKey, signer.publicKeyPem);
  // Evidence and log are whole now: another thread digests them while this one reads and judges.
  const digesting = digestAll(directory.path);
  const replayed = replay(openBundle(directory.path), known);
  if (!replayed.ok) {
    throw new Error(`the log does not replay: ${replayed.defects.map((d) => `${d.path} ${d.problem}`).join('; ')}`);
  }
  const report = buildReport(replayed.replay, facts);
  const pages = renderPages(report);
  await digesting.listed;
  // While a browser, in processes of its own, prints the document, all else is written and digested.
  const [documents, written] = await Promise.all([
    renderDocuments(report, pages.get(PATHS.html)!),
    writeAll(directory, report, pages),
  ]);
  const digests = new Map([...(await digesting.digests), ...written]);
  const write = (path: string, content: Uint8Array): void => {
    directory.writeFile(path, content);
    digests.set(path, { bytes: content.byteLength, sha256: sha256Hex(content), sm3: sm3Hex(content) });
  };
  for (const [path, content] of documents.files) write(path, content);
  for (const { path, problem } of documents.missing) warn(`${path} was not made: ${problem}`);
  const evaluation: Evaluation = {
    schema: 'assay/evaluation/v1',
    run: report.run,
    ...facts,
    outcome: report.overall.outcome,
    log: report.log,
  };
  // The pages follow from the report and are rendered again by a verifier; the documents cannot be, so they are signed.
  const subjects = [...new Set([PATHS.report as string, ...documents.files.keys()])].map((name) => {
    const { sha256, sm3 } = digests.get(name)!;
    return { name, digest: { sha256, sm3 } };
  });
  const envelope = await seal(PAYLOAD_TYPE, canonicalBytes(statement(subjects, 'evaluation', evaluation)), [signer]);
  write(PATHS.evaluation, canonicalBytes(envelope));
  const { entries: size, root } = report.log;
  const checkpoint = await signCheckpoint({ origin: logOrigin(report.run), size, root }, signer);
  write(PATHS.checkpoint, Buffer.from(checkpoint));
  write(PATHS.readme, Buffer.from(bundleReadme(report)));
  const manifest: Manifest = {
    schema: 'assay/manifest/v1',
    run: report.run,
    files: [...digests].map(([path, digest]) => ({ path, ...digest })).sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  directory.writeFile(PATHS.manifest, canonicalBytes(manifest));
  return report;
}

/** Writes the report and its pages; gives the digests of what the disk holds of them then. */
async function writeAll(
  directory: RunDirectory,
  report: Report,
  pages: ReadonlyMap<string, string>,
): Promise<Map<string, FileDigest>> {
  const digests = new Map<string, FileDigest>();
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    directory.writeFile(path, content);
    // The browser's messages come in on this thread, too.
    await immediate();
    const stored = readFileSync(join(directory.path, path));
    digests.set(path, { bytes: stored.byteLength, sha256: sha256Hex(stored), sm3: sm3Hex(stored) });
    await immediate();
  };
  for (const [path, text] of pages) await write(path, text);
  await write(PATHS.reportSchema, reportSchema());
  const bytes = canonicalBytes(report);
  await write(PATHS.report, bytes);
  if (digests.get(PATHS.report)?.sha256 !== sha256Hex(bytes)) throw new Error('the disk gives back another report');
  return digests;
}

interface Digesting {
  /** Nothing may be written before this: what is there is not yet known. */
  readonly listed: Promise<void>;
  readonly digests: Promise<ReadonlyMap<string, FileDigest>>;
}

/** Digests of all files that are there now, made by another thread. */
function digestAll(path: string): Digesting {
  const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { workerData: path });
  const listed = Promise.withResolvers<void>();
  const digests = Promise.withResolvers<ReadonlyMap<string, FileDigest>>();
  const fail = (error: unknown): void => {
    listed.reject(error);
    digests.reject(error);
  };
  // Where the run cannot be judged nobody waits for them.
  listed.promise.catch(() => {});
  digests.promise.catch(() => {});
  worker.on('message', (message: 'listed' | ReadonlyMap<string, FileDigest>) => {
    if (message === 'listed') listed.resolve();
    else digests.resolve(message);
  });
  worker.once('error', fail);
  worker.once('exit', (code) => fail(new Error(`digesting ended with ${code}`)));
  return { listed: listed.promise, digests: digests.promise };
}
