/**
 * What an attempt, by its settings, could not have shown although the platform may have it. It comes as data beside the
 * metrics, so that the judge can tell "not there" from "not tried" without knowing any benchmark.
 */
export type Untried = AmountUntried | ValuesUntried | EndUntried;

interface Concerns {
  readonly metric: string;
  /** Only readings with these labels are meant; all of the metric where there are none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Amounts above the one that the settings allowed. */
export interface AmountUntried extends Concerns {
  readonly kind: 'amount';
  /** The most that the attempt could have shown, in the metric's unit. */
  readonly above: number;
  /** The most that the platform can have by what the attempt knows of it; without bound where absent. */
  readonly upTo?: number;
}

/** Values of a label that the settings did not ask for. */
export interface ValuesUntried extends Concerns {
  readonly kind: 'values';
  readonly label: string;
  /** Absent where nobody knows which and how many there are. */
  readonly values?: readonly string[];
  /** The most that any of them could have given on this node, in the metric's unit; without bound where absent. */
  readonly upTo?: number;
}

/** The settings ended the attempt while something was under way: what counts as missing might still have come. */
export interface EndUntried extends Concerns {
  readonly kind: 'end';
}
