import { InvalidArgumentError } from 'commander';

/** A path as it was given; an empty one, as an unset variable gives, would silently be the folder one stands in. */
export function place(path: string): string {
  if (path === '') throw new InvalidArgumentError('a path is needed');
  return path;
}

/** Where an authority answers; found wrong now, not when hours of measuring are over. */
export function authorityUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new InvalidArgumentError('an address that begins with http:// or https:// is needed');
  }
  return url;
}

/** By how much time limits may be raised at most. */
const MOST_PATIENCE = 100;

/** How many times longer than usual a measurement may take. */
export function patience(text: string): number {
  const factor = Number(text);
  if (!(factor >= 1 && factor <= MOST_PATIENCE)) {
    throw new InvalidArgumentError(`a number from 1 to ${MOST_PATIENCE} is needed`);
  }
  return factor;
}
