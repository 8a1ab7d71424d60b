import table from './builds.json' with { type: 'json' };

/** A build of an engine that was published: the file that is the engine, in one package. */
export interface Build {
  readonly engine: string;
  readonly registry: string;
  readonly package: string;
  readonly version: string;
  /** Python, interface and platform of a wheel, or the platform of another package. */
  readonly tag: string;
  /** Path of the file in the package. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Day on which the list was taken from the registries, by collect.py: what was published later is not in it. */
export const TAKEN: string = table.taken;

const BY_DIGEST: ReadonlyMap<string, Build> = new Map(
  table.packages.flatMap(({ registry, package: name, engine, builds }) =>
    Object.entries(builds as Record<string, string>).map(([sha256, text]) => {
      const [version = '', tag = '', file = '', bytes = ''] = text.split(' ');
      const build = { engine, registry, package: name, version, tag, file, bytes: Number(bytes), sha256 };
      return [sha256, build] as const;
    }),
  ),
);

/** The published build that a file is, by its SHA-256 and size; undefined for any other file. */
export function publishedBuild(sha256: string, bytes: number): Build | undefined {
  const build = BY_DIGEST.get(sha256);
  return build?.bytes === bytes ? build : undefined;
}

/** All builds of the list. */
export function publishedBuilds(): Build[] {
  return [...BY_DIGEST.values()];
}
