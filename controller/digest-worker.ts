import { parentPort, workerData } from 'node:worker_threads';
import type { FileDigest } from '../evidence/digest.ts';
import { openBundle } from '../reports/verify/disk.ts';
import { digestOf } from '../reports/verify/files.ts';
import { isAfterManifest } from '../reports/verify/layout.ts';
import { RUNNING } from '../reports/verify/running.ts';

/**
 * Digests every file of the directory that is there now and belongs in a manifest. Posts `listed` when it knows which
 * these are: from then on others may be written beside them. Posts the digests at the end.
 */
const bundle = openBundle(workerData as string);
parentPort!.postMessage('listed');
const digests = new Map<string, FileDigest>();
for (const path of bundle.paths) {
  // The mark of a run that goes on goes with its end.
  if (!isAfterManifest(path) && path !== RUNNING) digests.set(path, digestOf(bundle, path)!);
}
parentPort!.postMessage(digests);
