import { beforeAll, describe, expect, it } from 'vitest';
import { PATHS } from '../../reports/verify/layout.ts';
import { verifyBundle } from '../../reports/verify/verify.ts';
import { madeBundle, withManifest } from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

let bundle: MemoryBundle;
beforeAll(async () => {
  ({ bundle } = await madeBundle({ nodes: 3, accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 }));
}, 60_000);

/** Offsets over the whole file, each region once; the first and the last byte always. */
function offsets(length: number, regions: number): number[] {
  const spread = Array.from({ length: regions }, (_, at) => Math.floor(((at + 0.5) * length) / regions));
  return [...new Set([0, ...spread, length - 1])].filter((at) => at >= 0 && at < length);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1 << (at % 8);
  return copy;
}

const namesOf = (altered: MemoryBundle): string[] => {
  const result = verifyBundle(altered);
  expect(result.authentic).toBe(false);
  expect(result.outcome).toBeUndefined();
  return result.steps.flatMap((step) => step.defects).map((defect) => defect.path);
};

describe('a byte changed', () => {
  it('anywhere in any file is found, and the file is named', () => {
    expect(verifyBundle(bundle).authentic).toBe(true);
    let tried = 0;
    const t=performance.now();
    for (const path of bundle.paths) {
      const bytes = bundle.read(path)!;
      for (const at of offsets(bytes.length, 4)) {
        tried++;
        const names = namesOf(withFile(bundle, path, flipped(bytes, at)));
        if (path === PATHS.manifest) expect(names.length).toBeGreaterThan(0);
        else expect(names.some((name) => name.startsWith(path)), `${path} at ${at}`).toBe(true);
      }
    }
    console.log(tried, bundle.paths.length, performance.now()-t);
    expect(tried).toBeGreaterThan(60);
  });

  it('in any file is found even if the manifest is rewritten to fit', () => {
    const t=performance.now();
    const survivors: string[]=[];
    for (const path of bundle.paths.filter((p) => p !== PATHS.manifest)) {
      const bytes = bundle.read(path)!;
      for (const at of offsets(bytes.length, path === PATHS.evaluation || path === PATHS.checkpoint || path===PATHS.controllerKey ? bytes.length : 4)) {
        const r = verifyBundle(withManifest(withFile(bundle, path, flipped(bytes, at))));
        if (r.authentic) survivors.push(`${path} ${at}`);
      }
    }
    console.log(performance.now()-t, survivors);
  }, 120_000);
});
