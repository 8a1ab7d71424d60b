import { strictBase64 } from './envelope.ts';
import type { Signer } from './keys.ts';
import { EMPTY_ROOT } from './merkle.ts';
import { openNote, signNote } from './note.ts';

/** The state of a log: which one, how many leaves, and the root over them (64 hex digits). */
export interface Checkpoint {
  /** Unique name of the log, as a URL without scheme: `assay.dev/run/<id>`. */
  readonly origin: string;
  readonly size: number;
  readonly root: string;
}

/** What reading a checkpoint gives. */
export type ReadCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly problem: string };

/** Text of a checkpoint (c2sp.org/tlog-checkpoint): origin, size and base64 root, a line each. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${Buffer.from(checkpoint.root, 'hex').toString('base64')}\n`;
}

/**
 * Signs a checkpoint as a note under the log's own name. Throws for a checkpoint that could not be read back. The caller
 * answers for never signing two that contradict each other.
 */
export async function signCheckpoint(checkpoint: Checkpoint, signer: Signer): Promise<string> {
  const text = formatCheckpoint(checkpoint);
  const read = parseCheckpoint(text);
  if (!read.ok) throw new Error(read.problem);
  return signNote(text, checkpoint.origin, signer);
}

/**
 * The checkpoint in a note that the log's key signed. `origin` and key are the verifier's own: a good checkpoint of
 * another run must not pass for this one. Never throws for any note.
 */
export function openCheckpoint(note: string, origin: string, publicPem: string): ReadCheckpoint {
  const opened = openNote(note, origin, publicPem);
  if (!opened.ok) return opened;
  const read = parseCheckpoint(opened.text);
  if (read.ok && read.checkpoint.origin !== origin) {
    return { ok: false, problem: `a checkpoint of ${read.checkpoint.origin}` };
  }
  return read;
}

/**
 * Reads the text of a checkpoint. Nothing is trusted before the note's signature was checked. Extension lines, which the
 * format allows and advises against, are refused: our log writes none, and nothing shall hide in a checkpoint.
 */
export function parseCheckpoint(text: string): ReadCheckpoint {
  const [origin = '', size = '', base64 = '', last, ...more] = text.split('\n');
  if (origin === '' || last !== '' || more.length > 0) return { ok: false, problem: 'not three lines' };
  // One decimal form only, without leading zeros or signs, so that a checkpoint has one text.
  const leaves = Number(size);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(leaves)) {
    return { ok: false, problem: 'a tree size that is none' };
  }
  const bytes = strictBase64(base64);
  if (bytes?.length !== 32) return { ok: false, problem: 'a root that is no hash' };
  const root = Buffer.from(bytes).toString('hex');
  if (leaves === 0 && root !== EMPTY_ROOT) return { ok: false, problem: 'an empty tree with the root of another' };
  return { ok: true, checkpoint: { origin, size: leaves, root } };
}
