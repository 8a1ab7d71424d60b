import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../model/report.ts';
import { assay } from './program.ts';

/** Debian puts the library into a folder named after the processor's architecture. */
const library = ['/usr/lib', '/usr/lib64']
  .filter(existsSync)
  .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
  .map((folder) => join(folder, 'faketime', 'libfaketimeMT.so.1'))
  .find((path) => existsSync(path));

describe('a clock that runs wrong', () => {
  it.skipIf(library === undefined)(
    'is found out when libfaketime lets all of Assay see a quarter of the time (needs faketime)',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'assay-clock-'));
      const out = join(folder, 'bundle');
      try {
        const ended = await assay(
          ['accept', '--target', 'edge.realtime', '--benchmark', 'memory.bandwidth', '--out', out],
          {
            env: { LD_PRELOAD: library!, FAKETIME: '+0 x0.25', FAKETIME_NO_CACHE: '1' },
          },
        );
        const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report;
        expect(report.findings).toContainEqual(expect.objectContaining({ code: 'clock_unsound', weight: 'holds' }));
        expect(report.attempts.length).toBeGreaterThan(0);
        for (const { findings } of report.attempts) {
          expect(findings).toContainEqual(expect.objectContaining({ code: 'clock_unsound', weight: 'holds' }));
        }
        expect(ended.status).not.toBe(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
