import type { Report } from '../../../model/report.ts';
import type { Text } from '../../../model/text.ts';
import { PROBLEM_TEXT, ENVIRONMENT_TEXT as SAY } from '../../text/environment.ts';
import { whole } from '../../text/quantity.ts';
import { both, code, type Markup, markup } from '../markup.ts';
import { fold } from './section.ts';

const DIGITS = 16;
/** Longest value that is written out. */
const MOST_CHARACTERS = 240;

/** With which libraries, tools and variables the run measured. */
export function loaded(environment: Report['environment']): Markup {
  if (!environment) return markup``;
  const { files, variables, policy } = environment;
  const cut = (text: string): string => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);
  const digest = (one: { sha256?: string | undefined; problem?: keyof typeof PROBLEM_TEXT | undefined }): Markup =>
    one.sha256 ? code(one.sha256.slice(0, DIGITS)) : one.problem ? both(PROBLEM_TEXT[one.problem]) : markup`—`;
  const rows = markup`${files.map((one) => markup`<tr><td>${code(one.path)}</td><td>${digest(one)}</td><td>${one.buildId ? code(one.buildId.slice(0, DIGITS)) : '—'}</td><td>${whole(one.nodes)}</td></tr>\n`)}`;
  const named = markup`${policy.map((one) => markup`<tr><td>${one.name}: ${code(one.path)}</td><td>${digest(one)}</td><td>—</td><td>${whole(one.nodes)}</td></tr>\n`)}`;
  const set = markup`${variables.map((one) => markup`<tr><td>${code(one.name)}</td><td>${code(cut(one.value))}</td><td>${whole(one.nodes)}</td></tr>\n`)}`;
  const table = (heads: readonly Text[], body: Markup): Markup =>
    markup`<div class="wide"><table><thead><tr>${heads.map((head) => markup`<th scope="col">${both(head)}</th>`)}</tr></thead><tbody>\n${body}</tbody></table></div>`;
  const columns = [SAY.file, SAY.digest, SAY.buildId, SAY.nodes];
  return fold(
    both(SAY.title),
    markup`<p class="fine">${both(SAY.note)}</p>
${table(columns, rows)}
${policy.length > 0 && markup`<h3>${both(SAY.policy)}</h3>${table(columns, named)}`}
${variables.length > 0 && table([SAY.variable, SAY.value, SAY.nodes], set)}`,
  );
}
