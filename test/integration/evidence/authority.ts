import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the openssl command line is here. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A real time-stamping authority: a root, a stamping certificate under it, `openssl ts`, and HTTP on loopback. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'assay-authority-'));
  readonly caPem: string;
  #server: Server | undefined;
  /** Serves this in place of a stamp, if set. */
  instead: { status: number; body: Uint8Array } | undefined;

  constructor(keyArgs: readonly string[], usage = 'critical,timeStamping', extra = '') {
    writeFileSync(
      this.path('authority.cnf'),
      `[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test Authority Root
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[stamping]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = ${usage}
[tsa]
default_tsa = tsa_config
[tsa_config]
dir = ${this.folder}
serial = $dir/serial
signer_cert = $dir/tsa.pem
certs = $dir/ca.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = no
tsa_name = yes
ess_cert_id_chain = no
${extra}
`,
    );
    writeFileSync(this.path('serial'), '01\n');
    const config = ['-config', this.path('authority.cnf')];
    this.run(
      'req',
      '-x509',
      '-newkey',
      ...keyArgs,
      '-nodes',
      '-days',
      '30',
      '-extensions',
      'root',
      ...config,
      '-keyout',
      this.path('ca.key'),
      '-out',
      this.path('ca.pem'),
    );
    this.run(
      'req',
      '-new',
      '-newkey',
      ...keyArgs,
      '-nodes',
      '-subj',
      '/CN=Test Authority',
      ...config,
      '-keyout',
      this.path('tsa.key'),
      '-out',
      this.path('tsa.csr'),
    );
    this.run(
      'x509',
      '-req',
      '-in',
      this.path('tsa.csr'),
      '-CA',
      this.path('ca.pem'),
      '-CAkey',
      this.path('ca.key'),
      '-set_serial',
      '7',
      '-days',
      '20',
      '-extfile',
      this.path('authority.cnf'),
      '-extensions',
      'stamping',
      '-out',
      this.path('tsa.pem'),
    );
    this.caPem = readFileSync(this.path('ca.pem'), 'utf8');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  run(...args: string[]): Buffer {
    return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Answers a TimeStampReq. */
  reply(request: Uint8Array): Buffer {
    writeFileSync(this.path('query.tsq'), request);
    this.run(
      'ts',
      '-reply',
      '-config',
      this.path('authority.cnf'),
      '-queryfile',
      this.path('query.tsq'),
      '-out',
      this.path('reply.tsr'),
    );
    return readFileSync(this.path('reply.tsr'));
  }

  /** Whether openssl itself takes a response for a sha256 digest. */
  accepts(response: Uint8Array, sha256: string, caPem = this.caPem): boolean {
    writeFileSync(this.path('check.tsr'), response);
    writeFileSync(this.path('check.pem'), caPem);
    const args = ['ts', '-verify', '-digest', sha256, '-in', this.path('check.tsr'), '-CAfile', this.path('check.pem')];
    return spawnSync('openssl', args).status === 0;
  }

  async listen(): Promise<string> {
    const server = createServer(async (incoming, answer) => {
      const pieces: Buffer[] = [];
      for await (const piece of incoming) pieces.push(piece as Buffer);
      if (incoming.url === '/moved') {
        answer.writeHead(302, { location: '/' }).end();
      } else if (this.instead) {
        answer.writeHead(this.instead.status).end(this.instead.body);
      } else {
        answer.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(this.reply(Buffer.concat(pieces)));
      }
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
    rmSync(this.folder, { recursive: true });
  }
}
