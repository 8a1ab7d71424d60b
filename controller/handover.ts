import { setImmediate as immediate } from 'node:timers/promises';
import { canonicalBytes } from '../evidence/canonical.ts';
import { signCheckpoint } from '../evidence/checkpoint.ts';
import { sha256Hex, sm3Hex } from '../evidence/digest.ts';
import { seal } from '../evidence/envelope.ts';
import type { FileDigest } from '../evidence/files.ts';
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
import { digestOf } from '../reports/verify/files.ts';
import { isAfterManifest, logOrigin, PATHS } from '../reports/verify/layout.ts';
import type { Evaluation, Manifest } from '../reports/verify/manifest.ts';
import { replay } from '../reports/verify/replay.ts';
import { RUNNING } from '../reports/verify/running.ts';
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
  const replayed = replay(openBundle(directory.path), known);
  if (!replayed.ok) {
    throw new Error(`the log does not replay: ${replayed.defects.map((d) => `${d.path} ${d.problem}`).join('; ')}`);
  }
  const report = buildReport(replayed.replay, facts);
  const pages = renderPages(report);
  // While a browser, in processes of its own, prints the document, all else is written and digested.
  const [documents, digests] = await Promise.all([
    renderDocuments(report, pages.get(PATHS.html)!),
    writeAll(directory, report, pages),
  ]);
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

/** Writes the report and its pages; gives the digests of every file that is there then and belongs in a manifest. */
async function writeAll(
  directory: RunDirectory,
  report: Report,
  pages: ReadonlyMap<string, string>,
): Promise<Map<string, FileDigest>> {
  for (const [path, text] of pages) {
    directory.writeFile(path, text);
    await immediate();
  }
  directory.writeFile(PATHS.reportSchema, reportSchema());
  const bytes = canonicalBytes(report);
  const sha256 = sha256Hex(bytes);
  await immediate();
  directory.writeFile(PATHS.report, bytes);
  const digests = await digestAll(directory.path);
  if (digests.get(PATHS.report)?.sha256 !== sha256) throw new Error('the disk gives back another report');
  return digests;
}

/** Others wait for the same thread: no longer than this at a time. */
const SLICE_MS = 20;

async function digestAll(path: string): Promise<Map<string, FileDigest>> {
  const bundle = openBundle(path);
  const digests = new Map<string, FileDigest>();
  let since = performance.now();
  for (const name of bundle.paths) {
    // The mark of a run that goes on goes with its end.
    if (isAfterManifest(name) || name === RUNNING) continue;
    digests.set(name, digestOf(bundle, name)!);
    if (performance.now() - since < SLICE_MS) continue;
    await immediate();
    since = performance.now();
  }
  return digests;
}
