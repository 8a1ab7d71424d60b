import { createHmac } from 'node:crypto';
import type { Inventory } from '../../model/inventory.ts';
import { documentsIn } from './documents.ts';
import { isAbsent } from './quantity.ts';
import type { Recording } from './recording.ts';

/**
 * A recording without what names this very machine: serial numbers, UUIDs, hardware addresses, network addresses,
 * machine and boot ids and host names become pseudonyms of the same length and shape, so that tables keep their columns
 * and parsers their work. One secret has one pseudonym wherever it stands; with the same `key` also over recordings, so
 * that a duplicate in a fleet stays one. Without the key nothing leads back. `inventory` is the one taken of it.
 */
export function maskRecording(recording: Recording, inventory: Inventory, key: Uint8Array): Recording {
  const secrets = new Secrets();
  fromInventory(inventory, secrets);
  walk(recording.documents, secrets);
  for (const text of texts(recording)) {
    fromLines(text, secrets);
    walk(documentsIn(text), secrets);
  }
  const names = secrets.names();
  const replace = replacer(secrets, key);
  const shape = (value: unknown, name = ''): unknown => {
    if (typeof value === 'string') {
      return HOST_KEY.test(name) && names.has(value) ? hostPseudonym(value, key) : replace(value);
    }
    if (Array.isArray(value)) return value.map((item) => shape(item, name));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, shape(item, inner)]));
  };
  const { commands, files, links, documents, directories, ...rest } = recording;
  return {
    ...rest,
    masked: true,
    commands: commands.map(({ program, args, ran }) => ({ program, args, ran: shape(ran) as typeof ran })),
    files: shape(files) as Recording['files'],
    directories,
    links,
    documents: shape(documents) as Recording['documents'],
  };
}

/** Keys of JSON and labels of text whose values name the machine or a part of it. */
const SECRET_KEY =
  /serial|uuid|\bguid\b|\bsn\b|^sn$|(?:_|\s|^)sn(?:_|$)|vdie|unique.?id|asset.?tag|^mac$|^macs$|ip[46](?:subnet)?$/i;
const HOST_KEY = /^(?:hostname|fqdn)$/i;
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
const MAC = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi;
/** Addresses and values that every machine has. */
const COMMON = /^(?:127\.|0\.0\.0\.0$|255\.|::1$|f+[:f]*$|[0:.-]+$)/i;

class Secrets {
  readonly #values = new Set<string>();
  readonly #hosts = new Set<string>();

  add(value: string): void {
    const text = value.trim().replace(/^(?:GPU|MIG)-(?=[0-9a-f]{8}-)/i, '');
    // Short ones and words would tear holes into what parsers read; they name nothing either.
    if (isAbsent(text) || COMMON.test(text) || text.length < 5 || !/\d/.test(text)) return;
    this.#values.add(text);
  }

  addHost(value: string): void {
    if (!isAbsent(value) && value !== 'localhost') this.#hosts.add(value.trim());
  }

  names(): ReadonlySet<string> {
    return this.#hosts;
  }

  /** Longest first, so that no secret is cut by a shorter one inside it. */
  all(): string[] {
    const hosts = [...this.#hosts].filter((host) => host.length >= 5);
    return [...this.#values, ...hosts].sort((a, b) => b.length - a.length);
  }
}

function fromInventory(inventory: Inventory, secrets: Secrets): void {
  const { hostname, machineId, bootId, boardSerial } = inventory.host;
  if (hostname) secrets.addHost(hostname.value);
  for (const fact of [machineId, bootId, boardSerial]) if (fact) secrets.add(fact.value);
  for (const device of inventory.accelerators) {
    if (device.uuid) secrets.add(device.uuid.value);
    if (device.serial) secrets.add(device.serial.value);
  }
  for (const disk of inventory.disks) if (disk.serial) secrets.add(disk.serial.value);
  for (const link of inventory.links) if (link.mac) secrets.add(link.mac.value);
}

function walk(value: unknown, secrets: Secrets, name = ''): void {
  if (typeof value === 'string') {
    if (HOST_KEY.test(name)) secrets.addHost(value);
    else if (SECRET_KEY.test(name)) secrets.add(value);
    for (const match of value.match(UUID) ?? []) secrets.add(match);
    for (const match of value.match(MAC) ?? []) secrets.add(match);
  } else if (Array.isArray(value)) {
    for (const item of value) walk(item, secrets, name);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) walk(item, secrets, key);
  }
}

function fromLines(text: string, secrets: Secrets): void {
  for (const match of text.match(UUID) ?? []) secrets.add(match);
  for (const match of text.match(MAC) ?? []) secrets.add(match);
  for (const line of text.split('\n')) {
    const field = /^[\s|]*([^:=|]{2,40}?)\s*[:=]\s*(\S[^|]*)/.exec(line);
    if (field && SECRET_KEY.test(field[1]!.trim())) secrets.add(field[2]!);
    // Files of sysfs have a name and a value on a line and nothing between.
    const property = /^(\w{2,40})\s+(\S+)\s*$/.exec(line);
    if (property && SECRET_KEY.test(property[1]!)) secrets.add(property[2]!);
  }
}

/** Every text a parser reads. */
function* texts(recording: Recording): Generator<string> {
  for (const { ran } of recording.commands) {
    yield ran.stdout;
    yield ran.stderr;
    yield* Object.values(ran.files ?? {});
  }
  for (const file of Object.values(recording.files)) if (file.ok) yield file.value;
}

function replacer(secrets: Secrets, key: Uint8Array): (text: string) => string {
  const all = secrets.all();
  if (all.length === 0) return (text) => text;
  const escaped = all.map((secret) => secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`(?<![A-Za-z0-9])(?:${escaped.join('|')})(?![A-Za-z0-9])`, 'gi');
  const hosts = new Set([...secrets.names()].map((host) => host.toLowerCase()));
  return (text) =>
    text.replace(pattern, (found) =>
      hosts.has(found.toLowerCase()) ? hostPseudonym(found, key) : pseudonym(found, key),
    );
}

/** Digits for digits, letters for letters of the same case; hexadecimal stays hexadecimal, the rest stays as it is. */
export function pseudonym(secret: string, key: Uint8Array): string {
  const stream = createHmac('sha512', key).update(secret.toLowerCase()).digest();
  const hex = /^(?:0x)?[0-9a-f:\s-]+$/i.test(secret);
  let at = secret.startsWith('0x') ? 2 : 0;
  let masked = secret.slice(0, at);
  for (let i = 0; at < secret.length; at++, i++) {
    const character = secret[at]!;
    const random = stream[i % stream.length]! ^ Math.floor(i / stream.length);
    if (/\d/.test(character)) masked += String(random % 10);
    else if (/[a-z]/.test(character)) masked += String.fromCharCode(97 + (random % (hex ? 6 : 26)));
    else if (/[A-Z]/.test(character)) masked += String.fromCharCode(65 + (random % (hex ? 6 : 26)));
    else masked += character;
  }
  return masked;
}

function hostPseudonym(host: string, key: Uint8Array): string {
  return `host-${createHmac('sha256', key).update(host.toLowerCase()).digest('hex').slice(0, 8)}`;
}
