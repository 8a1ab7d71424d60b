import { truncate as cut } from '../reports/text/width.ts';
import { expectedSeconds } from './planner.ts';
import type { RunEvent } from './run.ts';
import { TimeLeft } from './time-left.ts';

/** Told of everything that happens in a run; shows it in its own way. */
export interface ProgressReporter {
  event(event: RunEvent): void;
  /** The run is over; whatever is still on the screen is settled. */
  close(): void;
}

export interface Screen {
  write(text: string): void;
  readonly columns: number;
}

/**
 * The way that fits: events on `out` for a program, on standard error a line that is redrawn for a person at a
 * terminal.
 */
export function reporterFor(json: boolean, out: (text: string) => void): ProgressReporter {
  if (json) return jsonReporter({ write: out, columns: 0 }, () => new Date());
  const { isTTY, columns = 100 } = process.stderr;
  const screen = { write: (text: string) => void process.stderr.write(text), columns };
  return isTTY ? liveReporter(screen, () => performance.now()) : plainReporter(screen);
}

/** One JSON object a line, for programs: every event as it is, with its time. */
function jsonReporter(screen: Screen, now: () => Date): ProgressReporter {
  return {
    event: (event) => screen.write(`${JSON.stringify({ at: now().toISOString(), ...event })}\n`),
    close: () => {},
  };
}

/** Plain lines, for logs: one for every beginning and end, none for live figures. */
export function plainReporter(screen: Screen): ProgressReporter {
  return {
    event: (event) => {
      for (const line of lines(event)) screen.write(`${line}\n`);
    },
    close: () => {},
  };
}

const REDRAW_MS = 200;

/**
 * Lines as above, and under them one that is redrawn: step, time left, share, benchmark, phase, live figure. What comes
 * last is cut where the terminal is narrow: the time left never is.
 */
export function liveReporter(screen: Screen, nowMs: () => number): ProgressReporter {
  const started = nowMs();
  const left = new TimeLeft();
  let current: Extract<RunEvent, { type: 'attempt_started' }> | undefined;
  let progress: Extract<RunEvent, { type: 'progress' }> | undefined;
  const draw = (): void => {
    if (!current) return;
    const { step, steps, assignment, node } = current;
    const now = nowMs();
    const parts = [
      `[${step}/${steps}] ${clock(now - started)}, left 剩余 ~${clock(left.secondsAt(now) * 1000)}`,
      ...(progress ? [`${Math.round(clamp(progress.share) * 100)} %`] : []),
      `${assignment.benchmark} @ ${node}`,
    ];
    if (progress) {
      parts.push(plain(progress.phase).slice(0, 60));
      if (progress.figure) parts.push(figureText(progress.figure));
    }
    screen.write(`\r\u001b[2K${cut(parts.join(' · '), Math.max(20, screen.columns - 1))}`);
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    event: (event) => {
      left.event(event, nowMs());
      if (event.type === 'progress') progress = event;
      if (event.type === 'attempt_started') {
        current = event;
        progress = undefined;
      }
      const own = event.type === 'attempt_started' ? [] : lines(event);
      if (own.length > 0) screen.write(`\r\u001b[2K${own.join('\n')}\n`);
      draw();
    },
    close: () => {
      clearInterval(timer);
      current = undefined;
      screen.write('\r\u001b[2K');
    },
  };
}

function lines(event: RunEvent): string[] {
  switch (event.type) {
    case 'node_joined': {
      const cards = event.inventory.accelerators.filter((a) => a.kind === 'package').length;
      const cpu = firstLine(event.inventory.cpu.model?.value ?? 'unknown processor');
      const found = cards === 0 ? 'no accelerator found' : `${cards} accelerators`;
      return [`node ${event.node}: ${cpu}, ${found}`];
    }
    case 'planned':
      return [`plan: ${event.plan.assignments.length} assignments, about ${clock(expectedSeconds(event.plan) * 1000)}`];
    case 'attempt_started': {
      const { step, steps, assignment, node, attempt } = event;
      return [
        `[${step}/${steps}] ${assignment.id} @ ${node} attempt ${attempt}, about ${clock(assignment.expectedS * 1000)}`,
      ];
    }
    case 'attempt_ended':
      return [`  ${event.assignment} ${event.state}${event.detail ? `: ${firstLine(event.detail)}` : ''}`];
    case 'attempt_rejected':
      return [`  ${event.assignment} rejected: ${firstLine(event.detail)}`];
    case 'second_pass':
      return [`  ${event.assignment} is measured once more: ${firstLine(event.detail)}`];
    case 'node_lost':
      return [`  node ${event.node} lost: ${firstLine(event.detail)}`];
    case 'warning':
      return [`  warning: ${firstLine(event.detail)}`];
    case 'progress':
      return [];
  }
}

/**
 * A text that a node wrote, as it may stand on a terminal: no control characters, nothing that turns the writing round.
 */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ');
const firstLine = (text: string): string => plain(text.split('\n')[0] ?? '').slice(0, 200);

/** A live figure with a decimal SI prefix, for example `207 Gop/s`. */
function figureText(figure: { value: number; unit: string; label: string }): string {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let value = Number.isFinite(figure.value) ? figure.value : 0;
  let index = 0;
  while (Math.abs(value) >= 1000 && index < prefixes.length - 1) {
    value /= 1000;
    index++;
  }
  const digits = Math.abs(value) >= 100 || index === 0 ? 0 : 1;
  const text = `${figure.label ? `${figure.label} ` : ''}${value.toFixed(digits)} ${prefixes[index]}${figure.unit}`;
  return plain(text).slice(0, 80);
}

const clamp = (share: number): number => Math.min(1, Math.max(0, Number.isNaN(share) ? 0 : share));

/** Milliseconds as m:ss, or h:mm:ss from an hour on. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
