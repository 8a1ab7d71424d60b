import { describe, expect, it } from 'vitest';
import { Lacking } from '../../../controller/lacking.ts';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];

describe('evidence that was missing when its result came', () => {
  const dropped = (lacking: Lacking): string[] => {
    const all: string[] = [];
    lacking.drop({ dropBlob: (sha256) => all.push(sha256) });
    return all;
  };

  it('goes at the end of the run, unless a later result brought it', () => {
    const lacking = new Lacking();
    lacking.named([A, B, C], [A, B]);
    lacking.named([B]);
    expect(dropped(lacking)).toEqual([A]);
  });

  it('stays missing where the later result was refused for it again', () => {
    const lacking = new Lacking();
    lacking.named([A], [A]);
    lacking.named([A, C], [A]);
    expect(dropped(lacking)).toEqual([A]);
  });

  it('is nothing where nothing was missing', () => {
    const lacking = new Lacking();
    lacking.named([A, B]);
    expect(dropped(lacking)).toEqual([]);
  });
});
