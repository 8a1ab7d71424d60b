import type { Accelerator, Inventory, InventoryFinding, Unread } from '../../model/inventory.ts';
import type { Machine, RunOptions } from './machine.ts';
import { clean } from './output.ts';
import { isAbsent } from './quantity.ts';
import type { Ran } from './spawn.ts';
import type { VendorKey } from './vendor.ts';

/** What asking one vendor's tools gave. */
export interface Collected {
  readonly devices: Accelerator[];
  readonly tools: Inventory['tools'];
  readonly software: Inventory['software'];
  readonly findings: InventoryFinding[];
  readonly unread: Unread[];
}

/** One vendor's way of asking its tools. A collector never throws for what a tool prints. */
export interface Collector {
  readonly vendor: VendorKey;
  collect(machine: Machine): Promise<Collected>;
}

/** How much of an output that could not be understood is kept in a finding. */
const KEPT = 4_000;
/** A program that hung this often is not asked again: a dead driver would cost the time limit for every question. */
const MOST_HANGS = 2;

/**
 * Devices of one list that are asked for more, one by one. No machine has so many; a list that has them is no
 * machine's.
 */
const MOST_ASKED = 256;

/** Collects what the tools of one vendor say, and keeps what could not be understood as evidence. */
export class Reading implements Collected {
  readonly devices: Accelerator[] = [];
  readonly tools: Inventory['tools'] = [];
  readonly software: Inventory['software'] = [];
  readonly findings: InventoryFinding[] = [];
  readonly unread: Unread[] = [];
  readonly #machine: Machine;
  readonly #vendor: VendorKey;
  readonly #hangs = new Map<string, number>();

  constructor(machine: Machine, vendor: VendorKey) {
    this.#machine = machine;
    this.#vendor = vendor;
  }

  /**
   * Cleaned standard output of a tool, or undefined where it is not installed, hung, flooded or failed; all but the
   * first go to `unread`. What a flooding tool printed up to the limit is not used: half a list is not a list.
   */
  async run(program: string, args: readonly string[], options?: RunOptions): Promise<string | undefined> {
    return (await this.runWithFiles(program, args, options))?.text;
  }

  /**
   * The same for a question that a version of the tool may not know: that it fails is noted in `unread` and is no
   * finding, and what it printed is not used. `quiet`: only some devices know it at all, so its failure says nothing.
   */
  async detail(
    program: string,
    args: readonly string[],
    options?: RunOptions,
    quiet = false,
  ): Promise<string | undefined> {
    const ran = await this.#ask(program, args, options);
    this.#noteTool(program, ran.status !== 'not_found', ran.path);
    const text = clean(ran.stdout);
    if (ran.status === 'exited' && ran.exit === 0 && text.trim() !== '') return text;
    if (ran.status === 'not_found') return undefined;
    const source = [program, ...args].join(' ');
    const why = ran.why ?? `exit ${ran.exit}: ${excerpt(ran.stderr || ran.stdout, 200) || 'it printed nothing'}`;
    if (!quiet || ran.status !== 'exited') this.unread.push({ what: `output of ${program}`, source, why });
    if (ran.status !== 'exited' && ran.status !== 'failed') this.say(`tool_${ran.status}`, `${source}: ${why}`);
    return undefined;
  }

  /** Of a list, what is to be asked about one by one; that the rest is not asked about is noted in `unread`. */
  askable<T>(list: readonly T[], source: string): readonly T[] {
    if (list.length > MOST_ASKED) {
      const why = `${list.length} devices are listed, ${MOST_ASKED} of them were asked about one by one`;
      this.unread.push({ what: 'details of devices', source, why });
    }
    return list.slice(0, MOST_ASKED);
  }

  /** Whether a tool that was asked is installed. */
  has(program: string): boolean {
    return this.tools.some((tool) => tool.name === program && tool.found);
  }

  async runWithFiles(
    program: string,
    args: readonly string[],
    options?: RunOptions,
  ): Promise<{ text: string; files: Readonly<Record<string, string>> } | undefined> {
    const ran = await this.#ask(program, args, options);
    this.#noteTool(program, ran.status !== 'not_found', ran.path);
    if (ran.status === 'not_found') return undefined;
    const source = [program, ...args].join(' ');
    const text = clean(ran.stdout);
    if (ran.status !== 'exited') {
      this.unread.push({ what: `output of ${program}`, source, why: ran.why ?? ran.status });
      this.say(ran.status === 'failed' ? 'tool_failed' : `tool_${ran.status}`, `${source}: ${ran.why ?? ran.status}`);
      return undefined;
    }
    if (ran.exit !== 0) {
      const said = excerpt(ran.stderr || ran.stdout, 400) || 'it printed nothing';
      this.say('tool_failed', `${source}: exit ${ran.exit}: ${said}`);
      if (text.trim() === '') {
        this.unread.push({ what: `output of ${program}`, source, why: `exit ${ran.exit}: ${said}` });
        return undefined;
      }
    }
    const files = ran.files ?? {};
    if (text.trim() === '' && Object.keys(files).length === 0) {
      this.unread.push({ what: `output of ${program}`, source, why: 'it printed nothing' });
      return undefined;
    }
    return { text, files };
  }

  /** Keeps a raw output whose layout no parser knows: evidence and a reason, never "0 accelerators". */
  unknownLayout(source: string, text: string): void {
    this.unread.push({ what: 'accelerators', source, why: 'unknown layout; the raw text is kept in a finding' });
    this.say('unknown_layout', `${source}:\n${excerpt(text, KEPT)}`);
  }

  say(code: string, detail: string, device?: string): void {
    this.findings.push({ code, detail, ...(device === undefined ? {} : { device }) });
  }

  /** Version of a tool that answered. */
  version(program: string, version: string | undefined): void {
    const tool = this.tools.find((t) => t.name === program);
    if (tool && version !== undefined && !isAbsent(version)) tool.version = version;
  }

  /** Driver or runtime of the vendor, once for each name. */
  component(name: string, version: string | undefined, source: string): void {
    if (version === undefined || isAbsent(version) || this.software.some((s) => s.name === name)) return;
    this.software.push({ name, version, source });
  }

  /** Whether a program hung so often that it is not asked any more. */
  gaveUp(program: string): boolean {
    return (this.#hangs.get(program) ?? 0) >= MOST_HANGS;
  }

  async #ask(program: string, args: readonly string[], options: RunOptions | undefined): Promise<Ran> {
    const hangs = this.#hangs.get(program) ?? 0;
    if (hangs >= MOST_HANGS) {
      return {
        status: 'failed',
        exit: null,
        stdout: '',
        stderr: '',
        why: `not asked any more: it hung ${hangs} times`,
      };
    }
    const ran = await this.#machine.run(program, args, options);
    if (ran.status === 'timed_out') this.#hangs.set(program, hangs + 1);
    return ran;
  }

  #noteTool(name: string, found: boolean, path: string | undefined): void {
    if (this.tools.some((t) => t.name === name)) return;
    this.tools.push({ name, vendor: this.#vendor, found, ...(path === undefined ? {} : { path }) });
  }
}

/** The beginning of a text, with what was left out counted. */
export function excerpt(text: string, limit: number): string {
  const tidy = clean(text).trim();
  return tidy.length <= limit ? tidy : `${tidy.slice(0, limit)} … (${tidy.length - limit} more characters)`;
}
