import { describe, expect, it } from 'vitest';
import table from '../../../../benchmarks/compute/chips.json' with { type: 'json' };
import { ChipTable, ceiling, findChip, knownChips, TOLERANCE } from '../../../../benchmarks/compute/chips.ts';
import { check } from '../../../../model/schema.ts';
import { inventoryOf, recorded, recordedNames } from '../../agent/inventory/recordings.ts';

const peak = (vendor: string, name: string, precision: string) => {
  const chip = findChip(vendor, name);
  return chip && ceiling(chip, precision)?.opsPerSecond;
};

describe('the chips table', () => {
  it('fits its schema and every figure names a source', () => {
    expect(check(ChipTable, table)).toMatchObject({ ok: true });
    for (const chip of knownChips()) {
      for (const figure of Object.values(chip.peaks)) {
        expect(figure.source).not.toBe('no source');
        expect(figure.value).toBeGreaterThan(1e11);
      }
    }
    expect(new Set(table.sources).size).toBe(table.sources.length);
  });

  it.each([
    ['NVIDIA', 'NVIDIA A100-SXM4-80GB', 'FP16', 312e12],
    ['NVIDIA', 'NVIDIA A800-SXM4-80GB', 'INT8', 624e12],
    ['NVIDIA', 'NVIDIA H100 80GB HBM3', 'FP16', 989.4e12],
    ['NVIDIA', 'NVIDIA H100 PCIe', 'FP16', 756e12],
    ['NVIDIA', 'NVIDIA H100 NVL', 'FP16', 835.5e12],
    ['NVIDIA', 'NVIDIA H200', 'FP16', 989.4e12],
    ['NVIDIA', 'NVIDIA H200 NVL', 'FP16', 835.5e12],
    ['NVIDIA', 'NVIDIA H20', 'FP64', 1e12],
    ['NVIDIA', 'NVIDIA H800', 'FP64', 1e12],
    ['NVIDIA', 'NVIDIA L40S', 'FP16', 362e12],
    ['NVIDIA', 'NVIDIA L4', 'FP16', 121e12],
    ['NVIDIA', 'NVIDIA GeForce RTX 4090', 'INT8', 660.6e12],
    ['NVIDIA', 'NVIDIA GeForce RTX 4090 D', 'FP32', 73.5e12],
    ['NVIDIA', 'Tesla V100-SXM2-32GB', 'FP64', 7.8e12],
    ['NVIDIA', 'Tesla T4', 'INT8', 130e12],
    ['AMD', 'AMD Instinct MI300X', 'FP64', 163.4e12],
    ['AMD', 'AMD INSTINCT MI250X (MCM) OAM AC MBA', 'FP16', 383e12],
    ['Intel', 'HL-225', 'BF16', 432e12],
    ['Huawei Ascend', 'Ascend 910B3', 'FP16', 313e12],
    ['Huawei Ascend', '910B4', 'FP16', 280e12],
    ['Huawei Ascend', 'Ascend 910A', 'FP16', 256e12],
    ['Huawei Ascend', 'Ascend 910 9392', 'FP16', 752e12],
    ['Huawei Ascend', '310P3', 'INT8', 140e12],
    ['Cambricon', 'MLU370-X8', 'FP16', 96e12],
    ['Hygon', 'K100_AI', 'FP16', 192e12],
    ['Kunlunxin', 'P800 OAM', 'FP16', 345e12],
    ['Moore Threads', 'MTT S4000', 'FP32', 25e12],
    ['MetaX', 'MetaX C500', 'FP16', 240e12],
    ['MetaX', 'MXC550', 'FP16', 280e12],
    ['Iluvatar CoreX', 'Iluvatar BI-V150S', 'INT8', 384e12],
    ['Iluvatar CoreX', 'BI-V100', 'FP32', 37e12],
  ])('knows %s %s at %s', (vendor, name, precision, expected) => {
    expect(peak(vendor, name, precision)).toBeCloseTo(expected, -6);
  });

  it.each([
    ['NVIDIA', 'NVIDIA A10G'],
    ['NVIDIA', 'NVIDIA A100X'],
    ['NVIDIA', 'NVIDIA H1000'],
    ['NVIDIA', 'NVIDIA L400'],
    ['NVIDIA', 'Ascend 910B3'],
    ['Huawei Ascend', 'Ascend910'],
    ['Huawei Ascend', '910B'],
    ['Huawei Ascend', 'xxx'],
    ['Hygon', 'K100'.repeat(2)],
    ['MetaX', 'MetaX N260'],
    ['Nobody', 'A100'],
    ['NVIDIA', ''],
  ])('has no ceiling for %s %s', (vendor, name) => {
    expect(findChip(vendor, name)).toBeUndefined();
    expect(findChip(vendor, undefined)).toBeUndefined();
  });

  it('knows cards without a trustworthy figure and gives no ceiling for them', () => {
    for (const [vendor, name] of [
      ['Hygon', 'BW1000'],
      ['Biren', 'Biren106M'],
      ['Enflame', 'S60'],
      ['T-Head', 'PPU-ZW810E'],
    ] as const) {
      const chip = findChip(vendor, name);
      expect(chip?.note).toBeDefined();
      expect(chip && ceiling(chip, 'FP16')).toBeUndefined();
    }
  });

  it('has no ceiling for a precision that is called like what every object has', () => {
    const chip = findChip('NVIDIA', 'H100 PCIe')!;
    for (const precision of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'FP8__proto__ ', '']) {
      const found = ceiling(chip, precision);
      expect(found).toEqual(precision.startsWith('FP8') ? ceiling(chip, 'FP8') : undefined);
    }
  });

  it('never infers one precision from another', () => {
    const chip = findChip('Huawei Ascend', '910B3')!;
    expect(ceiling(chip, 'FP64')).toBeUndefined();
    expect(ceiling(chip, 'TF32')).toBeUndefined();
    expect(ceiling(findChip('NVIDIA', 'H100 PCIe')!, 'FP8_E4M3')?.opsPerSecond).toBe(1513e12);
  });

  it('takes the faster of matrix and vector units, divides by dies, and widens by confidence', () => {
    const h100 = findChip('NVIDIA', 'NVIDIA H100 80GB HBM3')!;
    expect(ceiling(h100, 'FP64')).toMatchObject({ opsPerSecond: 66.9e12, holds: true, limit: 66.9e12 * 1.05 });
    const x8 = findChip('Cambricon', 'MLU370-X8')!;
    expect(ceiling(x8, 'FP16', 'die')).toMatchObject({ opsPerSecond: 48e12, holds: false, limit: 48e12 * 1.15 });
    expect(TOLERANCE).toEqual({ high: 0.05, medium: 0.15, low: 0.5 });
  });

  it('holds nothing back by a figure that has no source of its own or that its own silicon contradicts', () => {
    for (const chip of knownChips()) {
      for (const figure of Object.values(chip.peaks)) {
        if (figure.source.startsWith('no source of its own') || figure.source.startsWith('seen: media')) {
          expect(figure.confidence).not.toBe('high');
        }
      }
    }
    expect(ceiling(findChip('NVIDIA', 'NVIDIA L40')!, 'FP16')?.holds).toBe(false);
  });

  it('is in itself plausible: INT8 not below FP16, FP16 not below FP32', () => {
    for (const { chip, peaks } of knownChips()) {
      const value = (precision: string) => peaks[precision]?.value;
      const [int8, fp16, fp32] = [value('INT8'), value('FP16'), value('FP32')];
      if (int8 && fp16) expect(int8 / fp16, chip).toBeGreaterThanOrEqual(1);
      if (fp16 && fp32) expect(fp16 / fp32, chip).toBeGreaterThanOrEqual(1);
    }
  });

  it('marks domestic chips', () => {
    expect(findChip('Huawei Ascend', '910B3')?.domestic).toBe(true);
    expect(findChip('NVIDIA', 'H20')?.domestic).toBe(false);
  });

  it('gives at most one chip for any name of a recorded machine', async () => {
    for (const name of recordedNames()) {
      for (const device of (await inventoryOf(recorded(name))).accelerators) {
        const chip = findChip(device.vendor.value, device.chip?.value);
        if (chip) expect(chip.vendor).toBe(device.vendor.value);
      }
    }
  });
});
