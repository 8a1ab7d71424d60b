/** The little of autocannon's interface that the comparison uses; the package brings no types. */
declare module 'autocannon' {
  interface Result {
    readonly latency: { readonly p50: number; readonly p99: number };
    readonly requests: { readonly total: number };
  }
  export default function autocannon(options: {
    url: string;
    connections: number;
    duration: number;
    method: 'GET' | 'POST';
    body: string;
  }): Promise<Result>;
}
