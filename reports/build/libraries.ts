import { libraryOf, usualShares } from '../../benchmarks/compute/libraries.ts';
import type { Compute } from '../../model/compute.ts';
import type { Finding } from '../../model/measurement.ts';
import { LIBRARY_REASONS, type LibraryReason } from '../../model/reason.ts';
import type { LibraryAdvice } from '../../model/report.ts';

/** Most entries; a fleet of one kind of node has a few. */
const MOST = 24;
/** Most nodes that one entry names. */
const NODES = 20;

/**
 * Libraries that nodes had to do without, from what was found on each: each once for a precision and a kind of
 * processor, those that would change most first. Where two benchmarks say the same it is one entry. Pure.
 */
export function librariesOf(
  said: readonly { readonly node: string; readonly findings: readonly Finding[] }[],
  compute: Compute | undefined,
): LibraryAdvice[] {
  const found = new Map<string, { code: LibraryReason; finding: Finding; nodes: Set<string> }>();
  for (const { node, findings } of said) {
    for (const finding of findings) {
      const code = LIBRARY_REASONS.find((one) => one === finding.code);
      if (!code) continue;
      const { library = '', precision = '', used = '', instructions = '', vendor = '' } = finding.labels ?? {};
      const key = JSON.stringify([code, library, precision, used, instructions, vendor]);
      const known = found.get(key);
      if (known) known.nodes.add(node);
      else found.set(key, { code, finding, nodes: new Set([node]) });
    }
  }
  return [...found.values()]
    .flatMap(({ code, finding, nodes }) => adviceOf(code, finding, [...nodes].sort(), compute))
    .sort((a, b) => weight(b) - weight(a) || (order(a) < order(b) ? -1 : 1))
    .slice(0, MOST);
}

function adviceOf(
  code: LibraryReason,
  { labels = {}, detail, gain }: Finding,
  nodes: readonly string[],
  compute: Compute | undefined,
): LibraryAdvice[] {
  const library = libraryOf(labels.library ?? '');
  if (!library) return [];
  const { precision, used, instructions, vendor } = labels;
  const shares = precision && instructions ? usualShares(precision, instructions) : [];
  const [own, other] = [labels.library, used].map((name) => shares.find(({ backend }) => backend === name));
  const reached = compute?.precisions.find((one) => one.precision === precision)?.peak?.share;
  return [
    {
      code,
      library: library.name,
      ...(precision === undefined ? {} : { precision }),
      ...(used === undefined ? {} : { used: libraryOf(used)?.name ?? used }),
      target: instructions ?? vendor ?? '',
      nodes: nodes.slice(0, NODES),
      ...(gain === undefined ? {} : { gain }),
      ...(own && {
        usual: {
          with: own.share,
          ...(other && other !== own ? { without: other.share } : {}),
          source: own.source,
          measuredAt: own.measuredAt,
        },
      }),
      ...(used === undefined || reached === undefined ? {} : { reached }),
      install: library.install,
      detail,
    },
  ];
}

/** What is not measured at all comes before what is measured too low. */
const weight = ({ used, gain }: LibraryAdvice): number => (used === undefined ? Number.MAX_VALUE : (gain ?? 1));
const order = ({ library, precision = '', target }: LibraryAdvice): string => `${library} ${precision} ${target}`;
