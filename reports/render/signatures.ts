import type { Report } from '../../model/report.ts';
import { LABELS } from '../text/catalog.ts';
import { china, utc } from '../text/moment.ts';
import { ROLE_TEXT } from '../text/notes.ts';
import { overallOf, overallText, partialNotice, reportTitle } from '../text/partial.ts';
import { SIGNATURES } from '../text/signatures.ts';
import type { Released } from '../verify/signatures.ts';
import { page } from './html.ts';
import { both, code, type Markup, markup, stacked } from './markup.ts';

/** What a signature page is about. */
export interface SignedBundle {
  readonly report: Report;
  /** sha256 of the manifest, which the releases are of. */
  readonly manifest: string;
  readonly controller: { readonly keyId: string; readonly trusted: boolean };
  readonly releases: readonly Released[];
  /** A trust file was asked; without one nobody vouches for a key. */
  readonly trustChecked: boolean;
}

/** By this a page of ours is known when it is written again. */
export const SIGNATURES_MARK = 'data-assay="signatures"';

/**
 * Who signed a bundle, on a page of its own that lies beside it: the report inside was made before anybody signed, and
 * cannot name them. The page proves nothing by itself and says so.
 */
export function renderSignatures(bundle: SignedBundle): string {
  const { report, manifest, controller } = bundle;
  const { partial } = report.overall;
  return page(
    `${SIGNATURES.title.zh} ${report.number}`,
    report.synthetic,
    markup`<main data-assay="signatures"><section id="front" aria-labelledby="title">
<h1 id="title">${SIGNATURES.title.zh}<br><span class="en" lang="en">${SIGNATURES.title.en}</span></h1>
${report.synthetic && markup`<p class="synthetic">${both(LABELS.synthetic)}</p>`}${partial && markup`<p class="synthetic">${both(partialNotice(partial))}</p>`}
<table class="identity"><tbody>
${row(LABELS.number, markup`${report.number} · ${both(reportTitle(report))}`)}
${row(LABELS.platform, markup`${report.platform.name ?? both(LABELS.notStated)}`)}
${row(LABELS.guide, markup`${both(report.guide.title)} · ${report.guide.id} ${report.guide.version}`)}
${row(LABELS.outcome, markup`<b>${both(overallText(overallOf(report)))}</b>`)}
${row(SIGNATURES.manifest, markup`sha256 ${code(manifest)}`)}
${row(LABELS.log, markup`root ${code(report.log.root)}`)}
</tbody></table>
<h2>${both(LABELS.signatures)}</h2>
<div class="wide"><table><thead><tr><th scope="col">${both(SIGNATURES.role)}</th><th scope="col">${both(SIGNATURES.name)}</th><th scope="col">${both(SIGNATURES.key)}</th><th scope="col">${both(SIGNATURES.when)}</th><th scope="col">${both(SIGNATURES.trusted)}</th></tr></thead><tbody>
<tr><th scope="row">${both(SIGNATURES.controller)}</th><td>${report.software.name} ${report.software.version}</td><td>${code(controller.keyId)}</td><td>${moment(report.judgedAt)}</td><td>${both(trustText(controller, bundle))}</td></tr>
${(['reviewer', 'approver'] as const).map((role) => line(role, bundle))}</tbody></table></div>
<p>${stacked(SIGNATURES.beside)}</p>
<p>${stacked(SIGNATURES.check)}</p>
</section></main>`,
  );
}

function line(role: Released['role'], bundle: SignedBundle): Markup {
  const release = bundle.releases.find((one) => one.role === role);
  if (!release) {
    return markup`<tr><th scope="row">${both(ROLE_TEXT[role])}</th><td colspan="4">${both(SIGNATURES.notSigned)}</td></tr>\n`;
  }
  const { name, keyId, signedAt } = release;
  return markup`<tr><th scope="row">${both(ROLE_TEXT[role])}</th><td>${name}</td><td>${code(keyId)}</td><td>${moment(signedAt)}</td><td>${both(trustText(release, bundle))}</td></tr>\n`;
}

const trustText = ({ trusted }: { trusted: boolean }, { trustChecked }: SignedBundle) =>
  trustChecked ? SIGNATURES[trusted ? 'yes' : 'no'] : SIGNATURES.unchecked;

const row = (label: { zh: string; en: string }, content: Markup): Markup =>
  markup`<tr><th scope="row">${stacked(label)}</th><td>${content}</td></tr>`;

const moment = (iso: string): Markup => markup`${utc(iso)}<br><span class="aside">${china(iso)}</span>`;
