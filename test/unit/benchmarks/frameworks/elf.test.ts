import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readElf } from '../../../../benchmarks/frameworks/elf.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'assay-elf-test-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

async function facts(path: string, wanted: readonly string[] = []) {
  const file = await open(path, 'r');
  try {
    return await readElf(file, wanted);
  } finally {
    await file.close();
  }
}

async function factsOf(bytes: Uint8Array, wanted: readonly string[] = []) {
  const path = join(FOLDER, 'bytes');
  writeFileSync(path, bytes);
  return facts(path, wanted);
}

const NOTHING = { buildId: '', symbols: [] };
const ONNX_RUNTIME = resolve(
  import.meta.dirname,
  '../../../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
);
const compiler = spawnSync('gcc', ['--version']).status === 0;

describe('an ELF file', () => {
  it("has the build id that binutils' readelf prints, and its functions", async () => {
    expect(await facts(ONNX_RUNTIME, ['OrtGetApiBase', 'OrtNoSuchFunction'])).toEqual({
      buildId: '3595fddb122d2690545e133f236ae204163c1a8f',
      symbols: ['OrtGetApiBase'],
    });
  });

  it.skipIf(!compiler)(
    `shows only functions that it defines itself${compiler ? '' : ' (skipped: needs gcc)'}`,
    async () => {
      const source = join(FOLDER, 'x.c');
      const path = join(FOLDER, 'x.so');
      writeFileSync(
        source,
        'int variable = 1; int used(void); static int hidden(void) { return 2; }\nint own(void) { return used() + hidden(); }',
      );
      execFileSync('gcc', ['-shared', '-fPIC', '-o', path, source]);
      const names = ['variable', 'used', 'hidden', 'own', 'ow', 'wn', ''];
      expect((await facts(path, names)).symbols).toEqual(['own']);
    },
  );

  it('shows nothing where it is another kind of file or cut short', async () => {
    const whole = readFileSync(ONNX_RUNTIME).subarray(0, 100_000);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('#!/bin/sh\n'),
      whole.subarray(0, 63),
      whole.subarray(0, 64),
      whole,
    ]) {
      expect(await factsOf(bytes, ['OrtGetApiBase'])).toEqual(NOTHING);
    }
  });

  it('is never an exception, whatever its tables say', async () => {
    const head = readFileSync(ONNX_RUNTIME).subarray(0, 64);
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 64, maxLength: 600 }),
      fc.nat(500),
      async (rest, at) => {
        const bytes = Buffer.concat([head, rest]);
        bytes.writeBigUInt64LE(BigInt(at), 40);
        bytes.writeUInt16LE(64, 58);
        bytes.writeUInt16LE(rest[0]! % 8, 60);
        expect((await factsOf(bytes, ['x'])).symbols).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });
});
