import { Type } from 'typebox';
import { sha256Hex } from '../../evidence/digest.ts';
import { Claims, Guide, Waiver } from '../../model/guide.ts';
import { type RegistersReading, readRegisters } from '../registers/reading.ts';
import { readJson } from './files.ts';
import { type Bundle, PATHS } from './layout.ts';

/** What a run was judged by, beside its measurements: the files that its log names first. */
export interface RunInputs {
  readonly guide: Guide;
  readonly guideSha256: string;
  readonly claims: Claims | undefined;
  readonly waivers: readonly Waiver[];
  readonly registers: RegistersReading | undefined;
  /** Paths of all of them. */
  readonly inputPaths: ReadonlySet<string>;
}

/** Reads the inputs of a run by the digests in its log, or says what is wrong with them. */
export function readInputs(bundle: Bundle, files: readonly { path: string; sha256: string }[]): RunInputs | string {
  const bytesOf = new Map<string, Uint8Array>();
  for (const { path, sha256 } of files) {
    const bytes = bundle.read(path);
    if (!bytes || sha256Hex(bytes) !== sha256) return `${path} is missing or not the one the run was made with`;
    bytesOf.set(path, bytes);
  }
  const guideBytes = bytesOf.get(PATHS.guide);
  if (!guideBytes) return `${PATHS.guide} is not among the inputs`;
  const guide = readJson(guideBytes, Guide);
  if (typeof guide === 'string') return `${PATHS.guide}: ${guide}`;
  const claims = optional(bytesOf.get(PATHS.claims), Claims);
  if (typeof claims === 'string') return `${PATHS.claims}: ${claims}`;
  const waivers = optional(bytesOf.get(PATHS.waivers), Waivers);
  if (typeof waivers === 'string') return `${PATHS.waivers}: ${waivers}`;
  const registers = [...bytesOf]
    .filter(([path]) => path.startsWith(PATHS.registers))
    .map(([path, bytes]) => ({ name: path.slice(PATHS.registers.length), bytes }));
  return {
    guide,
    guideSha256: sha256Hex(guideBytes),
    claims,
    waivers: waivers ?? [],
    registers: registers.length === 0 ? undefined : readRegisters(registers, guide.facts ?? {}),
    inputPaths: new Set(bytesOf.keys()),
  };
}

const Waivers = Type.Array(Waiver);

function optional<S extends Parameters<typeof readJson>[1]>(bytes: Uint8Array | undefined, schema: S) {
  return bytes === undefined ? undefined : readJson(bytes, schema);
}
