import { InvalidArgumentError } from 'commander';

/** By how much time limits may be raised at most. */
const MOST = 100;

/** How many times longer than usual a measurement may take, from the command line. */
export function patience(text: string): number {
  const factor = Number(text);
  if (!(factor >= 1 && factor <= MOST)) throw new InvalidArgumentError(`a number from 1 to ${MOST} is needed`);
  return factor;
}
