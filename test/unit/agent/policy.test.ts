import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policyFrom } from '../../../agent/policy.ts';
import { AssayError } from '../../../model/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'libdnnl.so.3'), 'x');
const file = join(folder, 'policy.json');

const read = (text: string) => policyFrom(Buffer.from(text), file);
const refused = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof AssayError) return `${error.code} ${error.message.replace(`${file}:`, '')}`;
    throw error;
  }
  throw new Error('was taken');
};

describe('the policy of a node', () => {
  it('names libraries, relative to its file or from the root', () => {
    const policy = `{ "schema": "assay/policy/v1", "libraries": { "onednn": "libdnnl.so.3", "openblas": "${folder}/libdnnl.so.3" } }`;
    expect(read(policy).libraries).toEqual([
      { name: 'onednn', path: join(folder, 'libdnnl.so.3') },
      { name: 'openblas', path: join(folder, 'libdnnl.so.3') },
    ]);
    expect(read('{ "schema": "assay/policy/v1" }').libraries).toEqual([]);
  });

  it.each(['benchmarks', 'hours', 'writes', 'directories', 'cpuShare', 'memoryShare', 'proxy', 'interpreters'])(
    'is refused with "%s", which is not enforced yet, and never passed over in silence',
    (key) => {
      expect(refused(`{\n  "schema": "assay/policy/v1",\n  "${key}": null\n}`)).toBe(
        `policy_invalid 3:3: "${key}" is not enforced by this version yet; remove it`,
      );
    },
  );

  it('is refused with a key that there is not, at its line and column', () => {
    expect(refused('{ "schema": "assay/policy/v1",\n   "librarys": {} }')).toBe(
      'policy_invalid 2:4: there is no key "librarys"',
    );
    const nested = '{ "schema": "assay/policy/v1", "libraries": {\n "onednn": "libdnnl.so.3",\n\n  "onedn": "x" } }';
    expect(refused(nested)).toMatch(/^policy_invalid 4:3: there is no library "onedn"; there are onednn, openblas, /);
    // A value that looks like the key, and the key at another depth, are not it.
    const tricky = '{ "schema": "assay/policy/v1", "libraries": { "onednn": "libdnnl.so.3" },\n "x": 1 }';
    expect(refused(tricky.replace('"onednn": "libdnnl.so.3"', '"cuda": "libdnnl.so.3"'))).toMatch(
      /^policy_invalid 2:2: /,
    );
  });

  it('is refused where a library is no file, where it is of another version, and where it is no JSON', () => {
    expect(refused('{"schema":"assay/policy/v1","libraries":{"nvrtc":"none.so"}}')).toBe(
      `policy_invalid 1:42: ${join(folder, 'none.so')} is no file`,
    );
    expect(refused('{"schema":"assay/policy/v0"}')).toBe(
      'policy_invalid 1:2: schema is "assay/policy/v0", "assay/policy/v1" is needed',
    );
    expect(refused('{}')).toMatch(/^policy_invalid 1:1: schema is undefined/);
    expect(refused('[]')).toBe('policy_invalid 1:1: not a JSON object');
    expect(refused('{"schema":"assay/policy/v1","libraries":{"onednn":3}}')).toMatch(/^policy_invalid 1:1: /);
    expect(refused('{"schema":')).toMatch(/^json_invalid /);
  });
});
