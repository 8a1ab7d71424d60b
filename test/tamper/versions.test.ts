import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { Plan } from '../../model/assignment.ts';
import { AssayError } from '../../model/errors.ts';
import type { Guide } from '../../model/guide.ts';
import type { Report } from '../../model/report.ts';
import { readReport, reportOf } from '../../reports/build/reading.ts';
import { builtinGuides, type LoadedGuide, readGuide } from '../../reports/guides/builtin.ts';
import { DOCUMENTS, PATHS, RENDERED } from '../../reports/verify/layout.ts';
import type { Trust } from '../../reports/verify/trust.ts';
import { type StepId, type Verification, verifyBundle } from '../../reports/verify/verify.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import { entriesOf, FACTS, madeBundle, resealed, signedAnew, textOf, withEntries, withManifest } from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

const SAME = FACTS.software.version;
const OTHER = '9.9.9';
const stepOf = (result: Verification, id: StepId) => result.steps.find((s) => s.id === id)!;
const small = { nodes: 1, accelerators: 1, windows: 4, precisions: ['FP32'] as const, readings: 1 };

/** The built-in guide changed, under another id. */
function ownGuide(change: (guide: Guide) => Partial<Guide>): LoadedGuide {
  const { guide } = builtinGuides()[0]!;
  return readGuide(canonicalBytes({ ...guide, id: 'own-guide', ...change(guide) }), 'own guide');
}

let bundle: MemoryBundle;
let run: SyntheticRun;
beforeAll(async () => {
  ({ bundle, run } = await madeBundle(small));
});

/** A bundle with another text in a file, listed anew as anybody can. */
const rewritten = (path: string): MemoryBundle =>
  withManifest(withFile(bundle, path, Buffer.from(`${textOf(bundle, path)} `)));

describe('a bundle of another version of this software', () => {
  it('is judged as ever where it can be made again byte for byte', () => {
    const result = verifyBundle(bundle, undefined, OTHER);
    expect(result).toMatchObject({ authentic: true, outcome: 'not_passed' });
    expect(stepOf(result, 'pages').state).toBe('good');
    expect(stepOf(result, 'report').state).toBe('good');
  });

  it.each([PATHS.html, PATHS.markdown, PATHS.reportSchema, PATHS.readme, PATHS.values])(
    'has its %s not checked where this one renders another than was signed, and is judged all the same',
    async (path) => {
      const altered = await signedAnew(rewritten(path), run.signer, (statement) => {
        statement.subject.find((s) => s.name === path)!.digest.sha256 = sha256Hex(`${textOf(bundle, path)} `);
      });
      const result = verifyBundle(altered, undefined, OTHER);
      expect(result).toMatchObject({ authentic: true, outcome: 'not_passed' });
      expect(stepOf(result, 'pages')).toMatchObject({ state: 'not_checked', defects: [] });
      expect(stepOf(result, 'pages').note?.en).toContain(`made by assay ${SAME}, this is ${OTHER}: ${path}`);
      expect(verifyBundle(altered, undefined, SAME)).toMatchObject({ authentic: false, outcome: undefined });
      expect(verifyBundle(altered)).toMatchObject({ authentic: false, outcome: undefined });
    },
  );

  it.each([...RENDERED, ...DOCUMENTS])('is not believed where its %s is not the one that was signed', (path) => {
    for (const version of [OTHER, SAME]) {
      const result = verifyBundle(rewritten(path), undefined, version);
      expect([result.authentic, result.outcome, stepOf(result, 'pages').state]).toEqual([false, undefined, 'bad']);
    }
  });

  it('may be of a version that signed no pages, and that only', async () => {
    const unsigned = (altered: MemoryBundle): Promise<MemoryBundle> =>
      signedAnew(altered, run.signer, (statement) => {
        statement.subject = statement.subject.filter(({ name }) => !RENDERED.includes(name));
      });
    const whole = await unsigned(bundle);
    expect(stepOf(verifyBundle(whole, undefined, OTHER), 'pages').state).toBe('good');
    expect(stepOf(verifyBundle(whole, undefined, SAME), 'pages').state).toBe('bad');
    const altered = await unsigned(rewritten(PATHS.html));
    expect(stepOf(verifyBundle(altered, undefined, OTHER), 'pages').state).toBe('not_checked');
  });

  it('is not believed where a page is not the one in its manifest', () => {
    const altered = withFile(bundle, PATHS.html, Buffer.from('<p>passed</p>'));
    expect(verifyBundle(altered, undefined, OTHER)).toMatchObject({ authentic: false, outcome: undefined });
  });

  it('leaves the outcome open where judging again gives another report than the controller signed', async () => {
    const report = Buffer.from(textOf(bundle, PATHS.report).replace('"not_passed"', '"passed"'));
    const altered = await signedAnew(withFile(bundle, PATHS.report, report), run.signer, (statement) => {
      statement.subject.find((s) => s.name === PATHS.report)!.digest.sha256 = sha256Hex(report);
      statement.predicate.outcome = 'passed';
    });
    const result = verifyBundle(altered, undefined, OTHER);
    expect(result).toMatchObject({ authentic: false, outcome: 'cannot_tell' });
    expect(result.undecided?.steps).toContain('report');
    expect(verifyBundle(altered, undefined, SAME)).toMatchObject({ authentic: false, outcome: undefined });
    // Nobody signed this one.
    const unsigned = withManifest(withFile(altered, PATHS.report, Buffer.from(`${report} `)));
    expect(verifyBundle(unsigned, undefined, OTHER)).toMatchObject({ authentic: false, outcome: undefined });
  });

  it('leaves the outcome open where its samples need a proof that this version has not', async () => {
    const old = await withProofVersion('0.9.0');
    const result = verifyBundle(old, undefined, OTHER);
    expect(result).toMatchObject({ authentic: false, outcome: 'cannot_tell' });
    expect(stepOf(result, 'summaries')).toMatchObject({ state: 'not_checked' });
    expect(stepOf(result, 'summaries').note?.en).toContain('no proof for compute.gemm 0.9.0');
    // What was signed is held against the files all the same.
    for (const path of [PATHS.report, PATHS.html, PATHS.goals2025]) {
      const altered = withManifest(withFile(old, path, Buffer.concat([old.read(path)!, Buffer.from(' ')])));
      const step = path === PATHS.report ? 'report' : 'pages';
      expect(stepOf(verifyBundle(altered, undefined, OTHER), step).state).toBe('bad');
      expect(verifyBundle(altered, undefined, OTHER)).toMatchObject({ authentic: false, outcome: undefined });
    }
    expect(verifyBundle(old, undefined, SAME)).toMatchObject({ authentic: false, outcome: undefined });
  });
});

