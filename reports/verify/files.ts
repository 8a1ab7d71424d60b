import { CanonicalError, canonicalBytes, parseStrict } from '../../evidence/canonical.ts';
import { type FileDigest, startSha256, startSm3 } from '../../evidence/digest.ts';
import { check } from '../../model/schema.ts';
import type { Defect } from './defect.ts';
import { type Bundle, belongs, isAfterManifest, PATHS } from './layout.ts';
import { Manifest } from './manifest.ts';

/** The manifest, if it can be read, and whatever the names and sizes in the folder say against it. */
export interface Listing {
  readonly manifest: Manifest | undefined;
  readonly defects: readonly Defect[];
}

/**
 * Every file against the manifest by name and size: missing, added, listed twice, of another size; and none that a
 * bundle has no place for. Reads the manifest and nothing else.
 */
export function checkListing(bundle: Bundle): Listing {
  const bytes = bundle.read(PATHS.manifest);
  if (!bytes) return none('missing', 'is missing');
  const manifest = readCanonical(bytes, Manifest);
  if (typeof manifest === 'string') return none('malformed', manifest);
  const defects: Defect[] = [];
  const listed = new Set<string>();
  for (const { path, bytes: size, sha256 } of manifest.files) {
    if (listed.has(path)) defects.push({ path, code: 'listed_twice', problem: 'is listed twice' });
    listed.add(path);
    if (isAfterManifest(path)) defects.push({ path, code: 'not_listable', problem: 'cannot be in the manifest' });
    const here = bundle.size(path);
    if (here === undefined) defects.push({ path, code: 'missing', problem: 'is missing' });
    else if (here !== size) defects.push({ path, code: 'changed', problem: 'was changed' });
    else if (path.startsWith('evidence/') && !path.endsWith(`/${sha256}`)) {
      defects.push({ path, code: 'misnamed', problem: 'is not the evidence that its name says' });
    }
  }
  for (const path of bundle.paths) {
    if (!listed.has(path) && !isAfterManifest(path)) defects.push({ path, code: 'added', problem: 'was added' });
    else if (!belongs(path)) defects.push({ path, code: 'misplaced', problem: 'does not belong in a bundle' });
  }
  return { manifest, defects };
}

const none = (code: 'missing' | 'malformed', problem: string): Listing => ({
  manifest: undefined,
  defects: [{ path: PATHS.manifest, code, problem }],
});

/** The first file whose content is not what the manifest says, those in `later` left out. Nothing after it is read. */
export function firstChanged(bundle: Bundle, { files }: Manifest, later: readonly string[] = []): Defect | undefined {
  for (const { path, sha256, sm3, bytes } of files) {
    if (later.includes(path)) continue;
    const wrong = digestFlaw(path, { sha256, sm3, bytes }, digestOf(bundle, path));
    if (wrong) return wrong;
  }
  return undefined;
}

/** Every file against the manifest: names and sizes first, and the content if these are right. */
export function checkFiles(bundle: Bundle): readonly Defect[] {
  const { manifest, defects } = checkListing(bundle);
  const changed = manifest && defects.length === 0 ? firstChanged(bundle, manifest) : undefined;
  return changed ? [changed] : defects;
}

/** What is wrong with a file that has another digest, or none, than it is listed with. */
export function digestFlaw(path: string, listed: FileDigest, found: FileDigest | undefined): Defect | undefined {
  const same = found?.bytes === listed.bytes && found.sha256 === listed.sha256 && found.sm3 === listed.sm3;
  return same ? undefined : { path, code: 'changed', problem: 'was changed' };
}

/** A bundle of which one file is digested on the way, while it is read in pieces by somebody else. */
export function digesting(bundle: Bundle, path: string): { readonly bundle: Bundle; readonly found: () => FileDigest } {
  const sha256 = startSha256();
  const sm3 = startSm3();
  let bytes = 0;
  let begun = false;
  function* passing(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const piece of pieces) {
      bytes += piece.byteLength;
      sha256.update(piece);
      sm3.update(piece);
      yield piece;
    }
  }
  const pieces = (name: string): Iterable<Uint8Array> | undefined => {
    const own = bundle.pieces(name);
    if (name !== path || !own || begun) return own;
    begun = true;
    return passing(own);
  };
  const found = (): FileDigest => ({ bytes, sha256: sha256.digest('hex'), sm3: sm3.digest('hex') });
  return { bundle: { ...bundle, pieces }, found };
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
