import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { AssayError } from '../../model/errors.ts';
import { readReport } from '../build/reading.ts';
import type { Printer } from '../render/printer.ts';
import { renderSignatures, SIGNATURES_MARK } from '../render/signatures.ts';
import { openBundle } from '../verify/disk.ts';
import { PATHS } from '../verify/layout.ts';
import { checkSignatures } from '../verify/signatures.ts';
import { keysOf, type Trust } from '../verify/trust.ts';

/** Where the page of a bundle lies: beside it, since a file inside would change what was signed. */
const signaturePage = (directory: string): { html: string; pdf: string } => ({
  html: `${directory}-signatures.html`,
  pdf: `${directory}-signatures.pdf`,
});

/**
 * Rejects with `output_exists` where another file than an earlier page of ours lies in the place of the signature page:
 * asked before anything is signed.
 */
export function requirePlaceOfPage(directory: string): void {
  const { html, pdf } = signaturePage(directory);
  if (existsSync(html) ? !readFileSync(html, 'utf8').includes(SIGNATURES_MARK) : existsSync(pdf)) {
    throw new AssayError('output_exists', existsSync(html) ? html : pdf);
  }
}

/**
 * Writes who signed a bundle beside it, as HTML and as PDF where there is a Chromium. Gives the paths and what was not
 * made. Rejects with `output_unwritable`, or `bundle_unreadable` for a bundle without a report.
 */
export async function writeSignaturePage(
  directory: string,
  trust: Trust | undefined,
  printer: Pick<Printer, 'print'>,
): Promise<{ paths: string[]; missing: string[] }> {
  requirePlaceOfPage(directory);
  const bundle = openBundle(directory);
  const report = readReport(bundle.read(PATHS.report));
  if (typeof report === 'string') throw new AssayError('bundle_unreadable', `${directory}: ${PATHS.report}: ${report}`);
  // Also whom the trust file does not have has signed: the page names everybody, and says who is in it.
  const signatures = checkSignatures(bundle, undefined);
  const controllerKeyId = keyIdOf(signatures.controllerKey);
  const html = renderSignatures({
    report,
    manifest: sha256Hex(bundle.read(PATHS.manifest) ?? new Uint8Array()),
    controller: { keyId: controllerKeyId, trusted: trusts(trust?.controllers, controllerKeyId) },
    releases: signatures.releases.map((release) => ({
      ...release,
      trusted: trusts(release.role === 'reviewer' ? trust?.reviewers : trust?.approvers, release.keyId),
    })),
    trustChecked: trust !== undefined,
  });
  const places = signaturePage(directory);
  write(places.html, html);
  const { number, synthetic, judgedAt } = report;
  const at = signatures.releases.map(({ signedAt }) => signedAt).reduce((a, b) => (a > b ? a : b), judgedAt);
  try {
    write(places.pdf, await printer.print(html, { number, synthetic, relation: report.controller.relation, at }));
    return { paths: [places.html, places.pdf], missing: [] };
  } catch (error) {
    if (error instanceof AssayError && error.code === 'output_unwritable') throw error;
    return { paths: [places.html], missing: [`${places.pdf}: ${(error as Error).message.split('\n')[0]}`] };
  }
}

const trusts = (parties: Trust['reviewers'] | undefined, keyId: string): boolean =>
  parties !== undefined && keysOf(parties).has(keyId);

function write(path: string, bytes: string | Uint8Array): void {
  try {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  } catch (error) {
    throw new AssayError('output_unwritable', `${path} (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}
