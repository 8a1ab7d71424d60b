import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { generateKeyPair, keyIdOf } from '../evidence/keys.ts';
import { requireNewFile } from '../reports/build/folder.ts';
import { out, writeNew } from './output.ts';

/** Makes a key pair. */
export function registerKeygen(program: Command): void {
  program
    .command('keygen')
    .description('make a key pair (ECDSA P-256): <name>.key stays secret, <name>.pem goes into trust files')
    .argument('<name>', 'path of the files without their endings')
    .action((name: string) => {
      for (const path of [`${name}.key`, `${name}.pem`]) requireNewFile(path);
      const pair = generateKeyPair();
      writeNew(`${name}.key`, pair.privatePem, 0o600);
      try {
        writeNew(`${name}.pem`, pair.publicPem, 0o644);
      } catch (error) {
        rmSync(`${name}.key`);
        throw error;
      }
      out(`${name}.key ${name}.pem\nkey id ${keyIdOf(pair.publicPem)}\n`);
    });
}
