import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceRef } from '../model/measurement.ts';

/** Writes bytes under their digest, whole or not at all. */
export function storeBlob(directory: string, name: string, mediaType: string, bytes: Uint8Array): EvidenceRef {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, sha256);
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
  return { name, mediaType, sha256, bytes: bytes.byteLength };
}
