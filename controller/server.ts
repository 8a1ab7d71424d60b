import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { AssayError } from '../model/errors.ts';
import { type AgentMessage, fleetService, MAX_MESSAGE_BYTES, negotiate } from '../proto/fleet.ts';
import type { Credential } from './certificates.ts';
import { type AgentStream, peerIdentity } from './session.ts';

export interface FleetEvents {
  /** A node came (or came back). Answers why it is not welcome, or undefined. */
  join(node: string, publicKey: string, stream: AgentStream): string | undefined;
  message(node: string, message: AgentMessage): void;
  leave(node: string, stream: AgentStream, problem: string | undefined): void;
}

export interface FleetServer {
  readonly port: number;
  stop(): Promise<void>;
}

const FIRST_MESSAGE_MS = 10_000;

/**
 * Listens for agents on `host:port` (port 0: the system chooses) with mutual TLS: a client without a certificate of
 * the authority does not get as far as a message. Rejects with `address_invalid` or `port_in_use`.
 */
export async function serveFleet(
  address: string,
  credential: Credential,
  authorityPem: string,
  controller: string,
  events: FleetEvents,
): Promise<FleetServer> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  server.addService(fleetService(), {
    Session: (stream: AgentStream) => welcome(stream, controller, events),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      address,
      ServerCredentials.createSsl(
        Buffer.from(authorityPem),
        [{ private_key: Buffer.from(credential.privateKeyPem), cert_chain: Buffer.from(credential.certificatePem) }],
        true,
      ),
      (error, bound) => (error ? reject(bindError(address, error)) : resolve(bound)),
    );
  });
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), 2000);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}

function bindError(address: string, error: Error): AssayError {
  const code = /EADDRINUSE/.test(error.message) ? 'port_in_use' : 'address_invalid';
  return new AssayError(code, `${address}: ${error.message}`, { cause: error });
}

/** The hello: identity from the certificate, the highest common revision, then the node's own messages. */
function welcome(stream: AgentStream, controller: string, events: FleetEvents): void {
  const peer = peerIdentity(stream);
  if (!peer) {
    stream.emit('error', { code: status.UNAUTHENTICATED, details: 'a certificate with a common name is needed' });
    return;
  }
  const refuse = (code: string, detail: string): void => {
    stream.write({ refusal: { code, detail } });
    stream.end();
  };
  let joined = false;
  const silence = setTimeout(() => refuse('no_hello', 'no hello came'), FIRST_MESSAGE_MS);
  const leave = (problem: string | undefined): void => {
    clearTimeout(silence);
    if (!joined) return;
    joined = false;
    events.leave(peer.node, stream, problem);
  };
  stream.on('data', (message: AgentMessage) => {
    if (joined) return events.message(peer.node, message);
    clearTimeout(silence);
    if (!message.hello) return refuse('no_hello', 'the first message must be a hello');
    const revision = negotiate(message.hello.revisions);
    if (revision === undefined) {
      return refuse('no_common_revision', `the agent offers revisions ${message.hello.revisions.join(', ')}`);
    }
    if (message.hello.node !== peer.node) {
      return refuse('wrong_name', `the certificate is for ${peer.node}, the agent calls itself ${message.hello.node}`);
    }
    stream.write({ welcome: { revision, controller } });
    const problem = events.join(peer.node, peer.publicKey, stream);
    if (problem) return refuse('not_welcome', problem);
    joined = true;
  });
  stream.on('end', () => {
    leave(undefined);
    stream.end();
  });
  stream.on('error', (error: Error) => leave(error.message));
  stream.on('cancelled', () => leave('cancelled'));
}
