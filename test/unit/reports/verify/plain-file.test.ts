import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AssayError, explain } from '../../../../model/errors.ts';
import { readPlainFile } from '../../../../reports/verify/plain-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-plain-'));
afterAll(() => rmSync(folder, { recursive: true }));
const unreadable = (problem: RegExp) =>
  expect.objectContaining({ code: 'file_unreadable', message: expect.stringMatching(problem) });
const hasPipe = spawnSync('mkfifo', [join(folder, 'pipe')]).status === 0;

describe('a file that a person named', () => {
  it('is read whole, whatever its size', () => {
    for (const size of [0, 1, 4096, 3_000_000]) {
      const path = join(folder, `file-${size}`);
      const bytes = Buffer.alloc(size, 'ab');
      writeFileSync(path, bytes);
      expect(Buffer.compare(readPlainFile(path), bytes)).toBe(0);
    }
  });

  it.skipIf(!existsSync('/proc/self/status'))('is read also where it says that it is empty (needs /proc)', () => {
    expect(Buffer.from(readPlainFile('/proc/self/status')).toString('utf8')).toContain('Pid:');
  });

  it('is refused where it is not there, a folder or too large', () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(11));
    expect(() => readPlainFile(join(folder, 'none'))).toThrow(unreadable(/none: ENOENT/));
    expect(() => readPlainFile(folder)).toThrow(unreadable(/a folder/));
    expect(() => readPlainFile(join(folder, 'large'), 10)).toThrow(unreadable(/11 bytes, more than 10/));
  });

  it.skipIf(!hasPipe)('is refused at once where it is a pipe that nobody writes to (needs mkfifo)', () => {
    expect(() => readPlainFile(join(folder, 'pipe'))).toThrow(unreadable(/not a plain file/));
  });

  it.skipIf(!existsSync('/dev/zero'))('is refused where it never ends (needs /dev/zero)', () => {
    expect(() => readPlainFile('/dev/zero')).toThrow(unreadable(/not a plain file/));
  });
});

describe('an error', () => {
  it('does not let a name from a file steer the terminal', () => {
    const text = explain(new AssayError('claims_invalid', 'a\u001b[31mred\u202e\u0007\nnext line'));
    expect(text).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}/u);
    expect(text).toContain('a?[31mred??\nnext line');
  });
});
