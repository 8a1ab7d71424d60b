import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Static, Type } from 'typebox';
import { check } from '../../model/schema.ts';

const optional = Type.Optional(Type.Number());
const Sample = Type.Object({
  id: Type.String(),
  powerW: optional,
  temperatureC: optional,
  clockMHz: optional,
  utilization: optional,
  throttleReasons: Type.Optional(Type.Array(Type.String())),
});
/** State of one device at one moment, as telemetry carries it. `id` is the inventory's. */
export type DeviceSample = Static<typeof Sample>;
const Samples = Type.Array(Sample, { maxItems: 256 });

export interface LiveDevices {
  /** The newest samples; empty when the helper has been silent for longer than a few intervals: old is not live. */
  latest(): DeviceSample[];
  stop(): Promise<void>;
}

const LINE_LIMIT = 1 << 18;

/**
 * Live figures of this node's NVIDIA GPUs from a helper process that holds the management library open, so that no
 * program is started for a sample. Says why where there is no such library; a helper that crashes or hangs later leaves
 * `latest()` empty and hurts nothing else.
 */
export async function watchDevices(options: {
  intervalMs: number;
  /** Monotonic nanoseconds. */
  now: () => bigint;
  library?: string;
  startMs?: number;
}): Promise<{ ok: true; devices: LiveDevices } | { ok: false; why: string }> {
  const helper = fileURLToPath(new URL('./probes/nvml.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', helper, options.library ?? '', String(options.intervalMs)],
    { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
  );
  let last: { at: bigint; samples: DeviceSample[] } | undefined;
  let rest = '';
  let first: ((outcome: { ok: true } | { ok: false; why: string }) => void) | undefined;
  const started = new Promise<{ ok: true } | { ok: false; why: string }>((resolve) => {
    first = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  ended.then(() => first?.({ ok: false, why: 'the helper process ended' })).catch(() => undefined);
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    rest += chunk;
    if (rest.length > LINE_LIMIT) {
      child.kill('SIGKILL');
      return;
    }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const read = parse(line);
      if ('why' in read) first?.({ ok: false, why: read.why });
      else {
        last = { at: options.now(), samples: read.samples };
        first?.({ ok: true });
      }
    }
  });
  const timer = setTimeout(() => first?.({ ok: false, why: 'no sample in time' }), options.startMs ?? 5_000);
  const outcome = await started;
  clearTimeout(timer);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  if (!outcome.ok) {
    await stop();
    return outcome;
  }
  const oldest = BigInt(options.intervalMs) * 3_000_000n + 1_000_000_000n;
  return {
    ok: true,
    devices: { latest: () => (last && options.now() - last.at <= oldest ? last.samples : []), stop },
  };
}

function parse(line: string): { samples: DeviceSample[] } | { why: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { why: 'the helper printed no JSON' };
  }
  const checked = check(Samples, value);
  if (checked.ok) return { samples: checked.value };
  const why = typeof value === 'object' && value !== null && 'why' in value ? String(value.why) : checked.problems[0];
  return { why: why ?? 'the helper printed something else' };
}
