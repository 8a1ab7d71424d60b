import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanonicalError, canonicalBytes, canonicalize, parseStrict } from '../../../evidence/canonical.ts';

/** Any JSON value, with keys and strings of all well-formed Unicode and doubles of every size. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 6 },
    ),
  ),
})).value;

function refusal(act: () => unknown): CanonicalError {
  try {
    act();
  } catch (error) {
    if (error instanceof CanonicalError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('canonicalize, against the published vectors', () => {
  it('writes the example of RFC 8785 section 3.2.2', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalize(parseStrict(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('gives the bytes of RFC 8785 section 3.2.4', () => {
    const value = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    const published =
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333' +
      '332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e412742' +
      '5c225c5c5c5c5c222f227d';
    expect(Buffer.from(canonicalBytes(value)).toString('hex')).toBe(published);
  });

  it('sorts keys by UTF-16 units as in RFC 8785 section 3.2.3', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const sorted = Object.keys(JSON.parse(canonicalize(Object.fromEntries(keys.map((key) => [key, 0])))));
    // JSON.parse puts integer-like keys first, so the order is read from the text.
    expect(sorted).toHaveLength(7);
    const text = canonicalize(Object.fromEntries(keys.map((key, i) => [key, i])));
    expect([...text.matchAll(/:(\d)/g)].map((match) => Number(match[1]))).toEqual([1, 3, 5, 6, 0, 4, 2]);
  });

  it('writes the structures of the reference implementation', () => {
    const text = String.raw`{"1":{"f":{"f":"hi","F":5},"\n":56.0},"10":{},"":"empty","a":{},"111":[{}],"A":{}}`;
    expect(canonicalize(parseStrict(text))).toBe(
      String.raw`{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}`,
    );
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s of RFC 8785 appendix B as %s', (bits, text) => {
    const value = Buffer.from(bits, 'hex').readDoubleBE();
    expect(canonicalize(value)).toBe(text);
    expect(canonicalize(parseStrict(text))).toBe(text);
  });

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])(
    'refuses the double %s of RFC 8785 appendix B',
    (bits) => {
      expect(refusal(() => canonicalize(Buffer.from(bits, 'hex').readDoubleBE())).problem).toContain('not finite');
    },
  );
});

describe('canonicalize', () => {
  it.each([
    ['undefined', { a: [1, undefined] }, '$.a[1]'],
    ['a function', { a: () => 1 }, '$.a'],
    ['a symbol', [Symbol('s')], '$[0]'],
    ['a bigint', { a: { b: 1n } }, '$.a.b'],
    ['NaN', [Number.NaN], '$[0]'],
    ['an infinity', { a: Number.NEGATIVE_INFINITY }, '$.a'],
    ['a date', { a: new Date(0) }, '$.a'],
    ['a map', [new Map()], '$[0]'],
    ['a typed array', { a: new Uint8Array(2) }, '$.a'],
    ['a boxed string', { a: Object('x') }, '$.a'],
    ['a class instance', { a: new (class Thing {})() }, '$.a'],
    ['an instance without a name', Object.create(Object.create(null)), '$'],
    ['an array of a subclass', new (class Items extends Array {})(), '$'],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the point
    ['a hole in an array', [1, , 3], '$[1]'],
    ['a lone surrogate', { a: 'x\ud800' }, '$.a'],
    ['a lone surrogate in a key', { 'x\udc00': 1 }, '$.x\ufffd'],
    ['a symbol as key', { a: { [Symbol('s')]: 1 } }, '$.a'],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), '$.a.__proto__'],
  ])('refuses %s and says where', (_what, value, place) => {
    expect(refusal(() => canonicalize(value)).place).toBe(place);
  });

  it('names the class of an instance, if it has a name', () => {
    expect(refusal(() => canonicalize(new Date(0))).problem).toBe('an instance of Date');
    expect(refusal(() => canonicalize(Object.create(Object.create(null)))).problem).toBe(
      'an instance of an unnamed class',
    );
    expect(refusal(() => canonicalize(new (class {})())).problem).toBe('an instance of an unnamed class');
  });

  it('names a cycle a cycle', () => {
    const value: Record<string, unknown> = {};
    value.self = [value];
    expect(refusal(() => canonicalize(value)).problem).toBe('a cycle');
  });

  it('takes one object at two places, which is no cycle', () => {
    const shared = { x: 1 };
    expect(canonicalize([shared, shared])).toBe('[{"x":1},{"x":1}]');
  });

  it('takes 200 levels and refuses 201', () => {
    let value: unknown = 1;
    for (let i = 0; i < 200; i++) value = [value];
    expect(canonicalize(value)).toHaveLength(401);
    expect(refusal(() => canonicalize([value])).problem).toBe('nesting deeper than 200');
  });

  it('takes objects without a prototype', () => {
    expect(canonicalize(Object.assign(Object.create(null), { b: 1, a: '' }))).toBe('{"a":"","b":1}');
  });

  it('does not depend on the order in which members were added', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.integer()), (object) => {
        fc.pre(!Object.hasOwn(object, '__proto__'));
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalize(reversed)).toBe(canonicalize(object));
      }),
    );
  });

  it('gives the same bytes in pieces as in one, for lists of any length at any place', () => {
    const items = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), json), { maxLength: 100 });
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 9 }), (some, times) => {
        const list = Array.from({ length: times }, () => some).flat();
        for (const value of [list, { list, b: 1, a: [list] }, { 10: list, 9: list }]) {
          expect(Buffer.from(canonicalBytes(value)).toString('utf8')).toBe(canonicalize(value));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses what stands in a long list where it would refuse it in a short one', () => {
    const long = (item: unknown): unknown[] => [...Array.from({ length: 99 }, (_, i) => i), item];
    for (const [bad, problem] of [
      [Number.NaN, 'not finite'],
      ['\ud800', 'lone surrogate'],
      [undefined, 'undefined'],
      [{ a: new Date(0) }, 'instance of Date'],
    ] as const) {
      expect(() => canonicalBytes(long(bad))).toThrow(problem);
      expect(() => canonicalBytes({ b: 1, a: long(bad) })).toThrow(/\$\.a\[99\]/);
    }
    const holes: unknown[] = long(1);
    delete holes[50];
    expect(() => canonicalBytes({ holes })).toThrow('$.holes[50]');
    expect(() => canonicalBytes({ [Symbol('key')]: 1, a: long(1) })).toThrow('symbol');
    expect(() => canonicalBytes(Object.assign(new Date(0), { a: long(1) }))).toThrow('instance of Date');
    class Plain extends Array {
      static override get [Symbol.species]() {
        return Array;
      }
    }
    expect(() => canonicalBytes(Plain.from(long(1)))).toThrow('instance of Plain');
    const hidden = Object.defineProperty({ a: long(1) }, Symbol('key'), { value: 1, enumerable: false });
    expect(() => canonicalBytes(hidden)).toThrow('symbol');
  });

  it('sorts what JavaScript would put in an order of its own, wherever it stands', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.nat({ max: 120 }).map(String), fc.nat()), fc.string(), (numbered, key) => {
        fc.pre(key !== '__proto__');
        const text = canonicalize({ [key]: [numbered] });
        const keys = [...text.slice(text.indexOf('[')).matchAll(/"(\d+)":/g)].map((match) => match[1]!);
        expect(keys).toEqual(Object.keys(numbered).sort());
      }),
    );
  });

  it('leaves the value that it writes as it was', () => {
    const value = { b: [{ z: 1, a: 2 }], a: 1 };
    canonicalize(value);
    expect(JSON.stringify(value)).toBe('{"b":[{"z":1,"a":2}],"a":1}');
  });

  it('is read back by JSON.parse and by parseStrict as the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalize(value);
        expect(canonicalize(JSON.parse(text))).toBe(text);
        expect(canonicalize(parseStrict(canonicalBytes(value)))).toBe(text);
      }),
    );
  });
});

describe('parseStrict', () => {
  it('agrees with JSON.parse on whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 1, '\t', ' \r\n'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseStrict(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never takes what JSON.parse refuses, and what it takes it reads the same', () => {
    const pieces = fc.constantFrom(
      ...'{}[]",:0123456789.eE+-\\ntrufalsn \t\n\u0000é😀'.split(''),
      '"a"',
      '\\u00e9',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let value: unknown;
        try {
          value = parseStrict(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalError);
          return;
        }
        expect(value).toEqual(JSON.parse(text));
      }),
      { numRuns: 3000 },
    );
  });

  it('answers any bytes with a value or a CanonicalError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          parseStrict(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(CanonicalError);
        }
      }),
    );
  });

  it.each([
    ['a key that occurs twice', '{"a":1,"b":{"c":1,"c":2}}', 18],
    ['a key that occurs twice, once escaped', String.raw`{"a":1,"\u0061":2}`, 7],
    ['a key that occurs twice with null', '{"a":null,"a":1}', 10],
    ['the key __proto__', '{"__proto__":{"admin":true}}', 1],
    ['the key __proto__ in escapes', String.raw`{"\u005f_proto__":1}`, 1],
    ['bytes after the value', '{} x', 3],
    ['two values', '1 2', 2],
    ['nothing', '', 0],
    ['a byte order mark', '\ufeff{}', 0],
    ['a lone surrogate', '["\ud800"]', 2],
    ['a lone surrogate in escapes', String.raw`["\ud800"]`, 2],
    ['a lone low surrogate in escapes', String.raw`["a\udc00"]`, 2],
    ['a control character in a string', '"a\u0001"', 2],
    ['a control character after an escape', '"\\n\u0001"', 1],
    ['a wrong escape', String.raw`"\x"`, 1],
    ['a short unicode escape', String.raw`"\u12"`, 1],
    ['a string with no end', '"abc', 4],
    ['a string with no end after an escape', String.raw`"abc\"`, 6],
    ['a number with a leading zero', '01', 1],
    ['a number with a plus', '+1', 0],
    ['a number with a bare point', '1.', 2],
    ['a number with a bare exponent', '1e+', 3],
    ['a bare minus', '-', 1],
    ['a number beyond a double', '[1e400]', 1],
    ['an integer that a double cannot carry', '[9007199254740993]', 1],
    ['the same with a fraction', '[-9007199254740993.0]', 1],
    ['the same with an exponent', '[900719925474099.3e1]', 1],
    ['NaN', 'NaN', 0],
    ['a word cut short', 'tru', 0],
    ['another word', 'nulL', 0],
    ['a comma too many in an array', '[1,]', 3],
    ['a comma too many in an object', '{"a":1,}', 7],
    ['no comma', '[1 2]', 3],
    ['no colon', '{"a" 1}', 5],
    ['a bare key', '{a:1}', 1],
    ['an array with no end', '[1', 2],
    ['a comment', '[1]//', 3],
    ['a form feed as white space', '\f1', 0],
  ])('refuses %s and says where', (_what, text, offset) => {
    expect(refusal(() => parseStrict(text)).place).toBe(`offset ${offset}`);
  });

  it('takes numbers of 2^53 and more only with digits that a double carries', () => {
    expect(parseStrict('[10000000000000000, 1e16, 1.0E+300, -12345678901234568, 0.1e18]')).toEqual([
      1e16, 1e16, 1e300, -12345678901234568, 1e17,
    ]);
  });

  it('takes escapes, pairs of surrogates and inherited names as keys', () => {
    expect(parseStrict(String.raw`{"constructor":"\ud83d\ude00\"\\","toString":"😀"}`)).toEqual({
      constructor: '😀"\\',
      toString: '😀',
    });
  });

  it.each([
    ['a stray continuation', [0x22, 0x80, 0x22], 1],
    ['an overlong slash', [0x22, 0x61, 0xc0, 0xaf, 0x22], 2],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22], 1],
    ['a sequence cut off', [0x22, 0xe4, 0xb8], 1],
    ['a replacement character before the wrong byte', [0x22, 0xef, 0xbf, 0xbd, 0xff, 0x22], 4],
  ])('refuses UTF-8 with %s and says where', (_what, bytes, offset) => {
    expect(refusal(() => parseStrict(Uint8Array.from(bytes))).place).toBe(`offset ${offset}`);
  });

  it('refuses a byte order mark in bytes', () => {
    expect(refusal(() => parseStrict(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).place).toBe('offset 0');
  });

  it('refuses nesting beyond 200 levels, however many there are', () => {
    expect(parseStrict('['.repeat(200) + ']'.repeat(200))).toBeInstanceOf(Array);
    expect(refusal(() => parseStrict('['.repeat(1_000_000))).place).toBe('offset 200');
    expect(refusal(() => parseStrict('{"a":'.repeat(201))).problem).toBe('nesting too deep');
  });

  it('whose values take more memory than is allowed are refused before they do', () => {
    for (const text of [
      `[${'[],'.repeat(6_000_000)}[]]`,
      `[${'{},'.repeat(6_000_000)}{}]`,
      `[${'"",'.repeat(9_000_000)}""]`,
      `{${Array.from({ length: 600_000 }, (_, at) => `"k${at}":0`).join()}}`,
    ]) {
      expect(refusal(() => parseStrict(text)).problem).toBe('more values than their text may bring');
    }
    // What a measurement of days may bring is not refused.
    const exchange = JSON.stringify({ index: 1, label: 'a label', commit: 'c'.repeat(44), beacon: 'b'.repeat(64) });
    expect(parseStrict(`[${Array(100_000).fill(exchange).join()}]`)).toHaveLength(100_000);
    expect(parseStrict(`[${'0,'.repeat(3_000_000)}0.5]`)).toHaveLength(3_000_001);
    expect(
      Object.keys(parseStrict(`{${Array.from({ length: 50_000 }, (_, at) => `"k${at}":0`).join()}}`) as object),
    ).toHaveLength(50_000);
  });

  it('with numbers of very many digits are refused, however many there are and wherever the zeros stand', () => {
    for (const text of [
      '1'.repeat(100_000),
      `1${'0'.repeat(5_000_000)}1`,
      `0.${'0'.repeat(100_000)}1`,
      `1e${'0'.repeat(100_000)}1`,
    ]) {
      expect(refusal(() => parseStrict(text)).problem).toBe('a number of too many digits');
    }
    expect(parseStrict(`0.${'3'.repeat(1000)}`)).toBeCloseTo(1 / 3, 15);
  });

  it('keeps to tighter limits, and looser ones do not loosen it', () => {
    expect(parseStrict('[[1],[2]]', { maxDepth: 2 })).toEqual([[1], [2]]);
    expect(refusal(() => parseStrict('[[[]]]', { maxDepth: 2 })).place).toBe('offset 2');
    expect(refusal(() => parseStrict('['.repeat(201), { maxDepth: 1e9 })).place).toBe('offset 200');
    expect(refusal(() => parseStrict('"é"', { maxBytes: 3 })).problem).toBe('4 bytes, more than 3');
    expect(parseStrict('"é"', { maxBytes: 4 })).toBe('é');
    expect(refusal(() => parseStrict(new Uint8Array(5), { maxBytes: 4 })).problem).toBe('5 bytes, more than 4');
  });
});
