import { type Static, Type } from 'typebox';
import { EVIDENCE_LEVELS, type EvidenceLevel } from './outcome.ts';

/**
 * How the holder of the controller's key stands to whoever is tested. `self`: one party has the controller and the
 * agents, a self-test. `independent`: another party has the controller.
 */
export const RELATIONS = ['self', 'independent'] as const;
export const Relation = Type.Enum(RELATIONS);
export type Relation = (typeof RELATIONS)[number];

/**
 * Who holds the key that draws the challenges and signs the results, as its holder declares it in the signed plan.
 * Whoever draws the beacons knows the audit and could make everything up: the evidence levels of a run depend on it.
 */
export const Controller = Type.Object(
  { relation: Relation, holder: Type.String({ pattern: '\\S', maxLength: 200 }) },
  { additionalProperties: false },
);
export type Controller = Static<typeof Controller>;

/** Highest evidence level in a run: a party that tests itself is challenged by nobody else. */
export const HIGHEST_LEVEL: Readonly<Record<Relation, EvidenceLevel>> = { self: 'E1', independent: 'E3' };

/** The lower of two evidence levels. */
export function lowerLevel(a: EvidenceLevel, b: EvidenceLevel): EvidenceLevel {
  return EVIDENCE_LEVELS.indexOf(a) < EVIDENCE_LEVELS.indexOf(b) ? a : b;
}
