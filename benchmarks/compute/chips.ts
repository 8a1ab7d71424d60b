import { type Static, Type } from 'typebox';
import { check } from '../../model/schema.ts';
import { isDomestic } from '../../model/vendors.ts';
import table from './chips.json' with { type: 'json' };

const strict = { additionalProperties: false } as const;
export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** `[value, index into the table's sources, confidence]`. */
const Figure = Type.Tuple([Type.Number({ exclusiveMinimum: 0 }), Type.Integer({ minimum: 0 }), Type.Enum(CONFIDENCES)]);

/** The data file: published figures of accelerators, each with where it is from and how sure it is. */
export const ChipTable = Type.Object(
  {
    schema: Type.Literal('assay/chips/v1'),
    note: Type.String(),
    sources: Type.Array(Type.String({ minLength: 1 })),
    chips: Type.Array(
      Type.Object(
        {
          /** As the inventory writes it. */
          vendor: Type.String({ minLength: 1 }),
          chip: Type.String({ minLength: 1 }),
          /** Patterns of the names that tools print, without the vendor's own name. */
          names: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
          dies: Type.Integer({ minimum: 1 }),
          /** Dense, whole card, Tera-operations per second. */
          peaks: Type.Record(Type.String(), Figure),
          memoryGB: Type.Optional(Figure),
          bandwidthGBs: Type.Optional(Figure),
          powerW: Type.Optional(Figure),
          note: Type.Optional(Type.String()),
        },
        strict,
      ),
    ),
  },
  strict,
);

export interface ChipFigure {
  readonly value: number;
  readonly source: string;
  readonly confidence: Confidence;
}

/** What is published of a chip. A precision without a trustworthy figure is not in `peaks`. */
export interface Chip {
  readonly vendor: string;
  readonly chip: string;
  /** By the list of model/vendors.ts. */
  readonly domestic: boolean;
  /** Dies on one card; the figures are the card's. */
  readonly dies: number;
  /** Operations per second by precision; a fused multiply-add is two. */
  readonly peaks: Readonly<Record<string, ChipFigure>>;
  readonly memoryBytes?: ChipFigure;
  readonly bandwidthBytesPerSecond?: ChipFigure;
  readonly powerW?: ChipFigure;
  readonly note?: string;
}

/** How far above a figure a measurement may lie: a public table is wrong more often than a data sheet. */
export const TOLERANCE: Readonly<Record<Confidence, number>> = { high: 0.05, medium: 0.15, low: 0.5 };

/** The most that a card or die can plausibly do. */
export interface Ceiling {
  readonly opsPerSecond: number;
  /** `opsPerSecond` with the tolerance of its confidence. */
  readonly limit: number;
  readonly confidence: Confidence;
  readonly source: string;
  /** Only a figure of high confidence may hold a result back; the others flag it. */
  readonly holds: boolean;
}

/**
 * The chip that a vendor's tool calls `name`. Undefined for a chip that is not in the table, for a name that fits more
 * than one, and for no name: then there is no ceiling, and the report says so. Nothing is guessed from a similar name.
 */
export function findChip(vendor: string, name: string | undefined): Chip | undefined {
  if (name === undefined) return undefined;
  const bare = bareName(name);
  const fitting = CHIPS.filter((entry) => entry.chip.vendor === vendor && entry.names.some((n) => n.test(bare)));
  return fitting.length === 1 ? fitting[0]!.chip : undefined;
}

/**
 * Ceiling at a precision (`FP64`, `FP32`, `TF32`, `FP16`, `BF16`, `FP8…`, `INT8`, `INT4` …), for a card or one of its
 * dies. Matrix and vector units count as one: the faster holds. Never inferred from another precision.
 */
export function ceiling(chip: Chip, precision: string, kind: 'package' | 'die' = 'package'): Ceiling | undefined {
  const wanted = precision.startsWith('FP8') ? 'FP8' : precision;
  let best: ChipFigure | undefined;
  for (const name of [wanted, `${wanted} vector`, `${wanted} fp16acc`]) {
    // The precision is what a node wrote; `constructor` must not find what every object has.
    const figure = Object.hasOwn(chip.peaks, name) ? chip.peaks[name] : undefined;
    if (figure && (!best || figure.value > best.value)) best = figure;
  }
  if (!best) return undefined;
  const opsPerSecond = kind === 'die' ? best.value / chip.dies : best.value;
  const { confidence, source } = best;
  return {
    opsPerSecond,
    limit: opsPerSecond * (1 + TOLERANCE[confidence]),
    confidence,
    source,
    holds: confidence === 'high',
  };
}

/** Names of all chips of the table. */
export function knownChips(): readonly Chip[] {
  return CHIPS.map((entry) => entry.chip);
}

/** Without the names of vendors and series that some versions of a tool print and others do not. */
function bareName(name: string): string {
  return name
    .trim()
    .replace(
      /^(?:NVIDIA|AMD|Intel\(R\)|Intel|Huawei|Iluvatar(?: CoreX)?|MetaX|Kunlunxin|Enflame|Biren(?=[A-Z ])|Habana)\s*/i,
      '',
    )
    .replace(/^(?:Instinct|GeForce|Tesla|Ascend|Graphics Device)\s*/i, '')
    .trim();
}

const CHIPS: readonly { names: RegExp[]; chip: Chip }[] = read();

function read() {
  const checked = check(ChipTable, table);
  if (!checked.ok) throw new Error(`chips.json: ${checked.problems.join('; ')}`);
  const { sources, chips } = checked.value;
  const figure = ([value, source, confidence]: Static<typeof Figure>, unit: number): ChipFigure => ({
    // Tenths of Tera-operations become whole operations.
    value: Math.round(value * unit),
    source: sources[source] ?? 'no source',
    confidence,
  });
  return chips.map(({ vendor, chip, names, dies, peaks, memoryGB, bandwidthGBs, powerW, note }) => ({
    names: names.map((pattern) => new RegExp(pattern, 'i')),
    chip: {
      vendor,
      chip,
      domestic: isDomestic('accelerator', vendor) === true,
      dies,
      peaks: Object.fromEntries(Object.entries(peaks).map(([precision, peak]) => [precision, figure(peak, 1e12)])),
      ...(memoryGB ? { memoryBytes: figure(memoryGB, 1e9) } : {}),
      ...(bandwidthGBs ? { bandwidthBytesPerSecond: figure(bandwidthGBs, 1e9) } : {}),
      ...(powerW ? { powerW: figure(powerW, 1) } : {}),
      ...(note === undefined ? {} : { note }),
    },
  }));
}
