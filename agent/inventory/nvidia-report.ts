import type { Facts } from './device.ts';
import { healthOf, lostIn, NO, type Question, recoveryFault } from './health.ts';
import { at, firstText, listAt, textAt } from './output.ts';
import { bytes, celsius, megahertz, plainNumber, share, watts } from './quantity.ts';

export interface Gpu {
  readonly index?: number;
  readonly facts: Facts;
  /** Facts of its MIG instances, in the report's order. */
  readonly mig: Facts[];
}

export interface NvidiaReport {
  readonly driver?: string | undefined;
  readonly cuda?: string | undefined;
  readonly attached?: number | undefined;
  readonly gpus: Gpu[];
}

/**
 * The report as `node-nvidia-smi` converts it from XML: one GPU is an object, several are a list, and the names of
 * elements differ between driver versions. Undefined where it has no `nvidia_smi_log`.
 */
export function parseReport(document: unknown): NvidiaReport | undefined {
  const log = at(document, 'nvidia_smi_log');
  if (typeof log !== 'object' || log === null) return undefined;
  const driver = textAt(log, 'driver_version');
  const cuda = textAt(log, 'cuda_version');
  const attached = plainNumber(textAt(log, 'attached_gpus') ?? '');
  return { driver, cuda, attached, gpus: listAt(log, 'gpu').map((gpu) => parseGpu(gpu, driver, cuda)) };
}

function parseGpu(gpu: unknown, driver: string | undefined, runtime: string | undefined): Gpu {
  const text = (...paths: string[]): string => firstText(gpu, ...paths);
  const migMode = text('mig_mode.current_mig');
  const deviceId = text('pci.pci_device_id');
  const eccUncorrected = uncorrected(gpu);
  const facts: Facts = {
    chip: text('product_name'),
    uuid: text('uuid'),
    serial: text('serial'),
    pciAddress: text('pci.pci_bus_id', '$.id'),
    // Device and vendor in one number: 233010DE.
    pciId: /^(?:0x)?([0-9a-f]{4})([0-9a-f]{4})$/i.test(deviceId)
      ? deviceId.replace(/^(?:0x)?([0-9a-f]{4})([0-9a-f]{4})$/i, '$2:$1').toLowerCase()
      : undefined,
    memoryBytes: bytes(text('fb_memory_usage.total')),
    memoryUsedBytes: bytes(text('fb_memory_usage.used')),
    driver,
    runtime: runtime && `CUDA ${runtime}`,
    firmware: text('vbios_version'),
    eccUncorrected,
    temperatureC: celsius(text('temperature.gpu_temp')),
    powerW: watts(
      text(
        'gpu_power_readings.instant_power_draw',
        'gpu_power_readings.power_draw',
        'gpu_power_readings.average_power_draw',
        'power_readings.power_draw',
      ),
    ),
    powerLimitW: watts(
      text('gpu_power_readings.current_power_limit', 'gpu_power_readings.power_limit', 'power_readings.power_limit'),
    ),
    clockMHz: megahertz(text('clocks.sm_clock', 'clocks.graphics_clock')),
    clockMaxMHz: megahertz(text('max_clocks.sm_clock', 'max_clocks.graphics_clock')),
    memoryClockMHz: megahertz(text('clocks.mem_clock')),
    memoryTemperatureC: celsius(text('temperature.memory_temp')),
    fan: share(text('fan_speed')),
    utilization: share(text('utilization.gpu_util')),
    linkGeneration: plainNumber(
      text('pci.pci_gpu_link_info.pcie_gen.current_link_gen', 'pci.pci_gpu_link_info.pcie_gen.device_current_link_gen'),
    ),
    linkWidth: plainNumber(text('pci.pci_gpu_link_info.link_widths.current_link_width').replace(/x$/i, '')),
    throttleReasons: throttleReasons(gpu),
    health: health(gpu, eccUncorrected),
    partitioning: migMode === '' ? undefined : `MIG ${migMode.toLowerCase()}`,
    deviceNode: text('minor_number') === '' ? undefined : `/dev/nvidia${text('minor_number')}`,
  };
  const mig = listAt(gpu, 'mig_devices', 'mig_device').map(
    (slice): Facts => ({
      memoryBytes: bytes(textAt(slice, 'fb_memory_usage', 'total') ?? ''),
      memoryUsedBytes: bytes(textAt(slice, 'fb_memory_usage', 'used') ?? ''),
      partitioning: `MIG instance ${textAt(slice, 'gpu_instance_id') ?? '?'}/${textAt(slice, 'compute_instance_id') ?? '?'}`,
    }),
  );
  return { facts, mig };
}

