import { CanonicalError, canonicalBytes, parseStrict } from '../../evidence/canonical.ts';
import { type FileDigest, startSha256, startSm3 } from '../../evidence/digest.ts';
import { check } from '../../model/schema.ts';
import type { Defect } from './defect.ts';
import { type Bundle, belongs, isAfterManifest, PATHS } from './layout.ts';
import { Manifest } from './manifest.ts';

/** Every file against the manifest: changed, missing, added, listed twice; and none that a bundle has no place for. */
export function checkFiles(bundle: Bundle): Defect[] {
  const bytes = bundle.read(PATHS.manifest);
  if (!bytes) return [{ path: PATHS.manifest, code: 'missing', problem: 'is missing' }];
  const manifest = readCanonical(bytes, Manifest);
  if (typeof manifest === 'string') return [{ path: PATHS.manifest, code: 'malformed', problem: manifest }];
  const defects: Defect[] = [];
  const listed = new Set<string>();
  for (const file of manifest.files) {
    if (listed.has(file.path)) defects.push({ path: file.path, code: 'listed_twice', problem: 'is listed twice' });
    listed.add(file.path);
    if (isAfterManifest(file.path))
      defects.push({ path: file.path, code: 'not_listable', problem: 'cannot be in the manifest' });
    const content = digestOf(bundle, file.path);
    if (!content) defects.push({ path: file.path, code: 'missing', problem: 'is missing' });
    else if (content.bytes !== file.bytes || content.sha256 !== file.sha256 || content.sm3 !== file.sm3) {
      defects.push({ path: file.path, code: 'changed', problem: 'was changed' });
    } else if (file.path.startsWith('evidence/') && !file.path.endsWith(`/${content.sha256}`)) {
      defects.push({ path: file.path, code: 'misnamed', problem: 'is not the evidence that its name says' });
    }
  }
  for (const path of bundle.paths) {
    if (!listed.has(path) && !isAfterManifest(path)) defects.push({ path, code: 'added', problem: 'was added' });
    else if (!belongs(path)) defects.push({ path, code: 'misplaced', problem: 'does not belong in a bundle' });
  }
  return defects;
}

/** Length and digests of a file, or undefined if it is not there. */
export function digestOf(bundle: Pick<Bundle, 'pieces'>, path: string): FileDigest | undefined {
  const pieces = bundle.pieces(path);
  if (!pieces) return undefined;
  const sha256 = startSha256();
  const sm3 = startSm3();
  let bytes = 0;
  for (const piece of pieces) {
    bytes += piece.byteLength;
    sha256.update(piece);
    sm3.update(piece);
  }
  return { bytes, sha256: sha256.digest('hex'), sm3: sm3.digest('hex') };
}

/** Whether a file holds just these bytes. */
export function holds(bundle: Bundle, path: string, expected: Uint8Array): boolean {
  const must = Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength);
  let at = 0;
  for (const piece of bundle.pieces(path) ?? []) {
    if (!must.subarray(at, at + piece.byteLength).equals(piece)) return false;
    at += piece.byteLength;
  }
  return at === must.byteLength;
}

/** A document of the bundle by its schema, or what is wrong with it. */
export function readJson<S extends Parameters<typeof check>[0]>(bytes: Uint8Array, schema: S) {
  try {
    const result = check(schema, parseStrict(bytes));
    return result.ok ? result.value : result.problems.join('; ');
  } catch (error) {
    if (error instanceof CanonicalError) return error.message;
    throw error;
  }
}

/** The same for a document that has one text only: no byte of it can be changed without changing what it says. */
export function readCanonical<S extends Parameters<typeof check>[0]>(bytes: Uint8Array, schema: S) {
  const value = readJson(bytes, schema);
  if (typeof value === 'string' || Buffer.compare(canonicalBytes(value), bytes) === 0) return value;
  return 'is not canonical';
}
