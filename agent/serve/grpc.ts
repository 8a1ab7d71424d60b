import grpc from '@grpc/grpc-js';
import { decodeInfer, encodeInfer, type WireInferRequest } from '../../proto/inference/grpc.ts';
import { loadSchema, serviceDefinition } from '../../proto/loader.ts';
import type { Refusal } from './admission.ts';
import type { Caller } from './credentials.ts';
import type { Desk } from './desk.ts';
import { metadata } from './models.ts';

const CODES: Record<Refusal, grpc.status> = {
  malformed: grpc.status.INVALID_ARGUMENT,
  unauthorized: grpc.status.UNAUTHENTICATED,
  unknown: grpc.status.NOT_FOUND,
  too_large: grpc.status.INVALID_ARGUMENT,
  not_finite: grpc.status.INVALID_ARGUMENT,
  shed: grpc.status.RESOURCE_EXHAUSTED,
  internal: grpc.status.INTERNAL,
};

type Call<T> = grpc.ServerUnaryCall<T, object>;
type Reply = grpc.sendUnaryData<object>;

/** The service over gRPC: the same models, callers and books as over HTTP. */
export function grpcFront(
  desk: Desk,
  caller: (authorization: string | undefined) => Caller,
  limits: { readonly bodyBytes: number },
): grpc.Server {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': limits.bodyBytes,
    'grpc.max_send_message_length': -1,
  });
  const definition = serviceDefinition(loadSchema('inference/inference.proto'), 'inference.GRPCInferenceService');
  const refuse = (reply: Reply, refusal: Refusal, details: string) => {
    desk.refuse(refusal);
    reply({ code: CODES[refusal], details });
  };
  server.addService(definition, {
    ServerLive: (_call: Call<object>, reply: Reply) => reply(null, { live: true }),
    ServerReady: (_call: Call<object>, reply: Reply) => reply(null, { ready: true }),
    ServerMetadata: (_call: Call<object>, reply: Reply) => reply(null, { name: 'assay', version: '2', extensions: [] }),
    ModelReady: (call: Call<{ name?: string; version?: string }>, reply: Reply) =>
      reply(null, { ready: desk.model(call.request.name ?? '', call.request.version) !== undefined }),
    ModelMetadata: (call: Call<{ name?: string; version?: string }>, reply: Reply) => {
      const model = desk.model(call.request.name ?? '', call.request.version);
      if (model) reply(null, metadata(model));
      else refuse(reply, 'unknown', 'there is no such model');
    },
    ModelInfer: (call: Call<WireInferRequest>, reply: Reply) => {
      infer(call, reply).catch((error: unknown) => refuse(reply, 'internal', String(error)));
    },
  });
  return server;

  async function infer(call: Call<WireInferRequest>, reply: Reply): Promise<void> {
    const authorization = call.metadata.get('authorization')[0];
    if (caller(typeof authorization === 'string' ? authorization : undefined)?.kind !== 'user') {
      return refuse(reply, 'unauthorized', 'a valid bearer token of a user is needed');
    }
    const model = desk.model(call.request.modelName ?? '', call.request.modelVersion);
    if (!model) return refuse(reply, 'unknown', 'there is no such model');
    const decoded = decodeInfer(call.request);
    if (!decoded.ok) return refuse(reply, 'malformed', decoded.problem);
    const { answer, delivered } = await desk.infer(model, decoded.value);
    if (answer.ok) reply(null, encodeInfer(answer.response));
    else reply({ code: CODES[answer.refusal], details: answer.problem });
    delivered();
  }
}
