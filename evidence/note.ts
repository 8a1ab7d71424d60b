import { strictBase64 } from './envelope.ts';
import { keyIdOf, type Signer, verifySignature } from './keys.ts';

/** More than any verifier must take (16); a bound on the work that a hostile note can cause. */
const MAX_SIGNATURES = 32;

/** What opening a note gives: its text, or why it is not to be read. */
export type OpenedNote =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/**
 * Signs a text as a C2SP signed note (c2sp.org/signed-note): the text, an empty line, and
 * `— <key name> <base64 of 4 bytes of key id and the signature>`. Signature type 0x02, ECDSA over P-256 with SHA-256 in
 * DER; its key id is the start of the sha256 of the key's SubjectPublicKeyInfo. Throws for a text or a name that a note
 * cannot hold (a bug of the caller).
 */
export async function signNote(text: string, name: string, signer: Signer): Promise<string> {
  if (!isText(text)) throw new Error('a text that no signed note can hold');
  if (!isName(name)) throw new Error('a key name that no signed note can hold');
  const signature = await signer.sign(Buffer.from(text, 'utf8'));
  const signed = Buffer.concat([Buffer.from(noteKeyId(signer.keyId), 'hex'), signature]);
  return `${text}\n— ${name} ${signed.toString('base64')}\n`;
}

/**
 * The text of a note that the named key signed. Signatures of other keys say nothing and are skipped, as the format
 * demands; a wrong one under the name and id of this key refuses the whole note. Never throws for any note; throws
 * KeyError for a `publicPem` that is no key, which is the verifier's own.
 */
export function openNote(note: string, name: string, publicPem: string): OpenedNote {
  const id = noteKeyId(keyIdOf(publicPem));
  // The last empty line parts text and signatures: the text may hold empty lines, a signature block cannot.
  const end = note.lastIndexOf('\n\n') + 1;
  const text = note.slice(0, end);
  if (!isText(text)) return { ok: false, problem: 'not a signed note' };
  const lines = note.slice(end + 1).split('\n');
  if (lines.pop() !== '') return { ok: false, problem: 'a signed note without a final newline' };
  if (lines.length > MAX_SIGNATURES)
    return { ok: false, problem: `a note with more than ${MAX_SIGNATURES} signatures` };
  let signed = false;
  for (const line of lines) {
    const [dash, signer = '', base64 = '', more] = line.split(' ');
    const bytes = strictBase64(base64);
    if (dash !== '—' || !isName(signer) || more !== undefined || !bytes || bytes.length < 5) {
      return { ok: false, problem: 'a signature line that is none' };
    }
    if (signer !== name || Buffer.from(bytes.subarray(0, 4)).toString('hex') !== id) continue;
    if (!verifySignature(publicPem, Buffer.from(text, 'utf8'), bytes.subarray(4))) {
      return { ok: false, problem: `the signature of ${name} is wrong` };
    }
    signed = true;
  }
  return signed ? { ok: true, text } : { ok: false, problem: `no signature of ${name}` };
}

/** Four bytes, as hex. Too short to identify a key, and not asked to: the verifier brings the key. */
function noteKeyId(keyId: string): string {
  return keyId.slice(0, 8);
}

/** Ends in a newline and holds no other control character and no lone surrogate. */
function isText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.length > 1 && text.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]/.test(text) && text.isWellFormed();
}

function isName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /^[^\p{White_Space}+\u0000-\u001f]+$/u.test(name) && name.isWellFormed();
}
