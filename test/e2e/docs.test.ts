import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { policyFrom } from '../../agent/policy.ts';
import { parseStrict } from '../../evidence/canonical.ts';
import { Claims, Waiver } from '../../model/guide.ts';
import { check } from '../../model/schema.ts';
import { builtinGuides } from '../../reports/guides/builtin.ts';
import { REGISTERS } from '../../reports/registers/definition.ts';
import { assay, ROOT } from './program.ts';

const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (p) => p.endsWith('.md'),
);

/** Every `./assay …` command that a page shows after a prompt. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^\$ \.\/assay (.+)$/gm)].map((m) => m[1]!);
}

const help = new Map<string, Promise<string>>();
const helpOf = (command: string): Promise<string> => {
  const found = help.get(command) ?? assay([command, '--help']).then((r) => r.stdout);
  help.set(command, found);
  return found;
};

describe('the documentation', () => {
  for (const page of pages) {
    it.each(commandsOf(page))(`${page} shows a command that exists, with options that exist: %s`, async (line) => {
      const [command = '', ...words] = line.split(/\s+/);
      if (command === 'test') return;
      const text = await helpOf(command);
      expect(text).toContain(`Usage: assay ${command}`);
      for (const option of words.filter((w) => w.startsWith('--'))) expect(text).toContain(`${option} `);
    });

    it(`${page} links only to files that are there`, () => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const folder = join(ROOT, page, '..');
      const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((m) => m[1]!);
      for (const link of links) expect(() => readFileSync(join(folder, link)), link).not.toThrow();
    });
  }

  it('names registers that exist, with headers their columns accept, and none that a row needs is left out', () => {
    const text = readFileSync(join(ROOT, 'docs/operators.md'), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)\.csv` \| ([^|]+) \|/gm)];
    expect(rows.length).toBeGreaterThan(4);
    for (const [, register = '', cells = ''] of rows) {
      const columns = REGISTERS[register]!.columns;
      const headers = [...cells.matchAll(/`([^`]+)`/g)].map((m) => m[1]!);
      for (const header of headers)
        expect(
          columns.some((c) => c.headers.includes(header)),
          header,
        ).toBe(true);
      for (const column of columns.filter((c) => !c.optional)) {
        expect(
          headers.some((h) => column.headers.includes(h)),
          `${register}: ${column.key}`,
        ).toBe(true);
      }
    }
  });

  it('says of every built-in guide that takes no waivers that it takes none', () => {
    const text = readFileSync(join(ROOT, 'docs/operators.md'), 'utf8').replaceAll('\n', ' ');
    for (const { guide } of builtinGuides()) {
      expect([guide.id, text.includes(`built-in \`${guide.id}\` does not`)]).toEqual([guide.id, !guide.allowsWaivers]);
    }
  });

  it('shows a policy, claims and waivers that are valid', () => {
    const text = readFileSync(join(ROOT, 'docs/operators.md'), 'utf8');
    const shown = [...text.matchAll(/```json\n(.*?)```/gs)].map((m) => Buffer.from(m[1]!));
    expect(shown.length).toBe(3);
    const [policy, claims, waivers] = shown as [Buffer, Buffer, Buffer];
    const place = mkdtempSync(join(tmpdir(), 'assay-docs-'));
    try {
      // A policy names a file that is there: the page's absolute path becomes one in a folder of this test.
      const library = join(place, 'libdnnl.so.3');
      writeFileSync(library, 'library');
      const own = policy.toString('utf8').replace('/opt/onednn/lib/libdnnl.so.3', library);
      expect(policyFrom(Buffer.from(own), join(place, 'policy.json')).libraries.map(({ path }) => path)).toEqual([
        library,
      ]);
    } finally {
      rmSync(place, { recursive: true });
    }
    expect(check(Claims, parseStrict(claims)).ok).toBe(true);
    expect(check(Type.Array(Waiver), parseStrict(waivers)).ok).toBe(true);
  });
});
