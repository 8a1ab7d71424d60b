import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../../evidence/canonical.ts';
import { seal } from '../../../evidence/envelope.ts';
import { generateKeyPair, pemSigner } from '../../../evidence/keys.ts';
import {
  openStatement,
  PAYLOAD_TYPE,
  PREDICATES,
  readStatement,
  STATEMENT_TYPE,
  statement,
} from '../../../evidence/statement.ts';

const sha256 = 'a'.repeat(64);
const sm3 = 'b'.repeat(64);
const made = statement([{ name: 'samples.json', digest: { sha256, sm3 } }], 'measurement', { node: '节点-1' });

function problem(value: unknown): string {
  const read = readStatement(value instanceof Uint8Array ? value : canonicalBytes(value));
  if (read.ok) throw new Error('the statement was read');
  return read.problem;
}

describe('a statement', () => {
  it('has the members of in-toto Statement v1 and nothing else', () => {
    expect(made).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'samples.json', digest: { sha256, sm3 } }],
      predicateType: 'https://assay.dev/measurement/v1',
      predicate: { node: '节点-1' },
    });
  });

  it('is read back from its canonical bytes', () => {
    expect(readStatement(canonicalBytes(made))).toEqual({ ok: true, statement: made });
  });

  it('has another type for every predicate', () => {
    expect(new Set(Object.values(PREDICATES)).size).toBe(5);
  });

  it.each([
    ['another type', { ...made, _type: `${STATEMENT_TYPE}1` }],
    ['another predicate', { ...made, predicateType: 'https://slsa.dev/provenance/v1' }],
    ['no subject', { ...made, subject: [] }],
    ['a subject without sha256', { ...made, subject: [{ name: 'a', digest: { sm3 } }] }],
    ['a subject with another digest', { ...made, subject: [{ name: 'a', digest: { sha256, md5: '0' } }] }],
    ['a digest in capitals', { ...made, subject: [{ name: 'a', digest: { sha256: sha256.toUpperCase() } }] }],
    ['a subject without name', { ...made, subject: [{ digest: { sha256 } }] }],
    ['a predicate that is an array', { ...made, predicate: [] }],
    ['no predicate', { ...made, predicate: undefined }],
    ['an unknown member', { ...made, extra: 1 }],
  ])('is none if it has %s', (_what, value) => {
    expect(problem(Buffer.from(JSON.stringify(value)))).toBe('not an in-toto statement of ours');
  });

  it('is refused if two subjects have one name', () => {
    const subject = [made.subject[0], { name: 'samples.json', digest: { sha256: sm3 } }];
    expect(problem({ ...made, subject })).toBe('two subjects of one name');
  });

  it('is refused unless its bytes are canonical', () => {
    expect(problem(Buffer.from(JSON.stringify(made, null, 1)))).toBe('not canonical JSON');
    expect(problem(Buffer.concat([canonicalBytes(made), Buffer.from('\n')]))).toBe('not canonical JSON');
  });

  it('is refused if its bytes are no strict JSON', () => {
    expect(problem(Buffer.from('{"a":1,"a":1}'))).toContain('not strict JSON: a key that occurs twice');
    expect(problem(Uint8Array.of(0xff))).toContain('not strict JSON: bytes that are not UTF-8');
  });

  it('is never read from other bytes, and reading never throws', () => {
    const refused = (bytes: Uint8Array) => !readStatement(bytes).ok;
    fc.assert(fc.property(fc.uint8Array(), refused));
    fc.assert(fc.property(fc.json(), (text) => refused(Buffer.from(text))));
  });
});

describe('openStatement', () => {
  const signer = pemSigner(generateKeyPair().privatePem);
  const keys = new Map([[signer.keyId, signer.publicKeyPem]]);

  it('gives the statement and who signed it', async () => {
    const envelope = await seal(PAYLOAD_TYPE, canonicalBytes(made), [signer]);
    const opened = openStatement(envelope, keys, 'measurement');
    expect(opened).toMatchObject({ ok: true, statement: made, opened: { signedBy: [signer.keyId] } });
  });

  it('refuses a well signed measurement where a release is expected', async () => {
    const envelope = await seal(PAYLOAD_TYPE, canonicalBytes(made), [signer]);
    expect(openStatement(envelope, keys, 'release')).toEqual({
      ok: false,
      problem: 'a https://assay.dev/measurement/v1 statement in place of a release',
    });
  });

  it('refuses another payload type, bad content and a wrong signature', async () => {
    const bytes = canonicalBytes(made);
    const otherType = await seal('application/json', bytes, [signer]);
    expect(openStatement(otherType, keys, 'measurement')).toMatchObject({
      problem: 'payload of type application/json',
    });
    const notOurs = await seal(PAYLOAD_TYPE, canonicalBytes({}), [signer]);
    expect(openStatement(notOurs, keys, 'measurement')).toMatchObject({ problem: 'not an in-toto statement of ours' });
    expect(openStatement(notOurs, new Map(), 'measurement')).toMatchObject({ problem: 'no signature by a known key' });
  });
});
