import type { Report } from '../../model/report.ts';
import type { Admitted } from '../verify/admission.ts';

type Repeated = NonNullable<Report['environment']>;

/** More different ones than these tell a reader nothing more; all stand in the evidence. */
const MOST = 200;

/**
 * In what the run measured: each file that computed, each tool, variable and library of a policy once, with the number
 * of nodes that had it. Two builds of one library on two nodes are two. Undefined where no measurement says it.
 */
export function environmentOf(
  admitted: readonly Pick<Admitted, 'measurement' | 'environment'>[],
): Report['environment'] {
  const files = new Counter<Omit<Repeated['files'][number], 'nodes'>>();
  const variables = new Counter<Omit<Repeated['variables'][number], 'nodes'>>();
  const policy = new Counter<Omit<Repeated['policy'][number], 'nodes'>>();
  for (const { measurement, environment } of admitted) {
    if (!environment) continue;
    const { node } = measurement;
    for (const { path, sha256, buildId, problem } of environment.objects) {
      files.add(node, { path, ...(sha256 && { sha256 }), ...(buildId && { buildId }), ...(problem && { problem }) });
    }
    for (const tool of environment.tools) files.add(node, tool);
    for (const [name, value] of Object.entries(environment.variables)) variables.add(node, { name, value });
    for (const library of environment.policy) policy.add(node, library);
  }
  if (files.size === 0) return undefined;
  return { files: files.list(), variables: variables.list(), policy: policy.list() };
}

/** Different things, and on how many nodes each was met. */
class Counter<T extends object> {
  readonly #met = new Map<string, { readonly what: T; readonly nodes: Set<string> }>();

  get size(): number {
    return this.#met.size;
  }

  add(node: string, what: T): void {
    const key = JSON.stringify(what);
    const known = this.#met.get(key);
    if (known) known.nodes.add(node);
    else this.#met.set(key, { what, nodes: new Set([node]) });
  }

  list(): (T & { nodes: number })[] {
    const sorted = [...this.#met].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.slice(0, MOST).map(([, { what, nodes }]) => ({ ...what, nodes: nodes.size }));
  }
}
