import { type Static, Type } from 'typebox';
import { EQUIPMENT, Tried } from '../../benchmarks/compute/tried.ts';
import { check } from '../../model/schema.ts';
import type { Read } from '../inventory/machine.ts';

/** What the helper process prints that tries every compute backend (`agent/inventory/probes/backends.ts`). */
const Trial = Type.Object({
  ready: Type.Array(
    Type.Object({
      backend: Type.String(),
      name: Type.String(),
      software: Type.Array(Type.Object({ name: Type.String(), version: Type.String() })),
      devices: Type.Array(
        Type.Object({
          id: Type.String(),
          name: Type.String(),
          uuid: Type.Optional(Type.String()),
          precisions: Type.Array(Type.String()),
        }),
      ),
    }),
  ),
  failed: Type.Array(Type.Object({ name: Type.String(), why: Type.String() })),
  /** The same as the benchmarks record it; recordings of earlier versions have none. */
  tried: Type.Optional(Type.Array(Tried)),
  ...EQUIPMENT,
});
export type Trial = Static<typeof Trial>;

/** The trial, or why there is none. */
export function trialIn(document: Read<unknown>): Trial | string {
  if (!document.ok) return `not tried: ${document.why}`;
  const checked = check(Trial, document.value);
  return checked.ok ? checked.value : `not tried: ${checked.problems[0]}`;
}
