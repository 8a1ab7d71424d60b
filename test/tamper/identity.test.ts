import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { seal } from '../../evidence/envelope.ts';
import { generateKeyPair, pemSigner, type Signer } from '../../evidence/keys.ts';
import { PAYLOAD_TYPE, statement } from '../../evidence/statement.ts';
import type { Guide } from '../../model/guide.ts';
import { builtinGuides, readGuide } from '../../reports/guides/builtin.ts';
import { releasePath, signRelease } from '../../reports/release/release.ts';
import { PATHS } from '../../reports/verify/layout.ts';
import { readTrust, type Trust } from '../../reports/verify/trust.ts';
import { verifyBundle } from '../../reports/verify/verify.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import { entriesOf, handedOver, madeBundle, signedAnew, textOf, withManifest } from './forger.ts';
import { type MemoryBundle, withFile } from './memory-bundle.ts';

const SMALL = { nodes: 2, accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 } as const;
const person = (): Signer => pemSigner(generateKeyPair().privatePem);
const [reviewer, approver, stranger] = [person(), person(), person()];
const at = '2026-11-21T03:00:00.000Z';

let bundle: MemoryBundle;
let run: SyntheticRun;
let trust: Trust;
beforeAll(async () => {
  ({ bundle, run } = await madeBundle(SMALL));
  trust = {
    schema: 'assay/trust/v1',
    controllers: [{ name: 'laboratory', publicKey: run.signer.publicKeyPem }],
    reviewers: [{ name: 'R', publicKey: reviewer.publicKeyPem }],
    approvers: [{ name: 'A', publicKey: approver.publicKeyPem }],
    stampAuthorities: [],
    guides: [],
  };
}, 60_000);

const defectsOf = (altered: MemoryBundle, by?: Trust): string => {
  const result = verifyBundle(altered, by);
  return result.steps.flatMap((s) => s.defects.map((d) => `${s.id}: ${d.path} ${d.problem}`)).join('\n');
};

async function released(
  of: MemoryBundle,
  role: 'reviewer' | 'approver',
  signer: Signer,
  change: { run?: string; publicKey?: string } = {},
): Promise<MemoryBundle> {
  const { run: id } = JSON.parse(textOf(of, PATHS.manifest)) as { run: string };
  const content = { run: change.run ?? id, role, name: 'P', signedAt: at };
  const stated = change.publicKey ? { ...signer, publicKeyPem: change.publicKey } : signer;
  const bytes = await signRelease(content, of.read(PATHS.manifest)!, of.read(releasePath('reviewer')), stated);
  return withFile(of, releasePath(role), bytes);
}

describe('an attacker with keys of his own', () => {
  const softer = (guide: Guide): Guide => ({
    ...guide,
    targets: guide.targets.map((target) => ({
      ...target,
      requirements: target.requirements.map((r) => ({ ...r, limit: r.comparison === '>=' ? 0 : 1e18 })),
    })) as Guide['targets'],
  });

  it('who makes a whole run of his own is found by the trust file, and only by it', async () => {
    const { bundle: own } = await madeBundle(SMALL);
    expect(verifyBundle(own).authentic).toBe(true);
    expect(defectsOf(own, trust)).toContain(
      'signatures: keys/controller.pem is not the key of a controller that you trust',
    );
    expect(verifyBundle(bundle, trust).authentic).toBe(true);
  });

  it('who signs everything again with his key is found by the trust file, and by the plan without one', async () => {
    const resigned = await signedAnew(bundle, stranger!);
    expect(defectsOf(resigned, trust)).toContain('keys/controller.pem is not the key of a controller that you trust');
    expect(defectsOf(resigned)).toContain(`log: ${PATHS.log}`);
  });

  it('who edits the guide is found by the guide step, even with a whole run judged by it', async () => {
    const guide = readGuide(canonicalBytes(softer(builtinGuides()[0]!.guide)), 'softer');
    const { bundle: soft, run: softRun } = await madeBundle({ ...SMALL, guide });
    const believing: Trust = { ...trust, controllers: [{ name: 'soft', publicKey: softRun.signer.publicKeyPem }] };
    expect(verifyBundle(soft, trust).authentic).toBe(false);
    for (const by of [undefined, believing]) {
      expect(verifyBundle(soft, by).authentic).toBe(false);
      expect(defectsOf(soft, by)).toContain('guide: guide.json gd-2021-compute');
    }
    expect(verifyBundle(soft, { ...believing, guides: [guide.sha256] }).authentic).toBe(true);
  });

  it('who only puts the softer guide in place is found by the log', async () => {
    const guide = readGuide(canonicalBytes(softer(builtinGuides()[0]!.guide)), 'softer');
    const edited = withManifest(withFile(bundle, PATHS.guide, guide.bytes));
    expect(defectsOf(await signedAnew(edited, stranger!))).toContain('guide.json is missing or not the one');
  });

  it('who gives a guide another name gets no word of trust: it is said that nobody knows it', async () => {
    const guide = readGuide(canonicalBytes({ ...softer(builtinGuides()[0]!.guide), id: 'my-guide' }), 'mine');
    const { bundle: mine } = await madeBundle({ ...SMALL, guide });
    expect(verifyBundle(mine).steps.find((s) => s.id === 'guide')).toMatchObject({ state: 'not_checked' });
    expect(verifyBundle(mine, trust).authentic).toBe(false);
  });

  it('who changes a page, the README or a document and rewrites the manifest is found, and the file named', () => {
    for (const path of [PATHS.html, PATHS.markdown, PATHS.readme, PATHS.csv, PATHS.goals2020, PATHS.reportSchema]) {
      const edited = Buffer.from(textOf(bundle, path).replace(/.$/su, '!'), 'utf8');
      expect(defectsOf(withManifest(withFile(bundle, path, edited)), trust), path).toContain(
        `pages: ${path} is not the`,
      );
    }
  });

  it('who brings a trust file in the bundle gains nothing by it', () => {
    const own = canonicalBytes({ ...trust, controllers: [{ name: 'me', publicKey: stranger!.publicKeyPem }] });
    expect(defectsOf(withManifest(withFile(bundle, 'trust.json', own)))).toContain('trust.json does not belong');
  });
});

