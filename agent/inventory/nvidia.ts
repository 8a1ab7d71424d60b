import { addFacts, device } from './device.ts';
import type { Machine, Read } from './machine.ts';
import { type Gpu, parseReport } from './nvidia-report.ts';
import { clean, csvOutput } from './output.ts';
import { pciAddress, plainNumber } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';
import { parseMatrix } from './topology.ts';

/** `NV18` is a bond of 18 links. */
const NVLINK = { prefix: 'GPU', link: /^NV\d+$/, id: 'nvidia' };

/**
 * NVIDIA. Two readings that must agree: the full report (`nvidia-smi -q -x`, read by the package `node-nvidia-smi` in a
 * helper process) and the CSV query. MIG instances come from the report and get their UUIDs from `nvidia-smi -L`;
 * NVLink peers from `nvidia-smi topo -m`; cores from the management library. What answers to this name may be another
 * vendor's compatibility layer: the PCI vendor decides, where the readings are put together with the bus.
 */
export const nvidia: Collector = {
  vendor: 'nvidia',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'nvidia');
    const table = await csvReading(reading);
    if (!reading.has('nvidia-smi')) return reading;

    const document: Read<unknown> = reading.gaveUp('nvidia-smi')
      ? { ok: false, missing: false, why: 'not asked any more: it hung' }
      : await machine.document('nvidia-smi');
    const report = document.ok ? parseReport(document.value) : undefined;
    if (!document.ok) {
      reading.unread.push({ what: 'full report', source: 'nvidia-smi -q -x', why: document.why });
    } else if (!report) {
      reading.unknownLayout('nvidia-smi -q -x', JSON.stringify(document.value).slice(0, 8_000));
    }
    const list = await (report || table ? reading.detail : reading.run).call(reading, 'nvidia-smi', ['-L']);
    if (!report && !table) {
      if (/no devices (?:were )?found/i.test(list ?? '')) reading.say('tool_reports_none', `nvidia-smi -L: ${list}`);
      return reading;
    }
    const topology = await reading.detail('nvidia-smi', ['topo', '-m']);
    const migUuids = parseMigList(list ?? '');
    const peers = parseMatrix(topology ?? '', NVLINK);
    const gpus = report?.gpus ?? table ?? [];
    if (report && table) disagreements(report.gpus, table, reading);
    if (gpus.length === 0)
      reading.say('tool_reports_none', `nvidia-smi answers and lists no GPU: ${list ?? ''}`.trim());
    if (report?.attached !== undefined && report.attached !== report.gpus.length) {
      reading.say(
        'count_mismatch',
        `nvidia-smi says ${report.attached} attached GPUs and describes ${report.gpus.length}`,
      );
    }
    const rows = new Map((table ?? []).map((row) => [pciAddress(row.facts.pciAddress ?? ''), row]));
    for (const [index, gpu] of gpus.entries()) {
      const id = `nvidia-${gpu.index ?? index}`;
      const source = report ? 'nvidia-smi -q -x' : 'nvidia-smi --query-gpu';
      const made = device({ id, kind: 'package', vendor: 'nvidia' }, source, { ...gpu.facts, peers: peers[index] });
      const address = pciAddress(gpu.facts.pciAddress ?? '');
      const same = address === undefined ? undefined : rows.get(address);
      if (report && same) addFacts(made, 'nvidia-smi --query-gpu', same.facts);
      const uuids = migUuids[index] ?? [];
      reading.devices.push(made);
      const slices = Math.max(gpu.mig.length, uuids.length);
      for (let slice = 0; slice < slices; slice++) {
        const facts = { ...gpu.mig[slice], uuid: uuids[slice]?.uuid, chip: uuids[slice]?.profile };
        reading.devices.push(
          device({ id: `${id}.mig-${slice}`, kind: 'partition', parent: id, vendor: 'nvidia' }, source, facts),
        );
      }
    }
    const reached = new Set(reading.devices.map((made) => made.pciAddress?.value));
    for (const address of parseLost(list ?? '').filter((one) => !reached.has(one))) {
      const identity = { id: `nvidia-lost-${address}`, kind: 'package', vendor: 'nvidia' } as const;
      reading.devices.push(device(identity, 'nvidia-smi -L', { pciAddress: address, health: 'lost' }));
    }
    reading.version('nvidia-smi', report?.driver ?? gpus[0]?.facts.driver);
    reading.component('NVIDIA driver', report?.driver ?? gpus[0]?.facts.driver, 'nvidia-smi');
    reading.component('CUDA (driver)', report?.cuda, 'nvidia-smi -q -x');
    return reading;
  },
};

