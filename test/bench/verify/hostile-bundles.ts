import { closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalBytes } from '../../../evidence/canonical.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { pae } from '../../../evidence/envelope.ts';
import type { Signer } from '../../../evidence/keys.ts';
import { PAYLOAD_TYPE } from '../../../evidence/statement.ts';
import type { LogEntry } from '../../../model/log.ts';
import type { Measurement } from '../../../model/measurement.ts';
import { blobPath, PATHS } from '../../../reports/verify/layout.ts';
import {
  entriesOf,
  madeBundle,
  payloadOf,
  signedAnew,
  textOf,
  withEntries,
  withManifest,
} from '../../tamper/forger.ts';
import { type MemoryBundle, withFile } from '../../tamper/memory-bundle.ts';
import type { SyntheticRun } from '../report/synthetic.ts';

/** A bundle that is made to hurt whoever verifies it: by anybody, or by its own maker, who can sign all of it. */
export interface Hostile {
  readonly name: string;
  /** Lays it into a folder that does not exist yet. `scale` makes files that are really written smaller. */
  readonly lay: (folder: string, scale: number) => Promise<void> | void;
  /** Codes that it may end with. */
  readonly ends: readonly string[];
  /** Most bytes that are read beside those of the honest bundle. */
  readonly mostBytes: number;
}

/** Members of an object that is made to be too large. */
const MEMBERS = 5_000_000;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** All of them, from one small honest bundle and the keys of its controller and its node. */
export async function hostileBundles(): Promise<{ honest: MemoryBundle; cases: Hostile[] }> {
  const { bundle, run } = await madeBundle({
    nodes: 1,
    accelerators: 1,
    windows: 4,
    precisions: ['FP32'],
    readings: 1,
  });
  return { honest: bundle, cases: [...large(bundle), ...folders(bundle), ...signed(bundle, run)] };
}

/** A folder with the files of a bundle in it. */
export function layFiles(folder: string, bundle: MemoryBundle): void {
  for (const [path, bytes] of bundle.files) put(folder, path, bytes);
}

function put(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** A file of holes. */
function sparse(folder: string, path: string, bytes: number): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  const file = openSync(join(folder, path), 'w');
  ftruncateSync(file, bytes);
  closeSync(file);
}

/** The manifest as its maker writes it for a file that is put in afterwards. */
function listing(bundle: MemoryBundle, path: string, bytes: number): MemoryBundle {
  const manifest = JSON.parse(textOf(bundle, PATHS.manifest)) as { files: { path: string }[] };
  const digests = { sha256: path.split('/').at(-1)!.padEnd(64, '0').slice(0, 64), sm3: '0'.repeat(64) };
  const sha256 = /^[0-9a-f]{64}$/.test(digests.sha256) ? digests.sha256 : '0'.repeat(64);
  const files = [...manifest.files.filter((file) => file.path !== path), { ...digests, sha256, path, bytes }];
  return withFile(bundle, PATHS.manifest, canonicalBytes({ ...manifest, files }));
}

/** Size of a log of newlines, bytes: whole pieces of those that it is written in. */
const newlineBytes = (scale: number): number => Math.ceil((2 * GIB * scale * scale) / MIB) * MIB;

