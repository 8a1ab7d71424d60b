/** Where things are in a bundle. Paths are relative, with forward slashes. */
export const PATHS = {
  manifest: 'manifest.json',
  readme: 'README.txt',
  report: 'report.json',
  reportSchema: 'report.schema.json',
  html: 'report.html',
  markdown: 'report.md',
  junit: 'junit.xml',
  csv: 'report.csv',
  values: 'values.csv',
  pdf: 'report.pdf',
  goals2020: 'forms/goals-2020.docx',
  goals2025: 'forms/goals-2025.docx',
  guide: 'guide.json',
  claims: 'claims.json',
  waivers: 'waivers.json',
  log: 'log/entries.jsonl',
  checkpoint: 'log/checkpoint',
  evaluation: 'evaluation.dsse.json',
  controllerKey: 'keys/controller.pem',
  registers: 'registers/',
} as const;

/** Name of a run's log in its checkpoint. */
export const logOrigin = (run: string): string => `assay.dev/run/${run}`;

/** Path of a blob by its sha256, hex. */
export const blobPath = (sha256: string): string => `evidence/${sha256.slice(0, 2)}/${sha256}`;

/** What comes after the manifest was written and so cannot be in it; each of these is checked in its own way. */
export const isAfterManifest = (path: string): boolean =>
  path === PATHS.manifest ||
  /^release\/(reviewer|approver)\.dsse\.json$/.test(path) ||
  /^addenda\/\d{3}\.json$/.test(path);

/** What a verifier renders again from the report, byte for byte. */
export const RENDERED: readonly string[] = [
  PATHS.html,
  PATHS.markdown,
  PATHS.junit,
  PATHS.csv,
  PATHS.values,
  PATHS.reportSchema,
  PATHS.readme,
];

/** Renderings that cannot be made again byte for byte. */
export const DOCUMENTS: readonly string[] = [PATHS.pdf, PATHS.goals2020, PATHS.goals2025];

/** The operator's own files, in a bundle only if the run's log names them. */
export const isInput = (path: string): boolean =>
  path === PATHS.guide || path === PATHS.claims || path === PATHS.waivers || path.startsWith(PATHS.registers);

/** Whether a bundle has a place for a file of this name at all. */
export const belongs = (path: string): boolean =>
  NAMES.has(path) ||
  /^evidence\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/.test(path) ||
  path.startsWith(PATHS.registers) ||
  isAfterManifest(path);

const NAMES: ReadonlySet<string> = new Set(Object.values(PATHS));

/**
 * A name of a file or folder as every reader sees it: no separators of any system, no control or bidirectional marks,
 * nothing that is not UTF-8. Whoever hands over a bundle chooses the names in it.
 */
export const isPlainName = (name: string): boolean =>
  !/[/\\:\p{Cc}\p{Bidi_Control}\u{fffd}]/u.test(name) && name.isWellFormed() && !/^\.{0,2}$/.test(name);

/** A name that must not reach a screen as it is, for a message. */
export function escaped(name: string): string {
  return JSON.stringify(name).replace(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A bundle as values: what is in it and the bytes of each file. */
export interface Bundle {
  /** Every file, sorted. */
  readonly paths: readonly string[];
  /** Files, and folders with a slash, that operating systems added: no part of the bundle, and never read. Sorted. */
  readonly foreign: readonly string[];
  /** Bytes that a file has by the folder, or undefined if it is not there. Reads nothing. */
  size(path: string): number | undefined;
  /** Bytes of a file, or undefined if it is not there. */
  read(path: string): Uint8Array | undefined;
  /** The same in pieces, each good until the next is asked for: for files that memory shall not hold whole. */
  pieces(path: string): Iterable<Uint8Array> | undefined;
}