const FULL_QUERY = [
  ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version'],
  ...['vbios_version', 'temperature.gpu', 'power.draw', 'power.limit', 'clocks.sm', 'clocks.max.sm', 'clocks.mem'],
  ...['utilization.gpu', 'pcie.link.gen.current', 'pcie.link.width.current', 'mig.mode.current'],
];
const LONG_QUERY = [
  ...FULL_QUERY,
  'compute_cap',
  'fan.speed',
  'temperature.memory',
  'ecc.errors.uncorrected.volatile.total',
];
const SMALL_QUERY = ['index', 'name', 'uuid', 'pci.bus_id', 'memory.total', 'driver_version'];

/** The CSV query, from many fields to few for drivers that do not know every one. Undefined where none reads. */
async function csvReading(reading: Reading): Promise<Gpu[] | undefined> {
  let last: string | undefined;
  for (const query of [LONG_QUERY, FULL_QUERY, SMALL_QUERY]) {
    const text = await reading.detail('nvidia-smi', [`--query-gpu=${query.join(',')}`, '--format=csv']);
    if (!reading.has('nvidia-smi')) return undefined;
    const gpus = parseCsv(text ?? '');
    if (gpus) return gpus;
    last = text ?? last;
  }
  if (last !== undefined) reading.unknownLayout('nvidia-smi --query-gpu', last);
  return undefined;
}

/** `--query-gpu=… --format=csv`, any subset and order of the fields above, with the heading. */
export function parseCsv(text: string): Gpu[] | undefined {
  const table = csvOutput(text, ['index', 'name', 'uuid']);
  if (!table) return undefined;
  return table.rows.map((row) => {
    const index = plainNumber(row.index ?? '');
    return { ...(index === undefined ? {} : { index }), mig: [], facts: queryFacts(row, table.units) };
  });
}

/** MIG instances by GPU index, from `nvidia-smi -L`. */
export function parseMigList(text: string): { profile: string; uuid: string }[][] {
  const found: { profile: string; uuid: string }[][] = [];
  let here: { profile: string; uuid: string }[] | undefined;
  for (const line of clean(text).split('\n')) {
    const gpu = /^GPU\s+(\d+):/.exec(line);
    if (gpu) {
      here = [];
      found[Number(gpu[1])] = here;
    }
    const slice = /^\s+MIG\s+(\S+)\s+Device\s+\d+:\s*\(UUID:\s*([^)\s]+)\)/.exec(line);
    if (slice && here) here.push({ profile: `MIG ${slice[1]}`, uuid: slice[2]! });
  }
  return found;
}

/**
 * PCI addresses of GPUs that the driver no longer reaches: `Unable to determine the device handle for GPU1:
 * 0000:44:00.0: …`.
 */
function parseLost(text: string): string[] {
  const said =
    /unable to determine the device handle for gpu\s*\d*\s*:?\s*([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/gi;
  return [...new Set([...clean(text).matchAll(said)].flatMap((match) => pciAddress(match[1]!) ?? []))];
}

/** Every GPU that only one of the two readings has is told. */
function disagreements(report: Gpu[], table: Gpu[], reading: Reading): void {
  const keys = (gpus: Gpu[]) => new Set(gpus.map((g) => pciAddress(g.facts.pciAddress ?? '') ?? g.facts.uuid ?? '?'));
  const a = keys(report);
  const b = keys(table);
  const only = [...[...a].filter((key) => !b.has(key)), ...[...b].filter((key) => !a.has(key))];
  if (only.length > 0 || report.length !== table.length) {
    reading.say(
      'readings_disagree',
      `nvidia-smi -q -x has ${report.length} GPUs, --query-gpu has ${table.length}; in one of them only: ${only.join(', ')}`,
    );
  }
}
