import { parentPort, workerData } from 'node:worker_threads';
import type { FileDigest } from '../evidence/digest.ts';
import { openBundle, readPieces } from '../reports/verify/disk.ts';
import { digestOf } from '../reports/verify/files.ts';
import { isAfterManifest } from '../reports/verify/layout.ts';
import { RUNNING } from '../reports/verify/running.ts';

/**
 * Digests every file of the directory that is there now and belongs in a manifest, and those whose names are sent to it.
 * Posts `listed` when it knows what is there: from then on files may be written beside it. For an empty name it posts all
 * digests, and ends.
 */
const directory = workerData as string;
const digests = new Map<string, FileDigest>();

function add(path: string): void {
  digests.set(path, digestOf({ pieces: () => readPieces(directory, path) }, path)!);
}

parentPort!.on('message', (path: string) => {
  if (path !== '') return add(path);
  parentPort!.postMessage(digests);
  parentPort!.close();
});
const { paths } = openBundle(directory);
parentPort!.postMessage('listed');
// The mark of a run that goes on goes with its end.
for (const path of paths) if (!isAfterManifest(path) && path !== RUNNING) add(path);
