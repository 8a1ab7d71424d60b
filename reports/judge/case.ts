import type { Plan } from '../../model/assignment.ts';
import type { Claims, Guide, Waiver } from '../../model/guide.ts';
import type { Examination, Finding, Measurement, Metric } from '../../model/measurement.ts';
import type { Untried } from '../../model/untried.ts';

/** One attempt as the judge sees it: its state and the examination recomputed from its raw evidence. */
export interface JudgedAttempt {
  readonly assignment: string;
  readonly attempt: number;
  readonly node: string;
  readonly state: Measurement['state'];
  readonly failure?: NonNullable<Measurement['failure']>;
  readonly examination: Examination;
  /** What its settings kept it from showing. */
  readonly untried?: readonly Untried[];
  /** sha256 of the signed payload. */
  readonly sha256: string;
}

/** Counts taken from the registers that the operator supplied. */
export interface RegisterCounts {
  readonly counts: Readonly<Record<string, number>>;
  readonly registers: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly problems: readonly { readonly code: string; readonly detail: string }[];
  }[];
}

/** Everything a judgement rests on. The judge sees nothing else: no clock, no file, no benchmark. */
export interface Case {
  readonly guide: Guide;
  /** The guide comes with this software: by one that nobody knows there is no outcome of the whole. */
  readonly guideKnown: boolean;
  readonly claims: Claims | undefined;
  readonly plan: Plan;
  /** How many attempts the controller sent out, per assignment: fewer measurements than that is missing evidence. */
  readonly issued: Readonly<Record<string, number>>;
  readonly attempts: readonly JudgedAttempt[];
  /** Attempts that were sent out and gave nothing that was accepted. */
  readonly unanswered: readonly {
    readonly assignment: string;
    readonly code: 'node_lost' | 'evidence_mismatch' | 'evidence_missing';
    readonly detail: string;
    /** What its node signed all the same: it can make a fail and nothing else. */
    readonly shown?: JudgedAttempt;
  }[];
  readonly registers: RegisterCounts | undefined;
  /** What was counted over the inventories of all nodes, with the digest of what it was counted from. */
  readonly counted: readonly { readonly metric: Metric; readonly sha256: string }[];
  readonly waivers: readonly Waiver[];
  /** Findings over the whole fleet, for example `duplicate_device`. */
  readonly findings: readonly Finding[];
  /** RFC 3339 moment that waivers are judged at. */
  readonly judgedAt: string;
}
