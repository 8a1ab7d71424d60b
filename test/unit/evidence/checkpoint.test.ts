import { createHash, createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../evidence/checkpoint.ts';
import { generateKeyPair, KeyError, pemSigner, verifySignature } from '../../../evidence/keys.ts';
import { EMPTY_ROOT } from '../../../evidence/merkle.ts';
import { openNote, signNote } from '../../../evidence/note.ts';

const signer = pemSigner(generateKeyPair().privatePem);
const witness = pemSigner(generateKeyPair().privatePem);
const ORIGIN = 'assay.dev/run/2026-11-21';
const checkpoint: Checkpoint = { origin: ORIGIN, size: 42, root: 'ab'.repeat(32) };
const note = await signCheckpoint(checkpoint, signer);
const text = formatCheckpoint(checkpoint);

function problem(changed: string, origin = ORIGIN, key = signer.publicKeyPem): string {
  const opened = openCheckpoint(changed, origin, key);
  if (opened.ok) throw new Error('the checkpoint was opened');
  return opened.problem;
}

describe('the published example of tlog-checkpoint', () => {
  it('is read and written to the byte', () => {
    const published = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    const read = parseCheckpoint(published);
    expect(read).toEqual({
      ok: true,
      checkpoint: {
        origin: 'example.com/behind-the-sofa',
        size: 20_852_163,
        root: '0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62',
      },
    });
    expect(read.ok && formatCheckpoint(read.checkpoint)).toBe(published);
  });
});

describe('a signed checkpoint', () => {
  it('is a note of type 0x02: key id from the public key, ECDSA over the text', () => {
    expect(note.startsWith(`${text}\n— ${ORIGIN} `)).toBe(true);
    const bytes = Buffer.from(note.trimEnd().split(' ').at(-1)!, 'base64');
    const spki = createPublicKey(signer.publicKeyPem).export({ type: 'spki', format: 'der' });
    expect(bytes.subarray(0, 4)).toEqual(createHash('sha256').update(spki).digest().subarray(0, 4));
    expect(verifySignature(signer.publicKeyPem, Buffer.from(text), bytes.subarray(4))).toBe(true);
  });

  it('opens to what was signed', () => {
    expect(openCheckpoint(note, ORIGIN, signer.publicKeyPem)).toEqual({ ok: true, checkpoint });
  });

  it('of an empty log is possible, with the root of nothing only', async () => {
    const empty = { origin: ORIGIN, size: 0, root: EMPTY_ROOT };
    const opened = openCheckpoint(await signCheckpoint(empty, signer), ORIGIN, signer.publicKeyPem);
    expect(opened).toEqual({ ok: true, checkpoint: empty });
    await expect(signCheckpoint({ ...empty, root: 'ab'.repeat(32) }, signer)).rejects.toThrow('empty tree');
  });

  it('is not opened for another run or with another key', () => {
    expect(problem(note, 'assay.dev/run/other')).toBe('no signature of assay.dev/run/other');
    expect(problem(note, ORIGIN, witness.publicKeyPem)).toBe(`no signature of ${ORIGIN}`);
  });

  it('is not opened if the log signed it under its name for another log', async () => {
    const foreign = await signNote(formatCheckpoint({ ...checkpoint, origin: 'assay.dev/run/other' }), ORIGIN, signer);
    expect(problem(foreign)).toBe('a checkpoint of assay.dev/run/other');
  });

  it('is not opened if the log signed something that is no checkpoint', async () => {
    expect(problem(await signNote('hello\n', ORIGIN, signer))).toBe('not three lines');
  });

  it('may carry signatures of others, which say nothing', async () => {
    const other = (await signNote(text, 'witness.example', witness)).split('\n\n')[1]!;
    const more = `${note}${other}`;
    expect(openCheckpoint(more, ORIGIN, signer.publicKeyPem).ok).toBe(true);
    expect(problem(`${text}\n${other}`)).toBe(`no signature of ${ORIGIN}`);
    const sameName = (await signNote(text, ORIGIN, witness)).split('\n\n')[1]!;
    expect(openCheckpoint(`${note}${sameName}`, ORIGIN, signer.publicKeyPem).ok).toBe(true);
  });

  it('is refused if one of two signatures under the key is wrong', async () => {
    const wrong = (await signNote('another\n', ORIGIN, signer)).split('\n\n')[1]!;
    expect(problem(`${note}${wrong}`)).toBe(`the signature of ${ORIGIN} is wrong`);
  });

  it('is refused with any character changed, dropped or doubled', () => {
    for (let i = 0; i < note.length; i++) {
      const changed = String.fromCharCode(note.charCodeAt(i) ^ 1);
      for (const middle of [changed, '', note[i]!.repeat(2)]) {
        const other = note.slice(0, i) + middle + note.slice(i + 1);
        if (other !== note)
          expect(openCheckpoint(other, ORIGIN, signer.publicKeyPem).ok, JSON.stringify(other)).toBe(false);
      }
    }
  });

  it.each([
    ['nothing', ''],
    ['no empty line', text],
    ['only newlines', '\n\n'],
    ['a control character', note.replace('\n42', '\r\n42')],
    ['a lone surrogate', note.replace('42', '\ud800')],
  ])('is refused if it has %s', (_what, changed) => {
    expect(problem(changed)).toBe('not a signed note');
  });

  it('is refused without a final newline, with empty signature lines and with too many of them', () => {
    expect(problem(note.trimEnd())).toBe('a signed note without a final newline');
    const line = note.split('\n\n')[1]!;
    expect(problem(`${text}\n${line.repeat(33)}`)).toBe('a note with more than 32 signatures');
    expect(openCheckpoint(`${text}\n${line.repeat(32)}`, ORIGIN, signer.publicKeyPem).ok).toBe(true);
  });

  it.each([
    ['another dash', (line: string) => line.replace('—', '-')],
    ['no name', () => '—  AAAAAAAA\n'],
    ['a name with a plus', (line: string) => line.replace('run', 'r+n')],
    ['no signature', () => '— name\n'],
    ['a signature that is no base64', (line: string) => line.replace(/.{4}\n/, '!!!!\n')],
    ['a signature of nothing but the key id', () => '— name AAAAAA==\n'],
    ['something after the signature', (line: string) => line.replace('\n', ' x\n')],
  ])('is refused if a signature line has %s', (_what, change) => {
    expect(problem(`${note}${change(note.split('\n\n')[1]!)}`)).toBe('a signature line that is none');
  });

  it('answers any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => !openCheckpoint(any, ORIGIN, signer.publicKeyPem).ok),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (any) => !openCheckpoint(`${text}\n${any}\n`, ORIGIN, signer.publicKeyPem).ok,
      ),
    );
  });

  it('wants a key of the verifier that is one', () => {
    expect(() => openNote(note, ORIGIN, 'no key')).toThrow(KeyError);
  });
});

