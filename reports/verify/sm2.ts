import { verifySm2 } from '../../evidence/sm2.ts';
import { Addendum } from '../release/addendum.ts';
import { readJson } from './files.ts';
import type { Bundle } from './layout.ts';
import type { Defect } from './replay.ts';

/**
 * Checks the additional SM2 signatures of a bundle through openssl, where it is installed. They show that nothing was
 * changed since; whom they are by is for whoever knows the key. Gives defects and, per good one, who signed.
 */
export async function checkSm2(bundle: Bundle): Promise<{ defects: Defect[]; notes: string[] }> {
  const defects: Defect[] = [];
  const notes: string[] = [];
  for (const path of bundle.paths.filter((p) => p.startsWith('addenda/'))) {
    const addendum = readJson(bundle.read(path)!, Addendum);
    if (typeof addendum === 'string' || addendum.schema !== 'assay/sm2/v1') continue;
    const content = bundle.read(addendum.path);
    if (!content) continue;
    const verdict = await verifySm2(addendum.publicKey, content, Buffer.from(addendum.signature, 'base64'));
    if (verdict.ok) notes.push(`${path}: the SM2 signature over ${addendum.path} is good`);
    else if (verdict.kind === 'invalid') defects.push({ path, problem: verdict.problem });
    else notes.push(`${path}: the SM2 signature was not checked: ${verdict.problem}`);
  }
  return { defects, notes };
}
