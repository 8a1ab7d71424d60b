import type { Report } from '../../../model/report.ts';
import { LABELS } from '../../text/catalog.ts';
import { both, code, type Markup, markup } from '../markup.ts';
import { registerLines, registerSum } from '../registers.ts';
import { column } from './section.ts';

/** What became of the registers: each file with its rows, and every row that is wrong, with column and reason. */
export function registers({ registers: supplied }: Report): Markup | undefined {
  if (!supplied) return undefined;
  const lines = registerLines(supplied);
  return markup`<h3 id="registers">${both(LABELS.registers)}</h3>
<ul>${supplied.files.map((one) => markup`<li>${code(one.file)} ${both(registerSum(one))}</li>`)}</ul>
${
  lines.length > 0 &&
  markup`<div class="wide"><table class="facts"><thead><tr>${column('registerFile')}${column('registerRow')}${column('registerColumn')}${column('registerReason')}${column('registerCell')}</tr></thead>
<tbody>${lines.map(
    (line) =>
      markup`<tr><td>${code(line.file)}</td><td>${line.row ?? '—'}</td><td>${line.column || '—'}</td><td>${code(line.code)} ${both(line.text)}${line.counts && markup` <em>${both(LABELS.registerCounts)}</em>`}</td><td>${line.detail}</td></tr>
`,
  )}</tbody></table></div>`
}
`;
}
