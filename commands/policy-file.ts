import { resolve } from 'node:path';
import { NO_POLICY, type Policy, policyFrom } from '../agent/policy.ts';
import { readBytes } from '../controller/inputs.ts';

/** The policy of this node from a file; the empty one where none was named. */
export const policyAt = (file: string | undefined): Policy =>
  file === undefined ? NO_POLICY : policyFrom(readBytes(file), resolve(file));
