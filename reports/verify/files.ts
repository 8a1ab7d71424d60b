import { CanonicalError, canonicalBytes, parseStrict } from '../../evidence/canonical.ts';
import { sha256Hex, sm3Hex } from '../../evidence/digest.ts';
import { check } from '../../model/schema.ts';
import { type Bundle, isAfterManifest, PATHS } from './layout.ts';
import { Manifest } from './manifest.ts';
import type { Defect } from './replay.ts';

/** Every file against the manifest: changed, missing, added, listed twice. */
export function checkFiles(bundle: Bundle): Defect[] {
  const bytes = bundle.read(PATHS.manifest);
  if (!bytes) return [{ path: PATHS.manifest, problem: 'is missing' }];
  const manifest = readJson(bytes, Manifest);
  if (typeof manifest === 'string') return [{ path: PATHS.manifest, problem: manifest }];
  const defects: Defect[] = [];
  if (!Buffer.from(canonicalBytes(manifest)).equals(bytes)) {
    defects.push({ path: PATHS.manifest, problem: 'is not canonical' });
  }
  const listed = new Set<string>();
  for (const file of manifest.files) {
    if (listed.has(file.path)) defects.push({ path: file.path, problem: 'is listed twice' });
    listed.add(file.path);
    const content = bundle.read(file.path);
    if (!content) defects.push({ path: file.path, problem: 'is missing' });
    else if (content.byteLength !== file.bytes || sha256Hex(content) !== file.sha256 || sm3Hex(content) !== file.sm3) {
      defects.push({ path: file.path, problem: 'was changed' });
    }
  }
  for (const path of bundle.paths) {
    if (!listed.has(path) && !isAfterManifest(path)) defects.push({ path, problem: 'was added' });
  }
  return defects;
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
