import '../../benchmarks/closed-site.ts';
import type { AddressInfo } from 'node:net';
import grpc from '@grpc/grpc-js';
import type { ServiceCommand, ServiceNotice, ServiceOptions } from './commands.ts';
import { callers } from './credentials.ts';
import { Desk } from './desk.ts';
import { grpcFront } from './grpc.ts';
import { httpFront } from './http.ts';
import { Books } from './metrics.ts';
import { builtInModels } from './models.ts';
import { Queue } from './queue.ts';
import { ThreadRunner } from './runner.ts';

/**
 * The built-in inference service as a process of its own. It is told what to serve over the channel to its parent
 * (the key is never on a command line) and ends when it is told to, or when that channel closes: it never outlives
 * the agent.
 */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_QUEUED_BYTES = 512 * 1024 * 1024;
const REQUEST_MS = 30_000;

process.on('message', (command: ServiceCommand) => {
  if (command.kind === 'start') {
    start(command.options).catch((error: unknown) => {
      notify({ kind: 'failed', detail: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    });
  } else {
    void leave();
  }
});
process.on('disconnect', () => void leave());
// The agent decides when to end; a Ctrl-C of the terminal reaches the whole group.
process.on('SIGINT', () => {});

let queue: Queue | undefined;

/** Ends the process once no thread is inside the runtime, or after a second all the same. */
async function leave(): Promise<void> {
  setTimeout(() => process.exit(0), 1_000);
  await queue?.stop();
  process.exit(0);
}

async function start(options: ServiceOptions): Promise<void> {
  const models = builtInModels();
  const files = models.map(({ name, bytes }) => ({ name, bytes }));
  const runners = await Promise.all(Array.from({ length: options.workers }, () => ThreadRunner.start(files)));
  const books = new Books(() => performance.now());
  queue = new Queue(runners, {
    limitBytes: MAX_QUEUED_BYTES,
    onBatch: () => {
      books.batches++;
    },
  });
  const desk = new Desk(models, queue, books);
  const caller = callers(options.identityKey);
  const http = httpFront(desk, caller, { bodyBytes: MAX_BODY_BYTES, requestMs: REQUEST_MS });
  await new Promise<void>((listening, failed) => {
    http.once('error', failed);
    http.listen({ host: options.host, port: options.port, backlog: 4_096 }, listening);
  });
  const overGrpc = grpcFront(desk, caller, { bodyBytes: MAX_BODY_BYTES });
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const grpcPort = await new Promise<number>((bound, failed) => {
    overGrpc.bindAsync(`${host}:0`, grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error) failed(error);
      else bound(port);
    });
  });
  notify({
    kind: 'started',
    url: `http://${host}:${(http.address() as AddressInfo).port}`,
    grpcUrl: `${host}:${grpcPort}`,
    model: models[0]!.name,
  });
}

function notify(notice: ServiceNotice): void {
  process.send?.(notice);
}
