import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { generateKeyPair, keyIdOf, pemSigner } from '../../evidence/keys.ts';
import type { Controller } from '../../model/controller.ts';
import type { LogEntry } from '../../model/log.ts';
import { verificationJson, verificationText } from '../../reports/text/verification.ts';
import { PATHS } from '../../reports/verify/layout.ts';
import type { Trust } from '../../reports/verify/trust.ts';
import { type Verification, verifyBundle } from '../../reports/verify/verify.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import {
  entriesOf,
  handedOver,
  madeBundle,
  resealed,
  signedAnew,
  textOf,
  withEntries,
  withManifest,
} from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';
import { passingRun, registerGuide } from './register-guide.ts';

const SELF: Controller = { relation: 'self', holder: '示例单位' };
const LABORATORY: Controller = { relation: 'independent', holder: 'Example Laboratory' };
const guide = registerGuide();
const other = pemSigner(generateKeyPair().privatePem);

interface Made {
  readonly bundle: MemoryBundle;
  readonly run: SyntheticRun;
}
let self: Made;
let laboratory: Made;
beforeAll(async () => {
  self = await madeBundle(passingRun(SELF));
  laboratory = await madeBundle(passingRun(LABORATORY));
}, 600_000);

const trust = (controllers: readonly string[], change: Partial<Trust> = {}): Trust => ({
  schema: 'assay/trust/v1',
  controllers: controllers.map((publicKey) => ({ name: 'somebody I know', publicKey })),
  reviewers: [],
  approvers: [],
  stampAuthorities: [],
  guides: [guide.sha256],
  ...change,
});
const keyOf = ({ run }: Made): string => run.signer.publicKeyPem;
const said = (result: Verification): string => verificationText(result, '0.0.0-test');

describe('a self-test that passes', () => {
  it('passes for whoever has its key in a trust file, and says whose key that is', () => {
    const result = verifyBundle(self.bundle, trust([keyOf(self)]));
    expect(result).toMatchObject({
      authentic: true,
      outcome: 'passed',
      controller: { ...SELF, keyId: keyIdOf(keyOf(self)), trustedAs: 'somebody I know' },
      passes: { E0: 1, E1: 0, E2: 0, E3: 0 },
    });
    expect(result.undecided).toBeUndefined();
    for (const words of ['SELF-TEST PASSED', '自测通过', 'belongs to: somebody I know', '1 pass: 1 E0', '示例单位']) {
      expect(said(result)).toContain(words);
    }
    expect(said(result)).not.toContain('验收报告');
  });

  it('cannot be told without a trust file, nor with one that has another controller', () => {
    const judged = 'passed';
    expect(verifyBundle(self.bundle)).toMatchObject({
      authentic: true,
      outcome: 'cannot_tell',
      undecided: { steps: ['guide'], reasons: ['controller_unvouched'], judged },
    });
    const result = verifyBundle(self.bundle, trust([other.publicKeyPem]));
    expect(result).toMatchObject({
      authentic: true,
      outcome: 'cannot_tell',
      undecided: { steps: [], reasons: ['self_test_unvouched'], judged },
    });
    expect(said(result)).toContain('自测所用的控制器密钥不在您的信任文件中');
    expect(JSON.parse(verificationJson(result, '0'))).toMatchObject({
      outcome: 'cannot_tell',
      controller: { relation: 'self', holdsFor: { en: expect.stringContaining('the operator itself') } },
    });
  });

  it('gains nothing by its key in another role of the trust file', () => {
    for (const role of ['reviewers', 'approvers'] as const) {
      const result = verifyBundle(self.bundle, trust([], { [role]: [{ name: 'X', publicKey: keyOf(self) }] }));
      expect(result).toMatchObject({ outcome: 'cannot_tell', undecided: { reasons: ['self_test_unvouched'] } });
    }
  });
});

it('a self-test that fails has failed, whoever reads it', async () => {
  const failing = await madeBundle({ ...passingRun(SELF), registers: new Map([['domains.csv', '服务领域\n医疗\n']]) });
  for (const by of [trust([keyOf(failing)]), trust([other.publicKeyPem])]) {
    const result = verifyBundle(failing.bundle, by);
    expect(result).toMatchObject({ authentic: true, outcome: 'not_passed' });
    expect(said(result)).toContain('SELF-TEST NOT PASSED');
  }
}, 600_000);

describe('an independent run that passes', () => {
  it('is believed by a trust file that has its key, and says whose key it is', () => {
    const result = verifyBundle(laboratory.bundle, trust([keyOf(laboratory)]));
    expect(result).toMatchObject({ outcome: 'passed', controller: { ...LABORATORY, trustedAs: 'somebody I know' } });
    expect(said(result)).not.toContain('SELF-TEST');
  });

  it('cannot be told where nobody vouches for the declaration, and is refused where a trust file has other keys', () => {
    const alone = verifyBundle(laboratory.bundle);
    expect(alone).toMatchObject({ outcome: 'cannot_tell', undecided: { reasons: ['controller_unvouched'] } });
    expect(said(alone)).toContain('the holder’s own declaration');
    const refused = verifyBundle(laboratory.bundle, trust([other.publicKeyPem]));
    expect(refused).toMatchObject({ authentic: false, outcome: undefined });
    expect(refused.steps.flatMap(({ defects }) => defects.map(({ code }) => code))).toEqual(['key_untrusted']);
  });
});

