import { canonicalBytes } from '../evidence/canonical.ts';
import { signCheckpoint } from '../evidence/checkpoint.ts';
import { sha256Hex, sm3Hex } from '../evidence/digest.ts';
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
import { digestOf } from '../reports/verify/files.ts';
import { isAfterManifest, logOrigin, PATHS } from '../reports/verify/layout.ts';
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
  const replayed = replay(openBundle(directory.path), known);
  if (!replayed.ok) {
    throw new Error(`the log does not replay: ${replayed.defects.map((d) => `${d.path} ${d.problem}`).join('; ')}`);
  }
  const report = buildReport(replayed.replay, facts);
  const bytes = canonicalBytes(report);
  directory.writeFile(PATHS.report, bytes);
  directory.writeFile(PATHS.reportSchema, reportSchema());
  const pages = renderPages(report);
  for (const [path, text] of pages) directory.writeFile(path, text);
  const documents = await renderDocuments(report, pages.get(PATHS.html)!);
  for (const [path, content] of documents.files) directory.writeFile(path, content);
  for (const { path, problem } of documents.missing) warn(`${path} was not made: ${problem}`);
  const evaluation: Evaluation = {
    schema: 'assay/evaluation/v1',
    run: report.run,
    ...facts,
    outcome: report.overall.outcome,
    log: report.log,
  };
  // The pages follow from the report and are rendered again by a verifier; the documents cannot be, so they are signed.
  const subjects = [...new Map([[PATHS.report as string, bytes], ...documents.files])].map(([name, content]) => ({
    name,
    digest: { sha256: sha256Hex(content), sm3: sm3Hex(content) },
  }));
  const envelope = await seal(PAYLOAD_TYPE, canonicalBytes(statement(subjects, 'evaluation', evaluation)), [signer]);
  directory.writeFile(PATHS.evaluation, canonicalBytes(envelope));
  const { entries: size, root } = report.log;
  directory.writeFile(PATHS.checkpoint, await signCheckpoint({ origin: logOrigin(report.run), size, root }, signer));
  directory.writeFile(PATHS.readme, bundleReadme(report));
  writeManifest(directory, report.run);
  return report;
}

function writeManifest(directory: RunDirectory, run: string): void {
  const bundle = openBundle(directory.path);
  const manifest: Manifest = {
    schema: 'assay/manifest/v1',
    run,
    files: bundle.paths.filter((path) => !isAfterManifest(path)).map((path) => ({ path, ...digestOf(bundle, path)! })),
  };
  directory.writeFile(PATHS.manifest, canonicalBytes(manifest));
}
