import { device } from './device.ts';
import type { Machine } from './machine.ts';
import { csvOutput } from './output.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';

const QUERIES = [
  [
    ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version'],
    ...['temperature.gpu', 'power.draw', 'utilization.gpu', 'svi.mode.current'],
  ],
  ['index', 'name', 'memory.total', 'memory.used', 'svi.mode.current'],
  ['index', 'name', 'memory.used', 'memory.free'],
];

/**
 * Biren: the CSV query of `brsmi gpu`, from many fields to few, as no public text says which version knows which; what it
 * does not print comes from the management library (BRML). With SVI on, a card is split into two or four instances that
 * each have a device node: the card still counts once.
 */
export const biren: Collector = {
  vendor: 'biren',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'biren');
    let last = '';
    for (const query of QUERIES) {
      const text = await reading.detail('brsmi', ['gpu', `--query-gpu=${query.join(',')}`, '--format=csv']);
      if (!reading.has('brsmi')) return reading;
      if (text === undefined) continue;
      last = text;
      const table = csvOutput(text, ['index', 'name']);
      if (!table) continue;
      if (table.rows.length === 0) reading.say('tool_reports_none', `brsmi gpu: ${text.slice(0, 400)}`);
      for (const row of table.rows) {
        const id = `biren-${row.index}`;
        const facts = queryFacts(row, table.units);
        reading.devices.push(device({ id, kind: 'package', vendor: 'biren' }, 'brsmi gpu --query-gpu', facts));
        if (/enabled/i.test(facts.partitioning ?? '')) {
          reading.say('virtual_devices', `${id} is split into SVI instances; its device nodes are slices`, id);
        }
      }
      reading.component('Biren driver', reading.devices[0]?.driver?.value, 'brsmi gpu --query-gpu');
      return reading;
    }
    if (last !== '') reading.unknownLayout('brsmi gpu --query-gpu', last);
    else reading.say('tool_failed', 'brsmi gpu --query-gpu: no form of the query was answered');
    return reading;
  },
};
