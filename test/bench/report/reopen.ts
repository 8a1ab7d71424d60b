import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RunDirectory } from '../../../controller/store/run-directory.ts';
import { parseStrict } from '../../../evidence/canonical.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import type { Envelope } from '../../../evidence/envelope.ts';
import { leafHash } from '../../../evidence/merkle.ts';
import type { LogEntry } from '../../../model/log.ts';
import { type Bundle, PATHS } from '../../../reports/verify/layout.ts';
import { linesOf } from '../../../reports/verify/lines.ts';
import { type Known, replay } from '../../../reports/verify/replay.ts';

/** The directory of a finished run, opened again: handing over only reads it and writes whole files. */
export function reopen(path: string): RunDirectory {
  const closed = (): never => {
    throw new Error('the run is over');
  };
  const writeFile = (name: string, bytes: Uint8Array | string): void => {
    const target = join(path, name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.part`, bytes);
    renameSync(`${target}.part`, target);
  };
  return {
    path,
    writeFile,
    append: closed,
    putBlob: closed,
    readBlob: closed,
    dropBlob: closed,
    entries: 0,
    root: '',
    close: () => {},
  };
}

/** What a controller has in hand at the end of a run: what it made of every measurement when it came in. */
export function knownOf(opened: Bundle): Map<string, Known> {
  const replayed = replay(opened);
  if (!replayed.ok) throw new Error('the log does not replay');
  const bySha256 = new Map(replayed.replay.admitted.map((admitted) => [admitted.sha256, admitted]));
  const known = new Map<string, Known>();
  for (const line of linesOf(opened, PATHS.log)) {
    if ('problem' in line) throw new Error(line.problem);
    const entry = parseStrict(line.bytes) as LogEntry;
    if (entry.kind !== 'measurement') continue;
    const payload = Buffer.from((entry.envelope as Envelope).payload, 'base64');
    known.set(leafHash(line.bytes), { at: entry.at, admitted: bySha256.get(sha256Hex(payload))! });
  }
  return known;
}
