import { ordered, UNSURE } from './ordered.ts';
import { JsonParser } from './parser.ts';

/**
 * Canonical JSON (RFC 8785) and its strict counterpart for reading.
 *
 * What is signed is bytes; what is judged is a value. Both directions must leave no choice: a value has one text,
 * and a text that two readers could take for two values is refused. Whoever sends a document controls every byte of it.
 */

/** A value or text that has no single canonical meaning. `place` is a path (`$.a[3]`) or an offset in the text. */
export class CanonicalError extends Error {
  readonly problem: string;
  readonly place: string;

  constructor(problem: string, place: string) {
    super(`${problem} at ${place}`);
    this.name = 'CanonicalError';
    this.problem = problem;
    this.place = place;
  }
}

/** Beyond this nesting a value is refused in both directions: recursion must not be the sender's to choose. */
const MAX_DEPTH = 200;
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * The one text of a JSON value (RFC 8785 section 3.2): no white space, keys sorted by UTF-16 units, numbers and strings
 * as ECMAScript writes them.
 *
 * Throws CanonicalError with the path for what is no JSON value (undefined, functions, symbols, bigint, instances of
 * classes, holes in arrays, cycles), for what JSON cannot say (NaN, infinities) and for lone surrogates (RFC 8785
 * section 3.2.2.2). A number is a double: 10^16 operations a second is one, a count of 2^53 or more is none, so it must
 * come as a string (RFC 7493 section 2.2).
 */
export function canonicalize(value: unknown): string {
  const plain = ordered(value);
  return plain === UNSURE ? write(value, [], []) : JSON.stringify(plain);
}

/** UTF-8 bytes of `canonicalize`: what is hashed and signed. May be more than a string can hold. */
export function canonicalBytes(value: unknown): Uint8Array {
  return inPieces(value) ?? Buffer.from(write(value, [], []), 'utf8');
}

/** Longer lists are written in pieces of so many items. */
const PIECE_ITEMS = 32;

/**
 * Bytes of a value; long lists in it, at its first two levels, are put in order and written one piece after the other,
 * so that no second copy of a large document is ever whole. Undefined where something in it needs a closer look.
 */
function inPieces(value: unknown): Uint8Array | undefined {
  const pieces: Buffer[] = [];
  const addItems = (items: readonly unknown[], depth: number): boolean => {
    for (let i = 0; i < items.length; i += PIECE_ITEMS) {
      const piece = ordered(items.slice(i, i + PIECE_ITEMS), depth);
      if (piece === UNSURE) return false;
      pieces.push(Buffer.from(i === 0 ? '[' : ','), Buffer.from(JSON.stringify(piece)).subarray(1, -1));
    }
    pieces.push(Buffer.from(']'));
    return true;
  };
  if (isLong(value)) return addItems(value, 0) ? Buffer.concat(pieces) : undefined;
  const lists = isObject(value) ? Object.entries(value).filter(([, member]) => isLong(member)) : [];
  if (lists.length === 0) {
    const plain = ordered(value);
    return plain === UNSURE ? undefined : Buffer.from(JSON.stringify(plain));
  }
  const long = new Map(lists) as Map<string, unknown[]>;
  const frame = ordered({ ...(value as object), ...Object.fromEntries([...long.keys()].map((key) => [key, []])) });
  // The copy has neither the prototype of the value nor all its symbols.
  const strange = Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0;
  if (frame === UNSURE || strange) return undefined;
  let before = '{';
  for (const [key, member] of Object.entries(frame as object)) {
    pieces.push(Buffer.from(`${before}${JSON.stringify(key)}:`));
    const items = long.get(key);
    if (!items) pieces.push(Buffer.from(JSON.stringify(member)));
    else if (!addItems(items, 1)) return undefined;
    before = ',';
  }
  pieces.push(Buffer.from('}'));
  return Buffer.concat(pieces);
}

const isLong = (value: unknown): value is unknown[] =>
  Array.isArray(value) && value.length > PIECE_ITEMS && Object.getPrototypeOf(value) === Array.prototype;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

type Path = (string | number)[];

function write(value: unknown, path: Path, ancestors: object[]): string {
  switch (typeof value) {
    case 'string':
      return quote(value, path);
    case 'number':
      if (!Number.isFinite(value)) refuse('a number that is not finite', path);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return writeNested(value, path, ancestors);
    default:
      return refuse(`a value of type ${typeof value}`, path);
  }
}

