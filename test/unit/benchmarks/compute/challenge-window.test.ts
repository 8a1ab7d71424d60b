import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundOperations } from '../../../../benchmarks/compute/challenge/parameters.ts';
import { proof } from '../../../../benchmarks/compute/challenge/proof.ts';
import { commonWindow, roundsInside } from '../../../../benchmarks/compute/challenge/window.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { challenge, joined, settingsOf, smallParameters } from './challenge-fixture.ts';

const parameters = { ...smallParameters('INT8', 32, 16), layers: 2 };
const WORK = roundOperations(parameters);
/** What the device of these tests can do at most, operations a second. */
const ABLE = WORK / 1;

const device = (index: number, rounds: number, roundNs: number) =>
  challenge({ precision: 'INT8', parameters, device: `cuda:${index}`, seed: index + 1, rounds, roundNs });

function examine({ results, transcript, challenge: opened }: ReturnType<typeof joined>, seconds = 0.001): Examination {
  const raw = { challenge: opened, threads: 1, engines: [], unsupported: [], results };
  const settings = { ...settingsOf(parameters, 16, ['INT8']), seconds };
  return proof.examine(raw, { settings, transcript, evidence: () => undefined });
}

const rates = (examination: Examination) =>
  examination.metrics.filter((metric) => metric.metric === 'compute.challenge.rate');
const total = (examination: Examination) => rates(examination).reduce((sum, { estimate }) => sum + estimate.value, 0);
const held = (examination: Examination) =>
  examination.findings
    .filter(({ weight }) => weight === 'holds')
    .map(({ code, labels }) => `${labels?.device}: ${code}`);

describe('several devices in one window', () => {
  it('are proven together, each by what it finished while all of them worked', () => {
    const seen = examine(
      joined([
        { exam: device(0, 20, 1e9), laterNs: 0 },
        { exam: device(1, 10, 2e9), laterNs: 1e8 },
      ]),
    );
    expect(held(seen)).toEqual([]);
    // From 0.1 s on to the 20th second: the first round of the one and the last of the other do not count.
    expect(rates(seen).map(({ level, samples, durationS }) => [level, samples, durationS])).toEqual([
      ['E2', 19, 19.9],
      ['E2', 9, 19.9],
    ]);
    expect(total(seen)).toBeCloseTo((WORK * 28) / 19.9, 3);
  });

  it('say where their window lies by the controller’s clock', () => {
    const seen = examine(
      joined([
        { exam: device(0, 20, 1e9), laterNs: 0 },
        { exam: device(1, 20, 1e9), laterNs: 25e7 },
      ]),
    );
    const opened = seen.metrics.filter((metric) => metric.metric === 'compute.challenge.opened');
    expect(opened.map(({ labels, estimate, durationS }) => [labels.device, estimate.value, durationS])).toEqual([
      ['cuda:0', Date.parse('2026-01-01T00:00:00.750Z') / 1000, 19.75],
      ['cuda:1', Date.parse('2026-01-01T00:00:00.750Z') / 1000, 19.75],
    ]);
  });

  it.each([
    [90, 2e9, []],
    [89, 2.2e9, ['cuda:0: not_simultaneous', 'cuda:1: not_simultaneous']],
    [0, 20e9, ['cuda:0: not_simultaneous', 'cuda:1: not_simultaneous']],
    [0, 100e9, ['cuda:0: not_simultaneous', 'cuda:1: not_simultaneous']],
  ])('of which they share %d %% are held back below nine tenths', (_, laterNs, codes) => {
    const seen = examine(
      joined([
        { exam: device(0, 20, 1e9), laterNs: 0 },
        { exam: device(1, 20, 1e9), laterNs },
      ]),
    );
    expect(held(seen)).toEqual(codes);
    expect(rates(seen).every(({ level }) => level === (codes.length === 0 ? 'E2' : 'E1'))).toBe(true);
  });

  it('must finish a round in it', () => {
    const seen = examine(
      joined([
        { exam: device(0, 1, 20e9), laterNs: 0 },
        { exam: device(1, 1, 20e9), laterNs: 1e9 },
      ]),
    );
    expect(held(seen)).toEqual(['cuda:0: zero_work', 'cuda:1: zero_work', 'undefined: zero_work']);
    expect(rates(seen)).toEqual([]);
  });

  it('must fill the time that was asked for with it', () => {
    const parts = [
      { exam: device(0, 20, 1e9), laterNs: 0 },
      { exam: device(1, 20, 1e9), laterNs: 15e8 },
    ];
    expect(held(examine(joined(parts), 19))).toEqual([]);
    expect(held(examine(joined(parts), 20))).toEqual(['cuda:0: too_short', 'cuda:1: too_short']);
  });

  it('one that answers wrongly takes no other with it', () => {
    const wrong = challenge({ precision: 'INT8', parameters, device: 'cuda:1', answer: ({ m }) => new Uint32Array(m) });
    const seen = examine(
      joined([
        { exam: device(0, 20, 1e9), laterNs: 0 },
        { exam: wrong, laterNs: 50e9 },
      ]),
    );
    expect(held(seen)).toEqual(['cuda:1: incorrect_result']);
    expect(rates(seen).map(({ level, verified }) => [level, verified])).toEqual([
      ['E2', true],
      ['E1', false],
    ]);
  });
});

