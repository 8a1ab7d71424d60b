import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { PRECISIONS, precisionLabel } from '../benchmarks/compute/precision.ts';
import { canonicalBytes } from '../evidence/canonical.ts';
import { AssayError, type ErrorCode } from '../model/errors.ts';
import { Claims, type Target, Waiver } from '../model/guide.ts';
import { check } from '../model/schema.ts';
import { builtinGuides, DEFAULT_GUIDE, type LoadedGuide, readGuide } from '../reports/guides/builtin.ts';
import { REGISTER_FILES, type RegistersReading, readRegisters } from '../reports/registers/reading.ts';
import type { RegisterFile } from '../reports/registers/result.ts';
import { MAX_REGISTER_BYTES } from '../reports/registers/table.ts';
import { isForeign } from '../reports/verify/foreign.ts';
import { escaped, isPlainName, PATHS } from '../reports/verify/layout.ts';
import { readPlainFile } from '../reports/verify/plain-file.ts';
import { parseWritten } from '../reports/verify/written-json.ts';
import { nearest } from './nearest.ts';

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
  /** What the registers hold and what is wrong with them. */
  readonly registers: RegistersReading | undefined;
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
  let registers: RegistersReading | undefined;
  if (paths.registers !== undefined) {
    const supplied = readRegisterFiles(paths.registers);
    for (const { name, bytes } of supplied) files.set(PATHS.registers + name, bytes);
    registers = readRegisters(supplied, guide.guide.facts ?? {});
    requireRegisters(paths.registers, registers);
  }
  return { guide, claims, files, registers };
}

const NO_TARGET = 'the guide has no such target';

const targetOf = ({ guide }: LoadedGuide, id: string): Target | undefined => guide.targets.find((t) => t.id === id);

/** Precisions as a claim names them. */
const LABELS: ReadonlySet<string> = new Set(PRECISIONS.map(precisionLabel));

/** A claim that could not be compared would be passed over in silence. */
function claimProblem({ unit, choice }: Claims['targets'][string], target: Target | undefined): string | undefined {
  if (!target) return NO_TARGET;
  const headline = target.requirements[0]!;
  if (unit !== headline.unit) return `is claimed in ${unit}, the guide asks for ${headline.unit}`;
  if (choice !== undefined && headline.choose === undefined) return `there is nothing to choose, not ${choice}`;
  if (choice !== undefined && headline.choose === 'precision' && !LABELS.has(choice))
    return `there is no precision ${choice}; there are ${[...LABELS].join(', ')}`;
  return undefined;
}

function findGuide(name: string): LoadedGuide {
  const builtin = builtinGuides().find((g) => g.guide.id === name);
  if (builtin) return builtin;
  if (/^[a-z0-9-]+$/.test(name)) throw new AssayError('guide_unknown', `${name}; ${guidesLike(name)}`);
  const read = readGuide(readBytes(name), name);
  const known = builtinGuides().find((g) => g.guide.id === read.guide.id);
  // Under a known name other limits would be taken for the known ones.
  if (known && known.sha256 !== read.sha256) throw new AssayError('guide_foreign', `${name}: ${read.guide.id}`);
  return read;
}

