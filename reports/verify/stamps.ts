import { CmsError, checkSignature, readSignedData } from '../../evidence/cms.ts';
import { childrenOf, DerError, expectTag, readDer, TAG } from '../../evidence/der.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { strictBase64 } from '../../evidence/envelope.ts';
import { sm2KeyIdOf } from '../../evidence/sm2.ts';
import { readTimestamp, verifyTimestamp } from '../../evidence/timestamp.ts';
import type { Text } from '../../model/text.ts';
import { Addendum } from '../release/addendum.ts';
import { releasePath } from '../release/release.ts';
import { joined, NOTES } from '../text/notes.ts';
import { type Defect, type Flaw, flaw } from './defect.ts';
import { readCanonical } from './files.ts';
import { type Bundle, PATHS } from './layout.ts';
import type { LogStamp } from './log-stamp.ts';
import type { Trust } from './trust.ts';

export interface Stamps {
  readonly defects: readonly Defect[];
  /** Whether at least one stamp was checked against an authority of the trust file. */
  readonly trusted: boolean;
  readonly note: Text;
}

/**
 * The same of the stamps that the log itself has, of the plan and of the log at its end, added to what the addenda say.
 */
export function withLogStamps(addenda: Stamps, stamps: readonly LogStamp[], trust: Trust | undefined): Stamps {
  if (stamps.length === 0) return addenda;
  const defects: Defect[] = [...addenda.defects];
  const said: Text[] = [];
  let { trusted } = addenda;
  for (const { of, sha256, response } of stamps) {
    const outcome = checkResponse(response, sha256, trust);
    if (outcome.problem !== undefined)
      defects.push({ path: PATHS.log, code: outcome.code, problem: `the stamp of the ${of}: ${outcome.problem}` });
    else said.push(NOTES.stampInLog(of, outcome.said));
    trusted ||= outcome.trusted === true;
  }
  return { defects, trusted, note: joined([...said, addenda.note]) };
}

/** Files that speak for the whole bundle: only these are worth a stamp or an additional signature. */
export const SPEAKING: readonly string[] = [
  PATHS.manifest,
  PATHS.evaluation,
  releasePath('reviewer'),
  releasePath('approver'),
];

/**
 * Checks what was added to the bundle later: time stamps against the verifier's own authorities, and that additional
 * SM2 signatures belong to a file that is here. A stamp of something else, or a forged one, is a defect; a stamp by an
 * authority nobody named, or by algorithms that are not known here, is read and reported, and believed by nobody.
 */
export function checkStamps(bundle: Bundle, trust: Trust | undefined): Stamps {
  const defects: Defect[] = [];
  const said: Text[] = [];
  let trusted = false;
  for (const path of bundle.paths.filter((p) => p.startsWith('addenda/'))) {
    const outcome = checkAddendum(bundle, readCanonical(bundle.read(path)!, Addendum), trust);
    if (outcome.problem !== undefined) defects.push({ path, code: outcome.code, problem: outcome.problem });
    else said.push(outcome.said);
    trusted ||= outcome.trusted === true;
  }
  return { defects, trusted, note: said.length > 0 ? joined(said) : NOTES.notStamped };
}

type Outcome =
  | (Flaw & { readonly trusted?: false })
  | { readonly problem?: undefined; readonly said: Text; readonly trusted?: boolean };

function checkAddendum(bundle: Bundle, addendum: Addendum | string, trust: Trust | undefined): Outcome {
  if (typeof addendum === 'string') return flaw('malformed', addendum);
  if (!SPEAKING.includes(addendum.path))
    return flaw('addendum_stray', `is about ${addendum.path}, which speaks for nothing`);
  const content = bundle.read(addendum.path);
  if (!content) return flaw('addendum_stray', `is about ${addendum.path}, which is not here`);
  if (addendum.schema === 'assay/sm2/v1') {
    if (!strictBase64(addendum.signature)) return flaw('malformed', 'its signature is not strict base64');
    try {
      return { said: NOTES.sm2By(addendum.path, sm2KeyIdOf(addendum.publicKey)) };
    } catch {
      return flaw('sm2_key_invalid', 'names a key that is not an SM2 key');
    }
  }
  if (sha256Hex(content) !== addendum.sha256) return flaw('stamp_other', `stamps another ${addendum.path}`);
  const response = strictBase64(addendum.response);
  if (!response) return flaw('malformed', 'its stamp is not strict base64');
  return checkResponse(response, addendum.sha256, trust);
}

function checkResponse(response: Uint8Array, sha256: string, trust: Trust | undefined): Outcome {
  const authorities = trust?.stampAuthorities ?? [];
  return authorities.length === 0 ? readStamp(response, sha256) : checkStamp(response, sha256, authorities.join('\n'));
}

function checkStamp(response: Uint8Array, sha256: string, anchorsPem: string): Outcome {
  const verdict = verifyTimestamp(response, sha256, anchorsPem);
  if (verdict.ok) return { said: NOTES.stamp(verdict.stamp.genTime, verdict.authority), trusted: true };
  if (verdict.kind === 'invalid') return flaw('stamp_invalid', verdict.problem);
  return { said: NOTES.stampUnchecked(verdict.problem) };
}

/** A stamp by whoever it names: that it is whole can be seen, that its authority is one cannot. */
function readStamp(response: Uint8Array, sha256: string): Outcome {
  try {
    const { genTime, imprint } = readTimestamp(response);
    if (imprint.digest !== sha256) return flaw('stamp_other', 'is a stamp of something else');
    const [, token] = childrenOf(readDer(response, TAG.sequence));
    checkSignature(readSignedData(expectTag(token, TAG.sequence).whole), []);
    return { said: NOTES.stampOfNobody(genTime) };
  } catch (error) {
    if (error instanceof CmsError && error.kind === 'unsupported') {
      return { said: NOTES.stampUnchecked(error.message) };
    }
    if (error instanceof DerError || error instanceof CmsError) return flaw('stamp_invalid', error.message);
    // Whatever else happens inside a parser of hostile bytes, nothing was shown.
    return { said: NOTES.stampUnchecked(error instanceof Error ? error.message : String(error)) };
  }
}