/** Uncorrected errors since the driver was loaded, under whichever name this driver has. */
function uncorrected(gpu: unknown): number | undefined {
  const counts = ['sram_uncorrectable', 'sram_uncorrectable_parity', 'sram_uncorrectable_secded', 'dram_uncorrectable']
    .map((name) => plainNumber(textAt(gpu, 'ecc_errors', 'volatile', name) ?? ''))
    .filter((count) => count !== undefined);
  if (counts.length > 0) return counts.reduce((a, b) => a + b, 0);
  return plainNumber(textAt(gpu, 'ecc_errors', 'volatile', 'double_bit', 'total') ?? '');
}

/** Names of active reasons, without the driver's prefix. Idle is no throttling. */
function throttleReasons(gpu: unknown): string[] {
  const all = at(gpu, 'clocks_event_reasons') ?? at(gpu, 'clocks_throttle_reasons');
  if (typeof all !== 'object' || all === null) return [];
  return Object.entries(all)
    .filter(([, state]) => typeof state === 'string' && /^active$/i.test(state.trim()))
    .map(([name]) => name.replace(/^clocks_(?:event|throttle)_reasons?_/, ''))
    .filter((name) => name !== 'gpu_idle');
}

/** Answers that leave open how well the card is: only another one counts. */
function fault(answer: string, well: RegExp, said: Question['fault']): Question {
  return { answer, well, fault: said, onlyFault: true };
}

function health(gpu: unknown, eccUncorrected: number | undefined): string | undefined {
  const text = (...paths: string[]) => firstText(gpu, ...paths);
  const lost = lostIn(leaves(gpu));
  const fabric = (name: string) => text(`fabric.health.${name}`);
  return healthOf(
    [
      fault(lost ?? '', /^$/, lost ?? ''),
      { answer: text('remapped_rows.remapped_row_failure'), well: NO, fault: 'row remapping failed' },
      { answer: text('remapped_rows.remapped_row_pending'), well: NO, fault: 'row remapping pending' },
      fault(
        text('remapped_rows.remapped_row_unc'),
        /^0$/,
        (count) => `rows remapped after uncorrectable errors: ${count}`,
      ),
      {
        answer: text('retired_pages.pending_retirement', 'retired_pages.pending_blacklist'),
        well: NO,
        fault: 'page retirement pending',
      },
      fault(text('gpu_recovery_action'), /^none$/i, recoveryFault),
      fault(text('gpu_reset_status.reset_required'), NO, 'reset required'),
      fault(text('gpu_reset_status.drain_and_reset_recommended'), NO, 'drain and reset recommended'),
      fault(text('ecc_errors.aggregate.sram_threshold_exceeded'), NO, 'SRAM error threshold exceeded'),
      fault(text('ecc_errors.channel_repair_pending'), NO, 'channel repair pending'),
      fault(text('ecc_errors.tpc_repair_pending'), NO, 'TPC repair pending'),
      fault(text('ecc_errors.unrepairable_memory'), NO, 'memory beyond repair'),
      fault(text('fabric.state'), /^(?:completed|in progress|not started)$/i, (state) => `fabric state: ${state}`),
      fault(text('fabric.status'), /^success$/i, (status) => `fabric status: ${status}`),
      fault(fabric('summary'), /^healthy$/i, (summary) => `fabric health: ${summary}`),
      fault(fabric('bandwidth'), /^full$/i, (bandwidth) => `fabric bandwidth: ${bandwidth}`),
      fault(fabric('route_recovery_in_progress'), NO, 'fabric route recovery in progress'),
      fault(fabric('route_unhealthy'), NO, 'fabric route unhealthy'),
      fault(fabric('access_timeout_recovery'), NO, 'fabric access timeout recovery'),
      fault(fabric('incorrect_configuration'), NO, (what) => `fabric configuration: ${what}`),
    ],
    eccUncorrected,
  );
}

/** All texts of a parsed document. */
function* leaves(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) yield* leaves(inner);
}
