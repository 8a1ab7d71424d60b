import { deviceName, devicesBehind } from '../../model/devices.ts';
import type { Accelerator, Inventory } from '../../model/inventory.ts';
import type { Text } from '../../model/text.ts';
import type { Read } from '../inventory/machine.ts';
import { VENDORS, type VendorKey } from '../inventory/vendor.ts';
import { type Found, PARTS, type PartName } from './parts.ts';
import { type Trial, trialIn } from './trial.ts';
import { PROCESSOR_WAYS, remarkOn, type Way, waysFor } from './ways.ts';

/** How far one way to measure a device is open. */
export interface WayState {
  readonly way: string;
  /**
   * `ready`: it was tried and works. `untried`: all that it needs is there. `failed`: that too, and it does not work.
   */
  readonly state: 'ready' | 'untried' | 'failed' | 'missing';
  readonly targets: readonly string[];
  /** What is there of it, with versions or places. */
  readonly found: readonly string[];
  /** Precisions that the trial found. */
  readonly precisions?: readonly string[];
  readonly missing: readonly { readonly what: string; readonly todo: Text }[];
  readonly why?: string;
}

/** What can be measured of one device here, and with what. */
export interface Reach {
  /** Id of the inventory, or `cpu`. */
  readonly id: string;
  readonly name: string;
  /** The vendor's own tools, and whether one is there. */
  readonly tools?: { readonly names: readonly string[]; readonly found: boolean };
  readonly ways: readonly WayState[];
  readonly remark?: Text;
}

/**
 * Which backends can measure each card of the inventory and the processor here, what is missing, and which targets each
 * way serves. The trial decides where there is one; without it only files are known, and nothing is called ready.
 */
export function reachOf(inventory: Inventory, found: Found, document: Read<unknown>): Reach[] {
  const trial = trialIn(document);
  const processor: Reach = {
    id: 'cpu',
    name: inventory.cpu.model?.value ?? 'CPU',
    ways: PROCESSOR_WAYS.map((way) => stateOf(way, found, trial, (id) => id === 'cpu')),
  };
  const cards = inventory.accelerators.filter(({ kind }) => kind === 'package');
  return [processor, ...cards.map((card) => reachOfCard(card, inventory, found, trial))];
}

function reachOfCard(card: Accelerator, inventory: Inventory, found: Found, trial: Trial | string): Reach {
  const means = (id: string, uuid?: string) => isCard(card, inventory.accelerators, id, uuid);
  const key = (Object.keys(VENDORS) as VendorKey[]).find((name) => VENDORS[name] === card.vendor.value);
  const tools = inventory.tools.filter((tool) => tool.vendor === key);
  const remark = remarkOn(card);
  return {
    id: card.id,
    name: deviceName(card, inventory.accelerators),
    ...(tools.length > 0
      ? { tools: { names: tools.map(({ name }) => name), found: tools.some((tool) => tool.found) } }
      : {}),
    ways: waysFor(card).map((way) => stateOf(way, found, trial, means)),
    ...(remark ? { remark } : {}),
  };
}

/** Whether a backend's device is this card or on it: by UUID where both have one, else by its label. */
function isCard(card: Accelerator, all: readonly Accelerator[], id: string, uuid: string | undefined): boolean {
  const own = [card, ...all.filter(({ parent }) => parent === card.id)];
  const bare = (text: string) => text.toLowerCase().replace(/^gpu-/, '');
  const uuids = own.flatMap((device) => (device.uuid ? [bare(device.uuid.value)] : []));
  if (uuid !== undefined && uuids.includes(bare(uuid))) return true;
  const { candidates, device } = devicesBehind(id, all);
  if (uuid !== undefined && all.some((other) => other.uuid && bare(other.uuid.value) === bare(uuid))) return false;
  return (device ? [device] : candidates).some((one) => own.includes(one));
}

function stateOf(
  way: Way,
  found: Found,
  trial: Trial | string,
  means: (id: string, uuid?: string) => boolean,
): WayState {
  const name = way.form === undefined ? way.backend : `${way.backend} (${way.form})`;
  const shared = { way: name, targets: way.targets };
  const there = way.needs.flatMap((part) => (found.has(part) ? [`${PARTS[part].what}: ${found.get(part)}`] : []));
  const missing = way.needs.filter((part) => !found.has(part)).map(todoOf);
  if (!way.tried || typeof trial === 'string') {
    const why = way.tried && typeof trial === 'string' ? { why: trial } : {};
    return { ...shared, state: missing.length > 0 ? 'missing' : 'untried', found: there, missing, ...why };
  }
  const works = trial.ready.filter(({ backend }) => backend === way.backend);
  const devices = works.flatMap((one) => one.devices.filter(({ id, uuid }) => means(id, uuid)));
  const precisions = [...new Set(devices.flatMap((device) => device.precisions))];
  if (precisions.length > 0) {
    const names = [...new Set(works.flatMap(({ software }) => software.map((s) => `${s.name} ${s.version}`)))];
    return { ...shared, state: 'ready', found: names, precisions, missing: [] };
  }
  const failures = trial.failed
    .filter((one) => one.name.split(/[ /]/)[0] === way.backend)
    .map(({ why }) => lastLine(why));
  const blind = works.flatMap(({ software, devices: all }) => {
    const sees = all.map(({ id }) => id).join(', ') || 'no device';
    return [`${software.map((s) => `${s.name} ${s.version}`).join(', ')} sees ${sees}`];
  });
  const why = [...new Set([...blind, ...failures])].join('; ') || 'it was not tried';
  return { ...shared, state: missing.length > 0 ? 'missing' : 'failed', found: there, missing, why };
}

function todoOf(part: PartName): WayState['missing'][number] {
  const { what, todo } = PARTS[part];
  return { what, todo };
}

/** The end of a trace is what it is about. */
function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 300);
}
