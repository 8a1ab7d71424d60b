import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../../evidence/keys.ts';
import { assayIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  mkdirSync(join(folder, 'folder', 'inside'), { recursive: true });
  writeFileSync(join(folder, 'folder', 'file'), '');
  writeFileSync(join(folder, 'cut.json'), '{"schema":"assay/claims/v1","targets":{');
  writeFileSync(join(folder, 'twice.json'), '{"schema":1,"schema":2}');
  writeFileSync(
    join(folder, 'esc.json'),
    '{"schema":"assay/claims/v1","targets":{"a\\u001b[31m":{"value":1,"unit":"x"}}}',
  );
  writeFileSync(join(folder, 'taken.pem'), 'mine');
  writeFileSync(join(folder, 'packed.zip'), 'PK');
  writeFileSync(join(folder, 'own.key'), generateKeyPair().privatePem);
  spawnSync('mkfifo', [join(folder, 'pipe')]);
});

const SIGN = ['sign', 'folder', '--role', 'reviewer', '--name', 'R', '--key', 'own.key'] as const;

const listing = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

describe('a command that cannot be carried out', () => {
  it.each<[string, string, ...string[]]>([
    ['without a command', 'usage'],
    ['with a command that is none', 'usage', 'measure'],
    ['with an option that is none', 'usage', 'plan', '--fast'],
    ['with a target that is none', 'usage', 'plan', '--target', 'compute.capacty'],
    ['with claims that are cut off', 'json_invalid', 'accept', '--out', 'new', '--claims', 'cut.json'],
    ['with waivers of two readings', 'json_invalid', 'plan', '--waivers', 'twice.json'],
    ['with claims that name a target in control characters', 'claims_invalid', 'plan', '--claims', 'esc.json'],
    ['with a guide that is a pipe', 'file_unreadable', 'plan', '--guide', './pipe'],
    ['with claims that never end', 'file_unreadable', 'plan', '--claims', '/dev/zero'],
    ['with registers that are a file', 'registers_invalid', 'plan', '--registers', 'cut.json'],
    ['with no name of the registers', 'usage', 'plan', '--registers', ''],
    ['with a storage that is not there', 'storage_unwritable', 'accept', '--out', 'new', '--storage', 'nowhere'],
    ['with a storage that is a file', 'storage_unwritable', 'plan', '--storage', 'cut.json'],
    ['with an output folder that has something in it', 'output_exists', 'accept', '--out', 'folder'],
    ['with an output folder that is a file', 'output_unwritable', 'accept', '--out', 'cut.json'],
    ['with a key that is a pipe', 'key_invalid', 'accept', '--out', 'new', '--key', 'pipe'],
    ['with a folder that is no bundle', 'bundle_missing', 'verify', 'folder'],
    ['with a bundle that is a file', 'bundle_is_file', 'verify', 'cut.json'],
    ['with a bundle that is packed', 'bundle_packed', 'verify', 'packed.zip'],
    ['with a folder to be signed that is no bundle', 'bundle_missing', ...SIGN],
    [
      'with a folder to be stamped that is no bundle',
      'bundle_missing',
      'stamp',
      'folder',
      '--authority',
      'http://x.example/',
    ],
    ['with a report of what is no bundle', 'bundle_missing', 'report', 'folder', '--out', 'new'],
    ['with a proof that is asked for by no digest', 'digest_invalid', 'verify', 'folder', '--proof', 'zero'],
    ['with a recording that never ends', 'file_unreadable', 'inventory', '--replay', '/dev/zero'],
    ['with a name of keys of which one is taken', 'file_exists', 'keygen', 'taken'],
  ])('%s ends with the code %s and what to do, and leaves nothing behind', (_, code, ...args) => {
    const before = listing();
    const { status, stderr } = assayIn(folder, args);
    expect([status, stderr.split(': ', 2).join(': ')]).toEqual([64, `assay: ${code}`]);
    expect(stderr.trimEnd().split('\n').length).toBeGreaterThanOrEqual(3);
    expect(stderr).toMatch(/[一-龥]/);
    expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(listing()).toEqual(before);
  });
});
