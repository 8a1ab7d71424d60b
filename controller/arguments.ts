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
