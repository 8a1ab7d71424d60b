import { describe, expect, it } from 'vitest';
import { timing } from '../../../../benchmarks/users/timing.ts';
import { transcriptOf } from './fixture.ts';

const hex = 'ab'.repeat(32);
/** What is said of a hold of half an hour by a node whose clock goes by so many parts in a million too fast. */
const fast = (ppm: number, lostS = 0) => timing(transcriptOf(hex, hex, hex, 1_800 / (1 + ppm * 1e-6) - lostS), 1_800);

describe('the time of a hold', () => {
  it('is borne out by a controller whose clock goes as far apart as crystals do', () => {
    for (const ppm of [-100, 0, 20, 55, 80, 100]) expect(fast(ppm).state).toBe('agrees');
  });

  it('is not borne out where it was longer than any two clocks make it', () => {
    expect(fast(150).state).toBe('disagrees');
    expect(fast(0, 1).state).toBe('disagrees');
    expect(fast(1_000).detail).toBe('the hold took 1800.000 s by the agent, 1798.202 s by the controller');
  });

  it('is not borne out where it was said far shorter than it was', () => {
    expect(timing(transcriptOf(hex, hex, hex, 2_162), 1_800).state).toBe('agrees');
    expect(timing(transcriptOf(hex, hex, hex, 2_163), 1_800).state).toBe('disagrees');
  });

  it('is not known without a transcript, and not borne out by one without it', () => {
    expect(timing(undefined, 1).state).toBe('unknown');
    const transcript = transcriptOf(hex, hex, hex, 1);
    const exchanges = transcript.exchanges.filter(({ label }) => label !== 'held');
    expect(timing({ ...transcript, exchanges }, 1).state).toBe('disagrees');
  });
});
