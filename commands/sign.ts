import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { readBytes } from '../controller/inputs.ts';
import { readSigner, signBundle, signBundleSm2 } from '../reports/release/desk.ts';
import type { ReleaseRole } from '../reports/release/release.ts';
import { RELEASE_ROLES } from '../reports/release/release.ts';
import { requirePlaceOfPage, writeSignaturePage } from '../reports/release/signature-page.ts';
import { startPrinter } from '../reports/render/printer.ts';
import { readTrust } from '../reports/verify/trust.ts';
import { out } from './output.ts';

/** Releases a bundle by its reviewer or approver. */
export function registerSign(program: Command): void {
  program
    .command('sign')
    .description('release a bundle: add the signature of its reviewer or approver')
    .argument('<folder>', 'the bundle')
    .addOption(new Option('--role <role>', 'who signs').choices([...RELEASE_ROLES]).makeOptionMandatory())
    .requiredOption('--name <name>', 'name of the person')
    .requiredOption('--key <file>', 'private key (PEM, ECDSA P-256)')
    .option('--sm2-key <file>', 'SM2 private key (PEM) for an additional signature, with its public key in <file>.pem')
    .option(
      '--trust <file>',
      'keys that you trust (JSON): the signature page says which of those that signed are in it',
    )
    .action(async (folder: string, options: SignOptions) => {
      const { role, name, key, sm2Key } = options;
      const bundle = resolve(folder);
      const trust = options.trust === undefined ? undefined : readTrust(readBytes(options.trust), options.trust);
      const signer = readSigner(key);
      requirePlaceOfPage(bundle);
      out(`${await signBundle(bundle, { role, name, signer, signedAt: new Date().toISOString() })}\n`);
      if (sm2Key !== undefined) {
        const publicKey = Buffer.from(readBytes(`${sm2Key}.pem`)).toString('utf8');
        out(`${await signBundleSm2(bundle, sm2Key, publicKey)}\n`);
      }
      const printer = startPrinter({ root: process.getuid?.() === 0 });
      const { paths, missing } = await writeSignaturePage(bundle, trust, printer).finally(printer.close);
      for (const path of paths) out(`${path}\n`);
      for (const problem of missing) process.stderr.write(`not made: ${problem}\n`);
    });
}

interface SignOptions {
  role: ReleaseRole;
  name: string;
  key: string;
  sm2Key?: string;
  trust?: string;
}
