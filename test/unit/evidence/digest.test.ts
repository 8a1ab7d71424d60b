import { createHash, getHashes } from 'node:crypto';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex, sm3Hex, startSm3 } from '../../../evidence/digest.ts';
import { digestFile } from '../../../evidence/files.ts';
import { Sm3 } from '../../../evidence/sm3.ts';

/** GB/T 32905-2016, appendix A. */
const GBT_32905 = [
  ['abc', '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'],
  ['abcd'.repeat(16), 'debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732'],
] as const;

describe('sha256Hex', () => {
  it('gives the published digest of FIPS 180-4 for text and for bytes', () => {
    const published = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256Hex('abc')).toBe(published);
    expect(sha256Hex(Buffer.from('abc'))).toBe(published);
  });
});

describe('sm3Hex', () => {
  it.each(GBT_32905)('gives the published digest of %s', (text, published) => {
    expect(sm3Hex(text)).toBe(published);
    expect(sm3Hex(Buffer.from(text))).toBe(published);
    expect(startSm3([]).update(text).digest('hex')).toBe(published);
  });

  it('takes our own implementation where OpenSSL has none', () => {
    expect(startSm3(['sha256'])).toBeInstanceOf(Sm3);
    expect(startSm3(['sha256', 'sm3'])).not.toBeInstanceOf(Sm3);
  });
});

describe('our own SM3', () => {
  it.skipIf(!getHashes().includes('sm3'))(
    'equals that of OpenSSL in Node for any bytes in any pieces (skipped where Node has no SM3)',
    () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
          const own = new Sm3();
          for (const piece of pieces) own.update(piece);
          expect(own.digest('hex')).toBe(createHash('sm3').update(Buffer.concat(pieces)).digest('hex'));
        }),
      );
      for (let length = 0; length < 200; length++) {
        const bytes = Buffer.alloc(length, 0x61);
        expect(new Sm3().update(bytes).digest('hex')).toBe(createHash('sm3').update(bytes).digest('hex'));
      }
    },
  );

  it('takes no more once the digest was asked for', () => {
    const own = new Sm3();
    own.digest('hex');
    expect(() => own.update('x')).toThrow('already taken');
    expect(() => own.digest('hex')).toThrow('already taken');
  });
});

describe('digestFile', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-digest-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('gives both digests and the length, also beyond one piece', async () => {
    const bytes = Buffer.alloc(700_001, 'assay');
    await writeFile(join(folder, 'big'), bytes);
    expect(await digestFile(join(folder, 'big'))).toEqual({
      sha256: sha256Hex(bytes),
      sm3: sm3Hex(bytes),
      bytes: bytes.length,
    });
  });

  it('digests an empty file', async () => {
    await writeFile(join(folder, 'empty'), '');
    expect(await digestFile(join(folder, 'empty'))).toEqual({ sha256: sha256Hex(''), sm3: sm3Hex(''), bytes: 0 });
  });

  it('refuses a symbolic link, a folder, a device and a missing file', async () => {
    await symlink('/etc/hostname', join(folder, 'link'));
    await expect(digestFile(join(folder, 'link'))).rejects.toThrow('ELOOP');
    await expect(digestFile(folder)).rejects.toThrow('not a regular file');
    await expect(digestFile('/dev/zero')).rejects.toThrow('not a regular file');
    await expect(digestFile(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });

  it('stops reading a file that is longer than allowed', async () => {
    await writeFile(join(folder, 'long'), Buffer.alloc(1001));
    await expect(digestFile(join(folder, 'long'), 1000)).rejects.toThrow('longer than 1000 bytes');
    expect((await digestFile(join(folder, 'long'), 1001)).bytes).toBe(1001);
  });
});
