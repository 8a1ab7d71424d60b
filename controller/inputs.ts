import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { Type } from 'typebox';
import { CanonicalError, canonicalBytes, parseStrict } from '../evidence/canonical.ts';
import { AssayError, type ErrorCode } from '../model/errors.ts';
import { Claims, type Target, Waiver } from '../model/guide.ts';
import { check } from '../model/schema.ts';
import { builtinGuides, DEFAULT_GUIDE, type LoadedGuide, readGuide } from '../reports/guides/builtin.ts';
import { PATHS } from '../reports/verify/layout.ts';

/** Where the operator's files are; all optional. */
export interface InputPaths {
  /** Id of a built-in guide, or a file. */
  readonly guide?: string;
  readonly claims?: string;
  readonly waivers?: string;
  /** Folder of CSV registers. */
  readonly registers?: string;
}

/** The files a run rests on, read and checked, by their path in the bundle. */
export interface Inputs {
  readonly guide: LoadedGuide;
  readonly claims: Claims | undefined;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Reads guide, claims, waivers and registers. Rejects with a coded error that names file and field. */
export function readInputs(paths: InputPaths): Inputs {
  const guide = findGuide(paths.guide ?? DEFAULT_GUIDE);
  const files = new Map<string, Uint8Array>([[PATHS.guide, guide.bytes]]);
  let claims: Claims | undefined;
  if (paths.claims !== undefined) {
    claims = readDocument(paths.claims, Claims, 'claims_invalid');
    for (const [id, claim] of Object.entries(claims.targets)) {
      const problem = claimProblem(claim, targetOf(guide, id));
      if (problem) throw new AssayError('claims_invalid', `${paths.claims}: ${id}: ${problem}`);
    }
    files.set(PATHS.claims, canonicalBytes(claims));
  }
  if (paths.waivers !== undefined) {
    const waivers = readDocument(paths.waivers, Type.Array(Waiver), 'waivers_invalid');
    const unknown = waivers.find(({ target }) => !targetOf(guide, target));
    if (unknown) throw new AssayError('waivers_invalid', `${paths.waivers}: ${unknown.target}: ${NO_TARGET}`);
    files.set(PATHS.waivers, canonicalBytes(waivers));
  }
  if (paths.registers !== undefined) {
    for (const [name, bytes] of readRegisterFiles(paths.registers)) files.set(PATHS.registers + name, bytes);
  }
  return { guide, claims, files };
}

const NO_TARGET = 'the guide has no such target';

const targetOf = ({ guide }: LoadedGuide, id: string): Target | undefined => guide.targets.find((t) => t.id === id);

/** A claim that could not be compared would be passed over in silence. */
function claimProblem({ unit, choice }: Claims['targets'][string], target: Target | undefined): string | undefined {
  if (!target) return NO_TARGET;
  const headline = target.requirements[0]!;
  if (unit !== headline.unit) return `is claimed in ${unit}, the guide asks for ${headline.unit}`;
  if (choice !== undefined && headline.choose === undefined) return `there is nothing to choose, not ${choice}`;
  return undefined;
}

function findGuide(name: string): LoadedGuide {
  const builtin = builtinGuides().find((g) => g.guide.id === name);
  if (builtin) return builtin;
  if (/^[a-z0-9-]+$/.test(name)) throw new AssayError('guide_unknown', name);
  return readGuide(readBytes(name), name);
}

function readDocument<S extends Parameters<typeof check>[0]>(path: string, schema: S, code: ErrorCode) {
  let value: unknown;
  try {
    value = parseStrict(readBytes(path));
  } catch (error) {
    if (error instanceof CanonicalError) throw new AssayError('json_invalid', `${path}: ${error.message}`);
    throw error;
  }
  const result = check(schema, value);
  if (!result.ok) throw new AssayError(code, `${path}: ${result.problems.join('; ')}`);
  return result.value;
}

/** Bounds on a folder of registers with the documents its rows name. */
const MAX_REGISTERS = { files: 10_000, bytes: 512 * 1024 * 1024 } as const;

function readRegisterFiles(folder: string): [string, Uint8Array][] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    throw new AssayError('registers_invalid', `${folder}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
  const names = entries
    .filter((e) => e.isFile())
    .map((e) => relative(folder, join(e.parentPath, e.name)).split(sep).join('/'))
    .sort();
  if (!names.some((n) => n.endsWith('.csv')))
    throw new AssayError('registers_invalid', `${folder}: no .csv file in it`);
  if (names.length > MAX_REGISTERS.files)
    throw new AssayError('registers_invalid', `over ${MAX_REGISTERS.files} files`);
  let total = 0;
  return names.map((name) => {
    if (!/^[\p{L}\p{N}_.() -]+(\/[\p{L}\p{N}_.() -]+)*$/u.test(name) || name.includes('..')) {
      throw new AssayError(
        'registers_invalid',
        `${JSON.stringify(name)}: a name in letters, digits, spaces and . _ - ( ) is needed`,
      );
    }
    const bytes = readBytes(join(folder, name));
    total += bytes.byteLength;
    if (total > MAX_REGISTERS.bytes)
      throw new AssayError('registers_invalid', `${folder}: over ${MAX_REGISTERS.bytes} bytes`);
    return [name, bytes];
  });
}

/** Bytes of a file, or `file_unreadable`. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AssayError('file_unreadable', `${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
