import { open } from 'node:fs/promises';

/** The sketches of all rounds of one device, on disk until the last beacon picks what is opened. */
export interface SketchFile {
  /** Adds the sketch of the next round; one call at a time. Throws where it does not go whole to the disk. */
  add(sketch: Uint8Array): Promise<void>;
  /** Gives the sketch of a round back, as it was added. */
  read(round: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a new file for sketches of `bytes` bytes each; throws where there is one of that name. In memory, eight devices
 * that answer for half an hour would hold half a gigabyte beside what is measured.
 */
export async function sketchFile(path: string, bytes: number): Promise<SketchFile> {
  const file = await open(path, 'wx+', 0o600);
  let rounds = 0;
  return {
    async add(sketch) {
      if (sketch.length !== bytes) throw new Error(`a sketch of ${sketch.length} bytes in place of ${bytes}`);
      const { bytesWritten } = await file.write(sketch, 0, bytes, rounds * bytes);
      if (bytesWritten !== bytes) throw new Error(`${bytesWritten} of ${bytes} bytes of a sketch were written`);
      rounds++;
    },
    async read(round) {
      const sketch = new Uint8Array(bytes);
      const { bytesRead } = await file.read(sketch, 0, bytes, round * bytes);
      if (bytesRead !== bytes) throw new Error(`${bytesRead} of ${bytes} bytes of the sketch of round ${round}`);
      return sketch;
    },
    close: () => file.close(),
  };
}
