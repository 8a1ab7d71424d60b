import { createHmac } from 'node:crypto';

/**
 * Bearer token of user `index` (from 0): the index, a dot, and HMAC-SHA-256 of `user-<index>` under the key, as
 * base64url. The index stands in front so that a service can check any of very many users with one HMAC and no table.
 */
export function identityToken(key: string, index: number): string {
  return `${index}.${createHmac('sha256', key).update(`user-${index}`).digest('base64url')}`;
}

/** Token of whoever operates the service: may reset and read its gauges, may not infer. */
export function operatorToken(key: string): string {
  return `operator.${createHmac('sha256', key).update('operator').digest('base64url')}`;
}
