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

/** A bundle as values: what is in it and the bytes of each file. */
export interface Bundle {
  /** Every file, sorted. */
  readonly paths: readonly string[];
  /** Bytes of a file, or undefined if it is not there. */
  read(path: string): Uint8Array | undefined;
}
