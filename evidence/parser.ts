const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Digits, point, sign and exponent of a number: many more than a double has, and too few to cost time. */
const MOST_NUMBER = 1024;

/**
 * What values take in memory, bytes, as an engine of today has them. A text of a few bytes can be a value of many
 * (`[],` is one of sixty): whoever sends a text must not choose how much memory it takes.
 */
const COST = { container: 64, member: 24, item: 8, string: 32, number: 8, widely: 512 } as const;
/** An object of more members than this is kept as a table, which takes more, and longer, for each. */
const WIDE = 512;
/** What any text may take, and per UTF-16 unit of a longer one: a list of small integers takes just so much. */
const MOST_COST = 256 * 1024 * 1024;
const COST_PER_UNIT = 4;

/**
 * One pass over a JSON text (RFC 8259) that takes nothing two readers could read differently; the full list is at
 * `parseStrict`. Every refusal calls `refuse` with the offset, which must throw. Nesting is bounded by `maxDepth`, so
 * the recursion is too; the memory that the value takes is bounded by the length of the text.
 */
export class JsonParser {
  readonly #text: string;
  readonly #refuse: (problem: string, offset: number) => never;
  #at = 0;
  #room: number;
  #purse: number;

  constructor(text: string, maxDepth: number, refuse: (problem: string, offset: number) => never) {
    this.#text = text;
    this.#room = maxDepth;
    this.#purse = Math.max(MOST_COST, COST_PER_UNIT * text.length);
    this.#refuse = refuse;
  }

  document(): unknown {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('something after the value');
    return value;
  }

  #value(): unknown {
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object();
      case 0x5b:
        return this.#array();
      case QUOTE:
        this.#spend(COST.string);
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): Record<string, unknown> {
    this.#enter();
    const object: Record<string, unknown> = {};
    if (this.#leaves(0x7d)) return object;
    let members = 0;
    do {
      this.#spend(++members > WIDE ? COST.member + COST.widely : COST.member);
      this.#space();
      const start = this.#at;
      if (this.#text.charCodeAt(start) !== QUOTE) this.#fail('no key');
      const key = this.#string();
      if (key === '__proto__') this.#fail('the key __proto__', start);
      // Values are never undefined, so the slow question is only asked for inherited names and real duplicates.
      if (object[key] !== undefined && Object.hasOwn(object, key)) this.#fail('a key that occurs twice', start);
      this.#space();
      if (this.#text.charCodeAt(this.#at) !== 0x3a) this.#fail('no colon');
      this.#at++;
      this.#space();
      object[key] = this.#value();
    } while (this.#continues(0x7d));
    return object;
  }

  #array(): unknown[] {
    this.#enter();
    const items: unknown[] = [];
    if (this.#leaves(0x5d)) return items;
    do {
      this.#spend(COST.item);
      this.#space();
      items.push(this.#value());
    } while (this.#continues(0x5d));
    return items;
  }

  #enter(): void {
    if (this.#room-- === 0) this.#fail('nesting too deep');
    this.#spend(COST.container);
    this.#at++;
  }

  #leaves(close: number): boolean {
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== close) return false;
    this.#at++;
    this.#room++;
    return true;
  }

  #continues(close: number): boolean {
    if (this.#leaves(close)) return false;
    if (this.#text.charCodeAt(this.#at) !== COMMA) this.#fail('neither a comma nor an end');
    this.#at++;
    return true;
  }

  #string(): string {
    const start = this.#at + 1;
    for (let at = start, high = false; ; at++) {
      const unit = this.#text.charCodeAt(at);
      if (unit === QUOTE) {
        this.#at = at + 1;
        const string = this.#text.slice(start, at);
        if (high && !string.isWellFormed()) this.#fail('a lone surrogate', start);
        return string;
      }
      if (unit === BACKSLASH) return this.#escaped(start);
      // Past the end the unit is NaN, which is not >= 0x20 either.
      if (!(unit >= 0x20)) this.#fail('a string with a control character or no end', at);
      if (unit >= 0xd800) high = true;
    }
  }

  #escaped(start: number): string {
    let at = start;
    for (let unit = this.#text.charCodeAt(at); unit !== QUOTE; unit = this.#text.charCodeAt(at)) {
      if (Number.isNaN(unit)) this.#fail('a string with no end', at);
      at += unit === BACKSLASH ? 2 : 1;
    }
    let string: string;
    try {
      string = JSON.parse(this.#text.slice(start - 1, at + 1));
    } catch {
      return this.#fail('a string with a wrong escape or a control character', start);
    }
    if (!string.isWellFormed()) this.#fail('a lone surrogate', start);
    this.#at = at + 1;
    return string;
  }

  #number(): number {
    const start = this.#at;
    if (this.#is(0x2d)) this.#at++;
    if (this.#is(0x30)) this.#at++;
    else this.#digits();
    if (this.#is(0x2e)) {
      this.#at++;
      this.#digits();
    }
    if (this.#is(0x65) || this.#is(0x45)) {
      this.#at++;
      if (this.#is(0x2b) || this.#is(0x2d)) this.#at++;
      this.#digits();
    }
    if (this.#at - start > MOST_NUMBER) this.#fail('a number of too many digits', start);
    const literal = this.#text.slice(start, this.#at);
    const value = Number(literal);
    if (!isSmall(value)) this.#spend(COST.number);
    if (!Number.isFinite(value)) this.#fail('a number beyond a double', start);
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER && significand(literal) !== significand(String(value))) {
      this.#fail('an integer with more digits than a double carries', start);
    }
    return value;
  }

  #digits(): void {
    const start = this.#at;
    for (let unit = this.#text.charCodeAt(start); unit >= 0x30 && unit <= 0x39; )
      unit = this.#text.charCodeAt(++this.#at);
    if (this.#at === start) this.#fail(start < this.#text.length ? 'an unexpected character' : 'an early end');
  }

  /** Counts what a value takes, in place of whoever would run out of memory. */
  #spend(cost: number): void {
    this.#purse -= cost;
    if (this.#purse < 0) this.#fail('more values than their text may bring');
  }

  #is(unit: number): boolean {
    return this.#text.charCodeAt(this.#at) === unit;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('an unexpected character');
    this.#at += word.length;
    return value;
  }

  #space(): void {
    for (let unit = this.#text.charCodeAt(this.#at); unit <= 0x20; unit = this.#text.charCodeAt(++this.#at)) {
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    }
  }

  #fail(problem: string, at = this.#at): never {
    return this.#refuse(problem, at);
  }
}

/** A number that takes no more than its place. */
const isSmall = (value: number): boolean => (value | 0) === value;

/** The digits of a number that count: without sign, point, exponent and the zeros at both ends. */
function significand(literal: string): string {
  return literal
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '');
}
