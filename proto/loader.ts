import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** Reads a schema beside this file, for example `assay/v1/fleet.proto`. Throws if it does not parse: a bug. */
export function loadSchema(path: string): protobuf.Root {
  const text = readFileSync(join(import.meta.dirname, path), 'utf8');
  const { root } = protobuf.parse(text, new protobuf.Root(), { keepCase: false });
  root.resolveAll();
  return root;
}

/**
 * Definition of a gRPC service for `@grpc/grpc-js` from a schema.
 * Messages are plain objects: 64-bit numbers as decimal strings, bytes as Buffer, absent fields absent.
 */
export function serviceDefinition(root: protobuf.Root, name: string): ServiceDefinition {
  const service = root.lookupService(name);
  const definition: Record<string, unknown> = {};
  for (const method of service.methodsArray) {
    const request = method.resolvedRequestType!;
    const response = method.resolvedResponseType!;
    definition[method.name] = {
      path: `/${name}/${method.name}`,
      requestStream: method.requestStream ?? false,
      responseStream: method.responseStream ?? false,
      requestSerialize: (value: object) => encode(request, value),
      requestDeserialize: (bytes: Buffer) => decode(request, bytes),
      responseSerialize: (value: object) => encode(response, value),
      responseDeserialize: (bytes: Buffer) => decode(response, bytes),
    };
  }
  return definition as unknown as ServiceDefinition;
}

/** Encodes a plain object. Throws on a field of the wrong type. */
export function encode(type: protobuf.Type, value: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

/** Decodes bytes to a plain object. Throws on bytes that are not a message of this type. */
export function decode(type: protobuf.Type, bytes: Uint8Array): object {
  return type.toObject(type.decode(bytes), {
    longs: String,
    bytes: Buffer,
    oneofs: true,
    defaults: false,
    arrays: true,
  });
}
