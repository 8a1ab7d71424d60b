import { canonicalBytes } from '../evidence/canonical.ts';
import { signCheckpoint } from '../evidence/checkpoint.ts';
import { type FileDigest, sha256Hex, sm3Hex } from '../evidence/digest.ts';
import { seal } from '../evidence/envelope.ts';
import type { Signer } from '../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../evidence/statement.ts';
import { evidenceOf } from '../model/measurement.ts';
import { outcomeWord } from '../model/outcome.ts';
import type { Report } from '../model/report.ts';
import { renderDocuments } from '../reports/build/documents.ts';
import { renderPages } from '../reports/build/pages.ts';
import { buildReport, type ReportFacts } from '../reports/build/report.ts';
import { reportSchema } from '../reports/build/schema.ts';
import { renderHtml } from '../reports/render/html.ts';
import { startPrinter } from '../reports/render/printer.ts';
import { bundleReadme } from '../reports/text/readme.ts';
import type { Admitted } from '../reports/verify/admission.ts';
import { openBundle } from '../reports/verify/disk.ts';
import { blobPath, isAfterManifest, logOrigin, PATHS, RENDERED } from '../reports/verify/layout.ts';
import type { Evaluation, Manifest } from '../reports/verify/manifest.ts';
import { type Known, replay } from '../reports/verify/replay.ts';
import { RUNNING } from '../reports/verify/running.ts';
import { startDigesting } from './digests.ts';
import type { RunDirectory } from './store/run-directory.ts';

/**
 * Turns the directory of a finished run into a bundle: replays the log from disk, judges, writes the report, renders
 * the pages, signs the evaluation, which names them all, and lists every file. Throws if the directory's own log does
 * not replay, its evidence is not what its names say, or the disk gives back other pages than were made: a bug or a
 * damaged disk.
 *
 * Uses nothing that is only in the controller's memory but, to save time, `known`: what it made of measurements when
 * they came in (by the leaf hash of their entry), which a verifier makes of them again.
 */
export async function handOver(
  directory: RunDirectory,
  signer: Signer,
  facts: ReportFacts,
  warn: (detail: string) => void = () => {},
  known: ReadonlyMap<string, Known> = new Map(),
): Promise<Report> {
  directory.writeFile(PATHS.controllerKey, signer.publicKeyPem);
  // Evidence and log are whole now: while this thread reads and judges another one digests them, and a browser starts.
  const bundle = openBundle(directory.path);
  const digesting = startDigesting(directory.path, bundle.paths.filter(isListed));
  const printer = startPrinter({ root: process.getuid?.() === 0 });
  try {
    const replayed = replay(bundle, known);
    if (!replayed.ok) {
      throw new Error(`the log does not replay: ${replayed.defects.map((d) => `${d.path} ${d.problem}`).join('; ')}`);
    }
    const report = buildReport(replayed.replay, facts);
    const html = renderHtml(report);
    const printing = renderDocuments(report, html, printer);
    // Where a page cannot be written nobody waits for them.
    printing.catch(() => {});
    const sums = new Map<string, string>();
    const write = (path: string, content: string | Uint8Array): void => {
      directory.writeFile(path, content);
      digesting.add(path);
      sums.set(path, sha256Hex(content));
    };
    // The largest first: it takes the other thread longest.
    write(PATHS.report, canonicalBytes(report));
    for (const [path, text] of renderPages(report, { html })) write(path, text);
    write(PATHS.reportSchema, reportSchema());
    write(PATHS.readme, bundleReadme(report));
    const documents = await printing;
    for (const [path, content] of documents.files) write(path, content);
    for (const { path, problem } of documents.missing) warn(`${path} was not made: ${problem}`);
    const digests = await digesting.all();
    requireKept(digests, sums, replayed.replay.admitted);
    await sign(directory, signer, { report, facts, digests, pages: [...RENDERED, ...documents.files.keys()] });
    return report;
  } finally {
    await Promise.all([digesting.close(), printer.close()]);
  }
}

/** Whether a file belongs in the manifest. The mark of a run that goes on goes with its end. */
const isListed = (path: string): boolean => !isAfterManifest(path) && path !== RUNNING;

/**
 * What is signed is what was made, and the evidence is what its names say: that of known measurements nobody has read
 * since they came in. Throws where the disk has anything else.
 */
function requireKept(
  digests: ReadonlyMap<string, FileDigest>,
  sums: ReadonlyMap<string, string>,
  admitted: readonly Admitted[],
): void {
  for (const [path, sha256] of sums) {
    if (digests.get(path)?.sha256 !== sha256) throw new Error(`the disk gives back another ${path}`);
  }
  for (const [path, { sha256 }] of digests) {
    if (path.startsWith('evidence/') && path !== blobPath(sha256))
      throw new Error(`the disk gives back another ${path}`);
  }
  for (const { measurement } of admitted) {
    const lost = evidenceOf(measurement).find(({ sha256 }) => !digests.has(blobPath(sha256)));
    if (lost) throw new Error(`the disk has no ${blobPath(lost.sha256)} any more`);
  }
}

interface Written {
  readonly report: Report;
  readonly facts: ReportFacts;
  /** Of everything that is on the disk. */
  readonly digests: ReadonlyMap<string, FileDigest>;
  /** Paths of everything that was rendered from the report. */
  readonly pages: readonly string[];
}

/** Signs the evaluation and the state of the log, and lists every file. */
async function sign(directory: RunDirectory, signer: Signer, written: Written): Promise<void> {
  const { report, facts } = written;
  const digests = new Map(written.digests);
  const write = (path: string, content: Uint8Array): void => {
    directory.writeFile(path, content);
    digests.set(path, { bytes: content.byteLength, sha256: sha256Hex(content), sm3: sm3Hex(content) });
  };
  const evaluation: Evaluation = {
    schema: 'assay/evaluation/v1',
    run: report.run,
    ...facts,
    outcome: outcomeWord(report.overall),
    log: report.log,
  };
  // A verifier renders the pages again, if it is of this version; the documents no verifier can: so all are signed.
  const subjects = [PATHS.report, ...written.pages].map((name) => {
    const { sha256, sm3 } = digests.get(name)!;
    return { name, digest: { sha256, sm3 } };
  });
  const envelope = await seal(PAYLOAD_TYPE, canonicalBytes(statement(subjects, 'evaluation', evaluation)), [signer]);
  write(PATHS.evaluation, canonicalBytes(envelope));
  const { entries: size, root } = report.log;
  const checkpoint = await signCheckpoint({ origin: logOrigin(report.run), size, root }, signer);
  write(PATHS.checkpoint, Buffer.from(checkpoint));
  const manifest: Manifest = {
    schema: 'assay/manifest/v1',
    run: report.run,
    files: [...digests].map(([path, digest]) => ({ path, ...digest })).sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  directory.writeFile(PATHS.manifest, canonicalBytes(manifest));
}