describe('the text of a checkpoint', () => {
  const lines = text.split('\n');
  it.each([
    ['no origin', ['', ...lines.slice(1)], 'not three lines'],
    ['an extension line', [...lines.slice(0, 3), 'extension', ''], 'not three lines'],
    ['two lines', lines.slice(0, 2), 'not three lines'],
    ['a size with a leading zero', [lines[0], '042', lines[2], ''], 'a tree size that is none'],
    ['a size with a sign', [lines[0], '+42', lines[2], ''], 'a tree size that is none'],
    ['no size', [lines[0], '', lines[2], ''], 'a tree size that is none'],
    ['a size beyond 2^53', [lines[0], '9007199254740993', lines[2], ''], 'a tree size that is none'],
    ['a root that is too short', [lines[0], '42', 'AAAA', ''], 'a root that is no hash'],
    ['a root that is no base64', [lines[0], '42', `${lines[2]}=`, ''], 'a root that is no hash'],
  ])('is refused with %s', (_what, changed, expected) => {
    expect(parseCheckpoint(changed.join('\n'))).toEqual({ ok: false, problem: expected });
  });

  it('is read back for any origin, size and root', () => {
    fc.assert(
      fc.property(
        fc.webPath(),
        fc.maxSafeInteger(),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (path, n, root) => {
          const any = { origin: `a${path}`, size: Math.abs(n) + 1, root: Buffer.from(root).toString('hex') };
          fc.pre(Number.isSafeInteger(any.size));
          expect(parseCheckpoint(formatCheckpoint(any))).toEqual({ ok: true, checkpoint: any });
        },
      ),
    );
  });
});

describe('signNote', () => {
  it('refuses a text or a name that no note can hold', async () => {
    for (const wrong of ['', '\n', 'no newline', 'tab\t\n', 'nul\u0000\n', 'lone \ud800\n']) {
      await expect(signNote(wrong, ORIGIN, signer), JSON.stringify(wrong)).rejects.toThrow('text');
    }
    for (const wrong of ['', 'a b', 'a+b', 'a\u3000b', 'a\nb', 'a\ud800']) {
      await expect(signNote('text\n', wrong, signer), JSON.stringify(wrong)).rejects.toThrow('name');
    }
  });

  it('keeps empty lines in the text', async () => {
    const poem = 'Ognuno sta solo sul cuor della terra\n\ned è subito sera.\n';
    const signed = await signNote(poem, 'quasimodo.example', signer);
    expect(openNote(signed, 'quasimodo.example', signer.publicKeyPem)).toEqual({ ok: true, text: poem });
  });
});
