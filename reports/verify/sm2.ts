import { sm2KeyIdOf, verifySm2 } from '../../evidence/sm2.ts';
import type { Text } from '../../model/text.ts';
import { Addendum } from '../release/addendum.ts';
import { NOTES } from '../text/notes.ts';
import type { Defect } from './defect.ts';
import { readCanonical } from './files.ts';
import type { Bundle } from './layout.ts';
import { SPEAKING } from './stamps.ts';

/**
 * Checks the additional SM2 signatures of a bundle through openssl, where it is installed. They show that nothing was
 * changed since; whom they are by is for whoever knows the key. Gives defects and, per good one, who signed.
 */
export async function checkSm2(bundle: Bundle): Promise<{ defects: Defect[]; notes: Text[] }> {
  const defects: Defect[] = [];
  const notes: Text[] = [];
  for (const path of bundle.paths.filter((p) => p.startsWith('addenda/'))) {
    const addendum = readCanonical(bundle.read(path)!, Addendum);
    // What is wrong with the addendum itself is for `checkStamps` to say.
    if (typeof addendum === 'string' || addendum.schema !== 'assay/sm2/v1' || !isSm2Key(addendum.publicKey)) continue;
    const content = SPEAKING.includes(addendum.path) && bundle.read(addendum.path);
    if (!content) continue;
    const verdict = await verifySm2(addendum.publicKey, content, Buffer.from(addendum.signature, 'base64'));
    if (verdict.ok) notes.push(NOTES.sm2Good(path, addendum.path));
    else if (verdict.kind === 'invalid') defects.push({ path, code: 'sm2_invalid', problem: verdict.problem });
    else notes.push(NOTES.sm2Unchecked(path, verdict.problem));
  }
  return { defects, notes };
}

function isSm2Key(publicKey: string): boolean {
  try {
    return sm2KeyIdOf(publicKey) !== '';
  } catch {
    return false;
  }
}