describe('the declaration', () => {
  const planOf = (bundle: MemoryBundle): number => entriesOf(bundle).findIndex(({ kind }) => kind === 'plan');

  /** The log of a bundle with its plan changed and signed by a key. */
  const withPlan = async (made: Made, change: (plan: Record<string, unknown>) => void, signer = made.run.signer) => {
    const entries = entriesOf(made.bundle);
    const at = planOf(made.bundle);
    const entry = entries[at] as Extract<LogEntry, { kind: 'plan' }>;
    const envelope = await resealed(entry.envelope, signer, ({ predicate }) => change(predicate));
    entries[at] = { ...entry, envelope };
    return withEntries(made.bundle, entries);
  };

  it('must be there: a plan without one is no plan', async () => {
    for (const change of [
      (plan: Record<string, unknown>) => delete plan.controller,
      (plan: Record<string, unknown>) => Object.assign(plan, { controller: { relation: 'self', holder: ' ' } }),
      (plan: Record<string, unknown>) => Object.assign(plan, { controller: { relation: 'both', holder: 'X' } }),
      (plan: Record<string, unknown>) =>
        Object.assign(plan, { controller: { relation: 'self', holder: 'X', more: 1 } }),
    ]) {
      const changed = await withPlan(self, change);
      await expect(handedOver(changed, self.run.signer)).rejects.toThrow('the plan: ');
      const result = verifyBundle(await signedAnew(changed, self.run.signer), trust([keyOf(self)]));
      expect(result).toMatchObject({ authentic: false, outcome: undefined });
    }
  }, 600_000);

  it('counts only in the plan: in report, page or evaluation it is found to be another one', async () => {
    const report = JSON.parse(textOf(self.bundle, PATHS.report)) as { controller: Controller };
    const forged = canonicalBytes({ ...report, controller: { ...report.controller, ...LABORATORY } });
    const cases = [
      withManifest(withFile(self.bundle, PATHS.report, forged)),
      await signedAnew(withFile(self.bundle, PATHS.report, forged), self.run.signer),
      await signedAnew(self.bundle, self.run.signer, ({ predicate }) =>
        Object.assign(predicate, { controller: LABORATORY }),
      ),
      withManifest(
        withFile(
          self.bundle,
          PATHS.html,
          Buffer.from(textOf(self.bundle, PATHS.html).replaceAll('自测报告', '验收报告')),
        ),
      ),
    ];
    for (const bundle of cases) {
      expect(verifyBundle(bundle, trust([keyOf(self)]))).toMatchObject({ authentic: false, outcome: undefined });
    }
  });

  it('changed by whoever holds the key makes another run, and by anybody else none', async () => {
    const claim = (plan: Record<string, unknown>) => Object.assign(plan, { controller: LABORATORY });
    const byHolder = await handedOver(await withPlan(self, claim), self.run.signer);
    // The operator can declare whatever he likes: nobody has his key as that of a laboratory.
    expect(verifyBundle(byHolder)).toMatchObject({ outcome: 'cannot_tell' });
    expect(verifyBundle(byHolder, trust([keyOf(laboratory)]))).toMatchObject({ authentic: false });
    const byStranger = await signedAnew(await withPlan(self, claim, other), self.run.signer);
    expect(verifyBundle(byStranger, trust([keyOf(self)]))).toMatchObject({ authentic: false });
  });
});

describe('a guide that nobody knows', () => {
  it('leaves the whole open in the report and everywhere, under whatever title and version', async () => {
    const { bundle } = await madeBundle(passingRun(LABORATORY, { version: '1.1.0' }));
    const report = JSON.parse(textOf(bundle, PATHS.report)) as object;
    expect(report).toMatchObject({
      guide: { known: false },
      overall: { outcome: 'cannot_tell', judged: 'passed' },
      verdicts: [{ outcome: 'pass' }],
    });
    expect(textOf(bundle, PATHS.html)).toContain('指南未知');
    expect(textOf(bundle, PATHS.markdown)).toContain('guide not known');
    expect(textOf(bundle, PATHS.readme)).toContain('guide not known');
    expect(textOf(bundle, PATHS.junit)).toContain('failures="1"');
  }, 600_000);

  it('is open for a reader with a trust file that does not name it, whatever the controller is', () => {
    const result = verifyBundle(laboratory.bundle, trust([keyOf(laboratory)], { guides: [] }));
    expect(result).toMatchObject({ authentic: true, outcome: 'cannot_tell', undecided: { steps: ['guide'] } });
  });
});
