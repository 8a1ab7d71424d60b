import { createHash, timingSafeEqual } from 'node:crypto';
import { identityToken, operatorToken } from '../../benchmarks/users/identity.ts';

/** Who calls: a user by index, the operator, or nobody that we know. */
export type Caller = { readonly kind: 'user'; readonly index: number } | { readonly kind: 'operator' } | undefined;

/** Most tokens that are remembered; beyond it each call costs one HMAC. */
const REMEMBERED = 20_000;

/** Gives the caller of an `Authorization` header value; compares in constant time. */
export function callers(identityKey: string): (authorization: string | undefined) => Caller {
  const known = new Map<string, Caller>();
  return (authorization) => {
    const token = /^Bearer ([\w.-]{1,128})$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const remembered = known.get(token);
    if (remembered) return remembered;
    const caller = recognise(identityKey, token);
    if (caller && known.size < REMEMBERED) known.set(token, caller);
    return caller;
  };
}

function recognise(key: string, token: string): Caller {
  const name = token.slice(0, token.indexOf('.'));
  if (name === 'operator') return same(token, operatorToken(key)) ? { kind: 'operator' } : undefined;
  if (!/^(0|[1-9]\d{0,8})$/.test(name)) return undefined;
  return same(token, identityToken(key, Number(name))) ? { kind: 'user', index: Number(name) } : undefined;
}

/** Equal lengths are needed by timingSafeEqual, so digests are compared. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