function writeNested(value: object, path: Path, ancestors: object[]): string {
  if (ancestors.length === MAX_DEPTH) {
    // A cycle always ends here; looking for it only now keeps the usual way free of a set of all ancestors.
    const cycle = new Set(ancestors).size < ancestors.length;
    refuse(cycle ? 'a cycle' : `nesting deeper than ${MAX_DEPTH}`, path);
  }
  const prototype = Object.getPrototypeOf(value);
  ancestors.push(value);
  let text: string;
  if (prototype === Array.prototype) text = writeArray(value as unknown[], path, ancestors);
  else if (prototype === Object.prototype || prototype === null) {
    text = writeObject(value as Record<string, unknown>, path, ancestors);
  } else text = refuse(`an instance of ${value.constructor?.name || 'an unnamed class'}`, path);
  ancestors.pop();
  return text;
}

function writeArray(items: unknown[], path: Path, ancestors: object[]): string {
  const parts = new Array<string>(items.length);
  const level = path.length;
  for (let i = 0; i < items.length; i++) {
    path[level] = i;
    parts[i] = write(items[i], path, ancestors);
  }
  path.length = level;
  return `[${parts.join(',')}]`;
}

function writeObject(object: Record<string, unknown>, path: Path, ancestors: object[]): string {
  if (Object.getOwnPropertySymbols(object).length > 0) refuse('a symbol as key', path);
  // Without a comparison function sort() orders by UTF-16 units, which is what RFC 8785 section 3.2.3 asks for.
  const keys = Object.keys(object).sort();
  const level = path.length;
  let text = '';
  for (const key of keys) {
    path[level] = key;
    if (key === '__proto__') refuse('the key __proto__', path);
    text += `${text === '' ? '' : ','}${quote(key, path)}:${write(object[key], path, ancestors)}`;
  }
  path.length = level;
  return `{${text}}`;
}

function quote(text: string, path: Path): string {
  if (!text.isWellFormed()) refuse('a lone surrogate', path);
  return JSON.stringify(text);
}

function refuse(problem: string, path: Path): never {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step.toWellFormed()}`));
  throw new CanonicalError(problem, `$${steps.join('')}`);
}

/** Bounds on a text from outside. Depth above 200 and more bytes than 256 MiB are never read. */
export interface Limits {
  readonly maxDepth?: number;
  readonly maxBytes?: number;
}

/**
 * The value of a JSON text (RFC 8259) that any two readers agree on, or CanonicalError with the offset
 * (in UTF-16 units; in bytes where the bytes are not UTF-8).
 *
 * Refused beside all that is not JSON: keys that occur twice and the key `__proto__` (readers disagree which value
 * counts, so a sender could show one value to the signer and another to the verifier), invalid UTF-8, a byte order
 * mark, lone surrogates, numbers beyond a double, integers with digits that a double cannot carry (readers with longer
 * integers would see another number), numbers of more than a thousand digits, bytes after the value, texts beyond the
 * limits, and texts whose values take more memory than is allowed (256 MiB, or four bytes for each of theirs). What
 * this accepts, `canonicalize` accepts.
 */
export function parseStrict(text: string | Uint8Array, limits: Limits = {}): unknown {
  const maxBytes = Math.min(limits.maxBytes ?? MAX_BYTES, MAX_BYTES);
  const bytes = typeof text === 'string' ? Buffer.byteLength(text) : text.byteLength;
  if (bytes > maxBytes) refuseAt(`${bytes} bytes, more than ${maxBytes}`, maxBytes);
  const parser = new JsonParser(
    typeof text === 'string' ? text : decode(text),
    Math.min(limits.maxDepth ?? MAX_DEPTH, MAX_DEPTH),
    refuseAt,
  );
  return parser.document();
}

/** The same refusal for a person with an editor: problem, line and column (from 1), where its place is an offset. */
export function describeForPerson(error: CanonicalError, text: Uint8Array): string {
  const offset = /^offset (\d+)$/.exec(error.place)?.[1];
  if (offset === undefined) return error.message;
  const before = Buffer.from(text).toString('utf8').slice(0, Number(offset)).split('\n');
  return `line ${before.length}, column ${before.at(-1)!.length + 1}: ${error.problem}`;
}

function decode(bytes: Uint8Array): string {
  try {
    // The byte order mark is kept, so that the parser refuses it (RFC 8259 section 8.1 lets readers differ on it).
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const mended = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    let offset = 0;
    while (bytes[offset] === mended[offset]) offset++;
    return refuseAt('bytes that are not UTF-8', offset);
  }
}

function refuseAt(problem: string, offset: number): never {
  throw new CanonicalError(problem, `offset ${offset}`);
}
