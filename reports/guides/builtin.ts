import { canonicalize } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { AssayError } from '../../model/errors.ts';
import { Guide } from '../../model/guide.ts';
import { check } from '../../model/schema.ts';
import { parseWritten } from '../verify/written-json.ts';
import gd2021Compute from './gd-2021-compute.json' with { type: 'json' };

/** A guide with the bytes that its digest is taken of: canonical JSON. */
export interface LoadedGuide {
  readonly guide: Guide;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

const BUILTIN: readonly unknown[] = [gd2021Compute];

/** Id of the guide that is used when none is named. */
export const DEFAULT_GUIDE = 'gd-2021-compute';

/** All guides that come with the software. */
export function builtinGuides(): LoadedGuide[] {
  return BUILTIN.map((value) => load(value, 'built-in guide'));
}

/** Whether a guide comes with the software, by the sha256 of its canonical bytes. */
export function isBuiltin(sha256: string): boolean {
  return builtinGuides().some((guide) => guide.sha256 === sha256);
}

/** A guide from the bytes of a file. Rejects with `json_invalid` or `guide_invalid`. */
export function readGuide(bytes: Uint8Array, name: string): LoadedGuide {
  return load(parseWritten(bytes, name), name);
}

function load(value: unknown, name: string): LoadedGuide {
  const guide = check(Guide, value);
  if (!guide.ok) throw new AssayError('guide_invalid', `${name}: ${guide.problems.join('; ')}`);
  const problem = inconsistency(guide.value);
  if (problem) throw new AssayError('guide_invalid', `${name}: ${problem}`);
  const bytes = Buffer.from(canonicalize(guide.value));
  return { guide: guide.value, bytes, sha256: sha256Hex(bytes) };
}

/** What a schema cannot say: unique ids, labels that are needed. */
function inconsistency(guide: Guide): string | undefined {
  const seen = new Set<string>();
  for (const target of guide.targets) {
    if (seen.has(target.id)) return `target ${target.id} is there twice`;
    seen.add(target.id);
    for (const requirement of target.requirements) {
      if (requirement.fold === 'distinct' && !requirement.label) return `${target.id}: distinct needs a label`;
      if (requirement.fold === 'distinct' && requirement.choose) return `${target.id}: distinct cannot choose`;
    }
  }
  return undefined;
}
