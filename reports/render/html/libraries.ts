import type { LibraryAdvice, Report } from '../../../model/report.ts';
import { LIBRARIES, librariesBrief, libraryCost } from '../../text/libraries.ts';
import { both, code, type Markup, markup } from '../markup.ts';
import { chapterNumber } from './section.ts';

/** One sentence for page 1. Nothing where no library was missed. */
export function libraryNote({ libraries = [] }: Report): Markup {
  if (libraries.length === 0) return markup``;
  return markup`<p class="fine libraries">${both(librariesBrief(libraries, chapterNumber('compute')))}</p>`;
}

/** All of them, with what each costs, on which nodes, from which measurement that is known, and how to install it. */
export function libraryList({ libraries = [] }: Report): Markup {
  if (libraries.length === 0) return markup``;
  return markup`<h3>${both(LIBRARIES.heading)}</h3><p class="fine">${both(LIBRARIES.key)}</p>
<ul class="plain libraries">${libraries.map(item)}</ul>`;
}

function item(advice: LibraryAdvice): Markup {
  const { nodes, usual, install } = advice;
  return markup`<li>${code(advice.code)} ${both(libraryCost(advice))}<br><strong>${both(install)}</strong><br><span class="particular">${nodes.join(', ')}${usual && ` · ${usual.source}, ${usual.measuredAt}`}</span></li>
`;
}
