import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { AssayError } from '../model/errors.ts';
import {
  type AgentMessage,
  type ControllerMessage,
  fleetService,
  MAX_MESSAGE_BYTES,
  REVISIONS,
} from '../proto/fleet.ts';

/** Who the agent is and whom it calls. All PEM. */
export interface Identity {
  readonly node: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Authority that signed the controller's certificate. */
  readonly authorityPem: string;
}

/** One connection to the controller, after the hello was answered. */
export interface Link {
  readonly revision: number;
  /** Sends a message; resolves when the stream has room again. */
  send(message: AgentMessage): Promise<void>;
  close(): void;
}

export interface LinkEvents {
  message(message: ControllerMessage): void;
  /** The stream is over: `undefined` for a good end, else what happened. Called once, also after `close`. */
  ended(problem: string | undefined): void;
}

/**
 * Dials the controller with mutual TLS, says hello and waits for the welcome.
 * Rejects with `connection_failed` (worth another try) or `connection_refused_by_peer` (not worth one).
 */
export function dial(address: string, identity: Identity, software: string, events: LinkEvents): Promise<Link> {
  const client = new Client(
    address,
    credentials.createSsl(
      Buffer.from(identity.authorityPem),
      Buffer.from(identity.privateKeyPem),
      Buffer.from(identity.certificatePem),
    ),
    {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.keepalive_permit_without_calls': 1,
      // The address is the one that was named: what a shell says of proxies for the web is not meant for it.
      'grpc.enable_http_proxy': 0,
      'grpc.ssl_target_name_override': 'controller.assay',
      'grpc.default_authority': 'controller.assay',
    },
  );
  const method = fleetService().Session!;
  const stream: ClientDuplexStream<AgentMessage, ControllerMessage> = client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize as (value: AgentMessage) => Buffer,
    method.responseDeserialize as (bytes: Buffer) => ControllerMessage,
  );
  return new Promise((resolve, reject) => {
    let welcomed = false;
    let over = false;
    const end = (problem: string | undefined): void => {
      if (over) return;
      over = true;
      client.close();
      if (welcomed) events.ended(problem);
      else reject(new AssayError('connection_failed', `${address}: ${problem ?? 'closed'}`));
    };
    const link = (revision: number): Link => ({
      revision,
      send: (message) =>
        new Promise((sent) => {
          if (over) sent();
          else if (stream.write(message)) sent();
          else stream.once('drain', sent).once('close', sent);
        }),
      close: () => {
        stream.end();
        // The controller ends its side; a controller that does not is left after a moment.
        setTimeout(() => end(undefined), 2000).unref();
      },
    });
    stream.on('data', (message: ControllerMessage) => {
      if (welcomed) events.message(message);
      else if (message.welcome?.revision) {
        welcomed = true;
        resolve(link(message.welcome.revision));
      } else {
        over = true;
        client.close();
        const { code = 'refused', detail = '' } = message.refusal ?? {};
        reject(new AssayError('connection_refused_by_peer', `${code}: ${detail}`));
      }
    });
    stream.on('error', (error) => end(error.message));
    stream.on('end', () => end(undefined));
    stream.write({ hello: { revisions: [...REVISIONS], software, node: identity.node } });
  });
}
