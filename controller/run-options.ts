import { join, resolve } from 'node:path';
import { findDescriptor } from '../benchmarks/catalog.ts';
import type { Profile } from '../model/assignment.ts';
import { AssayError } from '../model/errors.ts';
import { interpreterOf } from './interpreter.ts';
import { nearest } from './nearest.ts';
import { requireStorage, storageSettings } from './storage-room.ts';
import { STORAGE_FOLDER } from './store/running.ts';

/** What an operator said of a run on the command line. */
export interface RunOptions {
  guide?: string;
  profile?: Profile;
  claims?: string;
  waivers?: string;
  registers?: string;
  storage?: string;
  python?: string[];
  target?: string[];
  edge?: boolean;
  policy?: string;
  benchmark?: string[];
  patience?: number;
  out?: string;
  key?: string;
  authority?: string;
  json?: boolean;
}

/** Rejects with `usage` where a target was named that the guide has not. */
export function requireTargets(options: RunOptions, known: readonly string[]): void {
  const unknown = options.target?.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new AssayError('usage', `the guide has no target ${unknown}; it has ${known.join(', ')}${hint}`);
}

/** Whoever brings a guide or claims wants a verdict that can pass, not a quick look. */
export const profileOf = (options: RunOptions): Profile =>
  options.profile ?? (options.guide === undefined && options.claims === undefined ? 'quick' : 'standard');

/**
 * Settings that the operator changed, per benchmark; `out` is the folder of the run. Rejects with `storage_unwritable`
 * where the storage under test was named and cannot be written.
 */
export function settingsOf(options: RunOptions, out: string): Record<string, Record<string, unknown>> {
  const directory = options.storage === undefined ? join(out, STORAGE_FOLDER) : resolve(options.storage);
  if (options.storage !== undefined) requireStorage(directory);
  const settings: Record<string, Record<string, unknown>> = {
    'storage.volume': storageSettings(directory, profileOf(options)),
  };
  const frameworks = findDescriptor('frameworks.train')?.profiles[profileOf(options)] as { timeoutSeconds?: number };
  settings['frameworks.train'] = {
    ...(options.python && { interpreters: options.python.map(interpreterOf) }),
    // A framework has a limit of its own inside that of the whole.
    ...(options.patience !== undefined &&
      frameworks.timeoutSeconds !== undefined && { timeoutSeconds: frameworks.timeoutSeconds * options.patience }),
  };
  return settings;
}
