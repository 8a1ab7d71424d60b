import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Books, plannedFill, readBooks, slope, usableBytes } from '../../../../benchmarks/storage/books.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const books = (total: number, free: number, available: number): Books => ({
  blockBytes: 4096,
  totalBytes: total,
  freeBytes: free,
  availableBytes: available,
  fsid: '',
  source: 'stat',
});
const limits = { fillBytes: GiB, fillShare: 1, maxFreeShare: 0.05, chunkBytes: 4 * MiB };

describe('the line of stat', () => {
  it('counts in fundamental blocks, not in the blocks of transfer', () => {
    expect(readBooks('4096 1000 900 800 f6a66a8f0d25125\n')).toEqual({
      blockBytes: 4096,
      totalBytes: 4_096_000,
      freeBytes: 3_686_400,
      availableBytes: 3_276_800,
      fsid: 'f6a66a8f0d25125',
      source: 'stat',
    });
  });

  it('is refused where it is something else or cannot be', () => {
    for (const text of [
      '',
      '4096 1 2',
      '0 1 1 1 a',
      '4096 10 11 5 a',
      '4096 -1 1 1 a',
      `4096 ${'9'.repeat(20)} 1 1 a`,
    ]) {
      expect(readBooks(text)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => void readBooks(text)));
  });

  it('never has more available than free', () => {
    expect(readBooks('1 100 50 70 a')?.availableBytes).toBe(50);
  });
});

describe('usable bytes', () => {
  it('leave out what is reserved for the superuser', () => {
    expect(usableBytes(books(1000, 600, 550))).toBe(950);
  });
});

describe('the planned fill', () => {
  it('is the smallest of all limits in whole chunks', () => {
    expect(plannedFill(books(100 * GiB, 80 * GiB, 80 * GiB), limits)).toBe(GiB);
    expect(plannedFill(books(100 * GiB, GiB, GiB), limits)).toBe(48 * MiB);
    expect(plannedFill(books(100 * GiB, 80 * GiB, 80 * GiB), { ...limits, fillShare: 0.001 })).toBe(100 * MiB);
    expect(plannedFill(books(GiB, 10 * MiB, 10 * MiB), limits)).toBe(0);
  });

  it('never passes 95 % of the free space, whatever is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e14 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (free, share) => {
        const asked = { ...limits, fillBytes: 1e15, maxFreeShare: share };
        expect(plannedFill(books(1e15, free, free), asked)).toBeLessThanOrEqual(0.95 * free);
      }),
    );
  });
});

describe('the slope of the books', () => {
  it('is sound when free space goes as data come', () => {
    expect(slope(books(1e12, 9e11, 9e11), books(1e12, 8e11, 8e11), 1e11)).toEqual({ value: 1, sound: true });
  });

  it('is not sound when a store takes data and loses no space, or loses too much', () => {
    expect(slope(books(1e12, 9e11, 9e11), books(1e12, 9e11, 9e11), 1e11).sound).toBe(false);
    expect(slope(books(1e12, 9e11, 9e11), books(1e12, 7.5e11, 7.5e11), 1e11).sound).toBe(false);
  });

  it('is not sound when nothing was written', () => {
    expect(slope(books(1e12, 9e11, 9e11), books(1e12, 9e11, 9e11), 0).sound).toBe(false);
  });
});
