import { spawn } from 'node:child_process';

/** How a run of openssl ended: with output, or without having run to its end. */
export type OpensslRun =
  | { readonly ran: true; readonly code: number; readonly stdout: Buffer; readonly stderr: string }
  | { readonly ran: false; readonly problem: string };

/** What runs openssl. `program` is looked up in PATH unless it is a path. */
export interface OpensslSettings {
  readonly program?: string;
  readonly timeoutMs?: number;
}

/** Much more than a key, a signature or a stamp. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Runs the openssl command line without a shell, feeds it `input` and waits for its end. What cannot be run, takes too
 * long, is killed or floods its output is a value; whoever asks must then say "not checked".
 */
export function openssl(
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
  { program = 'openssl', timeoutMs = 20_000 }: OpensslSettings = {},
): Promise<OpensslRun> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'pipe', timeout: timeoutMs, killSignal: 'SIGKILL' });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let bytes = 0;
    const collect = (into: Buffer[]) => (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= MAX_OUTPUT_BYTES) into.push(piece);
      else child.kill('SIGKILL');
    };
    child.stdout.on('data', collect(stdout));
    child.stderr.on('data', collect(stderr));
    // It may end without reading its input, which is its own affair; its exit code tells.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => resolve({ ran: false, problem: `${program} cannot be run: ${error.message}` }));
    child.on('close', (code) => {
      if (code === null) resolve({ ran: false, problem: `${program} did not finish` });
      else resolve({ ran: true, code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8') });
    });
    child.stdin.end(input);
  });
}
