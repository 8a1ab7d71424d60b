import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { auditPlan } from '../../../../benchmarks/compute/challenge/chain.ts';
import { descriptor } from '../../../../benchmarks/compute/challenge/descriptor.ts';
import {
  MOST_AUDITS,
  MOST_ROUNDS,
  roundSeconds,
  tooShort,
} from '../../../../benchmarks/compute/challenge/parameters.ts';
import { proof } from '../../../../benchmarks/compute/challenge/proof.ts';
import { ChallengeRaw, commitLabels } from '../../../../benchmarks/compute/challenge/samples.ts';
import { sketchFile } from '../../../../benchmarks/compute/challenge/sketch-file.ts';
import {
  openBlock,
  openedSketches,
  pickedBlocks,
  sketchRoot,
} from '../../../../benchmarks/compute/challenge/sketches.ts';
import { PRECISIONS } from '../../../../benchmarks/compute/precision.ts';
import { canonicalBytes } from '../../../../evidence/canonical.ts';
import { check } from '../../../../model/schema.ts';
import { beaconsFrom, challenge, type Exam, settingsOf, smallParameters } from './challenge-fixture.ts';

/** Sketches of m rows, all different. */
function sketchesOf(m: number, rounds: number): Uint8Array[] {
  return Array.from({ length: rounds }, (_, round) => {
    const words = Uint32Array.from({ length: m }, (_, row) => 1 + round * m + row);
    return new Uint8Array(words.buffer);
  });
}

function openedOf(m: number, rounds: number, audits: number, beacon: string) {
  const parameters = smallParameters('INT8', 32, m);
  const sketches = sketchesOf(m, rounds);
  const plan = auditPlan(parameters, rounds, audits, beacon);
  const openings = pickedBlocks(plan).map(({ round, block }) => openBlock(sketches[round]!, block));
  const roots = sketches.map((sketch) => ({
    seed: beacon,
    root: Buffer.from(sketchRoot(sketch)).toString('hex'),
    startNs: 0,
    endNs: 1,
    productNs: 1,
  }));
  return { answer: { parameters, rounds: roots, openings }, plan };
}

describe('sketches that a root binds to', () => {
  it('are those of the picked rows, for any number of rows, rounds and audits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        (m, rounds, audits, seed) => {
          const { answer, plan } = openedOf(m, rounds, audits, beaconsFrom(seed)());
          expect(openedSketches(answer, plan)).toEqual(plan.map(({ round, row }) => 1 + round * m + row));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are opened once for each block: never twice, and no whole round', () => {
    const { answer, plan } = openedOf(400, 3, 300, beaconsFrom(5)());
    expect(plan).toHaveLength(300);
    expect(answer.openings).toHaveLength(3 * 7);
  });

  it('are refused with any bit of them, of their paths or of the root changed', () => {
    const { answer, plan } = openedOf(300, 3, 8, beaconsFrom(2)());
    const flip = (text: string, at: number, form: 'base64' | 'hex') => {
      const bytes = Buffer.from(text, form);
      bytes[at % bytes.length]! ^= 1 << (at % 8);
      return bytes.toString(form);
    };
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom('sketches', 'path', 'root'), (which, at, what) => {
        const { round } = pickedBlocks(plan)[which % answer.openings.length]!;
        const rounds = answer.rounds.map((one, i) =>
          what === 'root' && i === round ? { ...one, root: flip(one.root, at, 'hex') } : one,
        );
        const openings = answer.openings.map((one, i) =>
          what !== 'root' && i === which % answer.openings.length
            ? { ...one, [what]: flip(one[what as 'path'], at, 'base64') }
            : one,
        );
        expect(openedSketches({ ...answer, rounds, openings }, plan)).toHaveProperty('fault');
      }),
    );
  });

  it('are refused where a block is missing, too many, in another place, or not whole', () => {
    const { answer, plan } = openedOf(300, 3, 8, beaconsFrom(2)());
    const [a, b, ...rest] = answer.openings;
    for (const openings of [
      [],
      [a!, ...rest],
      [...answer.openings, a!],
      [b!, a!, ...rest],
      [{ ...a!, path: '' }, b!, ...rest],
      [{ ...a!, path: `${a!.path.slice(0, 4)}` }, b!, ...rest],
      [{ ...a!, sketches: a!.sketches.slice(0, 16) }, b!, ...rest],
      [{ ...a!, sketches: '' }, b!, ...rest],
    ]) {
      expect(openedSketches({ ...answer, openings }, plan)).toHaveProperty('fault');
    }
  });
});

describe('an answer whose sketches', () => {
  const parameters = smallParameters('FP32', 64, 160);
  const exam = challenge({ parameters, rounds: 5 });
  const held = (change: Partial<Exam['result']>, transcript = true) => {
    const raw = {
      challenge: exam.challenge,
      threads: 1,
      engines: [],
      unsupported: [],
      results: [{ ...exam.result, ...change }],
    };
    const seen = proof.examine(raw, {
      settings: settingsOf(parameters),
      transcript: transcript ? exam.transcript : undefined,
      evidence: () => undefined,
    });
    const codes = seen.findings.filter(({ weight }) => weight === 'holds').map(({ code }) => code);
    const [rate] = seen.metrics.filter(({ metric }) => metric === 'compute.challenge.rate');
    return [...codes, rate?.level, rate?.verified];
  };

  it('lie under the roots that were committed to is proven', () => {
    expect(held({})).toEqual(['E2', true]);
    expect(held({}, false)).toEqual(['E1', true]);
  });

  it.each([true, false])('were not opened, or not those that were picked, is held back (with a record: %s)', (kept) => {
    const { openings } = exam.result;
    expect(held({ openings: [] }, kept)).toEqual(['evidence_mismatch', 'E1', false]);
    expect(held({ openings: openings.slice(1) }, kept)).toEqual(['evidence_mismatch', 'E1', false]);
    expect(held({ openings: [...openings].reverse() }, kept)).toEqual(['evidence_mismatch', 'E1', false]);
  });
});

