/** Deeper than any document nests; what is deeper is left to the writer that says where. */
const MAX_DEPTH = 200;
const IN_PLACE_SORT = 16;

/** `ordered` of a value that it does not vouch for. */
export const UNSURE = Symbol('unsure');

/**
 * A value that `JSON.stringify` writes as RFC 8785 asks: the same value where all its keys are in order, else a copy of
 * the parts that were not. UNSURE for everything that needs a closer look: what is no JSON value, lone surrogates, keys
 * that JavaScript would put in an order of its own (RFC 8785 section 3.2.3 sorts "10" before "9"), instances, cycles.
 */
export function ordered(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : UNSURE;
    case 'number':
      return Number.isFinite(value) ? value : UNSURE;
    case 'boolean':
      return value;
    case 'object': {
      if (value === null) return value;
      if (depth === MAX_DEPTH) return UNSURE;
      const prototype = Object.getPrototypeOf(value);
      if (prototype === Array.prototype) return orderedArray(value as unknown[], depth + 1);
      return prototype === Object.prototype ? orderedObject(value as Record<string, unknown>, depth + 1) : UNSURE;
    }
    default:
      return UNSURE;
  }
}

function orderedArray(items: unknown[], depth: number): unknown {
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const item = ordered(items[i], depth);
    if (item === UNSURE) return UNSURE;
    if (copy) copy.push(item);
    else if (item !== items[i]) {
      copy = items.slice(0, i);
      copy.push(item);
    }
  }
  return copy ?? items;
}

function orderedObject(object: Record<string, unknown>, depth: number): unknown {
  if (Object.getOwnPropertySymbols(object).length > 0) return UNSURE;
  const keys = Object.keys(object);
  const inOrder = isAscending(keys);
  if (!inOrder) sort(keys);
  const values = new Array<unknown>(keys.length);
  let same = inOrder;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const value = ordered(object[key], depth);
    if (value === UNSURE || !key.isWellFormed() || key === '__proto__') return UNSURE;
    if (value !== object[key]) same = false;
    values[i] = value;
  }
  if (same) return object;
  const copy: Record<string, unknown> = {};
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    // An integer-like key comes first in every object of JavaScript, in the order of the numbers.
    const unit = key.charCodeAt(0);
    if (!inOrder && unit >= 0x30 && unit <= 0x39) return UNSURE;
    copy[key] = values[i];
  }
  return copy;
}

function isAscending(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

/** By UTF-16 units. Most objects have few keys, for which `sort()` is slower than putting them in place one by one. */
function sort(keys: string[]): void {
  if (keys.length > IN_PLACE_SORT) {
    keys.sort();
    return;
  }
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let at = i;
    for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
}
