import type { Descriptor } from '../benchmarks/benchmark.ts';
import { CATALOG, effectiveSettings, metricIds, withCompanions } from '../benchmarks/catalog.ts';
import type { Assignment, Plan, Profile } from '../model/assignment.ts';
import type { Controller } from '../model/controller.ts';
import type { Guide } from '../model/guide.ts';
import type { ReasonCode } from '../model/reason.ts';

/** What the operator wants of a plan beside guide and profile. */
export interface PlanWish {
  readonly run: string;
  readonly createdAt: string;
  readonly guide: Guide;
  readonly guideSha256: string;
  readonly profile: Profile;
  /** Who holds the controller's key, by that party's own declaration. */
  readonly controller: Controller;
  readonly nodes: readonly string[];
  /** Settings to change, per benchmark id. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Only these targets; all of the guide if empty. */
  readonly only: readonly string[];
  /** Nodes that stand at the edge. */
  readonly edge: readonly string[];
  /** Benchmarks to run beside those that the guide asks for; their results are shown and judged by nothing. */
  readonly beside: readonly string[];
  /** How many times longer than usual a measurement may take before it is stopped; 1 where nothing was said. */
  readonly patience?: number;
  /** How often each benchmark is measured. */
  readonly repeats: number;
  readonly synthetic: boolean;
}

/** Benchmarks take longer than expected on a loaded or slow node; past this they are stopped. */
const PATIENCE = 4;
const PATIENCE_FLOOR_S = 60;

/**
 * Multiplies guide by nodes: which benchmark runs where with which settings so that every measured target can have a
 * verdict. A target that no benchmark of the catalogue measures is listed with the reason. Pure: the same wish gives
 * the same plan.
 */
export function makePlan(wish: PlanWish): Plan {
  const assignments: Assignment[] = [];
  const unmeasured: Plan['unmeasured'] = [];
  const wanted = new Set<string>();
  for (const target of wish.guide.targets) {
    // Registers are read, and parts are counted over the inventories: neither needs a benchmark.
    if (target.kind !== 'measured') continue;
    if (wish.only.length > 0 && !wish.only.includes(target.id)) continue;
    for (const { metric } of target.requirements) {
      wanted.add(metric);
      const descriptor = CATALOG.find((d) => metricIds(d).includes(metric));
      if (descriptor && nodesFor(descriptor, wish).length > 0) continue;
      if (unmeasured.some((u) => u.target === target.id)) continue;
      unmeasured.push({ target: target.id, ...whyUnmeasured(target.id, metric) });
    }
  }
  const chosen = CATALOG.filter(
    (descriptor) => metricIds(descriptor).some((id) => wanted.has(id)) || wish.beside.includes(descriptor.id),
  );
  for (const descriptor of withCompanions(chosen.map(({ id }) => id))) {
    for (const node of nodesFor(descriptor, wish)) assignments.push(assign(descriptor, node, wish));
  }
  return {
    schema: 'assay/plan/v2',
    run: wish.run,
    createdAt: wish.createdAt,
    guide: { id: wish.guide.id, version: wish.guide.version, sha256: wish.guideSha256 },
    profile: wish.profile,
    controller: wish.controller,
    nodes: [...wish.nodes],
    // In the guide's order, so that the same wish gives the same plan.
    ...(wish.only.length > 0 ? { targets: asked(wish) } : {}),
    assignments,
    unmeasured,
    synthetic: wish.synthetic,
  };
}

const asked = ({ guide, only }: PlanWish): string[] =>
  guide.targets.map(({ id }) => id).filter((id) => only.includes(id));

function nodesFor(descriptor: Descriptor, wish: PlanWish): readonly string[] {
  if (descriptor.scope === 'platform') return wish.nodes.slice(0, 1);
  return descriptor.scope === 'edge' ? wish.nodes.filter((n) => wish.edge.includes(n)) : wish.nodes;
}

function assign(descriptor: Descriptor, node: string, wish: PlanWish): Assignment {
  const settings = effectiveSettings(descriptor, wish.profile, wish.settings[descriptor.id]);
  const cost = descriptor.cost(settings);
  return {
    id: `${descriptor.id}.${wish.nodes.indexOf(node) + 1}`,
    node,
    benchmark: descriptor.id,
    version: descriptor.version,
    metrics: metricIds(descriptor),
    settings,
    expectedS: cost.seconds,
    timeoutS: Math.max(PATIENCE_FLOOR_S, cost.seconds * PATIENCE) * (wish.patience ?? 1),
    writesBytes: cost.writesBytes,
    repeats: wish.repeats,
  };
}

function whyUnmeasured(target: string, metric: string): { reason: ReasonCode; detail: string } {
  if (target === 'interface.cloudEdge' || target === 'edge.realtime') {
    return { reason: 'no_edge_node', detail: `${metric} needs a node with the edge role` };
  }
  return { reason: 'not_measured', detail: `this version has no benchmark for ${metric}` };
}

/** Expected seconds of the whole plan: nodes work at the same time, each does its own one after the other. */
export function expectedSeconds(plan: Plan): number {
  const perNode = plan.nodes.map((node) =>
    plan.assignments.filter((a) => a.node === node).reduce((total, a) => total + a.expectedS * a.repeats, 0),
  );
  return Math.max(0, ...perNode);
}
