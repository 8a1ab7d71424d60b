import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { sha256Hex } from '../../evidence/digest.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Puts the verifier with everything it needs into one file for Node 22 or later, so that it can be carried to a machine
 * without a network and without packages. The same sources give the same bytes; gives their sha256, to be published.
 */
export async function buildVerifier(outfile: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['reports/verify/main.ts'],
    outfile: resolve(outfile),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    charset: 'utf8',
    legalComments: 'eof',
    logLevel: 'warning',
    define: { ASSAY_VERSION: JSON.stringify(version) },
  });
  return sha256Hex(readFileSync(outfile));
}

if (process.argv[1] === import.meta.filename) {
  const outfile = process.argv[2] ?? join(ROOT, 'dist', 'assay-verify.mjs');
  process.stdout.write(`${await buildVerifier(outfile)}  ${outfile}\n`);
}
