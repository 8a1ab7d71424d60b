import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handOver } from '../../../controller/handover.ts';
import type { RunDirectory } from '../../../controller/store/run-directory.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { blobPath, PATHS } from '../../../reports/verify/layout.ts';
import type { Known } from '../../../reports/verify/replay.ts';
import { knownOf, reopen } from '../../bench/report/reopen.ts';
import { makeSyntheticRun, type SyntheticRun } from '../../bench/report/synthetic.ts';
import { FACTS } from '../../tamper/forger.ts';

let folder: string;
let run: SyntheticRun;
let known: Map<string, Known>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-handover-'));
  run = await makeSyntheticRun(join(folder, 'bundle'), { nodes: 1, accelerators: 1 });
  run.directory.writeFile(PATHS.controllerKey, run.signer.publicKeyPem);
  run.directory.close();
  known = knownOf(openBundle(run.directory.path));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Hands over; says whether anything was signed where that fails. */
const handedOver = async (directory: RunDirectory = reopen(run.directory.path)): Promise<void> => {
  await handOver(directory, run.signer, FACTS, () => {}, known).catch((error: unknown) => {
    const { paths } = openBundle(run.directory.path);
    expect(paths.filter((path) => path === PATHS.evaluation || path === PATHS.manifest)).toEqual([]);
    throw error;
  });
};

/** Where the samples of a measurement lie that needs no second reading. */
const knownEvidence = (): string => {
  const [one] = [...known.values()].flatMap(({ admitted }) => admitted.measurement.raw ?? []);
  return blobPath(one!.sha256);
};

describe('a run on a damaged disk', () => {
  it('is not handed over where evidence of a known measurement has changed', async () => {
    const path = knownEvidence();
    writeFileSync(join(run.directory.path, path), '{}');
    await expect(handedOver()).rejects.toThrow(`the disk gives back another ${path}`);
  }, 30_000);

  it('is not handed over where evidence of a known measurement is gone', async () => {
    const path = knownEvidence();
    unlinkSync(join(run.directory.path, path));
    await expect(handedOver()).rejects.toThrow(`the disk has no ${path}`);
  }, 30_000);

  it.each([PATHS.report, PATHS.html, PATHS.goals2025])(
    'is not signed where the disk gives back another %s than was written',
    async (path) => {
      const directory = reopen(run.directory.path);
      const writeFile: RunDirectory['writeFile'] = (name, bytes) =>
        directory.writeFile(name, name === path ? Buffer.concat([Buffer.from(bytes), Buffer.from(' ')]) : bytes);
      await expect(handedOver({ ...directory, writeFile })).rejects.toThrow(`the disk gives back another ${path}`);
    },
    30_000,
  );

  it.each([PATHS.report, PATHS.goals2025])(
    'ends with what the disk says where %s cannot be written',
    async (path) => {
      const directory = reopen(run.directory.path);
      const writeFile: RunDirectory['writeFile'] = (name, bytes) => {
        if (name === path) throw new Error('the disk is full');
        directory.writeFile(name, bytes);
      };
      await expect(handedOver({ ...directory, writeFile })).rejects.toThrow('the disk is full');
    },
    30_000,
  );
});