describe('the report of a bundle, to be rendered again or compared', () => {
  const codeOf = (altered: MemoryBundle, running: string): string => {
    try {
      return `given, ${reportOf(altered, 'bundle', running).judgedAgain ? 'judged again' : 'as signed'}`;
    } catch (error) {
      return error instanceof AssayError ? error.code : String(error);
    }
  };

  it('is the one that was judged again, by this version or another that gives the same', () => {
    expect([codeOf(bundle, SAME), codeOf(bundle, OTHER)]).toEqual(['given, judged again', 'given, judged again']);
    expect(reportOf(bundle, 'bundle', OTHER).report).toEqual(JSON.parse(textOf(bundle, PATHS.report)));
  });

  it('is taken as another version signed it where this one cannot judge it again', async () => {
    const old = await withProofVersion('0.9.0');
    expect([codeOf(old, OTHER), codeOf(old, SAME)]).toEqual(['given, as signed', 'bundle_not_authentic']);
    const passed = (text: string): string => text.replace('"not_passed"', '"passed"');
    const judgedOtherwise = await signedReport(passed, 'passed');
    expect([codeOf(judgedOtherwise, OTHER), codeOf(judgedOtherwise, SAME)]).toEqual([
      'given, as signed',
      'bundle_not_authentic',
    ]);
    // The same signature says that it did not pass.
    expect(codeOf(await signedReport(passed), OTHER)).toBe('bundle_not_authentic');
  });

  it('is not given where nobody signed it, its pages were exchanged or it is no report', async () => {
    const old = await withProofVersion('0.9.0');
    const other = Buffer.from(textOf(old, PATHS.report).replace('"not_passed"', '"passed"'));
    expect(codeOf(withManifest(withFile(old, PATHS.report, other)), OTHER)).toBe('bundle_not_authentic');
    expect(codeOf(withFile(old, PATHS.html, Buffer.from('<p>passed</p>')), OTHER)).toBe('bundle_not_authentic');
    for (const change of [
      (text: string) => text.replace('"schema"', '"shape"'),
      (text: string) => ` ${text}`,
      (text: string) => `{"synthetic":false,${text.slice(1)}`,
      (text: string) => text.slice(0, -1),
    ]) {
      expect(codeOf(await signedReport(change), OTHER)).toBe('bundle_unreadable');
    }
  });

  it('may be larger than a text from outside', () => {
    const report = JSON.parse(textOf(bundle, PATHS.report)) as Report;
    const detail = 'x'.repeat(257 * 1024 * 1024);
    const bytes = canonicalBytes({
      ...report,
      findings: [...report.findings, { code: 'crashed', detail, weight: 'informs' }],
    });
    const read = readReport(bytes);
    expect(typeof read === 'string' ? read.slice(0, 200) : read.findings.at(-1)?.detail.length).toBe(detail.length);
  });
});

