import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Context, Unsupported } from '../benchmark.ts';
import { identityToken } from './identity.ts';
import { mostShards } from './knobs.ts';

/** The endpoint under test and the credentials of its users. */
export interface Target {
  readonly url: string;
  readonly model: string;
  readonly tokens: readonly string[];
  /** Key of the built-in service; undefined for an endpoint of the platform. */
  readonly identityKey: string | undefined;
}

interface TargetSettings {
  readonly users: number;
  readonly endpoint?: string;
  readonly model?: string;
  readonly tokensFile?: string;
}

/** Finds what to test: the endpoint that the settings name, or else the built-in service. Throws `Unsupported`. */
export function findTarget(
  context: Pick<Context<unknown>, 'service'>,
  settings: TargetSettings,
  model: string,
): Target {
  const { users, endpoint } = settings;
  if (endpoint !== undefined) {
    return {
      url: endpoint.replace(/\/+$/, ''),
      model: settings.model ?? model,
      tokens: readTokens(settings.tokensFile, users),
      identityKey: undefined,
    };
  }
  const { service } = context;
  if (!service)
    throw new Unsupported('unsupported', 'no inference service is running and the settings name no endpoint');
  return {
    url: service.url,
    model,
    tokens: Array.from({ length: users }, (_, user) => identityToken(service.identityKey, user)),
    identityKey: service.identityKey,
  };
}

/** Generator threads: as asked, or one for every 4,000 users and at most half of the cores. */
export function shardCount(asked: number, users: number): number {
  if (asked > 0) return Math.min(asked, users);
  return Math.max(1, Math.min(mostShards(users), Math.floor(availableParallelism() / 2)));
}

/** Contiguous ranges of users, as even as can be. */
export function ranges(users: number, shards: number): { first: number; end: number }[] {
  return Array.from({ length: shards }, (_, shard) => ({
    first: Math.floor((shard * users) / shards),
    end: Math.floor(((shard + 1) * users) / shards),
  }));
}

function readTokens(file: string | undefined, users: number): string[] {
  if (file === undefined) throw new Unsupported('unsupported', 'an endpoint needs a file with one token for each user');
  let tokens: string[];
  try {
    tokens = readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (error) {
    throw new Unsupported('unsupported', `the tokens file cannot be read: ${(error as Error).message}`);
  }
  const distinct = [...new Set(tokens)];
  if (distinct.length < users) {
    throw new Unsupported('unsupported', `the tokens file has ${distinct.length} different tokens for ${users} users`);
  }
  return distinct.slice(0, users);
}
