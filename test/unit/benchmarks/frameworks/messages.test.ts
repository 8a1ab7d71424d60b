import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAMEWORKS } from '../../../../benchmarks/frameworks/engines.ts';
import {
  readDescription,
  readInferred,
  readOnnx,
  readOperations,
  readTrained,
} from '../../../../benchmarks/frameworks/messages.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const about = { version: '1', build: '', backend: '', devices: ['cpu'], device: 'cpu', accelerated: false };

describe('what a framework says of itself', () => {
  it('is read when it fits', () => {
    expect(readDescription(bytes(about))).toEqual({ ok: true, value: about });
    expect(readOnnx(bytes({ state: 'absent', detail: '' })).ok).toBe(true);
  });

  it('is refused in any other form', () => {
    for (const wrong of [
      '',
      '{',
      '[]',
      'null',
      { ...about, accelerated: 1 },
      { ...about, version: 'x'.repeat(2001) },
    ]) {
      expect(readDescription(bytes(wrong)).ok).toBe(false);
    }
    for (const wrong of ['{}', { state: 'right', detail: '' }]) expect(readOnnx(bytes(wrong)).ok).toBe(false);
  });

  it('is never an exception', () => {
    fc.assert(fc.property(fc.uint8Array(), (body) => void readDescription(body)));
    fc.assert(fc.property(fc.json(), (json) => void readOnnx(bytes(json))));
  });
});

describe('numbers of a framework', () => {
  it('are losses, one a step, and then weights', () => {
    const body = Buffer.alloc(2 * 8 + 8);
    body.writeDoubleLE(2.5, 0);
    body.writeDoubleLE(0.5, 8);
    body.writeFloatLE(1, 16);
    expect(readTrained(body, 2)).toEqual({ losses: [2.5, 0.5], weights: body.subarray(16).toString('base64') });
  });

  it('are classes of one digit; what is above is right for no input', () => {
    expect(readInferred(Uint8Array.of(0, 7, 9, 10, 255))).toBe('079xx');
  });

  it('are operations only if all are whole and finite', () => {
    expect(readOperations(Buffer.from(Float64Array.of(1, 0.5).buffer))).toEqual([1, 0.5]);
    expect(readOperations(Buffer.alloc(9))).toEqual([]);
    expect(readOperations(Buffer.from(Float64Array.of(1, Number.NaN).buffer))).toEqual([]);
  });
});

describe('the table of frameworks', () => {
  it('names each framework once and says how it is installed', () => {
    expect(new Set(FRAMEWORKS.map((one) => one.id)).size).toBe(FRAMEWORKS.length);
    expect(FRAMEWORKS.every((one) => one.install !== '')).toBe(true);
  });
});
