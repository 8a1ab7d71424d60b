import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSchema, serviceDefinition } from './loader.ts';

/** The revisions of the wire that this software speaks, highest first. */
export const REVISIONS = [1] as const;

/** Largest commit payload and largest blob part that a peer may send, in bytes. */
export const MAX_COMMIT_BYTES = 65_536;
export const BLOB_CHUNK_BYTES = 262_144;
/** Largest message on the stream: a signed measurement or an inventory with room to spare. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

let definition: ServiceDefinition | undefined;

/** Definition of `assay.v1.Fleet` for servers and clients. */
export function fleetService(): ServiceDefinition {
  definition ??= serviceDefinition(loadSchema('assay/v1/fleet.proto'), 'assay.v1.Fleet');
  return definition;
}

export interface WireEnvelope {
  payloadType?: string;
  payload?: Buffer;
  signatures: { keyId?: string; signature?: Buffer }[];
}

/** Messages as they come off the wire: every scalar may be absent (proto3 leaves zero values out). */
export interface AgentMessage {
  hello?: { revisions: number[]; software?: string; node?: string };
  inventory?: { document?: Buffer };
  progress?: {
    assignment?: string;
    attempt?: number;
    phase?: string;
    share?: number;
    value?: number;
    unit?: string;
    label?: string;
  };
  commit?: {
    assignment?: string;
    attempt?: number;
    index?: number;
    label?: string;
    payload?: Buffer;
    together?: boolean;
  };
  blob?: { sha256?: string; total?: string; offset?: string; data?: Buffer };
  result?: { assignment?: string; attempt?: number; envelope?: WireEnvelope };
  goodbye?: { reason?: string };
}

export interface ControllerMessage {
  welcome?: { revision?: number; controller?: string };
  refusal?: { code?: string; detail?: string };
  inventoryReceipt?: { accepted?: boolean; sha256?: string; problem?: string };
  assignment?: {
    run?: string;
    id?: string;
    benchmark?: string;
    version?: string;
    attempt?: number;
    settings?: Buffer;
    expectedSeconds?: number;
    timeoutSeconds?: number;
  };
  beacon?: { assignment?: string; attempt?: number; index?: number; random?: Buffer };
  blobReceipt?: { sha256?: string; stored?: boolean; problem?: string };
  resultReceipt?: { assignment?: string; attempt?: number; accepted?: boolean; logIndex?: string; problem?: string };
  cancel?: { assignment?: string; attempt?: number; reason?: string };
  goodbye?: { reason?: string };
}

/** The highest revision that both speak, or undefined. */
export function negotiate(offered: readonly number[]): number | undefined {
  return REVISIONS.find((r) => offered.includes(r));
}