/** A report that its controller signed after a change, with the outcome it had or another. */
function signedReport(change: (text: string) => string, outcome = 'not_passed'): Promise<MemoryBundle> {
  const report = Buffer.from(change(textOf(bundle, PATHS.report)));
  return signedAnew(withFile(bundle, PATHS.report, report), run.signer, (statement) => {
    statement.subject.find((s) => s.name === PATHS.report)!.digest.sha256 = sha256Hex(report);
    statement.predicate.outcome = outcome;
  });
}

/** The run as a version would have made it that had another version of the benchmark. */
async function withProofVersion(version: string): Promise<MemoryBundle> {
  const entries = entriesOf(bundle);
  const changed = await Promise.all(
    entries.map(async (entry) => {
      if (entry.kind === 'plan') {
        const envelope = await resealed(entry.envelope, run.signer, (statement) => {
          for (const assignment of (statement.predicate as unknown as Plan).assignments) assignment.version = version;
        });
        return { ...entry, envelope };
      }
      if (entry.kind !== 'measurement') return entry;
      const [assignment] = run.plan.assignments;
      const envelope = await resealed(entry.envelope, run.nodeSigners.get(entry.node)!, (statement) => {
        statement.predicate.version = version;
        const { id, benchmark, settings, timeoutS } = assignment!;
        const order = { run: run.plan.run, assignment: id, attempt: 1, benchmark, version, settings, timeoutS };
        statement.subject[0]!.digest.sha256 = sha256Hex(canonicalBytes(order));
      });
      return { ...entry, envelope };
    }),
  );
  return signedAnew(withEntries(bundle, changed), run.signer);
}

describe('a guide that nobody knows', () => {
  const easy = ownGuide((guide) => ({ targets: guide.targets.map((t) => ({ ...t, mandatory: false })) }));

  it('leaves the outcome open, whatever it says, until the trust file lists its digest', async () => {
    const { bundle: own, run: ownRun } = await madeBundle({ ...small, guide: ownGuide(() => ({})) });
    const result = verifyBundle(own, undefined, SAME);
    expect(result).toMatchObject({
      authentic: true,
      outcome: 'cannot_tell',
      undecided: { steps: ['guide'], judged: 'not_passed' },
    });
    const trust = (guides: string[]): Trust => ({
      schema: 'assay/trust/v1',
      controllers: [{ name: 'laboratory', publicKey: ownRun.signer.publicKeyPem }],
      reviewers: [],
      approvers: [],
      stampAuthorities: [],
      guides,
    });
    const digest = sha256Hex(own.read(PATHS.guide)!);
    expect(verifyBundle(own, trust([digest]), SAME)).toMatchObject({ authentic: true, outcome: 'not_passed' });
    expect(verifyBundle(own, trust([]), SAME)).toMatchObject({
      authentic: true,
      outcome: 'cannot_tell',
      undecided: { steps: ['guide'], judged: 'not_passed' },
    });
  });

  it('that asks for nothing passes nobody', async () => {
    const { bundle: own } = await madeBundle({ ...small, guide: easy });
    expect(verifyBundle(own, undefined, SAME).outcome).toBe('cannot_tell');
  });

  it('under the id of a known one is refused, unless another version of this software may have known it', async () => {
    const { guide } = builtinGuides()[0]!;
    const softer = readGuide(canonicalBytes({ ...guide, version: `${guide.version}x` }), 'softer guide');
    const { bundle: own } = await madeBundle({ ...small, guide: softer });
    expect(verifyBundle(own, undefined, SAME)).toMatchObject({ authentic: false, outcome: undefined });
    const result = verifyBundle(own, undefined, OTHER);
    expect(result).toMatchObject({ authentic: true, outcome: 'cannot_tell', undecided: { steps: ['guide'] } });
  });
});

describe('a plan that asks for less than its profile', () => {
  it('is named, and a platform that fails under it has failed', () => {
    const result = verifyBundle(bundle, undefined, SAME);
    expect(stepOf(result, 'completeness')).toMatchObject({ state: 'not_checked', defects: [] });
    expect(stepOf(result, 'completeness').note?.en).toMatch(
      /less than the profile standard: compute\.gemm: seconds 3\.2/,
    );
    expect(result.outcome).toBe('not_passed');
  });

  it('leaves open what it does not fail', async () => {
    const guide = ownGuide(({ targets }) => ({
      targets: targets.filter((t) => t.requirements.every((r) => r.metric === 'compute.gemm.rate')),
    }));
    const modest = readGuide(
      canonicalBytes({
        ...guide.guide,
        targets: guide.guide.targets.map((t) => ({
          ...t,
          requirements: t.requirements.map((r) => ({ ...r, limit: 0 })),
        })),
      }),
      'modest guide',
    );
    const { bundle: own } = await madeBundle({ ...small, guide: modest });
    const result = verifyBundle(own, undefined, SAME);
    expect(result.undecided?.steps).toEqual(['completeness', 'guide']);
    expect(result.outcome).toBe('cannot_tell');
  });
});
