import type { RunDirectory } from './store/run-directory.ts';

/**
 * Evidence that was missing when the result came that names it. Bytes that come afterwards are kept only if a later
 * result names them: else the log would say of what is in the bundle that it was missing.
 */
export class Lacking {
  readonly #digests = new Set<string>();

  /** A result came that names these digests, of which some were missing. */
  named(digests: readonly string[], missing: readonly string[] = []): void {
    if (this.#digests.size > 0) for (const sha256 of digests) this.#digests.delete(sha256);
    for (const sha256 of missing) this.#digests.add(sha256);
  }

  /** The run is over: what came too late, and no result brought, goes. */
  drop(directory: Pick<RunDirectory, 'dropBlob'>): void {
    for (const sha256 of this.#digests) directory.dropBlob(sha256);
  }
}
