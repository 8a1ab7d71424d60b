import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Recording } from '../../../../agent/inventory/recording.ts';
import { type Accelerator, Inventory } from '../../../../model/inventory.ts';
import { check } from '../../../../model/schema.ts';
import { inventoryOf, recorded, recordedNames, smallMachine } from './recordings.ts';

const WITH_TOOLS = recordedNames().filter(
  (name) => !['bus-only-seven-vendors', 'moffett-mx-smi', 'nvidia-smi-of-another-vendor'].includes(name),
);

type Ran = Recording['commands'][number]['ran'];

/** The machine with every answer of every tool (and NVIDIA's document) changed. */
function changed(name: string, change: (ran: Ran) => Ran): Recording {
  const recording = recorded(name);
  delete recording.documents['nvidia-smi'];
  for (const command of recording.commands) {
    if (command.ran.status === 'exited' && command.program !== 'lscpu') command.ran = change(command.ran);
  }
  return recording;
}

/** Without the bus, which would list the cards by itself. */
function busless(recording: Recording): Recording {
  recording.directories = { '/dev': { ok: true, value: [] } };
  return recording;
}

const printed = (ran: Ran, stdout: string): Ran => ({ ...ran, exit: 0, stdout, stderr: '', files: {} });

describe('hostile tools', () => {
  it.each(WITH_TOOLS)(
    '%s: silence, error texts with exit 0 and foreign tables are told, never taken for no card',
    async (name) => {
      const answers = [
        '',
        '\n\n',
        'Failed to initialize the driver: Input/output error\n',
        '错误：驱动未加载，请联系管理员\n',
        '<html><body>502 Bad Gateway</body></html>',
        '{"error": "no permission", "code": 13}',
        '+-----+\n| 表头 | 型号 |\n+=====+======+\n| 一 | 二 |\n+-----+\n',
        'x'.repeat(1 << 20),
        '\u0000\u0001\u0002'.repeat(50_000),
        `${'| '.repeat(20_000)}\n`,
        `${'{'.repeat(100_000)}`,
        'Key : value\n'.repeat(50_000),
      ];
      for (const answer of answers) {
        const inventory = await inventoryOf(busless(changed(name, (ran) => printed(ran, answer))));
        expect(check(Inventory, inventory)).toMatchObject({ ok: true });
        expect(inventory.accelerators).toEqual([]);
        const codes = inventory.findings.map((finding) => finding.code);
        expect(codes.filter((code) => code !== 'no_accelerator')).not.toEqual([]);
        expect(codes).toContain('no_accelerator');
        expect(inventory.unread.length).toBeGreaterThan(0);
      }
    },
  );

  it.each(WITH_TOOLS)('%s: an output of unknown layout is kept as evidence', async (name) => {
    const text = 'EVIDENCE-5417 of a table that nobody knows\n';
    const inventory = await inventoryOf(busless(changed(name, (ran) => printed(ran, text))));
    expect(JSON.stringify([inventory.findings, inventory.unread])).toContain('EVIDENCE-5417');
  });

  it.each(WITH_TOOLS)('%s: colours, carriage returns and a byte order mark change nothing', async (name) => {
    const plain = await inventoryOf(changed(name, (ran) => ran));
    const dressed = await inventoryOf(
      changed(name, (ran) => ({
        ...ran,
        stdout: `\ufeff${ran.stdout
          .split('\n')
          .map((line) => `\u001b[32m${line}\u001b[0m\r`)
          .join('\n')}`,
      })),
    );
    expect(dressed.accelerators).toEqual(plain.accelerators);
  });

  it.each(WITH_TOOLS)('%s: a hanging or flooding tool is unread and told', async (name) => {
    for (const status of ['timed_out', 'too_large'] as const) {
      const inventory = await inventoryOf(
        busless(
          changed(name, (ran) => ({
            ...ran,
            status,
            exit: null,
            why: 'stopped at the limit',
            stdout: ran.stdout.slice(0, 900),
          })),
        ),
      );
      expect(inventory.accelerators).toEqual([]);
      expect(inventory.findings.map((finding) => finding.code)).toContain(`tool_${status}`);
      expect(inventory.unread.some((item) => item.why === 'stopped at the limit')).toBe(true);
    }
  });

  it('any cut, any garbage: valid, never more cards than there are, never silent', async () => {
    const counts = new Map<string, number>();
    for (const name of WITH_TOOLS) {
      const { accelerators } = await inventoryOf(busless(changed(name, (ran) => ran)));
      counts.set(name, accelerators.filter((device) => device.kind === 'package').length);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...WITH_TOOLS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.string({ maxLength: 40 }),
        async (name, share, garbage) => {
          const recording = changed(name, (ran) => ({
            ...ran,
            stdout: `${ran.stdout.slice(0, Math.floor(ran.stdout.length * share))}${garbage}`,
          }));
          const inventory = await inventoryOf(busless(recording));
          expect(check(Inventory, inventory)).toMatchObject({ ok: true });
          const cards = inventory.accelerators.filter((device) => device.kind === 'package').length;
          expect(cards).toBeLessThanOrEqual(counts.get(name)!);
          if (cards === 0) {
            expect(inventory.findings.filter((finding) => finding.code !== 'no_accelerator')).not.toEqual([]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a list that was cut shows against the bus', async () => {
    const recording = changed('kunlunxin-p800-2', (ran) => {
      const second = ran.stdout.indexOf('00000000:1D:00.0');
      return second < 0 ? ran : { ...ran, stdout: ran.stdout.slice(0, second - 8) };
    });
    const { accelerators, findings } = await inventoryOf(recording);
    expect(accelerators.map((device) => device.id)).toEqual(['kunlunxin-0', 'pci-0000:1d:00.0']);
    expect(findings.map((finding) => finding.code)).toContain('no_tool_reports');
  });

  it('missing columns leave facts out and say nothing false', async () => {
    const { accelerators } = await inventoryOf(
      smallMachine({ commands: { 'ppu-smi -L': 'PPU 0: PPU-ZW810E (UUID: GPU-1)\n' } }),
    );
    expect(accelerators).toMatchObject([{ id: 'thead-0', uuid: { value: 'GPU-1' } }]);
    expect(accelerators[0]?.memoryBytes).toBeUndefined();
  });

  it('values that cannot be are left out', async () => {
    const recording = recorded('enflame-s60-2');
    for (const { ran } of recording.commands) {
      ran.stdout = ran.stdout
        .replace('41 ℃', '65535 C')
        .replace('102 W', '-1 W')
        .replace('Total Size              : 42976 MiB', 'Total Size              : 4294967295 GiB');
    }
    const { accelerators } = await inventoryOf(recording);
    expect(accelerators[0]).toMatchObject({ id: 'enflame-0', chip: { value: 'S60' } });
    expect(accelerators[0]?.temperatureC).toBeUndefined();
    expect(accelerators[0]?.powerW).toBeUndefined();
    expect(accelerators[0]?.memoryBytes).toBeUndefined();
  });

  it('other units and grouped thousands mean the same', async () => {
    const recording = recorded('enflame-s60-2');
    for (const { ran } of recording.commands) {
      ran.stdout = ran.stdout
        .replace('41 ℃', '105.8 °F')
        .replace('102 W', '102,000 mW')
        .replace('42976 MiB', '42,976 MB');
    }
    const { accelerators } = await inventoryOf(recording);
    expect(accelerators[0]).toMatchObject({
      temperatureC: { value: 41 },
      powerW: { value: 102 },
      memoryBytes: { value: 42976 * 2 ** 20 },
    });
  });

  const UNITS: Record<string, (text: string) => string> = {
    'grouped thousands': (text) => text.replace(/\b(\d{1,3})(\d{3})(?= ?Mi?B\b)/g, '$1,$2'),
    'KiB for MiB': (text) => text.replace(/\b(\d+)( ?)MiB\b/g, (_, n, gap) => `${n * 1024}${gap}KiB`),
    'mW for W': (text) => text.replace(/\b(\d+(?:\.\d+)?)( ?)W\b/g, (_, n, gap) => `${Math.round(n * 1000)}${gap}mW`),
    'GHz for MHz': (text) => text.replace(/\b(\d+)( ?)MHz\b/g, (_, n, gap) => `${n / 1000}${gap}GHz`),
    '°F for °C': (text) => text.replace(/(?<![\d.])(\d+)( ?)(?:C|℃)\b/g, (_, n, gap) => `${n * 1.8 + 32}${gap}°F`),
  };
  const MEASURED = [
    ...['memoryBytes', 'powerW', 'powerLimitW', 'clockMHz', 'clockMaxMHz', 'memoryClockMHz', 'temperatureC'],
    'memoryTemperatureC',
  ] as (keyof Accelerator)[];
  const facts = ({ accelerators }: Inventory, names: readonly (keyof Accelerator)[]) =>
    accelerators.map((one) =>
      names.map((name) => {
        const value = (one[name] as { value?: unknown } | undefined)?.value;
        return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
      }),
    );

  it.each(WITH_TOOLS)('%s: other units and grouped thousands mean the same', async (name) => {
    const plain = facts(await inventoryOf(changed(name, (ran) => ran)), MEASURED);
    for (const [how, change] of Object.entries(UNITS)) {
      const recording = changed(name, (ran) => ({
        ...ran,
        stdout: change(ran.stdout),
        files: Object.fromEntries(Object.entries(ran.files ?? {}).map(([file, text]) => [file, change(text)])),
      }));
      expect([how, facts(await inventoryOf(recording), MEASURED)]).toEqual([how, plain]);
    }
  });

  it('a line, a column or a part of a line that is missing makes no value up', async () => {
    const NAMES = [
      ...['uuid', 'serial', 'pciAddress', 'firmware', 'powerW', 'powerLimitW', 'temperatureC', 'clockMHz'],
      // Not what is a sum over lines: without one of them it is less.
      ...['utilization', 'memoryUsedBytes', 'linkWidth', 'deviceNode'],
    ] as (keyof Accelerator)[];
    // What stands in where the better one of two is missing: the board's temperature, the chip's serial number.
    const ALSO: Record<string, unknown[]> = {
      'cambricon-v4-3': [30],
      'amd-mi300x-2': ['0x7A11C0DE00000000', '0x7A11C0DE00000001'],
    };
    const known = new Map<string, Set<unknown>[]>();
    for (const name of WITH_TOOLS) {
      const all = facts(await inventoryOf(changed(name, (ran) => ran)), NAMES);
      // Two answers of a tool may differ: what is left without one of them is no invention either.
      for (const silent of recorded(name).commands.keys()) {
        let at = 0;
        const others = changed(name, (ran) => ran);
        for (const { ran } of others.commands)
          if (at++ === silent) Object.assign(ran, { exit: 1, stdout: '', files: {} });
        all.push(...facts(await inventoryOf(others), NAMES));
      }
      known.set(
        name,
        NAMES.map((_, i) => new Set([undefined, ...all.map((row) => row[i]), ...(ALSO[name] ?? [])])),
      );
    }
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...WITH_TOOLS), fc.nat(), fc.nat(3), async (name, pick, lines) => {
        const recording = changed(name, (ran) => {
          const rows = ran.stdout.split('\n');
          // A line that opens a section is not one that has a value: without it nothing tells whose values follow.
          const valued = (row: string, at: number) =>
            at < (pick % rows.length) + lines && /[:|,]\s*\S|^[-+=|]+$/.test(row);
          return { ...ran, stdout: rows.filter((row, at) => at < pick % rows.length || !valued(row, at)).join('\n') };
        });
        const inventory = await inventoryOf(recording);
        expect(check(Inventory, inventory)).toMatchObject({ ok: true });
        const made = facts(inventory, NAMES).flatMap((row) =>
          row.flatMap((value, i) => (known.get(name)![i]!.has(value) ? [] : [`${NAMES[i]} ${String(value)}`])),
        );
        expect([name, made]).toEqual([name, []]);
      }),
      { numRuns: 400 },
    );
  });
});
