import { type Static, Type } from 'typebox';
import { check } from '../../model/schema.ts';
import { Text } from '../../model/text.ts';
import table from './libraries.json' with { type: 'json' };

const strict = { additionalProperties: false } as const;
const Names = Type.Array(Type.String({ minLength: 1 }));

/** The data file: libraries that compute on a node, what they serve, and how much of the peak each usually reaches. */
const LibraryTable = Type.Object(
  {
    schema: Type.Literal('assay/libraries/v1'),
    note: Type.String(),
    sources: Type.Array(Type.String({ minLength: 1 })),
    libraries: Type.Record(
      Type.String(),
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          /** Precisions of processors that it is installed for. */
          serves: Names,
          install: Text,
          /** With these instructions it must be at least this version, or run one of these variants. */
          outdated: Type.Array(
            Type.Object(
              {
                instructions: Names,
                leastVersion: Type.Optional(Type.String({ pattern: '^\\d+(\\.\\d+)*$' })),
                variants: Type.Optional(Names),
                source: Type.Integer({ minimum: 0 }),
              },
              strict,
            ),
          ),
        },
        strict,
      ),
    ),
    /** Libraries by which accelerators of a vendor are measured. */
    cards: Type.Record(Type.String(), Names),
    /** By precision, the processor's flags that decide how fast it multiplies, best first. */
    preference: Type.Record(Type.String(), Names),
    shares: Type.Array(
      Type.Object(
        {
          instructions: Type.String({ minLength: 1 }),
          precision: Type.String({ minLength: 1 }),
          backend: Type.String({ minLength: 1 }),
          share: Type.Tuple([
            Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
            Type.Integer({ minimum: 0 }),
            Type.String({ format: 'date' }),
          ]),
        },
        strict,
      ),
    ),
  },
  strict,
);

const TABLE: Static<typeof LibraryTable> = read();

/** A library as the table has it. */
export type Library = (typeof TABLE.libraries)[string];

/** How much of the peak a backend usually reaches, with where the figure is from. */
export interface UsualShare {
  readonly backend: string;
  readonly share: number;
  readonly source: string;
  readonly measuredAt: string;
}

/** Flags of processors that the table knows, each once. */
export const ARITHMETIC_FLAGS: readonly string[] = [...new Set(Object.values(TABLE.preference).flat())];

/** The library behind a backend; undefined for one that comes with this program, or is not known. */
export function libraryOf(backend: string): Library | undefined {
  return Object.hasOwn(TABLE.libraries, backend) ? TABLE.libraries[backend] : undefined;
}

/** Backends whose libraries are installed for this precision on processors. */
export function backendsServing(precision: string): string[] {
  return Object.keys(TABLE.libraries).filter((backend) => TABLE.libraries[backend]!.serves.includes(precision));
}

/** Backends by which accelerators of a vendor are measured; none for a vendor that is not known. */
export function backendsForCards(vendor: string): readonly string[] {
  return Object.hasOwn(TABLE.cards, vendor) ? TABLE.cards[vendor]! : [];
}

/**
 * The instructions that decide how fast a processor with these flags multiplies in a precision; undefined if it cannot.
 */
export function instructionsFor(precision: string, flags: readonly string[]): string | undefined {
  const known = Object.hasOwn(TABLE.preference, precision) ? TABLE.preference[precision]! : [];
  return known.find((flag) => flags.includes(flag));
}

/** Usual shares at a precision with these instructions, highest first; empty where nothing was measured. */
export function usualShares(precision: string, instructions: string): UsualShare[] {
  return TABLE.shares
    .filter((row) => row.precision === precision && row.instructions === instructions)
    .map(({ backend, share: [share, source, measuredAt] }) => ({
      backend,
      share,
      source: TABLE.sources[source]!,
      measuredAt,
    }))
    .sort((a, b) => b.share - a.share);
}

/** Whether a library of this version and variant is too old to make use of these instructions. */
export function isOutdated(
  backend: string,
  instructions: string,
  { version, variant }: { readonly version: string | undefined; readonly variant: string | undefined },
): boolean {
  const rules = libraryOf(backend)?.outdated.filter((rule) => rule.instructions.includes(instructions)) ?? [];
  return rules.some(({ leastVersion, variants }) => {
    if (leastVersion !== undefined && version !== undefined && older(version, leastVersion)) return true;
    return variants !== undefined && variant !== undefined && !variants.includes(variant);
  });
}

/** By the numbers that each begins with; what is no version is not called old. */
function older(version: string, least: string): boolean {
  const numbers = (text: string): number[] => (/^\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
  const [own, wanted] = [numbers(version), numbers(least)];
  if (/^\d/.test(version) === false) return false;
  for (let i = 0; i < Math.max(own.length, wanted.length); i++) {
    const difference = (own[i] ?? 0) - (wanted[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function read(): Static<typeof LibraryTable> {
  const checked = check(LibraryTable, table);
  if (!checked.ok) throw new Error(`libraries.json: ${checked.problems.join('; ')}`);
  for (const { share } of checked.value.shares) {
    if (checked.value.sources[share[1]] === undefined)
      throw new Error(`libraries.json: there is no source ${share[1]}`);
  }
  return checked.value;
}
