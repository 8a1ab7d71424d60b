import { resolve } from 'node:path';
import type { Command } from 'commander';
import { stampBundle } from '../reports/release/desk.ts';
import { authorityUrl } from './arguments.ts';
import { out } from './output.ts';

/** Has a bundle stamped. */
export function registerStamp(program: Command): void {
  program
    .command('stamp')
    .description('have the newest signature of a bundle stamped by an RFC 3161 authority')
    .argument('<folder>', 'the bundle')
    .requiredOption('--authority <url>', 'where the authority answers', authorityUrl)
    .action(async (folder: string, options: { authority: string }) => {
      out(`${await stampBundle(resolve(folder), options.authority, AbortSignal.timeout(30_000))}\n`);
    });
}
