import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { PATHS } from '../../reports/verify/layout.ts';
import { type Verification, verifyBundle } from '../../reports/verify/verify.ts';
import { madeBundle, withManifest } from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

let bundle: MemoryBundle;
beforeAll(async () => {
  ({ bundle } = await madeBundle({ nodes: 3, accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 }));
}, 60_000);

/** Offsets over the whole file, one a region; the first and the last byte always. */
function offsets(length: number, regions: number): number[] {
  const spread = Array.from({ length: regions }, (_, at) => Math.floor(((at + 0.5) * length) / regions));
  return [...new Set([0, ...spread, length - 1])].filter((at) => at >= 0 && at < length);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1 << (at % 8);
  return copy;
}

const namesIn = (result: Verification): string[] => result.steps.flatMap((s) => s.defects).map((d) => d.path);

describe('a byte changed', () => {
  it('anywhere in any file is found, and the file is named', () => {
    expect(verifyBundle(bundle).authentic).toBe(true);
    for (const path of bundle.paths) {
      const bytes = bundle.read(path)!;
      for (const at of offsets(bytes.length, 4)) {
        const result = verifyBundle(withFile(bundle, path, flipped(bytes, at)));
        expect([result.authentic, result.outcome], `${path} at ${at}`).toEqual([false, undefined]);
        const names = namesIn(result);
        // A changed digest in the manifest is seen as a file that does not fit it.
        const named = path === PATHS.manifest ? names.length > 0 : names.some((name) => name.startsWith(path));
        expect(named, `${path} at ${at}: ${names.join()}`).toBe(true);
      }
    }
  }, 60_000);

  it('is found even if the manifest, which the controller does not sign, is rewritten to fit', () => {
    const signed: readonly string[] = [PATHS.evaluation, PATHS.checkpoint, PATHS.controllerKey];
    for (const path of bundle.paths.filter((p) => p !== PATHS.manifest)) {
      const bytes = bundle.read(path)!;
      for (const at of offsets(bytes.length, signed.includes(path) ? 60 : 3)) {
        const result = verifyBundle(withManifest(withFile(bundle, path, flipped(bytes, at))));
        expect(result.authentic, `${path} at ${at}`).toBe(false);
      }
    }
  }, 60_000);

  it('or many, cut or added at random places never makes the verifier throw, and never goes unseen', () => {
    const edit = fc.record({
      at: fc.nat({ max: 1_000_000 }),
      remove: fc.nat({ max: 40 }),
      insert: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), (pick, edits, relist) => {
        const path = bundle.paths[pick % bundle.paths.length]!;
        const before = Buffer.from(bundle.read(path)!);
        let after = before;
        for (const { at, remove, insert } of edits) {
          const from = at % (after.length + 1);
          after = Buffer.concat([after.subarray(0, from), insert, after.subarray(from + remove)]);
        }
        fc.pre(!after.equals(before));
        const altered = withFile(bundle, path, after);
        const result = verifyBundle(relist && path !== PATHS.manifest ? withManifest(altered) : altered);
        expect(result.authentic).toBe(false);
        expect(result.steps.some((step) => step.state === 'bad')).toBe(true);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a file', () => {
  it('removed, added or emptied is found, and named', () => {
    for (const path of bundle.paths) {
      expect(namesIn(verifyBundle(withFile(bundle, path, undefined))), path).toContain(path);
      expect(namesIn(verifyBundle(withFile(bundle, path, new Uint8Array()))).length, path).toBeGreaterThan(0);
    }
    expect(namesIn(verifyBundle(withFile(bundle, 'evidence/ab/abc', Buffer.from('x'))))).toContain('evidence/ab/abc');
  }, 60_000);

  it('removed is found even if the manifest is rewritten to fit', () => {
    for (const path of bundle.paths.filter((p) => p !== PATHS.manifest)) {
      expect(verifyBundle(withManifest(withFile(bundle, path, undefined))).authentic, path).toBe(false);
    }
  }, 60_000);

  it('of no known kind, or an input that the log does not name, is refused though the manifest lists it', () => {
    for (const path of [
      'trust.json',
      'readme.txt',
      'report.html.bak',
      'keys/other.pem',
      'claims.json',
      'waivers.json',
    ]) {
      const result = verifyBundle(withManifest(withFile(bundle, path, Buffer.from('[]'))));
      expect([result.authentic, namesIn(result).includes(path)], path).toEqual([false, true]);
    }
  });
});
