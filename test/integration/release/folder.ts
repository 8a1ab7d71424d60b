import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateKeyPair, pemSigner } from '../../../evidence/keys.ts';
import { madeBundle } from '../../tamper/forger.ts';
import type { MemoryBundle } from '../../tamper/memory-bundle.ts';

/** A synthetic bundle in memory with the controller's signer behind it. */
export const small = () => madeBundle({ nodes: 2, accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 });

/** A scratch folder, and a way to lay copies of a bundle in it. */
export function scratch(): { folder: string; lay: (bundle: MemoryBundle) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'assay-release-'));
  let turn = 0;
  const lay = (bundle: MemoryBundle): string => {
    const target = join(folder, `bundle-${turn++}`);
    for (const [path, bytes] of bundle.files) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, path), bytes);
    }
    return target;
  };
  return { folder, lay };
}

export const person = () => pemSigner(generateKeyPair().privatePem);
