import { inflateRawSync } from 'node:zlib';

/** One file of a zip archive, found through its central directory. */
export function unzip(bytes: Uint8Array, path: string): string {
  const buffer = Buffer.from(bytes);
  for (
    let at = buffer.indexOf('PK\x01\x02', 0, 'latin1');
    at >= 0;
    at = buffer.indexOf('PK\x01\x02', at + 4, 'latin1')
  ) {
    const name = buffer.toString('utf8', at + 46, at + 46 + buffer.readUInt16LE(at + 28));
    if (name !== path) continue;
    const local = buffer.readUInt32LE(at + 42);
    const start = local + 30 + buffer.readUInt16LE(local + 26) + buffer.readUInt16LE(local + 28);
    const data = buffer.subarray(start, start + buffer.readUInt32LE(at + 20));
    return buffer.readUInt16LE(at + 10) === 0 ? data.toString('utf8') : inflateRawSync(data).toString('utf8');
  }
  throw new Error(`no ${path}`);
}
