import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credential } from '../certificates.ts';

/** An agent on this machine, in a process of its own. */
export interface LocalAgent {
  /** What it wrote to its standard error, last 16 KiB. */
  output(): string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Ends it, gently first, and removes its directory. */
  stop(): Promise<void>;
}

const GENTLE_MS = 8000;

/**
 * Starts `assay agent` on this machine as a fleet would start it on another: with an address, a certificate and a
 * directory, `more` words of its command, and no other tie to the controller. It does not share the terminal, so that
 * Ctrl-C reaches the controller alone, which ends the run in order.
 */
export function launchLocalAgent(
  program: readonly string[],
  controller: string,
  node: string,
  directory: string,
  credential: Credential,
  authorityPem: string,
  more: readonly string[] = [],
): LocalAgent {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const identity = join(directory, 'identity.json');
  const { certificatePem, privateKeyPem } = credential;
  writeFileSync(identity, JSON.stringify({ node, certificatePem, privateKeyPem, authorityPem }), { mode: 0o600 });
  const [command, ...args] = [
    ...program,
    'agent',
    '--controller',
    controller,
    '--identity',
    identity,
    '--directory',
    directory,
    '--once',
    ...more,
  ];
  const child: ChildProcess = spawn(command!, args, { detached: true, stdio: ['pipe', 'ignore', 'pipe'] });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-16_384);
  });
  const ended = once(child, 'close').then(
    () => {},
    (error: Error) => {
      output += error.message;
    },
  );
  return {
    output: () => output,
    ended,
    stop: async () => {
      const force = setTimeout(() => kill(child, 'SIGKILL'), GENTLE_MS);
      // The agent also ends when its standard input does, so it never outlives a controller that was killed.
      child.stdin?.end();
      await ended;
      clearTimeout(force);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}
