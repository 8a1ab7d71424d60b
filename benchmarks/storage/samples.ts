import { type Static, Type } from 'typebox';
import { DEFECTS } from './block.ts';
import { Books } from './books.ts';

const strict = { additionalProperties: false } as const;
const Bytes = Type.Integer({ minimum: 0 });
const Seconds = Type.Number({ minimum: 0 });
const Beacon = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What the directory under test lies on. */
export const Volume = Type.Object(
  {
    directory: Type.String(),
    mountPoint: Type.String(),
    fsType: Type.String(),
    source: Type.String(),
    /** The same text on every node that mounts the same file system, as far as it can be read without writing. */
    identity: Type.String({ minLength: 1 }),
    remote: Type.Boolean(),
    /** Whether the data live in memory; `unknown` where what lies below cannot be seen. */
    volatile: Type.Enum(['no', 'yes', 'unknown']),
    /** From the file system down to the devices, for example `ext4 on /dev/loop0`, `/images/a.img (sparse)`. */
    layers: Type.Array(Type.String()),
    /** Bytes that the layer below can hold at most, where it can be told. */
    ceilingBytes: Type.Optional(Bytes),
  },
  strict,
);
export type Volume = Static<typeof Volume>;

/** Bytes moved per window of equal length, in time order; the last may be cut short and is left out. */
export const Windows = Type.Object(
  { windowS: Type.Number({ exclusiveMinimum: 0 }), bytes: Type.Array(Type.Number({ minimum: 0 })) },
  strict,
);
export type Windows = Static<typeof Windows>;

const Tally = Type.Object(
  Object.fromEntries(DEFECTS.map((kind) => [kind, Bytes])) as Record<(typeof DEFECTS)[number], typeof Bytes>,
  strict,
);

/** One run of fio. The numbers are read from its output, which is kept beside these samples. */
export const FioRun = Type.Object(
  {
    point: Type.String(),
    argv: Type.Array(Type.String()),
    exitCode: Type.Union([Type.Integer(), Type.Null()]),
    signal: Type.Union([Type.String(), Type.Null()]),
    /** Names of the evidence files with its two streams. */
    stdout: Type.String(),
    stderr: Type.String(),
  },
  strict,
);
export type FioRun = Static<typeof FioRun>;

/** Raw samples of `storage.volume`. */
export const StorageSamples = Type.Object(
  {
    /** Beacon of commit `open`: the data derive from it. */
    challenge: Beacon,
    /** Beacon of commit `filled`: what is read, and in which order, derives from it. */
    audit: Beacon,
    volume: Volume,
    before: Books,
    after: Books,
    /** Behind the reading, during which we wrote nothing. */
    end: Books,
    /** O_DIRECT worked for writing and reading. */
    direct: Type.Boolean(),
    /** The kernel took the advice to drop its cache before anything was read. */
    cacheDropped: Type.Boolean(),
    chunkBytes: Bytes,
    lanes: Type.Integer({ minimum: 1 }),
    files: Type.Integer({ minimum: 1 }),
    /** The same lanes without storage: making and comparing data only. */
    nullRun: Type.Object({ bytes: Bytes, seconds: Seconds }, strict),
    fill: Type.Object(
      {
        plannedBytes: Bytes,
        /** Bytes that were on the storage at the same time at the end. */
        bytes: Bytes,
        /** Bytes written, later passes counted again. */
        writtenBytes: Bytes,
        /** The last pass, from 0, and how many chunks it reached; chunks behind keep the pass before. */
        epoch: Type.Integer({ minimum: 0 }),
        epochChunks: Type.Integer({ minimum: 0 }),
        /** With `syncSeconds`. */
        seconds: Seconds,
        syncSeconds: Seconds,
        stoppedBy: Type.Enum(['planned', 'time']),
        windows: Windows,
      },
      strict,
    ),
    sample: Type.Object(
      {
        /** Cold reads of one unit, nanoseconds, in the order of the challenge. */
        latenciesNs: Type.Array(Type.Integer({ minimum: 0 })),
        /** Strata that were asked for; fewer units than that give fewer. */
        planned: Type.Integer({ minimum: 1 }),
        /** How many of each were read. */
        stratified: Type.Integer({ minimum: 0 }),
        ruler: Type.Integer({ minimum: 0 }),
        seconds: Seconds,
        /** sha256 over place and bytes of every unit of sample and ruler that was right, in the order of the challenge. */
        digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      },
      strict,
    ),
    read: Type.Object(
      {
        bytes: Bytes,
        seconds: Seconds,
        windows: Windows,
        /** Bytes that the kernel fetched from the storage meanwhile (/proc/self/io); absent where it does not tell. */
        fetchedBytes: Type.Optional(Bytes),
      },
      strict,
    ),
    /** Bad units of sample, ruler and read, by kind; all of them. */
    bad: Tally,
    /** The first of them. */
    defects: Type.Array(
      Type.Object(
        {
          during: Type.Enum(['sample', 'read']),
          unit: Type.Integer({ minimum: 0 }),
          kind: Type.Enum(DEFECTS),
          distance: Type.Integer(),
          detail: Type.String(),
        },
        strict,
      ),
      { maxItems: 512 },
    ),
    fio: Type.Object(
      {
        path: Type.String(),
        version: Type.String(),
        sha256: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
        runs: Type.Array(FioRun),
      },
      strict,
    ),
  },
  strict,
);
export type StorageSamples = Static<typeof StorageSamples>;

/** What is committed when the fill is done, before anybody can know what will be read. */
export function fillCommit(samples: Pick<StorageSamples, 'fill' | 'chunkBytes' | 'files'>): Uint8Array {
  const { fill, chunkBytes, files } = samples;
  return Buffer.from(
    JSON.stringify([fill.bytes, fill.writtenBytes, fill.epoch, fill.epochChunks, chunkBytes, files, fill.seconds]),
  );
}

/** What is committed when the reading is done, so that its time lies between two moments of the controller's clock. */
export function readCommit({ read }: Pick<StorageSamples, 'read'>): Uint8Array {
  return Buffer.from(JSON.stringify([read.bytes, read.seconds]));
}

/** The pass whose data a chunk must hold at the end. */
export function epochOf(fill: { epoch: number; epochChunks: number }, chunk: number): number {
  return chunk < fill.epochChunks ? fill.epoch : fill.epoch - 1;
}

/** Where a chunk lies: chunks are dealt to the files in turn, so that lanes seldom meet in one file. */
export function chunkPlace(chunk: number, files: number, chunkBytes: number): { file: number; offset: number } {
  return { file: chunk % files, offset: Math.floor(chunk / files) * chunkBytes };
}

/** Name of a data file inside the run's own folder. */
export function fileName(index: number): string {
  return `part-${String(index).padStart(5, '0')}.bin`;
}