/** The guides that come with the software, and the one whose id is most like a name. */
function guidesLike(name: string): string {
  const ids = builtinGuides().map(({ guide }) => guide.id);
  const near = nearest(name, ids);
  return `built in: ${ids.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function readDocument<S extends Parameters<typeof check>[0]>(path: string, schema: S, code: ErrorCode) {
  const result = check(schema, parseWritten(readBytes(path), path));
  if (!result.ok) throw new AssayError(code, `${path}: ${result.problems.join('; ')}`);
  return result.value;
}

/** Bounds on a folder of registers with the documents its rows name; what is deeper a bundle has no place for. */
const MAX_REGISTERS = { files: 10_000, depth: 6, bytes: 512 * 1024 * 1024 } as const;

function readRegisterFiles(folder: string): RegisterFile[] {
  const names = registerNames(folder);
  if (names.length === 0) invalidRegisters(`${folder}: no .csv file in it; a register is called ${KNOWN}`);
  let total = 0;
  return names.map((name) => {
    const left = MAX_REGISTERS.bytes - total;
    const most = REGISTER_FILES.includes(name) ? Math.min(left, MAX_REGISTER_BYTES) : left;
    const bytes = readPlainFile(join(folder, name), most);
    total += bytes.byteLength;
    return { name, bytes };
  });
}

const KNOWN = REGISTER_FILES.join(', ');

/**
 * Rejects a folder in which nothing is a register, and files that are nearly one: they would be left out, and their
 * targets would not be tested, after hours. Whatever else nothing uses is listed with the rows that are wrong.
 */
function requireRegisters(folder: string, { registers, unused }: RegistersReading): void {
  const near = [...registers, ...unused].filter((one) => one.near !== undefined);
  if (near.length > 0) {
    const lines = near.slice(0, MAX_NAMED).map(({ file, near: meant }) => nearText(file, `${meant}.csv`));
    const more = near.length > MAX_NAMED ? `\n  … ${near.length - MAX_NAMED} more` : '';
    invalidRegisters(`${folder}:\n  ${lines.join('\n  ')}${more}\n  a register is called ${KNOWN}`);
  }
  const known = registers.some(({ file }) => REGISTER_FILES.some((name) => name.toLowerCase() === file.toLowerCase()));
  if (known) return;
  const names = [...registers, ...unused].map(({ file }) => file);
  const shown = names.slice(0, MAX_NAMED).join(', ') + (names.length > MAX_NAMED ? ' …' : '');
  invalidRegisters(`${folder}: no register in it, only ${shown}; a register is called ${KNOWN}`);
}

/** Files that one message names. */
const MAX_NAMED = 20;

/** What a file that is nearly a register has to become. */
function nearText(file: string, meant: string): string {
  const csv = /\.csv$/i.test(file);
  const en = csv ? `did you mean ${meant}?` : `save it as CSV under the name ${meant}`;
  const zh = csv ? `是否应为 ${meant}？` : `请另存为 CSV 文件 ${meant}`;
  return `${file} is no register; ${en} ${file} 不是登记表，${zh}`;
}

/** Every file of a folder of registers, sorted. A name must be one that every reader of the bundle sees the same. */
function registerNames(folder: string): string[] {
  const names: string[] = [];
  const walk = (path: string, depth: number): void => {
    for (const entry of entriesOf(join(folder, path), path === '')) {
      // No bundle has them: a verifier passes over what operating systems add.
      if (isForeign(entry.name)) continue;
      const name = path === '' ? entry.name : `${path}/${entry.name}`;
      if (!isPlainName(entry.name) || !/^[\p{L}\p{M}\p{N}_.() -]+$/u.test(entry.name) || entry.name.includes('..')) {
        invalidRegisters(`${escaped(name)}: a name in letters, digits, spaces and . _ - ( ) is needed`);
      }
      if (entry.isDirectory()) {
        if (depth === MAX_REGISTERS.depth) invalidRegisters(`${name}: over ${MAX_REGISTERS.depth} folders deep`);
        walk(name, depth + 1);
      } else if (!entry.isFile()) invalidRegisters(`${name}: not a plain file`);
      else if (names.push(name) > MAX_REGISTERS.files) invalidRegisters(`over ${MAX_REGISTERS.files} files`);
    }
  };
  walk('', 1);
  return names.sort();
}

function entriesOf(folder: string, top: boolean): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const problem = `${folder}: ${(error as NodeJS.ErrnoException).code}`;
    throw new AssayError(top ? 'registers_invalid' : 'file_unreadable', problem, { cause: error });
  }
}

function invalidRegisters(problem: string): never {
  throw new AssayError('registers_invalid', problem);
}

/** Bytes of a file, or `file_unreadable`. */
export const readBytes = (path: string): Uint8Array => readPlainFile(path);
