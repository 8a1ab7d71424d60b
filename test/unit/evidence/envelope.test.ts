import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Envelope, open, pae, seal, strictBase64 } from '../../../evidence/envelope.ts';
import { generateKeyPair, keyIdOf, pemSigner, verifySignature } from '../../../evidence/keys.ts';

const first = pemSigner(generateKeyPair().privatePem);
const second = pemSigner(generateKeyPair().privatePem);
const stranger = pemSigner(generateKeyPair().privatePem);
const keys = new Map([first, second].map((signer) => [signer.keyId, signer.publicKeyPem]));
const TYPE = 'application/vnd.in-toto+json';
const payload = Buffer.from('{"a":1}');
const sealed = await seal(TYPE, payload, [first, second]);

function problem(envelope: unknown, by: ReadonlyMap<string, string> = keys): string {
  const opened = open(envelope, by);
  if (opened.ok) throw new Error('the envelope was opened');
  return opened.problem;
}

describe('the published vector of the DSSE protocol', () => {
  const type = 'http://example.com/HelloWorld';
  const x = 46950820868899156662930047687818585632848591499744589407958293238635476079160n;
  const y = 5640078356564379163099075877009565129882514886557779369047442380624545832820n;
  const hex = (n: bigint) => n.toString(16).padStart(64, '0');
  const publicPem = createPublicKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: Buffer.from(hex(x), 'hex').toString('base64url'),
      y: Buffer.from(hex(y), 'hex').toString('base64url'),
    },
    format: 'jwk',
  }).export({ type: 'spki', format: 'pem' }) as string;
  /** The vector gives r and s bare; here they stand in DER as in our envelopes. */
  const bare = Buffer.from(
    'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==',
    'base64',
  );
  const der = Buffer.concat([Buffer.of(0x30, 68, 2, 32), bare.subarray(0, 32), Buffer.of(2, 32), bare.subarray(32)]);

  it('gives its pre-authentication encoding', () => {
    expect(Buffer.from(pae(type, Buffer.from('hello world'))).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  it('verifies its signature, alone and in an envelope', () => {
    expect(verifySignature(publicPem, pae(type, Buffer.from('hello world')), der)).toBe(true);
    const keyid = keyIdOf(publicPem);
    const envelope = {
      payload: 'aGVsbG8gd29ybGQ=',
      payloadType: type,
      signatures: [{ keyid, sig: der.toString('base64') }],
    };
    const opened = open(envelope, new Map([[keyid, publicPem]]));
    expect(opened).toMatchObject({ ok: true, payloadType: type, signedBy: [keyid] });
  });
});

describe('pae', () => {
  it('counts bytes, not characters, of type and payload', () => {
    expect(Buffer.from(pae('é', Buffer.from('试金石'))).toString()).toBe('DSSEv1 2 é 9 试金石');
    expect(Buffer.from(pae('', new Uint8Array())).toString()).toBe('DSSEv1 0  0 ');
  });

  it('never gives the same bytes for two pairs of type and payload', () => {
    const small = fc.string({ unit: fc.constantFrom('a', ' ', '1', '2'), maxLength: 6 });
    fc.assert(
      fc.property(small, small, small, small, (type, body, otherType, otherBody) => {
        fc.pre(type !== otherType || body !== otherBody);
        expect(pae(type, Buffer.from(body))).not.toEqual(pae(otherType, Buffer.from(otherBody)));
      }),
    );
  });
});

describe('an envelope', () => {
  it('opens to the payload, its type and who signed', () => {
    const opened = open(sealed, keys);
    expect(opened.ok && Buffer.from(opened.payload).toString()).toBe('{"a":1}');
    expect(opened).toMatchObject({ payloadType: TYPE, signedBy: [first.keyId, second.keyId].sort(), unknown: [] });
  });

  it('is plain JSON of the three members of DSSE', () => {
    expect(Object.keys(sealed).sort()).toEqual(['payload', 'payloadType', 'signatures']);
    expect(open(JSON.parse(JSON.stringify(sealed)), keys).ok).toBe(true);
  });

  it('names only known signers, and the others as unknown', async () => {
    const mixed = await seal(TYPE, payload, [stranger, first]);
    expect(open(mixed, keys)).toMatchObject({ ok: true, signedBy: [first.keyId], unknown: [stranger.keyId] });
  });

  it('counts a key that signs twice once', () => {
    const twice = { ...sealed, signatures: [sealed.signatures[0], sealed.signatures[0]] };
    expect(open(twice, keys)).toMatchObject({ ok: true, signedBy: [first.keyId] });
  });

  it('is not opened without a known signer, or without any key', async () => {
    expect(problem(await seal(TYPE, payload, [stranger]))).toBe('no signature by a known key');
    expect(problem(sealed, new Map())).toBe('no signature by a known key');
  });

  it('is not opened by a signature under the name of another key', () => {
    const swapped = sealed.signatures.map(({ sig }, i) => ({ keyid: sealed.signatures[1 - i]!.keyid, sig }));
    expect(problem({ ...sealed, signatures: swapped })).toContain('is wrong');
  });

  it('is refused when one of two known signatures is wrong', () => {
    const [good, other] = sealed.signatures;
    const forged = { ...sealed, signatures: [good, { ...other, sig: good!.sig }] };
    expect(problem(forged)).toBe(`the signature of ${second.keyId} is wrong`);
  });

  it('is refused when payload or type were changed', () => {
    expect(problem({ ...sealed, payload: Buffer.from('{"a":2}').toString('base64') })).toContain('is wrong');
    expect(problem({ ...sealed, payloadType: 'application/json' })).toContain('is wrong');
  });

  it.each([
    ['null', null],
    ['a text', 'envelope'],
    ['no signatures', { ...sealed, signatures: [] }],
    ['too many signatures', { ...sealed, signatures: Array(33).fill(sealed.signatures[0]) }],
    ['an unknown member', { ...sealed, extra: 1 }],
    ['an unknown member in a signature', { ...sealed, signatures: [{ ...sealed.signatures[0], cert: '' }] }],
    ['no key id', { ...sealed, signatures: [{ sig: 'AA==' }] }],
    ['a key id in capitals', { ...sealed, signatures: [{ keyid: first.keyId.toUpperCase(), sig: 'AA==' }] }],
    ['an empty signature', { ...sealed, signatures: [{ keyid: first.keyId, sig: '' }] }],
    ['an empty type', { ...sealed, payloadType: '' }],
    ['a payload that is no text', { ...sealed, payload: 1 }],
  ])('is none if it is %s', (_what, value) => {
    expect(problem(value)).toBe('not a DSSE envelope');
  });

  it.each([
    ['white space', (text: string) => ` ${text}`],
    ['a line break', (text: string) => `${text}\n`],
    ['no padding', (text: string) => text.replace(/=+$/, '')],
    ['left-over bits', (text: string) => text.replace(/.=$/, '/=').replace(/.==$/, '/==')],
    ['a character of the URL alphabet', (text: string) => `-${text.slice(1)}`],
  ])('is refused if its base64 has %s', (_what, change) => {
    const odd = { payload: Buffer.from('+++++').toString('base64') };
    expect(problem({ ...sealed, payload: change(odd.payload) })).toBe('the payload is not strict base64');
    const signatures = [{ keyid: first.keyId, sig: change('//79++8=') }];
    expect(problem({ ...sealed, signatures })).toBe(`the signature of ${first.keyId} is not strict base64`);
  });

  it('notices every changed character of its JSON, or ignores what says nothing', async () => {
    const single = await seal(TYPE, payload, [first]);
    const text = JSON.stringify(single);
    for (let i = 0; i < text.length; i++) {
      const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1);
      let value: unknown;
      try {
        value = JSON.parse(changed);
      } catch {
        continue;
      }
      expect(open(value, keys).ok, changed).toBe(false);
    }
  });

  it('answers any value without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(open(value, keys).ok).toBe(false);
        expect(open({ ...sealed, signatures: value }, keys).ok).toBe(false);
      }),
    );
  });
});

describe('seal', () => {
  it('wants one to 32 different signers', async () => {
    await expect(seal(TYPE, payload, [])).rejects.toThrow('0 signers');
    await expect(seal(TYPE, payload, Array(33).fill(first))).rejects.toThrow('33 signers');
    await expect(seal(TYPE, payload, [first, first])).rejects.toThrow('one key signs twice');
  });

  it('gives what the same keys open, for any type and payload', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.uint8Array(), async (type, bytes) => {
        const envelope: Envelope = await seal(type, bytes, [first]);
        const opened = open(envelope, keys);
        expect(opened.ok && Buffer.from(opened.payload).equals(bytes) && opened.payloadType === type).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('strictBase64', () => {
  it('takes exactly one text for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(Buffer.from(strictBase64(Buffer.from(bytes).toString('base64'))!).equals(bytes)).toBe(true);
      }),
    );
  });
});