describe("the controller's own key", () => {
  it('cannot sign another outcome, report, run or document than the evidence gives', async () => {
    const cases: [
      (s: { predicate: Record<string, unknown>; subject: { name: string; digest: { sha256: string } }[] }) => void,
      string,
    ][] = [
      [(s) => Object.assign(s.predicate, { outcome: 'passed' }), 'states another outcome'],
      [(s) => Object.assign(s.predicate, { run: 'at-other' }), 'is of another run'],
      [
        (s) => Object.assign(s.predicate, { log: { entries: 1, root: '0'.repeat(64) } }),
        'is not the log that was signed',
      ],
      [(s) => Object.assign(s.subject[0]!.digest, { sha256: '0'.repeat(64) }), 'was signed for another report'],
      [(s) => Object.assign(s.subject[1]!.digest, { sha256: '0'.repeat(64) }), 'is not the document that was signed'],
      [
        (s) => s.subject.push({ name: 'other.pdf', digest: { sha256: '0'.repeat(64) } }),
        'was signed for other.pdf too',
      ],
      [
        (s) => Object.assign(s.predicate, { judgedAt: '2026-11-22T02:00:00.000Z' }),
        'is not the report that the evidence gives',
      ],
    ];
    for (const [change, problem] of cases) {
      expect(defectsOf(await signedAnew(bundle, run.signer, change), trust)).toContain(problem);
    }
  });

  it('cannot sign a checkpoint of another log', async () => {
    const other = await signedAnew(bundle, run.signer);
    const shorter = await signedAnew(
      withFile(bundle, PATHS.log, Buffer.from(`${textOf(bundle, PATHS.log).split('\n')[0]}\n`)),
      run.signer,
    );
    const mixed = withManifest(withFile(other, PATHS.checkpoint, shorter.read(PATHS.checkpoint)));
    expect(defectsOf(mixed)).toContain('log: log/checkpoint is not of this log');
  });
});

