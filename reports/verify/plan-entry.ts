import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { openStatement } from '../../evidence/statement.ts';
import { Plan } from '../../model/assignment.ts';
import { check } from '../../model/schema.ts';
import { type Flaw, flaw } from './defect.ts';
import { PATHS } from './layout.ts';

/** A plan whose signature holds, the key that it was signed with, and the digest of what was signed. */
export interface OpenedPlan {
  readonly plan: Plan;
  readonly keyId: string;
  readonly sha256: string;
}

/**
 * Opens the plan of a log with the controller's key (PEM). It must be for this guide, and no two assignments have one
 * id.
 */
export function openPlan(envelope: unknown, controllerKey: string, guideSha256: string): OpenedPlan | Flaw {
  let keyId: string;
  try {
    keyId = keyIdOf(controllerKey);
  } catch {
    return flaw('key_invalid', `${PATHS.controllerKey} is missing or not an ECDSA P-256 key`);
  }
  const opened = openStatement(envelope, new Map([[keyId, controllerKey]]), 'plan');
  if (!opened.ok) return flaw('signature_invalid', `the plan: ${opened.problem}`);
  const plan = check(Plan, opened.statement.predicate);
  if (!plan.ok) return flaw('plan_invalid', `the plan: ${plan.problems.join('; ')}`);
  if (plan.value.guide.sha256 !== guideSha256) return flaw('plan_invalid', 'the plan was made for another guide');
  const { assignments } = plan.value;
  if (new Set(assignments.map(({ id }) => id)).size < assignments.length)
    return flaw('plan_invalid', 'two assignments of the plan have one id');
  return { plan: plan.value, keyId, sha256: sha256Hex(opened.opened.payload) };
}
