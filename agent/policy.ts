import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import { CanonicalError, parseStrict } from '../evidence/canonical.ts';
import { type LibraryName, NAMED_LIBRARIES, type PolicyLibrary } from '../model/environment.ts';
import { AssayError } from '../model/errors.ts';
import { check } from '../model/schema.ts';
import { placeOf } from './policy-place.ts';

const SCHEMA = 'assay/policy/v1';
/** Fields of the policy that this version does not enforce yet. To read them and not to follow them would be worse. */
const LATER = ['benchmarks', 'hours', 'writes', 'directories', 'cpuShare', 'memoryShare', 'proxy', 'interpreters'];

const PolicyFile = Type.Object(
  { schema: Type.Literal(SCHEMA), libraries: Type.Optional(Type.Record(Type.String(), Type.String({ minLength: 1 }))) },
  { additionalProperties: false },
);

/** What the owner of a node allows on it, as far as this version follows it. */
export interface Policy {
  readonly libraries: readonly PolicyLibrary[];
}

/** The policy of a node that has no file. */
export const NO_POLICY: Policy = { libraries: [] };

/**
 * The policy in a file; paths in it are relative to the file. Rejects with `json_invalid`, and with `policy_invalid`,
 * line and column, for a key that there is not, one that is not followed yet, and a library that is no file.
 */
export function policyFrom(bytes: Uint8Array, file: string): Policy {
  let value: unknown;
  try {
    value = parseStrict(bytes);
  } catch (error) {
    if (error instanceof CanonicalError) throw new AssayError('json_invalid', `${file}: ${error.message}`);
    throw error;
  }
  const text = Buffer.from(bytes).toString('utf8');
  const refuse = (path: readonly string[], problem: string): never => {
    const { line, column } = placeOf(text, path);
    throw new AssayError('policy_invalid', `${file}:${line}:${column}: ${problem}`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse([], 'not a JSON object');
  const { schema } = value as { schema?: unknown };
  if (schema !== SCHEMA) {
    return refuse(schema === undefined ? [] : ['schema'], `schema is ${JSON.stringify(schema)}, "${SCHEMA}" is needed`);
  }
  for (const key of Object.keys(value)) {
    if (LATER.includes(key)) refuse([key], `"${key}" is not enforced by this version yet; remove it`);
    if (!Object.hasOwn(PolicyFile.properties, key)) refuse([key], `there is no key "${key}"`);
  }
  const shaped = check(PolicyFile, value);
  if (!shaped.ok) return refuse([], shaped.problems.join('; '));
  return { libraries: librariesOf(shaped.value, file, refuse) };
}

function librariesOf(
  { libraries = {} }: Static<typeof PolicyFile>,
  file: string,
  refuse: (path: readonly string[], problem: string) => never,
): PolicyLibrary[] {
  return Object.entries(libraries).map(([name, where]) => {
    if (!Object.hasOwn(NAMED_LIBRARIES, name)) {
      refuse(
        ['libraries', name],
        `there is no library "${name}"; there are ${Object.keys(NAMED_LIBRARIES).join(', ')}`,
      );
    }
    const path = resolve(dirname(file), where);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) refuse(['libraries', name], `${path} is no file`);
    return { name: name as LibraryName, path };
  });
}
