import type { Estimate } from '../../model/estimate.ts';

interface Scale {
  readonly factor: number;
  readonly name: string;
}

const prefixed = (names: readonly string[]): Scale[] => names.map((name, i) => ({ factor: 1000 ** i, name })).reverse();

/** Largest first. Decimal SI only; an operation rate carries the guide's own word (10^15 op/s = 1 Peta-ops). */
const SCALES: Readonly<Record<string, readonly Scale[]>> = {
  'op/s': prefixed(['ops', 'kilo-ops', 'Mega-ops', 'Giga-ops', 'Tera-ops', 'Peta-ops', 'Exa-ops']),
  op: prefixed(['op', 'k op', 'M op', 'G op', 'T op', 'P op', 'E op']),
  'op/J': prefixed(['op/J', 'k op/J', 'M op/J', 'G op/J', 'T op/J']),
  B: prefixed(['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']),
  'B/s': prefixed(['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s', 'PB/s']),
  'bit/s': prefixed(['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']),
  s: [
    { factor: 1, name: 's' },
    { factor: 1e-3, name: 'ms' },
    { factor: 1e-6, name: 'µs' },
    { factor: 1e-9, name: 'ns' },
  ],
  ratio: [{ factor: 0.01, name: '%' }],
  count: [{ factor: 1, name: '' }],
  year: [{ factor: 1, name: '年 yr' }],
};

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/**
 * A value with its unit in decimal SI, for example `40 GB/s`, `10 Peta-ops`, `95 %`, `1,000`. The scale is the one that
 * suits `like` (default: the value itself), so that a measured value can be shown on the scale of its limit. Four
 * significant digits; more where two different values would look alike (`unlike`). `—` for what is no number.
 */
export function quantity(value: number, unit: string, like = value, unlike?: number): string {
  if (!Number.isFinite(value)) return '—';
  const scale = scaleFor(unit, like);
  const scaled = value / scale.factor;
  // so small that zeros would hide it: a residual of 1.3×10⁻¹⁵ is no per cent that anyone could read
  if (value !== 0 && Math.abs(scaled) < 1e-6) {
    return scale.name === '%' ? power(value) : withName(power(scaled), scale.name);
  }
  let text = significant(scaled, 4);
  if (unlike !== undefined && unlike !== value) {
    const other = unlike / scale.factor;
    for (let digits = 5; digits <= 15 && text === significant(other, digits - 1); digits++) {
      text = significant(scaled, digits);
    }
  }
  return withName(text, scale.name);
}

/**
 * An estimate with its expanded uncertainty: U to two significant digits, the value to the same place, for example
 * `207.1 ± 1.2 Giga-ops` (JCGM 100:2008, 7.2.6). An exact count stands alone.
 */
export function plusMinus(estimate: Estimate, like = estimate.value, unlike?: number): string {
  const { value, unit, U } = estimate;
  if (!Number.isFinite(value) || !Number.isFinite(U)) return '—';
  if (U === 0) return quantity(value, unit, like, unlike);
  const scale = scaleFor(unit, like);
  const decimals = 1 - Math.floor(Math.log10(U / scale.factor));
  const places = Number((U / scale.factor).toPrecision(2)) >= 10 ** (2 - decimals) ? decimals - 1 : decimals;
  const text = `${fixed(value / scale.factor, places)} ± ${fixed(U / scale.factor, places)}`;
  return withName(scale.name === '%' ? `(${text})` : text, scale.name);
}

/** Bytes in binary units, to stand beside the decimal ones: `0.8882 PiB`. */
export function binaryBytes(value: number, like = value): string {
  if (!Number.isFinite(value)) return '—';
  // the step of the decimal unit it stands beside, so that PB meets PiB and never TiB
  const power = Math.min(BINARY.length - 1, Math.floor(Math.log10(Math.max(1, Math.abs(like))) / 3 + 1e-9));
  return `${significant(value / 1024 ** power, 4)} ${BINARY[power]}`;
}

/** A share as per cent with a sign, for margins: `+23.4 %`, `−99.998 %`. */
export function signedPercent(share: number): string {
  if (!Number.isFinite(share)) return '—';
  const percent = share * 100;
  let text = fixed(Math.abs(percent), Math.abs(percent) >= 1000 ? 0 : 1);
  // what is nearly everything, or nearly nothing, is not rounded to all or nothing
  for (let digits = 2; digits <= 6 && percent !== 0 && /^(100|0)(\.0+)?$/.test(text); digits++) {
    if (Math.abs(percent) === 100) break;
    text = fixed(Math.abs(percent), digits);
  }
  return `${percent < 0 ? '−' : '+'}${text} %`;
}

/** A ratio as per cent, for bars: `96.2 %`, `0.0021 %`. */
export function percent(ratio: number): string {
  if (!Number.isFinite(ratio)) return '—';
  const value = ratio * 100;
  return `${Math.abs(value) >= 1000 ? fixed(value, 0) : significant(value, Math.abs(value) >= 100 ? 4 : 3)} %`;
}

/** A whole number with its thousands set apart. */
export function whole(n: number): string {
  return fixed(n, 0);
}

/** The number of `digits` significant digits without an exponent, thousands set apart, no idle zeros at the end. */
export function significant(value: number, digits: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return '—';
  const place = digits - 1 - Math.floor(Math.log10(Math.abs(value)));
  const text = fixed(value, Number.isInteger(value) ? 0 : Math.max(0, place));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Three significant digits times a power of ten: `1.35×10⁻¹⁵`. */
function power(value: number): string {
  const [digits, exponent] = value.toExponential(2).split('e') as [string, string];
  const raised = [...exponent.replace('+', '')].map((c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)])).join('');
  return `${digits.replace(/\.?0+$/, '')}×10${raised}`;
}

function scaleFor(unit: string, like: number): Scale {
  const scales = Object.hasOwn(SCALES, unit) ? SCALES[unit]! : [{ factor: 1, name: unit }];
  const size = Math.abs(like);
  return scales.find((scale) => size >= scale.factor) ?? (size === 0 ? baseOf(scales) : scales[scales.length - 1]!);
}

function baseOf(scales: readonly Scale[]): Scale {
  return scales.find((scale) => scale.factor === 1) ?? scales[scales.length - 1]!;
}

function withName(text: string, name: string): string {
  return name === '' ? text : `${text} ${name}`;
}

/** Decimal text with so many places (negative: rounded to tens, hundreds …) and a comma between thousands. */
function fixed(value: number, places: number): string {
  const rounded = places < 0 ? Math.round(value / 10 ** -places) * 10 ** -places : value;
  const text =
    Math.abs(rounded) < 1e21 ? rounded.toFixed(Math.min(20, Math.max(0, places))) : BigInt(rounded).toString();
  const [integer, fraction] = text.split('.') as [string, string | undefined];
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
