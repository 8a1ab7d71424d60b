import { resolve } from 'node:path';
import type { Command } from 'commander';
import { verifyFolder } from '../reports/verify/desk.ts';
import { out } from './output.ts';
import { SOFTWARE } from './software.ts';

/** Checks a bundle and judges it again. */
export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('check a bundle: every digest and signature, and judge it again from its evidence')
    .argument('<folder>', 'the bundle')
    .option('--trust <file>', 'keys, authorities and guides that you trust (JSON)')
    .option('--json', 'the result as JSON')
    .option('--proof <sha256>', 'also prove that the record with this digest is in the signed log')
    .action(async (folder: string, options: { trust?: string; json?: boolean; proof?: string }) => {
      const result = await verifyFolder({ folder: resolve(folder), ...options, version: SOFTWARE.version });
      out(result.text);
      process.exitCode = result.exit;
    });
}
