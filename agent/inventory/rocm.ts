import type { Facts } from './device.ts';
import { documentsIn, jsonIn } from './documents.ts';
import { at, firstText } from './output.ts';
import { bytes, celsius, isAbsent, megahertz, share, watts } from './quantity.ts';
import { isName } from './value.ts';

/** A card as `rocm-smi --json` and Hygon's `hy-smi --json` describe it. */
export interface RocmCard {
  readonly index: number;
  /** Text of the `Card Vendor` field: the same program serves AMD and Hygon cards. */
  readonly cardVendor: string;
  /** Id of the device on the bus, four digits in hexadecimal. */
  readonly deviceId?: string;
  readonly facts: Facts;
}

/** Hygon's toolkit has a `rocm-smi` of its own, which lists Hygon's cards. */
export function isHygon(card: RocmCard): boolean {
  return /haiguang|hygon|c-3000/i.test(card.cardVendor) || /^DCU\b|K100|Z100/i.test(card.facts.chip ?? '');
}

/** What is asked of `rocm-smi` and `hy-smi`; an option that a version does not know makes it print an error. */
export const ROCM_ARGS: readonly string[] = [
  '--showid',
  '--showproductname',
  '--showuniqueid',
  '--showserial',
  '--showbus',
  '--showmeminfo',
  'vram',
  '--showuse',
  '--showtemp',
  '--showpower',
  '--showmaxpower',
  '--showclocks',
  '--showvbios',
  '--showdriverversion',
  '--json',
];
/** The fewer options that every version knows. */
export const ROCM_SHORT_ARGS: readonly string[] = [
  '--showproductname',
  '--showserial',
  '--showbus',
  '--showmeminfo',
  'vram',
  '--json',
];

/**
 * Cards of `{"card0": {…}, "system": {…}}`. Field names differ in capitals, in the unit in parentheses and in the
 * device's name (GPU, DCU, HCU) between versions; the unit is read from the name. Undefined where there is no card.
 */
export function parseRocmJson(text: string): { cards: RocmCard[]; driver?: string } | undefined {
  const cards: RocmCard[] = [];
  let driver: string | undefined;
  for (const document of documentsIn(text).flat()) {
    for (const [name, value] of Object.entries(document as object)) {
      const index = /^card(\d+)$/i.exec(name)?.[1];
      if (index !== undefined && typeof value === 'object' && value !== null) cards.push(card(Number(index), value));
    }
    driver ??= firstText(document, 'system.Driver version') || undefined;
  }
  return cards.length === 0 ? undefined : { cards, ...(driver === undefined ? {} : { driver }) };
}

/** Options that give the kind of link between each two cards. */
export const LINK_ARGS: readonly string[] = ['--showtopotype', '--json'];

/**
 * Peers by number from `--showtopotype --json`: `{"system": {"(Topology) Link type between DRM devices 0 and 1":
 * "XGMI"}}`, each pair once. Ways over PCIe are no links.
 */
export function parseLinks(text: string, id: string): Map<number, string[]> {
  const peers = new Map<number, string[]>();
  const system = at(
    jsonIn(text, (one) => at(one, 'system') !== undefined),
    'system',
  );
  if (typeof system !== 'object' || system === null) return peers;
  for (const [name, type] of Object.entries(system)) {
    const pair = /link type between drm devices (\d{1,3}) and (\d{1,3})$/i.exec(name.trim());
    if (!pair || typeof type !== 'string' || !/^XGMI$/i.test(type.trim())) continue;
    const [a, b] = [Number(pair[1]), Number(pair[2])];
    if (a === b) continue;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const peer = `${id}-${to} ${type.trim().toUpperCase()}`;
      if (!peers.get(from)?.includes(peer)) peers.set(from, [...(peers.get(from) ?? []), peer]);
    }
  }
  return peers;
}

function card(index: number, value: object): RocmCard {
  const fields = Object.entries(value).map(([name, v]) => ({
    name: name
      .replace(/\(([^()]*)\)\s*$/, '')
      .trim()
      .toLowerCase(),
    unit: /\(([^()]*)\)\s*$/.exec(name)?.[1] ?? '',
    text: typeof v === 'string' ? v.trim() : typeof v === 'number' ? String(v) : '',
  }));
  const find = (...patterns: RegExp[]) => first(patterns, () => true);
  const first = (patterns: readonly RegExp[], fits: (text: string) => boolean) => {
    for (const pattern of patterns) {
      const field = fields.find((f) => pattern.test(f.name) && !isAbsent(f.text) && fits(f.text));
      if (field) return field;
    }
    return { name: '', unit: '', text: '' };
  };
  const total = find(/^vram total memory$/, /^available memory size$/);
  const used = find(/^vram total used memory$/);
  const bus = find(/^pci bus$/).text;
  const clock = /\((\d+(?:\.\d+)?\s*[MG]hz)\)/i.exec(find(/^sclk clock speed:?$/).text)?.[1];
  // Newer versions call it Device ID and have a GUID; older ones GPU ID.
  const deviceId = /^(?:0x)?([0-9a-f]{4})$/i.exec(find(/^device id$/, /^gpu id$/).text)?.[1];
  return {
    index,
    ...(deviceId === undefined ? {} : { deviceId: deviceId.toLowerCase() }),
    cardVendor: find(/^card vendor$/).text,
    facts: {
      chip: first([/^card series$/, /^device name$/, /^card model$/, /^market name$/], isName).text,
      uuid: find(/^unique id$/).text,
      serial: find(/^serial number$/).text,
      // Hygon's tool appends the serial number: `0000:06:00.0 --> SN: …`.
      pciAddress: bus.split(/\s/)[0],
      memoryBytes: bytes(total.text, total.unit),
      memoryUsedBytes: bytes(used.text, used.unit),
      firmware: find(/^vbios version$/).text,
      temperatureC: celsius(find(/^temperature \(sensor junction\)$/, /^temperature \(sensor edge\)$/).text),
      memoryTemperatureC: celsius(find(/^temperature \(sensor mem(?:ory)?\)$/).text),
      capability: find(/^gfx version$/).text,
      powerW: watts(
        find(
          /^average graphics package power$/,
          /^current socket graphics package power$/,
          /^socket graphics package power$/,
          /^current graphics package power$/,
        ).text,
      ),
      powerLimitW: watts(find(/^max graphics package power$/).text),
      clockMHz: clock === undefined ? undefined : megahertz(clock),
      utilization: share(find(/^(?:gpu|dcu|hcu) use$/).text),
    },
  };
}
