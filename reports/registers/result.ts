import type { RegisterProblem } from './problem.ts';

/** A file of the folder of registers: its name (a path inside the folder, with `/`) and its bytes. */
export interface RegisterFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What one register holds. */
export interface RegisterResult {
  /** File name without `.csv`. */
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  /** Rows with anything in them, the header not counted. */
  readonly rows: number;
  /** Rows that are right and not about the same as an earlier one. */
  readonly valid: number;
  readonly duplicates: number;
  readonly problems: readonly RegisterProblem[];
  /** Documents that valid rows name, with their digests. */
  readonly documents: readonly { readonly name: string; readonly sha256: string }[];
  /** Register that the file was probably meant to be, where it is none. */
  readonly near?: string;
}
