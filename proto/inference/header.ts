import { type Static, Type } from 'typebox';

const Parameters = Type.Record(Type.String(), Type.Unknown());
const TensorHead = {
  name: Type.String({ minLength: 1, maxLength: 256 }),
  datatype: Type.String({ minLength: 1, maxLength: 16 }),
  shape: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 8 }),
  parameters: Type.Optional(Parameters),
  data: Type.Optional(Type.Array(Type.Unknown())),
};

/** The JSON part of a request to infer. Members it does not know are left alone, as the protocol asks. */
export const RequestHeader = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 256 })),
  parameters: Type.Optional(Parameters),
  inputs: Type.Array(Type.Object(TensorHead), { minItems: 1, maxItems: 64 }),
  outputs: Type.Optional(
    Type.Array(
      Type.Object({ name: Type.String({ minLength: 1, maxLength: 256 }), parameters: Type.Optional(Parameters) }),
      { maxItems: 64 },
    ),
  ),
});
export type RequestHeader = Static<typeof RequestHeader>;

/** The JSON part of an answer. */
export const ResponseHeader = Type.Object({
  model_name: Type.String(),
  model_version: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
  parameters: Type.Optional(Parameters),
  outputs: Type.Array(Type.Object(TensorHead), { maxItems: 64 }),
});
export type ResponseHeader = Static<typeof ResponseHeader>;

/** What a server says of a model: names, types and shapes, -1 where a size is only known when it runs. */
export const ModelMetadata = Type.Object({
  name: Type.String(),
  versions: Type.Optional(Type.Array(Type.String())),
  platform: Type.String(),
  inputs: Type.Array(
    Type.Object({ name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer({ minimum: -1 })) }),
  ),
  outputs: Type.Array(
    Type.Object({ name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer({ minimum: -1 })) }),
  ),
});
export type ModelMetadata = Static<typeof ModelMetadata>;
