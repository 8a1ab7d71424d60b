import { median } from '../../../model/estimate.ts';
import type { Accelerator } from '../../../model/inventory.ts';
import type { Attempt, Report } from '../../../model/report.ts';
import { classOf, MATRIX_CLASSES, type MatrixColumn, matrix } from '../../charts/matrix.ts';
import { LABELS, STATE_TEXT } from '../../text/catalog.ts';
import { span } from '../../text/moment.ts';
import { quantity } from '../../text/quantity.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, code, dotted, type Markup, markup } from '../markup.ts';
import { nodeNames } from '../summary.ts';
import { column, fold, section } from './section.ts';

/** A column of the node table: one requirement's value on each node. */
interface NodeColumn extends MatrixColumn {
  readonly limit: number;
  readonly by: ReadonlyMap<string, number>;
}

/** Up to so many nodes stand open on the page; more are folded. */
const OPEN = 4;
/** So many nodes stand in one fold of a larger fleet. */
const GROUP = 100;

/** Which node gave what: a field of cells for each metric that nodes differ in, the same in a table, then node by node. */
export function nodes(report: Report): Markup {
  const names = nodeNames(report);
  const columns = nodeColumns(report, names);
  const drawn = names.length > 1 ? columns.filter((c) => distinct(c) > 1) : [];
  const same = names.length > 1 ? columns.filter((c) => distinct(c) === 1) : [];
  const attempts = grouped(report.attempts);
  const devices = new Map(report.inventories.map((inventory) => [inventory.node, inventory.accelerators]));
  const one = (name: string): Markup =>
    node(name, attempts.get(name) ?? [], devices.get(name) ?? [], names.length <= OPEN);
  // Thousands of lines are no list: they are folded by the hundred, and each fold says what is odd inside.
  const group = (own: readonly string[]): Markup => {
    const odd = own.reduce((sum, name) => sum + incomplete(attempts.get(name) ?? []), 0);
    const summary = markup`${own[0]} – ${own.at(-1)} · ${both(SENTENCES.nodes(own.length))}${odd > 0 && markup` · <b class="o-fail">${both(SENTENCES.notCompleted(odd))}</b>`}`;
    return fold(summary, own.map(one));
  };
  return section(
    'nodes',
    markup`${drawn.length > 0 && markup`<p>${both(SENTENCES.matrixIntro(names.length))}</p>${key()}`}
${drawn.map((c, i) => markup`<figure><figcaption><code>${c.metric}</code> ${both(LABELS.median)} ${quantity(median(c.values.filter((v) => v !== undefined)), c.unit)}</figcaption>${matrix(`matrix-${i}`, c)}</figure>\n`)}
${same.length > 0 && markup`<p>${both(LABELS.sameOnAll)}</p><ul class="plain">${same.map((c) => markup`<li>${sameEverywhere(c, names)}</li>`)}</ul>`}
${
  drawn.length > 0 &&
  fold(
    both(LABELS.numbersTable),
    chunks(drawn).map((part) => table(names, part)),
    names.length <= 32,
  )
}
<h3>${both(LABELS.node)}</h3>
${names.length > OPEN && markup`<p class="screen">${both(SENTENCES.nodesFolded(names.length))}</p><p class="print">${both(LABELS.nodesOnPage)}</p>`}
${names.length <= GROUP ? names.map(one) : portions(names).map(group)}`,
  );
}

function nodeColumns(report: Report, names: readonly string[]): NodeColumn[] {
  const columns: NodeColumn[] = [];
  for (const verdict of report.verdicts) {
    for (const result of verdict.requirements) {
      if (result.nodes.length === 0) continue;
      const by = new Map(result.nodes.map((n) => [n.node, n.estimate.value]));
      const metric = result.choice ? `${result.metric} @ ${result.choice.value}` : result.metric;
      columns.push({
        metric,
        unit: result.unit,
        smaller: result.comparison === '<=',
        limit: result.limit,
        by,
        values: names.map((name) => by.get(name)),
      });
    }
  }
  return columns;
}

function key(): Markup {
  return markup`<ul class="key">${MATRIX_CLASSES.map((c, k) => markup`<li><svg width="14" height="14" aria-hidden="true"><rect width="14" height="14" fill="${c.fill}"/>${k >= 2 && markup`<path d="M4 10l6 -6${k === 3 && 'M4 4l6 6'}" stroke="#fff"/>`}</svg> ${both(c.label)}</li>`)}<li><svg width="14" height="14" aria-hidden="true"><rect x="1" y="1" width="12" height="12" fill="#fff" stroke="#5f6368" stroke-dasharray="2 1.5"/></svg> ${both(LABELS.missing)}</li></ul>`;
}

