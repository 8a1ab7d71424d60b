import type { Facts } from './device.ts';
import { finder, outline } from './outline.ts';
import { clean } from './output.ts';
import { celsius, isAbsent, megahertz, pciAddress, plainNumber, watts } from './quantity.ts';

type Line = ReturnType<typeof outline>[number];

/** `npu-smi info -t board`. */
export function parseBoard(text: string): Facts {
  const find = finder(outline(text));
  const vendor = find('PCI Vendor ID').replace(/^0x/i, '').toLowerCase();
  const id = find('PCI Device ID').replace(/^0x/i, '').toLowerCase();
  return {
    serial: find('Serial Number'),
    driver: find('Software Version'),
    firmware: find('Firmware Version'),
    pciAddress: pciAddress(find('PCIe Bus Info', 'PCIeBusInfo')),
    pciId: /^[0-9a-f]{4}$/.test(vendor) && /^[0-9a-f]{4}$/.test(id) ? `${vendor}:${id}` : undefined,
  };
}

/** `npu-smi info -t board -c`: the die's own id, and the variant that `Ascend910` alone does not tell. */
export function parseChipBoard(text: string): { uuid: string | undefined; chip: string | undefined } {
  const find = finder(outline(text));
  const name = find('Chip Name');
  const variant = find('NPU Name');
  const chip = isAbsent(name) ? undefined : `Ascend ${name.replace(/^Ascend\s*/i, '')}`;
  return {
    uuid: isAbsent(find('VDie ID')) ? undefined : find('VDie ID'),
    chip: chip && !isAbsent(variant) ? `${chip} ${variant}` : chip,
  };
}

/**
 * `npu-smi info -t common`: clock and power by chip id, and what the board's controller (Mcu) tells of the whole card.
 * Its block comes last and is the only one with a power on cards whose chips do not measure theirs.
 */
export function parseCommon(text: string): { chips: Map<number, Facts>; board: Facts } {
  const chips = new Map<number, Facts>();
  let board: Facts = {};
  // Where chips have a power of their own, that of the controller (MCU) is not the card's.
  let ofChips = false;
  for (const block of clean(text).split(/^(?=\s*(?:Chip ID|Chip Name)\s*:)/m)) {
    const find = finder(outline(block));
    const powerW = watts(find('NPU Real-time Power(W)', 'Real-time Power(W)', 'Power(W)'));
    if (/^mcu$/i.test(find('Chip Name'))) board = { powerW };
    else ofChips ||= powerW !== undefined;
    const chip = plainNumber(find('Chip ID'));
    if (chip === undefined) continue;
    chips.set(chip, {
      clockMHz: megahertz(find('Aicore curFreq(MHZ)')),
      clockMaxMHz: megahertz(find('Aicore Freq(MHZ)')),
      powerW,
      computeUnits: plainNumber(find('Aicore Count')),
    });
  }
  return { chips, board: ofChips ? {} : board };
}

/**
 * Lines of a query of all chips of an NPU by chip, whose number stands behind its lines; those of one chip may have
 * none.
 */
function byChip(text: string): Map<number, Line[]> {
  const chips = new Map<number, Line[]>();
  let lines: Line[] = [];
  for (const line of outline(text)) {
    const chip = line.path.at(-1) === 'chip id' ? plainNumber(line.value) : undefined;
    if (chip === undefined) lines.push(line);
    else {
      chips.set(chip, lines);
      lines = [];
    }
  }
  if (chips.size === 0) chips.set(0, lines);
  return chips;
}

/** `npu-smi info -t ecc`: uncorrected errors of all memories by chip id. */
export function parseEcc(text: string): Map<number, number> {
  const chips = new Map<number, number>();
  for (const [chip, lines] of byChip(text)) {
    const counts = lines.flatMap(({ path, value }) => {
      const count = plainNumber(value);
      const told = /^(?:ddr|hbm) double bit error count$/.test(path.at(-1)!) && count !== undefined;
      return told ? [count] : [];
    });
    if (counts.length > 0)
      chips.set(
        chip,
        counts.reduce((a, b) => a + b, 0),
      );
  }
  return chips;
}

/** `npu-smi info -t memory`: clock and temperature of the HBM by chip id, clock of the DDR where there is no HBM. */
export function parseMemory(text: string): Map<number, Facts> {
  const chips = new Map<number, Facts>();
  for (const [chip, lines] of byChip(text)) {
    const find = finder(lines);
    const clock = [find('HBM Clock Speed(MHz)'), find('DDR Clock Speed(MHz)')].map(megahertz);
    chips.set(chip, {
      memoryClockMHz: clock.find((value) => value !== undefined && value > 0),
      memoryTemperatureC: celsius(find('HBM Temperature(C)')),
    });
  }
  return chips;
}

/** The table's word for the health with what `npu-smi info -t health` says about it. */
export function parseHealth(word: string, text: string): string {
  const find = finder(outline(text));
  const more = [find('Error Code'), find('Error Information')].filter((part) => !isAbsent(part));
  return more.length === 0 ? word : `${word}: ${more.join(' ')}`.slice(0, 400);
}

/** `npu-smi info -t product`: the product the card is sold as (Atlas …). */
export function parseProduct(text: string): string | undefined {
  const name = finder(outline(text))('Product Type', 'Product Name');
  return isAbsent(name) ? undefined : name;
}
