/** Numbers with units as vendor tools print them. Every reader gives undefined for what it does not understand. */

/** Words for "there is no value here", whatever the field is. */
const ABSENT = new RegExp(
  `^(?:${[
    'n[/.]?a\\.?|null|nil|nan|none|undefined|unspecified|unsupported|invalid|err(?:or)?!?|\\?+|\\*+',
    '(?:un|not )known(?: (?:error|type|value))?',
    'not?[ _-](?:supported|available|applicable|active|specified|provided|present|permitted|found|set|readable|data|value)',
    '(?:no|insufficient) permissions?|(?:access|permission) denied',
    'requested functionality has been deprecated|gpu (?:is lost|requires reset)',
  ].join('|')})$`,
  'i',
);
/** A token in brackets stands for a value: `[N/A]`, `[Unknown Error]`, `<OUT OF SPEC>`. */
const BRACKETED = /^(?:\[[^[\]]*\]|<[^<>]*>)$/;
const DASHES = /^[-–—_.\s]*$/;

/** True for the many ways of printing "no value". */
export function isAbsent(text: string): boolean {
  const plain = text.normalize('NFKC').trim();
  return DASHES.test(plain) || BRACKETED.test(plain) || ABSENT.test(plain);
}

/**
 * A finite number at the start of the text, with what follows it. Thousands are accepted where they are grouped by
 * threes (`65,536`, `65 536`, `65_536`); a comma that does not group is a decimal comma.
 */
export function numberAndUnit(text: string): { value: number; unit: string } | undefined {
  const narrow = text.normalize('NFKC').trim();
  if (isAbsent(narrow)) return undefined;
  const match = /^([+-]?\d+(?:[,_ ]\d{3})*(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*(.*)$/s.exec(narrow);
  if (!match) return undefined;
  let digits = match[1]!;
  digits = /^[+-]?\d{1,3}(?:([,_ ])\d{3})(?:\1\d{3})*(?:\.\d+)?(?:[eE]|$)/.test(digits)
    ? digits.replace(/[,_ ]/g, '')
    : digits.replace(',', '.');
  const value = Number(digits);
  return Number.isFinite(value) ? { value, unit: match[2]!.trim() } : undefined;
}

/** A plain number; a unit after it makes it undefined. */
export function plainNumber(text: string): number | undefined {
  const read = numberAndUnit(text);
  return read && read.unit === '' ? read.value : undefined;
}

const BYTES: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * Bytes. Vendor tools write MB and mean MiB (an Ascend card's 65536 MB are 64 GiB), so a letter is a power of 1,024
 * with or without the `i`. `unit` is what the column's heading says where the cell has none.
 */
export function bytes(text: string, unit = ''): number | undefined {
  const read = numberAndUnit(text);
  if (!read) return undefined;
  const match = /^([kmgt]?)i?(?:b|bytes?)?$/i.exec(read.unit || unit);
  const factor = match && BYTES[match[1]!.toLowerCase()];
  return factor === undefined || factor === null || read.value < 0 ? undefined : Math.round(read.value * factor);
}

/** Degrees Celsius; Fahrenheit and Kelvin are converted. */
export function celsius(text: string): number | undefined {
  const read = numberAndUnit(text);
  if (!read) return undefined;
  const unit = read.unit.replace(/[°º]|deg(?:rees?)?|\s/gi, '').toLowerCase();
  if (['', 'c', 'celsius'].includes(unit)) return read.value;
  if (['f', 'fahrenheit'].includes(unit)) return Math.round(((read.value - 32) / 1.8) * 10) / 10;
  if (['k', 'kelvin'].includes(unit)) return Math.round((read.value - 273.15) * 10) / 10;
  return undefined;
}

/** Watts. */
export function watts(text: string): number | undefined {
  return scaled(text, { '': 1, w: 1, watt: 1, watts: 1, mw: 1e-3, kw: 1e3 });
}

/** Megahertz. */
export function megahertz(text: string): number | undefined {
  return scaled(text, { '': 1, mhz: 1, ghz: 1e3, khz: 1e-3 });
}

/** A share of one from a percentage: `37 %` is 0.37. */
export function share(text: string): number | undefined {
  const read = numberAndUnit(text);
  return read && (read.unit === '%' || read.unit === '') ? read.value / 100 : undefined;
}

function scaled(text: string, factors: Record<string, number>): number | undefined {
  const read = numberAndUnit(text);
  if (!read) return undefined;
  const factor = factors[read.unit.toLowerCase()];
  return factor === undefined ? undefined : read.value * factor;
}

/**
 * A PCI address as `dddd:bb:dd.f` in lower case. Tools print eight-digit domains (`00000000:3B:00.0`), none at all
 * (`3b:00.0`) or capitals.
 */
export function pciAddress(text: string): string | undefined {
  const match = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i.exec(text.trim());
  if (!match) return undefined;
  const [domain, bus, slot, part] = match.slice(1) as [string | undefined, string, string, string];
  const hex = (value: string, width: number) => value.replace(/^0+(?=.)/, '').padStart(width, '0');
  return `${hex(domain ?? '0', 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${part}`.toLowerCase();
}

/** The two texts of `used / total`; one that has no unit is in the other's. Empty texts where it is no pair. */
export function pairOf(text: string): [string, string] {
  const match = /^\s*(n\/a|[^/]*?)\s*\/\s*(n\/a|[^/]*?)\s*$/i.exec(text);
  if (!match) return ['', ''];
  const [first, second] = [match[1]!, match[2]!];
  const unit = numberAndUnit(second)?.unit ?? '';
  return [unit !== '' && numberAndUnit(first)?.unit === '' ? `${first} ${unit}` : first, second];
}
