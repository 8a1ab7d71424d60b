import { type Static, Type } from 'typebox';

/** A sentence or label in both languages a report is read in: Chinese (`zh`) and English (`en`). */
export const Text = Type.Object(
  { zh: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) },
  { additionalProperties: false },
);
export type Text = Static<typeof Text>;
