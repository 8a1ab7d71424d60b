import type { Accelerator } from '../../model/inventory.ts';
import { isAbsent, pciAddress } from './quantity.ts';
import { isIdentity, isName } from './value.ts';
import { type VendorKey, vendorName } from './vendor.ts';

/**
 * What a parser may know of a device, each value in the unit of the field's name; undefined where it was not printed.
 */
export interface Facts {
  chip?: string | undefined;
  uuid?: string | undefined;
  serial?: string | undefined;
  pciAddress?: string | undefined;
  pciId?: string | undefined;
  memoryBytes?: number | undefined;
  memoryUsedBytes?: number | undefined;
  driver?: string | undefined;
  firmware?: string | undefined;
  runtime?: string | undefined;
  health?: string | undefined;
  eccUncorrected?: number | undefined;
  throttleReasons?: string[] | undefined;
  temperatureC?: number | undefined;
  powerW?: number | undefined;
  powerLimitW?: number | undefined;
  clockMHz?: number | undefined;
  clockMaxMHz?: number | undefined;
  memoryClockMHz?: number | undefined;
  utilization?: number | undefined;
  linkGeneration?: number | undefined;
  linkWidth?: number | undefined;
  peers?: string[] | undefined;
  partitioning?: string | undefined;
  deviceNode?: string | undefined;
  capability?: string | undefined;
  computeUnits?: number | undefined;
  numaNode?: number | undefined;
  subsystemId?: string | undefined;
  memoryTemperatureC?: number | undefined;
  fan?: number | undefined;
}

type NumberField = { [K in keyof Facts]-?: NonNullable<Facts[K]> extends number ? K : never }[keyof Facts];

/** What a value can physically be. Outside it is a tool's way of saying "no value" (65535, -274, 2^32 − 1). */
const PLAUSIBLE: Readonly<Record<NumberField, readonly [number, number]>> = {
  memoryBytes: [2 ** 20, 2 ** 44],
  memoryUsedBytes: [0, 2 ** 44],
  eccUncorrected: [0, 2 ** 40],
  temperatureC: [-60, 200],
  powerW: [0, 20_000],
  powerLimitW: [1, 20_000],
  clockMHz: [0, 20_000],
  clockMaxMHz: [1, 20_000],
  memoryClockMHz: [0, 40_000],
  utilization: [0, 1],
  linkGeneration: [1, 9],
  linkWidth: [1, 64],
  computeUnits: [1, 1_000_000],
  numaNode: [0, 1_023],
  memoryTemperatureC: [-60, 200],
  fan: [0, 1.5],
};

/** What a text must be to be a fact of its field; of the others it must be a value at all. */
const FITTING: Partial<Record<keyof Facts, (text: string) => boolean>> = {
  chip: isName,
  uuid: isIdentity,
  serial: isIdentity,
  pciAddress: isIdentity,
  // No vendor and no device is 0000 or ffff.
  pciId: (text) => /^(?!0000|ffff)[0-9a-f]{4}:(?!0000|ffff)[0-9a-f]{4}$/.test(text),
  driver: isIdentity,
  firmware: isIdentity,
  runtime: isIdentity,
  capability: isIdentity,
};

/** Whose device it is and what it counts as. */
export interface Identity {
  readonly id: string;
  readonly kind: Accelerator['kind'];
  readonly vendor: VendorKey;
  readonly parent?: string | undefined;
}

/**
 * A device with every fact's source. Empty texts, the usual ways of printing "no value", placeholders of the field and
 * numbers outside what is physically possible are left out.
 */
export function device(identity: Identity, source: string, facts: Facts): Accelerator {
  const made: Accelerator = {
    id: identity.id,
    kind: identity.kind,
    vendor: { value: vendorName(identity.vendor), source },
    ...(identity.parent === undefined ? {} : { parent: identity.parent }),
  };
  return addFacts(made, source, facts);
}

/** Adds facts that the device does not have yet. */
export function addFacts(made: Accelerator, source: string, facts: Facts): Accelerator {
  const target = made as Record<string, unknown>;
  for (const [name, raw] of Object.entries(facts)) {
    if (raw === undefined || target[name] !== undefined) continue;
    const value = name === 'pciAddress' ? pciAddress(String(raw)) : raw;
    if (typeof value === 'number' && !plausible(name as NumberField, value)) continue;
    if (typeof value === 'string' && !fits(name as keyof Facts, value)) continue;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    target[name] = { value, source };
  }
  return made;
}

function fits(name: keyof Facts, text: string): boolean {
  return FITTING[name]?.(text) ?? !isAbsent(text);
}

function plausible(name: NumberField, value: number): boolean {
  const [least, most] = PLAUSIBLE[name];
  return Number.isFinite(value) && value >= least && value <= most;
}