describe('one device that answers for two', () => {
  it('proves no more than it can do when it answers both at once', () => {
    // Round by round in turn: each of the two names takes twice as long.
    const both = joined([
      { exam: device(0, 10, 2e9), laterNs: 0 },
      { exam: device(1, 10, 2e9), laterNs: 1e9 },
    ]);
    const seen = examine(both);
    expect(held(seen)).toEqual([]);
    expect(total(seen)).toBeLessThanOrEqual(ABLE);
  });

  it('proves nothing when it answers them one after the other', () => {
    const seen = examine(
      joined([
        { exam: device(0, 10, 1e9), laterNs: 0 },
        { exam: device(1, 10, 1e9), laterNs: 10e9 },
      ]),
    );
    expect(held(seen)).toEqual(['cuda:0: not_simultaneous', 'cuda:1: not_simultaneous']);
    expect(rates(seen).some(({ level }) => level === 'E2')).toBe(false);
  });

  it('gains nothing from what it does for the one before it begins with the other, whatever the sizes are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 12 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 8 }),
        (shared, before, after) => {
          // Alone it needs 1 s for a round; while it serves both, 2 s.
          const rounds = (from: number, each: readonly number[]) => {
            let at = from * 1e9;
            return each.map((seconds) => {
              const fromNs = at;
              at += seconds * 1e9;
              return { fromNs, toNs: at };
            });
          };
          const seen = [
            rounds(0, [...Array(before).fill(1), ...Array(shared).fill(2)]),
            rounds(before, [...Array(shared).fill(2), ...Array(after).fill(1)]),
          ].map((own) => ({ fromNs: own[0]!.fromNs, toNs: own.at(-1)!.toNs, rounds: own }));
          const window = commonWindow(seen);
          const done = seen.reduce((sum, one) => sum + roundsInside(one, window).length, 0);
          expect((done * WORK * 1e9) / (window.toNs - window.fromNs)).toBeLessThanOrEqual(ABLE * 1.000001);
        },
      ),
    );
  });

  it('is not counted twice under one name', () => {
    const once = joined([{ exam: device(0, 4, 1e9), laterNs: 0 }]);
    const seen = examine({ ...once, results: [once.results[0]!, once.results[0]!] });
    expect(held(seen)).toEqual(['cuda:0: duplicate_device', 'cuda:0: duplicate_device', 'undefined: zero_work']);
    expect(seen.metrics).toEqual([]);
  });
});
