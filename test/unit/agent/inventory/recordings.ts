import { readdirSync, readFileSync } from 'node:fs';
import { takeInventory } from '../../../../agent/inventory/inventory.ts';
import { replayMachine } from '../../../../agent/inventory/machine.ts';
import type { Recording } from '../../../../agent/inventory/recording.ts';
import type { Inventory } from '../../../../model/inventory.ts';

const FOLDER = new URL('../../../recorded/', import.meta.url);

/** Names of all recorded machines. */
export function recordedNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace(/\.json$/, ''));
}

export function recorded(name: string): Recording {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')) as Recording;
}

/** What one command of a tool printed, as somebody posted it: raw, without the machine around it. */
export function output(name: string): string {
  return readFileSync(new URL(`tools/${name}`, FOLDER), 'utf8');
}

export function inventoryOf(recording: unknown): Promise<Inventory> {
  return takeInventory('node-1', replayMachine(recording));
}

/** A small machine: programs with what they print, PCI functions as `address: 'vvvv:dddd class'`, files. */
export function smallMachine(parts: {
  commands?: Record<string, string>;
  pci?: Record<string, string>;
  files?: Record<string, string>;
  dev?: string[];
  documents?: Record<string, unknown>;
}): Recording {
  const read = <T>(value: T) => ({ ok: true as const, value });
  const files: Recording['files'] = {};
  const links: Recording['links'] = {};
  for (const [address, text] of Object.entries(parts.pci ?? {})) {
    const [id = '', group = ''] = text.split(' ');
    const base = `/sys/bus/pci/devices/${address}`;
    files[`${base}/vendor`] = read(`0x${id.split(':')[0]}\n`);
    files[`${base}/device`] = read(`0x${id.split(':')[1]}\n`);
    files[`${base}/class`] = read(`0x${group}\n`);
  }
  for (const [path, text] of Object.entries(parts.files ?? {})) files[path] = read(text);
  return {
    schema: 'assay/recording/v1',
    recordedAt: '2026-03-02T08:15:00.000Z',
    masked: false,
    commands: Object.entries(parts.commands ?? {}).map(([line, stdout]) => {
      const [program = '', ...args] = line.split(' ');
      return { program, args, ran: { status: 'exited', exit: 0, stdout, stderr: '', path: `/usr/bin/${program}` } };
    }),
    files,
    directories: {
      ...(parts.pci ? { '/sys/bus/pci/devices': read(Object.keys(parts.pci)) } : {}),
      '/dev': read(parts.dev ?? []),
    },
    links,
    documents: Object.fromEntries(Object.entries(parts.documents ?? {}).map(([name, value]) => [name, read(value)])),
  };
}
