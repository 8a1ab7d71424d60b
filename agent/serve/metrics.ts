import { Gauge, type Reading } from './gauge.ts';

/** What the service counts about itself. */
export class Books {
  /** Requests received whole and not answered yet. */
  readonly requests: Gauge;
  /** Rows of those requests. */
  readonly records: Gauge;
  /** Answers given by outcome, since the start. */
  readonly answers = new Map<string, number>();
  /** Rows answered since the start. */
  answeredRows = 0;
  /** Calls of the runtime since the start. */
  batches = 0;

  constructor(now: () => number) {
    this.requests = new Gauge(now);
    this.records = new Gauge(now);
  }

  count(outcome: string): void {
    this.answers.set(outcome, (this.answers.get(outcome) ?? 0) + 1);
  }

  mark(): void {
    this.requests.mark();
    this.records.mark();
  }
}

/** Media type of the Prometheus text exposition format, version 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The books in Prometheus text form. Minimum, maximum and mean are since the last mark. */
export function metricsText(books: Books): string {
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: readonly (readonly [string, number])[]) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) lines.push(`${name}${labels} ${value}`);
  };
  const spread = (reading: Reading) =>
    (['current', 'min', 'max', 'mean'] as const).map((key) => [`{since_mark="${key}"}`, reading[key]] as const);
  const requests = books.requests.read();
  family('assay_serve_inflight_requests', 'gauge', 'Requests received and not answered.', spread(requests));
  family(
    'assay_serve_inflight_records',
    'gauge',
    'Rows of requests received and not answered.',
    spread(books.records.read()),
  );
  family('assay_serve_mark_seconds', 'gauge', 'Seconds since the mark.', [['', requests.seconds]]);
  family(
    'assay_serve_answers_total',
    'counter',
    'Answers by outcome.',
    [...books.answers].sort().map(([outcome, count]) => [`{outcome="${outcome}"}`, count] as const),
  );
  family('assay_serve_answered_rows_total', 'counter', 'Rows answered.', [['', books.answeredRows]]);
  family('assay_serve_batches_total', 'counter', 'Calls of the runtime.', [['', books.batches]]);
  return `${lines.join('\n')}\n`;
}
