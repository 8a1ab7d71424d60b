import { parentPort, workerData } from 'node:worker_threads';
import type { FileDigest } from '../evidence/digest.ts';
import { readPieces } from '../reports/verify/disk.ts';
import { digestOf } from '../reports/verify/files.ts';

/** Digests the files that it is started with and those whose names are sent to it; posts all digests for an empty name. */
const { directory, paths } = workerData as { directory: string; paths: readonly string[] };
const digests = new Map<string, FileDigest>();

function add(path: string): void {
  digests.set(path, digestOf({ pieces: () => readPieces(directory, path) }, path)!);
}

parentPort!.on('message', (path: string) => {
  if (path !== '') return add(path);
  parentPort!.postMessage(digests);
  parentPort!.close();
});
for (const path of paths) add(path);
