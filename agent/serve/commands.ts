/** What the service is to serve, and where. */
export interface ServiceOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly identityKey: string;
  /** Inference threads; half of the cores are left to the network and to whoever asks. */
  readonly workers: number;
}

/** What goes to the process of the service, and what comes back. */
export type ServiceCommand = { kind: 'start'; options: ServiceOptions } | { kind: 'stop' };
export type ServiceNotice =
  | { kind: 'started'; url: string; grpcUrl: string; model: string }
  | { kind: 'failed'; detail: string };