function large(bundle: MemoryBundle): Hostile[] {
  const newlines = (folder: string, bytes: number): void => {
    const piece = Buffer.alloc(MIB, '\n');
    const file = openSync(join(folder, PATHS.log), 'w');
    for (let at = 0; at < bytes; at += piece.length) writeSync(file, piece);
    closeSync(file);
  };
  const blob = blobPath('ab'.repeat(32));
  const manifestOf = (members: number, head: string, member: (at: number) => string, tail: string): Uint8Array => {
    const parts: string[] = [head];
    for (let at = 0; at < members; at++) parts.push(member(at));
    return Buffer.from(parts.join('') + tail);
  };
  return [
    {
      name: 'a log of newlines that the manifest does not know',
      lay: (folder, scale) => {
        layFiles(folder, bundle);
        newlines(folder, newlineBytes(scale));
      },
      ends: ['changed'],
      mostBytes: 0,
    },
    {
      name: 'a log of newlines, listed by its maker',
      lay: (folder, scale) => {
        layFiles(folder, listing(bundle, PATHS.log, newlineBytes(scale)));
        newlines(folder, newlineBytes(scale));
      },
      ends: ['entry_malformed'],
      mostBytes: 2 * MIB,
    },
    {
      name: 'a log of 8 GiB of holes that the manifest does not know',
      lay: (folder) => {
        layFiles(folder, bundle);
        sparse(folder, PATHS.log, 8 * GIB);
      },
      ends: ['changed'],
      mostBytes: 0,
    },
    {
      name: 'a log of 8 GiB of holes, listed by its maker',
      lay: (folder) => {
        layFiles(folder, listing(bundle, PATHS.log, 8 * GIB));
        sparse(folder, PATHS.log, 8 * GIB);
      },
      ends: ['line_damaged'],
      mostBytes: 2 * MIB,
    },
    {
      name: 'evidence of 8 GiB of holes, listed by its maker',
      lay: (folder) => {
        layFiles(folder, listing(bundle, blob, 8 * GIB));
        sparse(folder, blob, 8 * GIB);
      },
      ends: ['bundle_unreadable'],
      mostBytes: 0,
    },
    {
      name: 'evidence of 1 GiB of holes that the manifest does not know',
      lay: (folder) => {
        layFiles(folder, bundle);
        sparse(folder, blob, GIB);
      },
      ends: ['added'],
      mostBytes: 0,
    },
    {
      name: 'a manifest of five million keys',
      lay: (folder, scale) => {
        const text = manifestOf(MEMBERS * scale, '{"a":0', (at) => `,"${at}":0`, '}');
        layFiles(folder, withFile(bundle, PATHS.manifest, text));
      },
      ends: ['malformed'],
      mostBytes: 64 * MIB,
    },
    {
      name: 'a manifest of five million files that are none',
      lay: (folder, scale) => {
        const text = manifestOf(
          MEMBERS * scale,
          '{"files":[{}',
          () => ',{"a":[]}',
          '],"run":"r","schema":"assay/manifest/v1"}',
        );
        layFiles(folder, withFile(bundle, PATHS.manifest, text));
      },
      ends: ['malformed'],
      mostBytes: 64 * MIB,
    },
    {
      name: 'a manifest of files with names of a mebibyte that are not there',
      lay: (folder) => {
        const files = Array.from({ length: 50 }, (_, at) => ({
          path: `${at}${'n'.repeat(MIB)}`,
          bytes: 0,
          sha256: '0'.repeat(64),
          sm3: '0'.repeat(64),
        }));
        layFiles(
          folder,
          withFile(bundle, PATHS.manifest, canonicalBytes({ files, run: 'r', schema: 'assay/manifest/v1' })),
        );
      },
      ends: ['malformed'],
      mostBytes: 64 * MIB,
    },
  ];
}

function folders(bundle: MemoryBundle): Hostile[] {
  const lay = (add: (folder: string) => void) => (folder: string) => {
    layFiles(folder, bundle);
    add(folder);
  };
  return [
    {
      name: 'links in a circle',
      lay: lay((folder) => symlinkSync('.', join(folder, 'circle'))),
      ends: ['bundle_unreadable'],
      mostBytes: 0,
    },
    {
      name: 'a folder of two hundred levels',
      lay: lay((folder) => mkdirSync(join(folder, ...Array<string>(200).fill('d')), { recursive: true })),
      ends: ['bundle_unreadable'],
      mostBytes: 0,
    },
    {
      name: 'names of 255 bytes in all folders that there may be',
      lay: lay((folder) => {
        const name = 'n'.repeat(255);
        for (let at = 0; at < 50; at++)
          put(folder, [...Array<string>(8).fill(name), `${at}${name.slice(2)}`].join('/'), Buffer.from('x'));
      }),
      ends: ['added'],
      mostBytes: 0,
    },
  ];
}

