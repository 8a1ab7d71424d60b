import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
});
