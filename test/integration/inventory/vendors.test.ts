import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { collectors } from '../../../agent/inventory/collectors.ts';
import { realMachine, replayMachine } from '../../../agent/inventory/machine.ts';
import type { Collected } from '../../../agent/inventory/reading.ts';
import type { Recording } from '../../../agent/inventory/recording.ts';
import { type VendorKey, vendorName } from '../../../agent/inventory/vendor.ts';

/**
 * Every vendor's collector through real programs: the recorded machines' tools as programs, then the same tools
 * hanging, flooding, printing rubbish. What a collector does with a text is tested without processes in test/unit.
 */
const FOLDER = fileURLToPath(new URL('../../recorded/', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'assay-vendors-'));
// Working directories of tools go here, so that others' on the same machine are not taken for leavings of ours.
const { TMPDIR } = process.env;
process.env.TMPDIR = mkdtempSync(join(root, 'tmp-'));
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(root, { recursive: true, force: true });
});

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;
let folders = 0;

/** A directory with programs; `script` is a shell script for each name. */
function programs(scripts: Record<string, string>): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }
  return folder;
}

/** The programs of a recorded machine as programs that print what was recorded, first through `change`. */
function asRecorded(recording: Recording, change: (text: string) => string = (text) => text): string {
  const store = mkdtempSync(join(root, 'answers-'));
  const scripts: Record<string, string> = {};
  for (const [at, { program, args, ran }] of recording.commands.entries()) {
    if (ran.status !== 'exited' || program === 'lscpu') continue;
    const put = (name: string, text: string) => {
      writeFileSync(join(store, `${at}.${name}`), text);
      return quoted(join(store, `${at}.${name}`));
    };
    const files = Object.entries(ran.files ?? {}).map(
      ([name, text]) => `/bin/cat ${put(`file-${name}`, change(text))} > ${quoted(name)};`,
    );
    const answer = `/bin/cat ${put('out', change(ran.stdout))}; /bin/cat ${put('err', ran.stderr)} >&2; exit ${ran.exit}`;
    scripts[program] = `${scripts[program] ?? ''}${quoted(args.join(' '))}) ${files.join(' ')} ${answer};;\n`;
  }
  return programs(
    Object.fromEntries(
      Object.entries(scripts).map(([name, cases]) => [
        name,
        `case "$*" in\n${cases}*) echo "unknown option" >&2; exit 2;;\nesac`,
      ]),
    ),
  );
}

const recordings = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    name: file.replace(/\.json$/, ''),
    recording: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recording,
  }))
  // NVIDIA's XML report goes through a helper with a package of its own: machine.test.ts has it.
  .filter(({ name }) => !/^(?:nvidia-|bus-only|moffett)/.test(name));

const TOOLS: Record<VendorKey, readonly string[]> = {
  nvidia: ['nvidia-smi'],
  amd: ['amd-smi', 'rocm-smi'],
  intel: ['hl-smi'],
  ascend: ['npu-smi'],
  cambricon: ['cnmon'],
  hygon: ['hy-smi'],
  kunlunxin: ['xpu_smi'],
  mthreads: ['mthreads-gmi'],
  metax: ['mx-smi'],
  iluvatar: ['ixsmi'],
  biren: ['brsmi'],
  enflame: ['efsmi'],
  thead: ['ppu-smi'],
};
const VENDORS = collectors.map((collector) => [vendorName(collector.vendor), collector] as const);

/** Nothing made up, and not silent: a reason, and a finding or a reason that `takeInventory` makes one of. */
function expectTold({ devices, tools, findings, unread }: Collected): void {
  expect(devices).toEqual([]);
  expect(tools.some((tool) => tool.found)).toBe(true);
  expect([...findings, ...unread]).not.toEqual([]);
}
const leavings = () => readdirSync(tmpdir()).filter((name) => name.startsWith('assay-tool-')).length;

describe('every recorded machine through real programs', () => {
  it.each(recordings.map(({ name, recording }) => [name, recording] as const))(
    '%s is read as from its recording',
    async (_, recording) => {
      const real = realMachine({ directories: [asRecorded(recording)] });
      const replayed = replayMachine(recording);
      let seen = 0;
      for (const collector of collectors.filter(({ vendor }) => vendor !== 'nvidia')) {
        const { devices } = await collector.collect(real);
        expect(devices).toEqual((await collector.collect(replayed)).devices);
        seen += devices.length;
      }
      expect(seen).toBeGreaterThan(0);
    },
  );
});

describe('hostile programs of every vendor', () => {
  const hostile: [string, string, RegExp][] = [
    ['hangs', 'echo "| 0 | half a"; sleep 60', /no end after|hung/],
    ['is silent', 'exit 0', /printed nothing|no form of the query/],
    ['ends with an error', 'echo "cannot open /dev/x: Permission denied" >&2; exit 9', /Permission denied/],
    ['ends well with an error text', 'echo "Failed to initialize the driver: code 9"', /Failed to initialize/],
    [
      'says it in Chinese, in GBK',
      "printf '\\264\\355\\316\\363\\243\\272\\307\\375\\266\\257\\316\\264\\274\\323\\324\\330\\n'",
      /错误：驱动未加载/,
    ],
    ['prints an error in colours', "printf '\\033[1;31mERROR\\033[0m driver is not loaded\\r\\n'", /ERROR driver/],
    ['is killed', 'kill -9 $$', /SIGKILL|killed/i],
    ['prints noise', 'head -c 300000 /dev/urandom', /./],
    ['floods', 'yes "| 0 | 1 | 2 |"', /./],
  ];

  it.each(
    VENDORS.flatMap(([name, collector]) =>
      hostile.map(([how, script, said]) => [name, how, collector, script, said] as const),
    ),
  )(
    '%s: a tool that %s',
    async (_, how, collector, script, said) => {
      const before = leavings();
      const folder = programs(
        Object.fromEntries(TOOLS[collector.vendor].map((tool) => [tool, `PATH=/usr/bin:/bin; ${script}`])),
      );
      const started = performance.now();
      const collected = await collector.collect(
        realMachine({ directories: [folder], ...(how === 'hangs' ? { timeoutMs: 250 } : {}) }),
      );
      expectTold(collected);
      expect(JSON.stringify([collected.findings, collected.unread])).toMatch(said);
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(leavings()).toBeLessThanOrEqual(before);
    },
    30_000,
  );

  it.each(recordings.map(({ name, recording }) => [name, recording] as const))(
    '%s: cut off anywhere, it never has more cards and is never silent',
    async (_, recording) => {
      const counts = new Map<VendorKey, number>();
      const cards = ({ devices }: Collected) => devices.filter(({ kind }) => kind !== 'partition').length;
      for (const collector of collectors.filter(({ vendor }) => vendor !== 'nvidia')) {
        counts.set(collector.vendor, cards(await collector.collect(replayMachine(recording))));
      }
      for (const part of [0.2, 0.55, 0.9]) {
        const machine = realMachine({
          directories: [asRecorded(recording, (text) => text.slice(0, text.length * part))],
        });
        for (const collector of collectors.filter(({ vendor }) => counts.get(vendor)! > 0)) {
          const collected = await collector.collect(machine);
          expect(cards(collected)).toBeLessThanOrEqual(counts.get(collector.vendor)!);
          if (cards(collected) === 0) expectTold(collected);
        }
      }
    },
  );
});
