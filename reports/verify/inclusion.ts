import { parseStrict } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { Envelope } from '../../evidence/envelope.ts';
import { leafHash, MerkleTree } from '../../evidence/merkle.ts';
import { LogEntry } from '../../model/log.ts';
import { check } from '../../model/schema.ts';
import { type Bundle, PATHS } from './layout.ts';
import { linesOf } from './lines.ts';

/** What shows that one record stands in the log that the controller signed, without the rest of the log (RFC 6962). */
export interface InclusionProof {
  /** The signed checkpoint (C2SP tlog-checkpoint): origin, size and root of the log, and who signed them. */
  readonly checkpoint: string;
  /** Line of the log, from 1. The leaf is its bytes without the newline. */
  readonly line: number;
  readonly index: number;
  readonly size: number;
  readonly root: string;
  /** sha256 of a zero byte and the leaf, hex. */
  readonly leafHash: string;
  /** Sibling hashes from the leaf up, hex. */
  readonly path: readonly string[];
}

/**
 * Finds the log entry that holds something with this sha256 (payload of a signed measurement, inventory of a node,
 * rejected result, input file) and proves that it is in the log. Undefined if no entry names it. Says nothing about
 * whether the bundle is authentic; `verifyBundle` does. Throws CanonicalError for a log that does not read.
 */
export function proveInclusion(bundle: Bundle, sha256: string): InclusionProof | undefined {
  const tree = new MerkleTree();
  let found: { index: number; leafHash: string } | undefined;
  for (const line of linesOf(bundle, PATHS.log)) {
    if ('problem' in line) break;
    const index = tree.append(line.bytes);
    found ??= names(line.bytes, sha256) ? { index, leafHash: leafHash(line.bytes) } : undefined;
  }
  if (!found) return undefined;
  return {
    checkpoint: Buffer.from(bundle.read(PATHS.checkpoint) ?? []).toString('utf8'),
    line: found.index + 1,
    index: found.index,
    size: tree.size,
    root: tree.root(),
    leafHash: found.leafHash,
    path: tree.inclusionProof(found.index),
  };
}

function names(line: Uint8Array, sha256: string): boolean {
  const entry = check(LogEntry, parseStrict(line));
  if (!entry.ok) return false;
  switch (entry.value.kind) {
    case 'inputs':
      return entry.value.files.some((file) => file.sha256 === sha256);
    case 'node':
      return entry.value.inventory === sha256;
    case 'rejection':
      return entry.value.sha256 === sha256;
    case 'plan':
    case 'measurement': {
      const envelope = check(Envelope, entry.value.envelope);
      return envelope.ok && sha256Hex(Buffer.from(envelope.value.payload, 'base64')) === sha256;
    }
    default:
      return false;
  }
}