describe('a release', () => {
  it('by reviewer and approver of the trust file is good, and says who they are', async () => {
    const both = await released(await released(bundle, 'reviewer', reviewer!), 'approver', approver!);
    const result = verifyBundle(both, trust);
    expect(result.authentic).toBe(true);
    expect(result.releases).toMatchObject([
      { role: 'reviewer', name: 'P', keyId: reviewer!.keyId, trusted: true },
      { role: 'approver', name: 'P', keyId: approver!.keyId, trusted: true },
    ]);
  });

  it('by anybody else, in another role, with one key for two roles or with the key of the controller is not', async () => {
    const byStranger = await released(bundle, 'reviewer', stranger!);
    expect(verifyBundle(byStranger).authentic).toBe(true);
    expect(defectsOf(byStranger, trust)).toContain('no trusted key in the role of reviewer');
    expect(defectsOf(await released(bundle, 'approver', reviewer!), trust)).toContain(
      'no trusted key in the role of approver',
    );
    const same = await released(await released(bundle, 'reviewer', stranger!), 'approver', stranger!);
    expect(defectsOf(same)).toContain('release/approver.dsse.json was signed with the key of the reviewer');
    const own = await released(bundle, 'reviewer', run.signer);
    expect(defectsOf(own)).toContain('release/reviewer.dsse.json was signed with the key of the controller');
  });

  it('under another name of key, of another run, of another manifest or in another file is not', async () => {
    const misnamed = await released(bundle, 'reviewer', reviewer!, { publicKey: stranger!.publicKeyPem });
    expect(defectsOf(misnamed, trust)).toContain('names another key than the one it was signed with');
    expect(defectsOf(misnamed)).toContain('no signature by a known key');
    expect(defectsOf(await released(bundle, 'reviewer', reviewer!, { run: 'at-x' }))).toContain('releases another run');
    const good = await released(bundle, 'reviewer', reviewer!);
    const moved = withFile(bundle, releasePath('approver'), good.read(releasePath('reviewer')));
    expect(defectsOf(moved)).toContain('was signed as reviewer');
    const other = await madeBundle(SMALL);
    const carried = withFile(other.bundle, releasePath('reviewer'), good.read(releasePath('reviewer')));
    expect(defectsOf(carried)).toContain('was signed for another manifest.json');
  });

  it('of a bundle whose review was taken away afterwards is not', async () => {
    const both = await released(await released(bundle, 'reviewer', reviewer!), 'approver', approver!);
    const without = withFile(both, releasePath('reviewer'), undefined);
    expect(defectsOf(without, trust)).toContain('release/approver.dsse.json was signed for something that is not here');
    const another = await released(withFile(both, releasePath('reviewer'), undefined), 'reviewer', reviewer!);
    expect(defectsOf(another, trust)).toContain('was signed for another release/reviewer.dsse.json');
  });

  it('with a byte changed anywhere is found, and the file is named', async () => {
    const both = await released(await released(bundle, 'reviewer', reviewer!), 'approver', approver!);
    for (const role of ['reviewer', 'approver'] as const) {
      const bytes = both.read(releasePath(role))!;
      for (let place = 0; place < bytes.length; place += 37) {
        const changed = Uint8Array.from(bytes);
        changed[place]! ^= 1 << (place % 8);
        const text = defectsOf(withFile(both, releasePath(role), changed), trust);
        expect(text, `${role} at ${place}`).toContain(releasePath(role));
      }
    }
  }, 60_000);

  it('cannot be another kind of statement by the same key', async () => {
    const subject = [{ name: PATHS.manifest, digest: { sha256: sha256Hex(bundle.read(PATHS.manifest)!) } }];
    const content = { publicKey: reviewer!.publicKeyPem, role: 'reviewer', name: 'P', signedAt: at };
    const payload = canonicalBytes(statement(subject, 'measurement', content));
    const envelope = canonicalBytes(await seal(PAYLOAD_TYPE, payload, [reviewer!]));
    expect(defectsOf(withFile(bundle, releasePath('reviewer'), envelope), trust)).toContain('in place of a release');
  });
});

describe('waivers and claims', () => {
  it('that were added after the run are found', async () => {
    const waiver = [
      { target: 'compute.capacity', reason: 'because we say so', approvedBy: 'me', approvedAt: at, expiresAt: at },
    ];
    const added = withManifest(withFile(bundle, PATHS.waivers, canonicalBytes(waiver)));
    expect(defectsOf(await signedAnew(added, run.signer))).toContain('waivers.json is not among the inputs of the run');
    await expect(handedOver(added, run.signer)).rejects.toThrow('waivers.json is not among the inputs of the run');
    expect(entriesOf(bundle)[0]).toMatchObject({ kind: 'inputs' });
  });
});

describe('a trust file', () => {
  it('with one key in two roles, a key that is none or an authority that is none is refused with a coded error', () => {
    const read = (value: unknown) => () => readTrust(Buffer.from(JSON.stringify(value)), 'trust.json');
    expect(read(trust)()).toEqual(trust);
    expect(read({ ...trust, approvers: trust.reviewers })).toThrow('one key is both');
    expect(read({ ...trust, reviewers: [{ name: 'R', publicKey: 'x' }] })).toThrow('no PEM public key');
    expect(read({ ...trust, stampAuthorities: ['x'] })).toThrow('stampAuthorities: no PEM certificate');
    expect(read({ ...trust, more: 1 })).toThrow(/additional/);
    expect(() => readTrust(Buffer.from('{"a":1,"a":2}'), 'trust.json')).toThrow('a key that occurs twice');
  });
});
