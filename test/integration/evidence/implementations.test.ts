import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalBytes, canonicalize } from '../../../evidence/canonical.ts';
import { openCheckpoint, signCheckpoint } from '../../../evidence/checkpoint.ts';
import { sha256Hex, sm3Hex, startSm3 } from '../../../evidence/digest.ts';
import { open, pae, seal } from '../../../evidence/envelope.ts';
import { generateKeyPair, keyIdOf, pemSigner, verifySignature } from '../../../evidence/keys.ts';
import { MerkleTree } from '../../../evidence/merkle.ts';
import { PAYLOAD_TYPE, statement } from '../../../evidence/statement.ts';
import { hasOpenssl } from './authority.ts';

const hasCryptography = spawnSync('python3', ['-c', 'import cryptography']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'assay-implementations-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

function python(program: string, ...args: string[]): string {
  return execFileSync('python3', ['-c', program, ...args])
    .toString()
    .trim();
}

const content = statement([{ name: 'raw.json', digest: { sha256: 'ab'.repeat(32) } }], 'measurement', {
  node: '节点-1',
  value: 12_300_000_000_000_000,
});

describe.skipIf(!hasOpenssl)('openssl (skipped where it is not installed)', () => {
  it('gives the same sha256 and SM3 of a file, also as our own SM3', () => {
    for (const length of [0, 55, 56, 64, 100_000, 1_000_003]) {
      const bytes = randomBytes(length);
      writeFileSync(path('data'), bytes);
      const digest = (name: string) => openssl('dgst', `-${name}`, '-r', path('data')).split(' ')[0];
      expect([sha256Hex(bytes), sm3Hex(bytes)]).toEqual([digest('sha256'), digest('sm3')]);
      expect(startSm3([]).update(bytes).digest('hex')).toBe(digest('sm3'));
    }
  });

  it('verifies the signature of an envelope over its pre-authentication encoding', async () => {
    const pair = generateKeyPair();
    const payload = canonicalBytes(content);
    const envelope = await seal(PAYLOAD_TYPE, payload, [pemSigner(pair.privatePem)]);
    writeFileSync(path('key.pem'), pair.publicPem);
    writeFileSync(path('sig'), Buffer.from(envelope.signatures[0]!.sig, 'base64'));
    writeFileSync(path('pae'), pae(PAYLOAD_TYPE, payload));
    const args = ['dgst', '-sha256', '-verify', path('key.pem'), '-signature', path('sig')];
    expect(openssl(...args, path('pae'))).toBe('Verified OK\n');
    writeFileSync(path('pae'), payload);
    expect(spawnSync('openssl', [...args, path('pae')]).status).toBe(1);
  });

  it('makes keys and signatures that we take', () => {
    openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', path('private.pem'));
    openssl('pkey', '-in', path('private.pem'), '-pubout', '-out', path('public.pem'));
    openssl('pkey', '-in', path('private.pem'), '-pubout', '-outform', 'DER', '-out', path('public.der'));
    writeFileSync(path('data'), 'signed by openssl');
    openssl('dgst', '-sha256', '-sign', path('private.pem'), '-out', path('sig'), path('data'));
    const publicPem = readFileSync(path('public.pem'), 'utf8');
    expect(verifySignature(publicPem, Buffer.from('signed by openssl'), readFileSync(path('sig')))).toBe(true);
    expect(keyIdOf(publicPem)).toBe(openssl('dgst', '-sha256', '-r', path('public.der')).split(' ')[0]);
    expect(pemSigner(readFileSync(path('private.pem'), 'utf8')).publicKeyPem).toBe(publicPem);
  });
});

const VERIFY = `
import sys, json, base64, hashlib
from cryptography.hazmat.primitives.serialization import load_pem_public_key, Encoding, PublicFormat
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
key = load_pem_public_key(open(sys.argv[1], 'rb').read())
spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
`;

describe.skipIf(!hasCryptography)('Python with cryptography (skipped where it is not installed)', () => {
  const pair = generateKeyPair();
  const signer = pemSigner(pair.privatePem);

  it('opens an envelope and writes its statement in the same canonical bytes', async () => {
    const envelope = await seal(PAYLOAD_TYPE, canonicalBytes(content), [signer]);
    writeFileSync(path('key.pem'), pair.publicPem);
    writeFileSync(path('envelope.json'), canonicalize(envelope));
    const program = `${VERIFY}
e = json.load(open(sys.argv[2]))
payload = base64.b64decode(e['payload'], validate=True)
kind = e['payloadType'].encode()
pae = b'DSSEv1 %d %s %d %s' % (len(kind), kind, len(payload), payload)
key.verify(base64.b64decode(e['signatures'][0]['sig'], validate=True), pae, ECDSA(SHA256()))
assert e['signatures'][0]['keyid'] == hashlib.sha256(spki).hexdigest()
again = json.dumps(json.loads(payload), sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()
assert again == payload, again
print('ok')`;
    expect(python(program, path('key.pem'), path('envelope.json'))).toBe('ok');
  });

  it('makes an envelope that we open', () => {
    const program = `
import sys, json, base64, hashlib
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
key = ec.generate_private_key(ec.SECP256R1())
pub = key.public_key()
payload = b'{"by":"python"}'
pae = b'DSSEv1 28 application/vnd.in-toto+json %d %s' % (len(payload), payload)
print(json.dumps({'pem': pub.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), 'envelope': {
  'payloadType': 'application/vnd.in-toto+json', 'payload': base64.b64encode(payload).decode(),
  'signatures': [{'keyid': hashlib.sha256(pub.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest(),
                  'sig': base64.b64encode(key.sign(pae, ec.ECDSA(SHA256()))).decode()}]}}))`;
    const { pem, envelope } = JSON.parse(python(program));
    const opened = open(envelope, new Map([[keyIdOf(pem), pem]]));
    expect(opened.ok && Buffer.from(opened.payload).toString()).toBe('{"by":"python"}');
  });

  it('computes the same Merkle root and verifies the checkpoint over it', async () => {
    const tree = new MerkleTree();
    for (let i = 0; i < 1237; i++) tree.append(Buffer.from(`leaf ${i}`));
    const checkpoint = { origin: 'assay.dev/run/1', size: tree.size, root: tree.root() };
    const note = await signCheckpoint(checkpoint, signer);
    expect(openCheckpoint(note, 'assay.dev/run/1', pair.publicPem)).toEqual({ ok: true, checkpoint });
    writeFileSync(path('key.pem'), pair.publicPem);
    writeFileSync(path('note'), note);
    const program = `${VERIFY}
def mth(d):
    if len(d) == 1: return hashlib.sha256(b'\\x00' + d[0]).digest()
    k = 1
    while k * 2 < len(d): k *= 2
    return hashlib.sha256(b'\\x01' + mth(d[:k]) + mth(d[k:])).digest()
note = open(sys.argv[2], encoding='utf-8', newline='').read()
text, signatures = note[:note.rindex('\\n\\n') + 1], note[note.rindex('\\n\\n') + 2:]
dash, name, sig = signatures.rstrip('\\n').split(' ')
raw = base64.b64decode(sig, validate=True)
assert dash == '\\u2014' and name == 'assay.dev/run/1'
assert raw[:4] == hashlib.sha256(spki).digest()[:4]
key.verify(raw[4:], text.encode(), ECDSA(SHA256()))
origin, size, root = text.rstrip('\\n').split('\\n')
assert base64.b64decode(root) == mth([b'leaf %d' % i for i in range(int(size))])
print('ok')`;
    expect(python(program, path('key.pem'), path('note'))).toBe('ok');
  });
});
