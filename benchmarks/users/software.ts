import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Version of an installed package that took part. */
export function packageVersion(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