describe('the file of sketches', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-sketches-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives every sketch back as it was, while more come', async () => {
    const sketches = sketchesOf(100, 20);
    const file = await sketchFile(join(folder, 'a.bin'), 400);
    try {
      for (const [round, sketch] of sketches.entries()) {
        await file.add(sketch);
        expect(await file.read(round >> 1)).toEqual(sketches[round >> 1]);
      }
      await expect(file.read(20)).rejects.toThrow('0 of 400 bytes of the sketch of round 20');
      await expect(file.add(new Uint8Array(396))).rejects.toThrow('396 bytes in place of 400');
    } finally {
      await file.close();
    }
  });

  it('is never one that is there already', async () => {
    await (await sketchFile(join(folder, 'b.bin'), 4)).close();
    await expect(sketchFile(join(folder, 'b.bin'), 4)).rejects.toThrow('EEXIST');
    expect(readdirSync(folder).sort()).toEqual(['a.bin', 'b.bin']);
  });
});

describe('what a long run records', () => {
  const MIB = 2 ** 20;
  /** More than any run reaches: a hundred days. */
  const longNs = 8_640_000_000_000_000;
  const exchange = {
    index: 10 * MOST_ROUNDS,
    label: commitLabels({ precision: 'FP8_E4M3', device: 'cuda:127' }).round,
    commit: Buffer.alloc(32, 255).toString('base64'),
    beacon: 'f'.repeat(64),
    receivedNs: String(longNs),
    answeredNs: String(longNs),
  };
  const round = { seed: 'f'.repeat(64), root: 'f'.repeat(64), startNs: longNs, endNs: longNs, productNs: longNs };
  const opening = { sketches: 'A'.repeat(344), path: 'A'.repeat(344) };
  const bytesOf = (value: unknown) => canonicalBytes(value).length + 1;

  it('stays below 64 MiB of the log’s line and of the samples with eight devices, eight precisions and 1,800 s', () => {
    const { roundS, audits } = descriptor.profiles.full;
    const length = roundSeconds(roundS, 1800, 8, 8);
    expect(length).toBe(1);
    const rounds = (8 * 8 * 1800) / length;
    expect(bytesOf(exchange)).toBeLessThan(310);
    expect(bytesOf(round)).toBeLessThan(260);
    expect(rounds * bytesOf(exchange)).toBeLessThan(40 * MIB);
    expect(rounds * bytesOf(round) + 8 * 8 * audits * bytesOf(opening)).toBeLessThan(45 * MIB);
  });

  it('stays below that for any number of devices and precisions and any time', () => {
    expect(MOST_ROUNDS * bytesOf(exchange)).toBeLessThan(64 * MIB);
    expect(MOST_ROUNDS * bytesOf(round) + 8 * 9 * 256 * bytesOf(opening)).toBeLessThan(64 * MIB);
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 10, noNaN: true }),
        fc.integer({ min: 1, max: 864_000 }),
        fc.integer({ min: 1, max: PRECISIONS.length }),
        fc.integer({ min: 1, max: 128 }),
        (roundS, seconds, precisions, devices) => {
          const length = roundSeconds(roundS, seconds, precisions, devices);
          expect(length).toBeGreaterThanOrEqual(roundS);
          expect((seconds * precisions * devices) / length).toBeLessThanOrEqual(MOST_ROUNDS * 1.000001);
          expect(tooShort(length, seconds, precisions, devices)).toBe(false);
        },
      ),
    );
  });

  it('is not begun where rounds would be far too many', () => {
    expect(tooShort(0.5, 1800, 8, 8)).toBe(false);
    expect(tooShort(0.3, 1800, 8, 8)).toBe(true);
    expect(tooShort(Number.NaN, 1800, 8, 8)).toBe(true);
    expect(tooShort(0.001, 5, 3, 1)).toBe(false);
  });

  it('does not fit the schema with more', () => {
    const { result, challenge: opened } = challenge({});
    const fits = (change: Partial<Exam['result']>) =>
      check(ChallengeRaw, {
        challenge: opened,
        threads: 1,
        engines: [],
        unsupported: [],
        results: [{ ...result, ...change }],
      }).ok;
    expect(fits({ openings: [opening] })).toBe(true);
    expect(fits({ openings: Array.from({ length: MOST_AUDITS + 1 }, () => opening) })).toBe(false);
    expect(fits({ openings: [{ ...opening, sketches: 'A'.repeat(348) }] })).toBe(false);
    expect(fits({ openings: [{ ...opening, path: 'A'.repeat(348) }] })).toBe(false);
    expect(fits({ openings: [{ ...opening, path: '!' }] })).toBe(false);
    expect(fits({ rounds: [{ ...round, root: 'ff' }] })).toBe(false);
    expect(ChallengeRaw.properties.results.items.properties.rounds).toMatchObject({ maxItems: 2 * MOST_ROUNDS });
  });
});
