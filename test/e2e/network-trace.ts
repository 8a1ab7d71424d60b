import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A new network namespace has a loopback that is down; this brings it up (netdevice(7)) and becomes the command. */
const RAISE_LOOPBACK = `
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, 0x8914, struct.pack('16sH', b'lo', 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
`;
/**
 * A network of its own, in which nobody can be reached but loopback: a program that calls somebody is seen, not heard.
 */
const ALONE = ['unshare', '-n', 'python3', '-c', RAISE_LOOPBACK];
const TRACE = [
  'strace',
  '-f',
  '--seccomp-bpf',
  '-qq',
  '-e',
  'trace=connect,sendto,sendmsg,sendmmsg',
  '-e',
  'signal=none',
  '-o',
];

/** Why the calls of programs cannot be traced here, if they cannot. */
export function untraceable(): string | undefined {
  const tried = spawnSync(ALONE[0]!, [...ALONE.slice(1), ...TRACE, '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return `no strace in a network namespace of its own: ${tried.error?.message ?? tried.stderr.trim().slice(0, 200)}`;
}

/** Runs a command with all that it starts under the trace; `trace` is the file that it is written to. */
export function traced(
  command: readonly string[],
  trace: string,
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; output: string }> {
  return new Promise((done) => {
    const child = spawn(ALONE[0]!, [...ALONE.slice(1), ...TRACE, trace, ...command], { env, stdio: 'pipe' });
    let output = '';
    const listen = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('close', (status) => done({ status, output }));
  });
}

/**
 * Chromium asks the kernel whether there is a way to this address before it looks up any name: it connects a datagram
 * socket and sends nothing on it. No flag of the browser turns that off.
 */
const ROUTE_QUESTION = /connect\(\d+, \{sa_family=AF_INET6, sin6_port=htons\(443\).*"2001:4860:4860::8888"/;

/** The lines of a trace in which somebody other than this machine itself is spoken to. */
export function callsAway(trace: string): string[] {
  const lines = readFileSync(trace, 'utf8').split('\n');
  return lines.filter(
    (line) =>
      /sa_family=AF_INET6?\b/.test(line) &&
      !/inet_addr\("(127\.|0\.0\.0\.0")/.test(line) &&
      !/inet_pton\(AF_INET6, "(::1|::|::ffff:127\.[\d.]+)"/.test(line) &&
      !ROUTE_QUESTION.test(line),
  );
}