function distinct(column: NodeColumn): number {
  return new Set(column.by.values()).size;
}

/** A value that all nodes share, and the nodes that gave none. */
function sameEverywhere(column: NodeColumn, names: readonly string[]): Markup {
  const missing = names.filter((name) => !column.by.has(name));
  const value = [...column.by.values()][0]!;
  return markup`<code>${column.metric}</code> ${quantity(value, column.unit)} · ${both(SENTENCES.nOfM(column.by.size, names.length))}${missing.length > 0 && missing.length <= 8 && markup` · ${both(LABELS.missing)}: ${missing.join(', ')}`}`;
}

/** Columns in portions that fit the width of a page. */
function chunks(columns: readonly NodeColumn[]): NodeColumn[][] {
  const parts: NodeColumn[][] = [];
  for (let i = 0; i < columns.length; i += 6) parts.push(columns.slice(i, i + 6));
  return parts;
}

function table(names: readonly string[], columns: readonly NodeColumn[]): Markup {
  const middles = columns.map((c) => median(c.values.filter((v) => v !== undefined)));
  return markup`<div class="wide"><table class="numbers nodes"><thead><tr>${column('node')}${columns.map((c) => markup`<th scope="col">${dotted(c.metric)}</th>`)}</tr></thead><tbody>
${names.map(
  (name) =>
    markup`<tr><th scope="row">${name}</th>${columns.map((c, i) => {
      const value = c.by.get(name);
      if (value === undefined) return markup`<td>—</td>`;
      const k = classOf(value, middles[i]!, c.smaller);
      return markup`<td>${quantity(value, c.unit, middles[i])}${k === 2 && ' ▽'}${k === 3 && ' ▼'}</td>`;
    })}</tr>\n`,
)}</tbody></table></div>`;
}

function portions(names: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / GROUP) }, (_, i) => names.slice(i * GROUP, (i + 1) * GROUP));
}

function incomplete(attempts: readonly Attempt[]): number {
  return attempts.filter((attempt) => attempt.state !== 'completed').length;
}

function grouped(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const byNode = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    const list = byNode.get(attempt.node);
    if (list) list.push(attempt);
    else byNode.set(attempt.node, [attempt]);
  }
  return byNode;
}

function node(name: string, attempts: readonly Attempt[], accelerators: readonly Accelerator[], open: boolean): Markup {
  const bad = incomplete(attempts);
  const summary = markup`<b>${name}</b> · ${both(SENTENCES.devices(accelerators.length))} · ${both(SENTENCES.measurements(attempts.length))}${bad > 0 && markup` · <b class="o-fail">${both(SENTENCES.notCompleted(bad))}</b>`}`;
  return fold(
    summary,
    markup`${accelerators.length > 0 && markup`<ul class="plain">${accelerators.map((a) => markup`<li>${deviceLine(a)}</li>`)}</ul>`}${attempts.length > 0 && markup`<table class="numbers"><tbody>${attempts.map(attemptRow)}</tbody></table>`}`,
    open,
  );
}

/** One device in one line: what it is, and by what it can be told from every other. */
export function deviceLine(a: Accelerator): string {
  const parts = [
    a.id,
    a.kind === 'package' ? undefined : a.kind,
    [a.vendor.value, a.chip?.value].filter(Boolean).join(' '),
    a.memoryBytes && quantity(a.memoryBytes.value, 'B'),
    a.uuid?.value,
    a.serial && `SN ${a.serial.value}`,
    a.pciAddress?.value,
  ];
  return parts.filter(Boolean).join(' · ');
}

function attemptRow(attempt: Attempt): Markup {
  const state = Object.hasOwn(STATE_TEXT, attempt.state) ? STATE_TEXT[attempt.state]!.zh : attempt.state;
  const failure = attempt.failure;
  const findings = [...new Set(attempt.findings.map((finding) => finding.code))];
  return markup`<tr><th scope="row">${attempt.benchmark}${attempt.attempt > 1 && ` #${attempt.attempt}`}</th><td>${state}${failure && ` ${failure.code} (${failure.phase})`}${findings.length > 0 && ` · ${findings.join(', ')}`}</td><td>${span(attempt.elapsedS)}</td><td>${code(attempt.sha256.slice(0, 12))}</td></tr>`;
}
