import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handOver } from '../../controller/handover.ts';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { signCheckpoint } from '../../evidence/checkpoint.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { type Envelope, seal } from '../../evidence/envelope.ts';
import type { Signer } from '../../evidence/keys.ts';
import { MerkleTree } from '../../evidence/merkle.ts';
import { PAYLOAD_TYPE, type Statement } from '../../evidence/statement.ts';
import type { Transcript } from '../../model/assignment.ts';
import type { LogEntry, RejectionCode } from '../../model/log.ts';
import type { Measurement } from '../../model/measurement.ts';
import { digestOf } from '../../reports/verify/files.ts';
import { blobPath, isAfterManifest, isInput, logOrigin, PATHS } from '../../reports/verify/layout.ts';
import { reopen } from '../bench/report/reopen.ts';
import { makeSyntheticRun, type SyntheticOptions, type SyntheticRun } from '../bench/report/synthetic.ts';
import { bundleOf, type MemoryBundle, memoryBundle, withFile } from './memory-bundle.ts';

export const FACTS = {
  number: 'AT-SYNTHETIC',
  judgedAt: '2026-11-21T02:00:00.000Z',
  software: { name: 'assay', version: '0.0.0-test' },
};

/** A synthetic run handed over and read into memory. */
export async function madeBundle(options: SyntheticOptions = {}): Promise<{ bundle: MemoryBundle; run: SyntheticRun }> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tamper-'));
  try {
    const run = await makeSyntheticRun(join(folder, 'bundle'), options);
    await handOver(run.directory, run.signer, FACTS);
    run.directory.close();
    return { bundle: memoryBundle(run.directory.path), run };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What whoever runs the controller can do: a changed run handed over like an honest one. */
export async function handedOver(bundle: MemoryBundle, signer: Signer): Promise<MemoryBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tamper-'));
  try {
    const directory = reopen(folder);
    const inputs = bundle.paths.filter((p) => p.startsWith('evidence/') || p === PATHS.log || isInput(p));
    for (const path of inputs) directory.writeFile(path, bundle.read(path)!);
    await handOver(directory, signer, FACTS);
    return memoryBundle(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const textOf = (bundle: MemoryBundle, path: string): string =>
  Buffer.from(bundle.read(path) ?? []).toString('utf8');

export const entriesOf = (bundle: MemoryBundle): LogEntry[] =>
  textOf(bundle, PATHS.log)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogEntry);

export const withEntries = (bundle: MemoryBundle, entries: readonly LogEntry[]): MemoryBundle =>
  withFile(bundle, PATHS.log, Buffer.concat(entries.flatMap((entry) => [canonicalBytes(entry), Buffer.from('\n')])));

/** What anybody can do without a key: list the files as they are now. */
export function withManifest(bundle: MemoryBundle): MemoryBundle {
  const { run } = JSON.parse(textOf(bundle, PATHS.manifest)) as { run: string };
  const files = bundle.paths
    .filter((path) => !isAfterManifest(path))
    .map((path) => ({ path, ...digestOf(bundle, path)! }));
  return withFile(bundle, PATHS.manifest, canonicalBytes({ schema: 'assay/manifest/v1', run, files }));
}

export const payloadOf = (envelope: unknown): Statement =>
  JSON.parse(Buffer.from((envelope as Envelope).payload, 'base64').toString('utf8')) as Statement;

/** Signs a changed statement anew. */
export async function resealed(
  envelope: unknown,
  signer: Signer,
  change: (statement: Statement) => void,
): Promise<Envelope> {
  const statement = payloadOf(envelope);
  change(statement);
  return seal(PAYLOAD_TYPE, canonicalBytes(statement), [signer]);
}

/** What only the controller's key can do: checkpoint and evaluation of the log as it is now, and the manifest. */
export async function signedAnew(
  bundle: MemoryBundle,
  signer: Signer,
  change: (statement: Statement) => void = () => {},
): Promise<MemoryBundle> {
  const tree = new MerkleTree();
  for (const line of textOf(bundle, PATHS.log).split('\n').slice(0, -1)) tree.append(Buffer.from(line));
  const log = { entries: tree.size, root: tree.root() };
  const { run } = JSON.parse(textOf(bundle, PATHS.manifest)) as { run: string };
  const evaluation = await resealed(JSON.parse(textOf(bundle, PATHS.evaluation)), signer, (statement) => {
    statement.predicate.log = log;
    change(statement);
  });
  const checkpoint = await signCheckpoint({ origin: logOrigin(run), size: log.entries, root: log.root }, signer);
  const files = new Map(bundle.files);
  files.set(PATHS.controllerKey, Buffer.from(signer.publicKeyPem));
  files.set(PATHS.evaluation, canonicalBytes(evaluation));
  files.set(PATHS.checkpoint, Buffer.from(checkpoint));
  return withManifest(bundleOf(files));
}

/** What an entry says of a measurement that is turned into a rejection, and the transcript that is kept with it. */
export interface Rejecting {
  readonly code: RejectionCode;
  readonly missing?: readonly string[];
  readonly detail?: string;
  readonly transcript?: Transcript;
}

/** A measurement of the log turned into a rejection, as only whoever runs the controller can. */
export function withRejection(bundle: MemoryBundle, line: number, { transcript, ...said }: Rejecting): MemoryBundle {
  const entries = entriesOf(bundle);
  const entry = entries[line];
  if (entry?.kind !== 'measurement') throw new Error(`line ${line} is no measurement`);
  const { node, envelope, at } = entry;
  const delivery = canonicalBytes({ envelope, transcript: transcript ?? entry.transcript });
  const sha256 = sha256Hex(delivery);
  const { assignment } = entry.transcript;
  const { code, missing, detail = 'it does not please' } = said;
  const named = missing ? { missing: [...missing] } : {};
  const rejection: LogEntry = { kind: 'rejection', at, node, assignment, code, ...named, detail, sha256 };
  return withFile(withEntries(bundle, entries.with(line, rejection)), blobPath(sha256), delivery);
}

/** A measurement of the log signed anew by its node after a change; the log is otherwise as it was. */
export async function withMeasurement(
  bundle: MemoryBundle,
  line: number,
  signer: Signer,
  change: (measurement: Measurement, statement: Statement) => void,
): Promise<MemoryBundle> {
  const entries = entriesOf(bundle);
  const entry = entries[line];
  if (entry?.kind !== 'measurement') throw new Error(`line ${line} is no measurement`);
  const envelope = await resealed(entry.envelope, signer, (statement) =>
    change(statement.predicate as Measurement, statement),
  );
  entries[line] = { ...entry, envelope };
  return withEntries(bundle, entries);
}
