import type { Facts } from './device.ts';
import { lostIn } from './health.ts';
import type { CsvOutput } from './output.ts';
import { bytes, celsius, isAbsent, megahertz, plainNumber, share, watts } from './quantity.ts';

/**
 * Facts from one row of `--query-gpu=… --format=csv`, the query language that `nvidia-smi` brought in and `ixsmi`,
 * `brsmi`, `ppu-smi` and `hl-smi` took over with small differences in the field names.
 */
export function queryFacts(row: Readonly<Record<string, string>>, units: CsvOutput['units']): Facts {
  const cell = (...names: string[]): string => {
    for (const name of names) {
      const value = row[name];
      if (value !== undefined && !isAbsent(value)) return value;
    }
    return '';
  };
  const memory = (name: string) => bytes(cell(name), units[name] ?? 'MiB');
  const mig = cell('mig.mode.current');
  const svi = cell('svi.mode.current');
  return {
    chip: cell('name', 'ppu_name'),
    uuid: cell('uuid', 'gpu_uuid', 'ppu_uuid'),
    serial: cell('serial', 'gpu_serial', 'ppu_serial', 'serial_number'),
    pciAddress: cell('pci.bus_id', 'gpu_bus_id', 'ppu_bus_id', 'bus_id'),
    memoryBytes: memory('memory.total'),
    memoryUsedBytes: memory('memory.used'),
    driver: cell('driver_version', 'driver.version'),
    firmware: cell('vbios_version', 'firmware_version'),
    temperatureC: celsius(cell('temperature.gpu', 'temperature.ppu', 'temperature.aip')),
    powerW: watts(cell('power.draw', 'gpu.power.draw')),
    powerLimitW: watts(cell('power.limit', 'gpu.power.limit', 'gpu.current.power.limit', 'power.max')),
    clockMHz: megahertz(cell('clocks.sm', 'clocks.current.sm', 'clocks.current.soc')),
    clockMaxMHz: megahertz(cell('clocks.max.sm', 'clocks.max.soc')),
    memoryClockMHz: megahertz(cell('clocks.mem', 'clocks.current.memory')),
    utilization: share(cell('utilization.gpu', 'utilization.ppu', 'utilization.aip')),
    linkGeneration: plainNumber(cell('pcie.link.gen.current', 'pcie.link.gen.gpucurrent')),
    linkWidth: plainNumber(cell('pcie.link.width.current').replace(/x/i, '')),
    eccUncorrected: plainNumber(
      cell('ecc.errors.uncorrected.volatile.total', 'ecc.errors.uncorrected.aggregate.total'),
    ),
    capability: cell('compute_cap', 'compute_capability'),
    fan: share(cell('fan.speed')),
    memoryTemperatureC: celsius(cell('temperature.memory')),
    health: lostIn(Object.values(row)),
    partitioning: mig !== '' ? `MIG ${mig.toLowerCase()}` : svi !== '' ? `SVI ${svi.toLowerCase()}` : undefined,
  };
}
