import { sha256Hex } from '../../evidence/digest.ts';
import { sm2KeyIdOf } from '../../evidence/sm2.ts';
import { readTimestamp, verifyTimestamp } from '../../evidence/timestamp.ts';
import { Addendum } from '../release/addendum.ts';
import { readJson } from './files.ts';
import type { Bundle } from './layout.ts';
import type { Defect } from './replay.ts';
import type { Trust } from './trust.ts';

export interface Stamps {
  readonly defects: readonly Defect[];
  /** Whether at least one stamp was checked against an authority of the trust file. */
  readonly trusted: boolean;
  readonly note: string;
}

/**
 * Checks what was added to the bundle later: time stamps against the verifier's own authorities, and that additional
 * SM2 signatures belong to a file that is here. A stamp of something else, or a forged one, is a defect; a stamp by an
 * authority nobody named is read and reported, and believed by nobody.
 */
export function checkStamps(bundle: Bundle, trust: Trust | undefined): Stamps {
  const defects: Defect[] = [];
  const said: string[] = [];
  let trusted = false;
  for (const path of bundle.paths.filter((p) => p.startsWith('addenda/'))) {
    const addendum = readJson(bundle.read(path)!, Addendum);
    if (typeof addendum === 'string') {
      defects.push({ path, problem: addendum });
      continue;
    }
    const content = bundle.read(addendum.path);
    if (!content) {
      defects.push({ path, problem: `is about ${addendum.path}, which is not here` });
    } else if (addendum.schema === 'assay/sm2/v1') {
      try {
        said.push(`SM2 by ${addendum.name}, key ${sm2KeyIdOf(addendum.publicKey).slice(0, 16)} (check with openssl)`);
      } catch {
        defects.push({ path, problem: 'names a key that is not an SM2 key' });
      }
    } else if (sha256Hex(content) !== addendum.sha256) {
      defects.push({ path, problem: `stamps another ${addendum.path}` });
    } else {
      const outcome = checkStamp(addendum, trust);
      if (outcome.problem) defects.push({ path, problem: outcome.problem });
      else said.push(outcome.said);
      trusted ||= outcome.trusted;
    }
  }
  return { defects, trusted, note: said.join('; ') || 'not stamped' };
}

function checkStamp(
  addendum: Extract<Addendum, { schema: 'assay/stamp/v1' }>,
  trust: Trust | undefined,
): { problem?: string; said: string; trusted: boolean } {
  const response = Buffer.from(addendum.response, 'base64');
  if (!trust || trust.stampAuthorities.length === 0) {
    try {
      const { genTime, imprint } = readTimestamp(response);
      if (imprint.digest !== addendum.sha256)
        return { problem: 'is a stamp of something else', said: '', trusted: false };
      return { said: `${genTime} by an authority that was not checked`, trusted: false };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error), said: '', trusted: false };
    }
  }
  const verdict = verifyTimestamp(response, addendum.sha256, trust.stampAuthorities.join('\n'));
  if (verdict.ok) return { said: `${verdict.stamp.genTime} by ${verdict.authority}`, trusted: true };
  return { problem: verdict.problem, said: '', trusted: false };
}