/** What only whoever has the keys can make. */
function signed(bundle: MemoryBundle, run: SyntheticRun): Hostile[] {
  const entries = entriesOf(bundle);
  const line = entries.findIndex((entry) => entry.kind === 'measurement');
  const measured = entries[line] as Extract<LogEntry, { kind: 'measurement' }>;
  const node = run.nodeSigners.get(measured.node)!;
  const { raw } = payloadOf(measured.envelope).predicate as Measurement;
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const lay =
    (make: (scale: number) => MemoryBundle | Promise<MemoryBundle>) => async (folder: string, scale: number) =>
      layFiles(folder, await make(scale));
  const small = { mostBytes: 4 * MIB };

  /** The measurement with a text in place of one of its members, signed by its node as it stands. */
  const spoken = (member: string, text: (scale: number) => string) =>
    lay(async (scale) => {
      const payload = payloadOf(measured.envelope);
      const mark = '"@here@"';
      (payload.predicate as Record<string, unknown>)[member] = '@here@';
      const bytes = Buffer.from(
        Buffer.from(canonicalBytes(payload))
          .toString('utf8')
          .replace(mark, () => text(scale)),
      );
      const envelope = await sealedBytes(bytes, node);
      return signedAnew(withEntries(bundle, entries.with(line, { ...measured, envelope })), run.signer);
    });
  /** The samples replaced by a text, in a measurement that names it. */
  const sampled = (text: (scale: number) => string) =>
    lay(async (scale) => {
      const bytes = Buffer.from(text(scale));
      const sha256 = sha256Hex(bytes);
      const payload = payloadOf(measured.envelope);
      const m = payload.predicate as Measurement;
      m.raw = { ...raw!, sha256, bytes: bytes.byteLength };
      for (const subject of payload.subject) if (subject.name === raw!.name) subject.digest.sha256 = sha256;
      const envelope = await sealedBytes(canonicalBytes(payload), node);
      const altered = withFile(
        withEntries(bundle, entries.with(line, { ...measured, envelope })),
        blobPath(sha256),
        bytes,
      );
      return signedAnew(altered, run.signer);
    });
  const endless = lay(() => {
    const { node: name, transcript } = measured;
    const upTo = entries.slice(0, line - 1);
    const attempts = Array.from({ length: 200_000 }, (_, at): LogEntry[] => [
      { kind: 'issue', at: measured.at, node: name, assignment: transcript.assignment, attempt: at + 1 },
      { kind: 'lost', at: measured.at, node: name, assignment: transcript.assignment, attempt: at + 1, detail: '' },
    ]).flat();
    return signedAnew(withEntries(bundle, [...upTo, ...attempts, entries.at(-1)!]), run.signer);
  });
  return [
    {
      name: 'a payload of 100,000 levels',
      lay: spoken('settings', () => deep(100_000)),
      ends: ['signature_invalid'],
      ...small,
    },
    { name: 'a number of 1e400', lay: spoken('elapsedS', () => '1e400'), ends: ['signature_invalid'], ...small },
    {
      name: 'a number of 100,000 digits',
      lay: spoken('elapsedS', () => '1'.repeat(100_000)),
      ends: ['signature_invalid'],
      ...small,
    },
    {
      name: 'a number of a million zeros and an end',
      lay: spoken('elapsedS', () => `1${'0'.repeat(1_000_000)}1`),
      ends: ['signature_invalid'],
      ...small,
    },
    {
      name: 'settings of five million keys',
      lay: spoken('settings', (scale) => `{${Array.from({ length: MEMBERS * scale }, (_, at) => `"${at}":0`).join()}}`),
      ends: ['signature_invalid'],
      mostBytes: 64 * MIB,
    },
    { name: 'samples of 100,000 levels', lay: sampled(() => deep(100_000)), ends: ['samples_invalid'], ...small },
    {
      name: 'samples of ten million empty lists',
      lay: sampled((scale) => `[${'[],'.repeat(10_000_000 * scale)}[]]`),
      ends: ['samples_invalid'],
      mostBytes: 128 * MIB,
    },
    {
      name: 'samples of five million keys',
      lay: sampled((scale) => `{${Array.from({ length: MEMBERS * scale }, (_, at) => `"${at}":0`).join()}}`),
      ends: ['samples_invalid'],
      mostBytes: 192 * MIB,
    },
    { name: 'attempts without end', lay: endless, ends: ['too_much', 'attempt_unplanned'], mostBytes: 128 * MIB },
    ...documents(bundle),
  ];
}

/** Documents beside the log that are deep, listed by their maker. */
function documents(bundle: MemoryBundle): Hostile[] {
  const deep = Buffer.from(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`);
  const paths = [
    PATHS.evaluation,
    PATHS.guide,
    PATHS.report,
    PATHS.checkpoint,
    'release/reviewer.dsse.json',
    'addenda/001.json',
  ];
  return paths.map((path) => ({
    name: `${path} of 100,000 levels`,
    lay: (folder: string) => layFiles(folder, withManifest(withFile(bundle, path, deep))),
    ends: ['malformed', 'inputs_invalid', 'document_other', 'subject_other', 'checkpoint_invalid', 'report_unfounded'],
    mostBytes: 4 * MIB,
  }));
}

/** An envelope over bytes as they are, whether or not they are a statement. */
async function sealedBytes(payload: Uint8Array, signer: Signer): Promise<object> {
  const sig = Buffer.from(await signer.sign(pae(PAYLOAD_TYPE, payload))).toString('base64');
  return {
    payloadType: PAYLOAD_TYPE,
    payload: Buffer.from(payload).toString('base64'),
    signatures: [{ keyid: signer.keyId, sig }],
  };
}
