import { type Static, Type } from 'typebox';
import { Transcript } from '../../model/assignment.ts';

/** What the controller keeps of a result that it did not accept: as it came, with its own record of the attempt. */
export const Delivery = Type.Object(
  { envelope: Type.Unknown(), transcript: Transcript },
  { additionalProperties: false },
);
export type Delivery = Static<typeof Delivery>;
