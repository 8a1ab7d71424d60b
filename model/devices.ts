import type { Accelerator } from './inventory.ts';

/**
 * Whose devices the software of a benchmark calls by which word (the part of a metric's `device` label before the
 * colon). PyTorch's builds for ROCm, DTK, MACA, CoreX, the PPU SDK and Kunlun cards all say `cuda`.
 */
const VENDORS_BY_WORD: Readonly<Record<string, readonly string[]>> = {
  cuda: ['NVIDIA', 'AMD', 'Hygon', 'MetaX', 'Iluvatar CoreX', 'T-Head', 'Kunlunxin'],
  npu: ['Huawei Ascend'],
  mlu: ['Cambricon'],
  musa: ['Moore Threads'],
  xpu: ['Intel'],
};

/** What a metric's `device` label (`cpu`, `cuda:0`, `npu:3` …) can mean among the accelerators of its node. */
export interface Labelled {
  /** Every device that software addresses on its own and that the label can mean. */
  readonly candidates: readonly Accelerator[];
  /** The one that it means, where the number in the label tells: the candidates are of one vendor and one chip. */
  readonly device?: Accelerator;
}

/**
 * Devices behind a label. Software addresses the dies of a card where it has several, else the card; how it numbers
 * unequal devices is its own choice (CUDA puts the fastest first), so that the number tells only among equal ones.
 */
export function devicesBehind(label: string, accelerators: readonly Accelerator[]): Labelled {
  const [word = '', number] = label.split(':');
  const vendors = Object.hasOwn(VENDORS_BY_WORD, word) ? VENDORS_BY_WORD[word]! : [];
  const own = accelerators.filter((device) => device.kind !== 'partition' && vendors.includes(device.vendor.value));
  const candidates = own.filter((device) => !own.some((other) => other.kind === 'die' && other.parent === device.id));
  const names = new Set(candidates.map((device) => `${device.vendor.value}\n${chipName(device, accelerators) ?? ''}`));
  const index = number !== undefined && /^\d+$/.test(number) ? Number(number) : Number.NaN;
  const device = names.size === 1 ? candidates[index] : undefined;
  return { candidates, ...(device ? { device } : {}) };
}

/** The chip's name as its tool prints it: a die's own, else its card's. */
export function chipName(device: Accelerator, accelerators: readonly Accelerator[]): string | undefined {
  return device.chip?.value ?? accelerators.find((other) => other.id === device.parent)?.chip?.value;
}

/** Vendor and chip for people. Some tools print the vendor in the name and some do not. */
export function deviceName(device: Accelerator, accelerators: readonly Accelerator[]): string {
  const vendor = device.vendor.value;
  const chip = chipName(device, accelerators);
  if (chip === undefined) return `${vendor} (${device.pciId?.value ?? 'no name'})`;
  return chip.toLowerCase().startsWith(vendor.toLowerCase()) ? chip : `${vendor} ${chip}`;
}
