import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isEngineFile } from '../../../../benchmarks/frameworks/engines.ts';
import { publishedBuild, publishedBuilds, TAKEN } from '../../../../benchmarks/frameworks/published/builds.ts';

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** MindSpore's wheels for Linux on Arm are named as if they were for any machine. */
const ARM = /aarch64|arm64|none-any/;

describe('the list of published builds', () => {
  it('has a day and, for every build, engine, package, version, platform, file, size and digest', () => {
    expect(TAKEN).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const build of publishedBuilds()) {
      expect(build.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(build.bytes).toBeGreaterThan(1_000_000);
      expect(build.version).toMatch(/^\d+\.\d+/);
      expect(build.tag).not.toBe('');
      expect(isEngineFile(build.file.split('/').at(-1)!)).toBe(true);
    }
  });

  it('has builds of every engine for both kinds of processor', () => {
    const kinds = publishedBuilds().map(({ engine, tag }) => `${engine} ${ARM.test(tag) ? 'arm' : 'x86'}`);
    for (const engine of ['torch', 'tensorflow', 'paddle', 'jax', 'mindspore', 'onnxruntime']) {
      expect(kinds).toContain(`${engine} x86`);
      if (engine !== 'paddle') expect(kinds).toContain(`${engine} arm`);
    }
  });

  it('takes a file for a build only by digest and size together', () => {
    const { sha256, bytes } = publishedBuilds()[0]!;
    expect(publishedBuild(sha256, bytes)?.engine).toBe('torch');
    expect(publishedBuild(sha256, bytes + 1)).toBeUndefined();
    expect(publishedBuild('0'.repeat(64), bytes)).toBeUndefined();
  });

  it('has the ONNX Runtime that is locked here', () => {
    const root = resolve(import.meta.dirname, '../../../../node_modules/onnxruntime-node/bin/napi-v6/linux');
    for (const machine of ['x64', 'arm64']) {
      const path = resolve(root, machine, 'libonnxruntime.so.1');
      expect(publishedBuild(digest(path), statSync(path).size)?.engine).toBe('onnxruntime');
    }
  });

  const debian = '/usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13.0';
  it.skipIf(!existsSync(debian))(
    "has Debian's PyTorch (skipped where python3-torch is another or not installed)",
    () => {
      expect(publishedBuild(digest(debian), statSync(debian).size)).toMatchObject({
        engine: 'torch',
        registry: 'Debian',
      });
    },
  );
});
