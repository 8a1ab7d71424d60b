import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LogEntry } from '../../model/log.ts';
import { DEFECTS, type DefectCode } from '../../reports/text/defects.ts';
import { verificationJson, verificationText } from '../../reports/text/verification.ts';
import { PATHS } from '../../reports/verify/layout.ts';
import { type Verification, verifyBundle } from '../../reports/verify/verify.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import { alterations } from './alterations.ts';
import { entriesOf, FACTS, madeBundle, signedAnew, textOf, withEntries, withManifest } from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

const VERIFY = resolve(import.meta.dirname, '../../reports/verify');
const small = { nodes: 1, accelerators: 1, windows: 4, precisions: ['FP32'] as const, readings: 1 };
let bundle: MemoryBundle;
let run: SyntheticRun;
beforeAll(async () => {
  ({ bundle, run } = await madeBundle(small));
}, 60_000);

const codesOf = (result: Verification): DefectCode[] => result.steps.flatMap((s) => s.defects.map((d) => d.code));
const textFor = (altered: MemoryBundle): string =>
  verificationText(verifyBundle(altered, undefined, FACTS.software.version), FACTS.software.version);
/** Lines below the steps: one a defect. */
const defectLines = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('       '));

describe('what verify says of a defect', () => {
  it('is in both languages, whatever was done to whichever file', () => {
    const wanted = new Set(['bit flipped', 'removed', 'added']);
    const seen = new Set<string>();
    let said = 0;
    for (const { path, how, altered } of alterations(bundle)) {
      const kind = how.replace(/ at \d+$/, '');
      if (!wanted.has(kind) || seen.has(`${path} ${kind}`)) continue;
      seen.add(`${path} ${kind}`);
      const lines = defectLines(textFor(altered));
      expect(lines.length, `${path} ${how}`).toBeGreaterThan(0);
      for (const line of lines) expect(line, `${path} ${how}`).toMatch(/: \p{Script=Han}[^:]* [a-z(]/u);
      said += lines.length;
    }
    expect(said).toBeGreaterThanOrEqual(seen.size);
    expect(seen.size).toBeGreaterThan(bundle.paths.length);
  });

  it('has the particulars beside it where there are some, and says nothing twice', () => {
    const changed = textFor(withFile(bundle, PATHS.markdown, Buffer.from('x')));
    expect(changed).toContain(`${PATHS.markdown}: 内容已被改动 was changed\n`);
    const entries = entriesOf(bundle);
    const cut = textFor(withManifest(withEntries(bundle, entries.slice(0, -1))));
    expect(cut).toContain('log/entries.jsonl: 日志不完整 the log is not complete (does not say that the run ended)\n');
    const dropped = entries.filter((e: LogEntry) => e.kind !== 'plan');
    const text = textFor(withManifest(withEntries(bundle, dropped)));
    expect(text).toMatch(
      /log\/entries\.jsonl:3: 该次尝试不在计划之内\S* the attempt was not planned or never sent out \(.+\)\n/,
    );
  });

  it('says where checking stopped, and calls nothing good that was not read', () => {
    const first = bundle.paths.find((path) => path.startsWith('evidence/'))!;
    const bytes = Uint8Array.from(bundle.read(first)!);
    bytes[0]! ^= 1;
    const changed = verifyBundle(withFile(withFile(bundle, first, bytes), PATHS.html, Buffer.from('x')));
    // Of two changed files the size of one is told from the folder; its content, and the other's, is not looked at.
    expect(changed.steps[0]!.defects.map(({ path }) => path)).toEqual([PATHS.html]);
    const same = Uint8Array.from(bundle.read(PATHS.html)!);
    same[0]! ^= 1;
    const both = verifyBundle(withFile(withFile(bundle, first, bytes), PATHS.html, same));
    expect(both.steps[0]!.defects).toEqual([{ path: first, code: 'changed', problem: 'was changed' }]);
    expect(both.steps[0]!.note?.en).toContain('checking stopped here');
    expect(both.steps.slice(1).map(({ state }) => state)).toEqual(Array(9).fill('not_checked'));
    const entries = entriesOf(bundle);
    const torn = withManifest(withEntries(bundle, [...entries.slice(0, 3), ...entries.slice(4)]));
    const stopped = verifyBundle(torn);
    expect(stopped.steps.filter(({ state }) => state === 'bad').map(({ id }) => id)).toEqual(['log']);
    expect(stopped.steps.filter(({ state }) => state === 'good').map(({ id }) => id)).toEqual(['signatures']);
    expect(stopped.steps[0]!.note?.en).toBe('checking stopped at log/entries.jsonl:4');
  });

  it('is a code with the particulars for a program', async () => {
    const html = withFile(bundle, PATHS.html, Buffer.from('<p>passed</p>'));
    const result = JSON.parse(verificationJson(verifyBundle(html), '1')) as Verification;
    const files = result.steps.find((s) => s.id === 'files')!;
    expect(files.defects).toEqual([{ path: PATHS.html, code: 'changed', problem: 'was changed' }]);
    const report = Buffer.from(textOf(bundle, PATHS.report).replace('"not_passed"', '"passed"'));
    const forged = await signedAnew(withFile(bundle, PATHS.report, report), run.signer, (statement) => {
      statement.predicate.outcome = 'passed';
    });
    expect(codesOf(verifyBundle(forged))).toEqual(
      expect.arrayContaining(['subject_other', 'report_unfounded', 'outcome_unfounded']),
    );
  });

  it('is chosen from a catalogue in which no kind stands that cannot occur', () => {
    const source = readdirSync(VERIFY)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(VERIFY, name), 'utf8'))
      .join('\n');
    expect(Object.keys(DEFECTS).filter((code) => !source.includes(`'${code}'`))).toEqual([]);
  });
});
