import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { runAgent } from '../agent/agent.ts';
import { identityFrom } from '../agent/identity.ts';
import { takeInventory } from '../agent/inventory/inventory.ts';
import { realMachine } from '../agent/inventory/machine.ts';
import { platformFor } from '../agent/serve/platform.ts';
import { readBytes } from '../controller/inputs.ts';
import { policyAt } from './policy-file.ts';
import { SOFTWARE } from './software.ts';

/** An agent that dials a controller. */
export function registerAgent(program: Command): void {
  program
    .command('agent')
    .description('run an agent that dials a controller and measures when it is asked to')
    .requiredOption('--controller <host:port>', 'where the controller listens')
    .requiredOption('--identity <file>', 'name, certificate, key and authority of this node (JSON)')
    .requiredOption('--directory <directory>', 'where the agent keeps what is not yet delivered')
    .option('--policy <file>', "the node's policy: libraries that lie elsewhere (JSON)")
    .option('--once', 'end with the run, and when standard input ends')
    .action(async (options: AgentCommand) => {
      const policy = policyAt(options.policy);
      const identity = identityFrom(readBytes(options.identity), options.identity);
      const scratch = join(resolve(options.directory), 'scratch');
      mkdirSync(scratch, { recursive: true });
      // Libraries under test write caches and logs of their own; they belong to the agent's directory and go with it.
      Object.assign(process.env, { TMPDIR: scratch, XDG_CACHE_HOME: scratch });
      const abort = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
      if (options.once)
        process.stdin
          .resume()
          .once('end', () => abort.abort())
          .once('close', () => abort.abort());
      try {
        await runAgent({
          controller: options.controller,
          identity,
          directory: resolve(options.directory),
          software: `${SOFTWARE.name} ${SOFTWARE.version}`,
          inventory: () => takeInventory(identity.node, realMachine()),
          platform: platformFor,
          libraries: policy.libraries,
          signal: abort.signal,
          persistent: options.once !== true,
          log: (line) => void process.stderr.write(`${line}\n`),
        });
      } finally {
        // An open standard input would keep a process alive that has nothing more to do.
        process.stdin.pause();
      }
    });
}

interface AgentCommand {
  controller: string;
  identity: string;
  directory: string;
  policy?: string;
  once?: boolean;
}
