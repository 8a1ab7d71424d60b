import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';

/** What reading a value from outside gives: the value, or every place where it does not fit. */
export type Checked<T> = { ok: true; value: T } | { ok: false; problems: string[] };

const validators = new WeakMap<object, Validator>();

/**
 * Checks a value that crossed a boundary (file, wire, process) against its schema.
 * Nothing is converted or defaulted. At most 20 problems are listed, each as `path: message`.
 */
export function check<S extends TSchema>(schema: S, value: unknown): Checked<Static<S>> {
  let validator = validators.get(schema);
  if (!validator) {
    validator = Compile(schema) as unknown as Validator;
    validators.set(schema, validator);
  }
  if (validator.Check(value)) return { ok: true, value: value as Static<S> };
  const problems: string[] = [];
  for (const error of validator.Errors(value)) {
    problems.push(`${error.instancePath || '/'}: ${error.message}`);
    if (problems.length === 20) break;
  }
  return { ok: false, problems };
}
