import type { StoreAccess } from '../stores/access.ts';
import type { RuleLevel, RuleOutcomeKind, RuleScope, Severity } from '../judge/rule.ts';
import type { SelftestDocument } from '../selftest/document.ts';

/**
 * `run.json`: everything a renderer, a gate or a later diff needs to know of a run, apart from the rows in Parquet.
 * The contract is `run.schema.json`; a change that breaks a reader raises `schemaVersion`.
 */
export type RunDocument = {
  readonly schemaVersion: 1;
  readonly tool: {
    readonly name: 'dailies';
    readonly version: string;
    readonly node: string;
    readonly duckdb: string;
    readonly decoder: string | null;
  };
  readonly run: {
    readonly id: string;
    readonly state: 'complete' | 'interrupted';
    readonly startedAt: string;
    readonly command: readonly string[];
    readonly seed: string;
  };
  readonly dataset: {
    readonly name: string;
    readonly paths: readonly string[];
    readonly format: string;
    readonly rows: number;
    readonly bytes: number;
    readonly mediaRoot: string | null;
    readonly shards: readonly ShardSummary[];
    readonly columns: readonly ColumnSummary[];
    /** Where media lie that are bytes in columns of the shards: the folder of the shards, and the columns. */
    readonly embedded?: {
      readonly root: string;
      readonly columns: readonly Readonly<Record<string, unknown>>[];
    };
    /** Of a manifest in a store: what was fetched of its shards. */
    readonly fetched?: { readonly bytes: number; readonly requests: number };
    /** How stores were asked, where it was not the usual way; no secrets. */
    readonly stores?: StoreAccess;
  };
  readonly plan: {
    readonly sample: {
      readonly asked: string;
      readonly population: number;
      readonly size: number;
      /** What a clean sample of this size proves: '0 of 3,000: below 0.1 % at 95 %'. */
      readonly promise: string;
    };
    readonly tier: string;
    readonly rules: number;
    /** What each tier was allowed, looked at and cost; in order, as far as media were looked at. */
    readonly ladder?: readonly RungSummary[];
  };
  readonly verdict: {
    readonly outcome: 'passed' | 'failed' | 'incomplete';
    readonly sentence: string;
    readonly failOn: Severity | 'never';
    readonly exitCode: number;
    readonly failed: Readonly<Record<Severity, number>>;
    readonly outcomes: Readonly<Record<RuleOutcomeKind, number>>;
  };
  readonly rules: readonly RuleOutcome[];
  /** What nobody looked at, worst first: unread shards, failed probes, rules that could not run. */
  readonly notLookedAt: readonly {
    readonly what: string;
    readonly count: number;
    readonly reason: string;
  }[];
  /** Media that stores did not give, apart from bad ones; left out where all came. */
  readonly unreachable?: {
    readonly media: number;
    readonly planned: number;
    /** Share of the planned media up to which the run still counts as complete. */
    readonly allowed: number;
    readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  };
  /** planned = ok + bad + unreachable, by evidence table. */
  readonly probes: readonly {
    readonly table: string;
    readonly planned: number;
    readonly ok: number;
    readonly bad: number;
    /** Not measured because a store or disk did not give the bytes. */
    readonly unreachable: number;
    readonly cached: number;
    readonly bytesRead: number;
  }[];
  /** The earlier run that this one was seen against (`--against`), and what became of its findings. */
  readonly baseline?: Baseline;
  /** What `dailies-suppressions.yaml` did in this run. */
  readonly suppressions?: {
    readonly file: string;
    readonly entries: readonly SuppressionOutcome[];
  };
  /**
   * How well captions fit clips around them: every shard and kind of evidence with an alarm, and the first ones without.
   * Left out where no caption was compared.
   */
  readonly alignment?: readonly AlignmentSummary[];
  /** Whether keys, paths, captions and pictures were taken out (`--redact`). */
  readonly isRedacted?: boolean;
  /** Seconds by stage: the only part that two equal runs may differ in. */
  readonly timings: Readonly<Record<string, number>>;
};

/** What one kind of evidence says of one shard, or of one stretch of it that raised an alarm. */
export type AlignmentSummary = {
  /** Name of the shard, null where the whole dataset had nothing to look at. */
  readonly shard: string | null;
  /** As in the table `alignment`, and in the values of findings. */
  readonly evidence: string;
  readonly verdict: 'aligned' | 'shifted' | 'unaligned-block' | 'unrelated' | 'not-assessable';
  /** Why nothing could be said, or how the shard was told. */
  readonly reason: string | null;
  readonly pairs: number;
  /** The stretch of the alarm, as `from_row` in the values of its finding; null: the shard raised none, and all of it is shown. */
  readonly stretch: {
    readonly fromRow: number;
    /** Last row + 1. */
    readonly toRow: number;
    /** Rows further down at which the captions stand; null: nowhere within reach. */
    readonly offset: number | null;
    /** What happened, in words, and how sure that is. */
    readonly sentence: string;
    readonly certainty: string;
  } | null;
  /**
   * Mean fit of clips and the captions `offset` rows further down, -8 to 8, with a 95 % interval by blocks of rows; standard
   * deviations of unrelated pairs, or shares of rows that match where the evidence is metadata.
   */
  readonly lags: readonly {
    readonly offset: number;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  }[];
  /** How pairs spread over the same measure: own captions, those at `offset`, and unrelated ones. Null where it is yes or no. */
  readonly histogram: {
    /** Offset of `shifted`: where the captions stand, else one row. */
    readonly offset: number;
    /** Lower edge of the first bin, and width of each. */
    readonly start: number;
    readonly width: number;
    readonly own: readonly number[];
    readonly shifted: readonly number[];
    readonly unrelated: readonly number[];
  } | null;
};

/** A tier of the ladder: its budget, the drawn clips that it looked at, and what that cost. */
export type RungSummary = {
  readonly tier: string;
  readonly budget: {
    /** Clips at random, as given: '20%'. */
    readonly random: string;
    readonly bytes: number | null;
    readonly decode_s: number | null;
  };
  /** Clips of the sample. */
  readonly drawn: number;
  /** Of them, those looked at by chance, and because cheaper evidence made them suspicious. */
  readonly atRandom: number;
  readonly suspicious: number;
  readonly notLookedAt: number;
  /** Whether fewer clips were looked at than the user asked for. */
  readonly isShort: boolean;
  /** Before the tier began; decoding in CPU seconds. */
  readonly expected: { readonly bytes: number; readonly decode_s: number };
  /** By this run; evidence of earlier runs costs nothing. */
  readonly spent: { readonly bytes: number; readonly decode_s: number };
  /** Why clips were suspicious: a rule's id, or 'its shard'; most first. */
  readonly reasons: readonly { readonly reason: string; readonly clips: number }[];
};

export type ShardSummary = {
  readonly index: number;
  /** Relative to the dataset. */
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly state: 'read' | 'unread';
  readonly error: string | null;
};

export type ColumnSummary = {
  readonly name: string;
  readonly type: string;
  /** Canonical name the column was mapped to, null if it keeps its own. */
  readonly role: string | null;
  readonly reason: string;
};

export type RuleOutcome = {
  readonly id: string;
  readonly family: string;
  readonly title: string;
  readonly severity: Severity;
  readonly scope: RuleScope;
  readonly level: RuleLevel;
  readonly outcome: RuleOutcomeKind;
  /** Why it is not applicable, incomplete or errored. */
  readonly reason: string | null;
  /** Rows the rule is about, as far as known; rows looked at; rows that broke it. */
  readonly eligible: number;
  readonly examined: number;
  readonly affected: number;
  /**
   * Share of the eligible rows that broke it: affected / examined, or of a sample in which not all clips stand for as
   * many rows the estimate that weighs them. Null where nothing was examined.
   */
  readonly rate: number | null;
  /** Interval of exact bounds, finite population, for the rate in the whole dataset; equals the rate if all was examined. */
  readonly interval: {
    readonly low: number;
    readonly high: number;
    readonly confidence: number;
  } | null;
  readonly isSampled: boolean;
  readonly localisation: Localisation | null;
  readonly needs: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly sql: string;
  readonly why: string;
  readonly step: string;
  readonly fix: string;
  readonly references: readonly string[];
  /** Rows of findings.parquet of this rule (capped), of `affected`. */
  readonly storedFindings: number;
  /** What the rule said in the earlier run, if it was judged there. */
  readonly baseline?: RuleBaseline;
  /** Rows that broke the rule and are suppressed: not among `affected`. */
  readonly suppressed?: number;
  readonly budget?: BudgetOutcome;
};

/** An entry of the suppression file, and what it did: `useless` matched nothing, `expired` is past its date and does nothing. */
export type SuppressionOutcome = {
  readonly rule: string;
  /** What it selects, in words. */
  readonly selector: string;
  readonly reason: string;
  readonly owner: string | null;
  /** Last day on which it holds, `2027-01-31`. */
  readonly until: string | null;
  readonly state: 'used' | 'useless' | 'expired' | 'not-judged';
  /** Findings it took out. */
  readonly suppressed: number;
  /** Stable while rule and selector stay: sha256, 16 hex digits. */
  readonly fingerprint: string;
};

/** A budget of `dailies.yaml`, and how the rule stands to it. */
export type BudgetOutcome = {
  readonly maxRate: number | null;
  readonly maxCount: number | null;
  readonly notIncreasing: boolean;
  readonly state: 'held' | 'exceeded' | 'undecided';
  readonly sentence: string;
  /** Rows to look at for a decision; null where all were looked at or it was decided. */
  readonly rowsNeeded: number | null;
};

/** An earlier run, and the findings of this one seen against it. */
export type Baseline = {
  readonly runId: string;
  readonly startedAt: string;
  readonly dataset: string;
  /** Findings that the earlier run did not have; had too; had and are gone; and those that cannot be told. */
  readonly new: number;
  readonly unchanged: number;
  readonly absent: number;
  readonly unknown: number;
  /** The first findings that are gone. */
  readonly absentFindings: readonly {
    readonly rule_id: string;
    readonly key: string | null;
    readonly message: string;
  }[];
};

/** A rule in the earlier run. */
export type RuleBaseline = {
  readonly outcome: RuleOutcomeKind;
  readonly affected: number;
  readonly examined: number;
  readonly rate: number | null;
  readonly new: number;
  readonly unchanged: number;
  readonly absent: number;
  /** p-value that the rate rose: two-proportion z test, one-sided, times the number of rules compared. */
  readonly riseP: number;
};

export type Localisation = {
  /** clustered: a pipeline bug in some slices; scattered: content noise; everywhere: (nearly) all rows. */
  readonly pattern: 'clustered' | 'scattered' | 'everywhere';
  /** The statistic that decided, in words: 'chi-square 812 over 16 shards, p < 1e-9'. */
  readonly statistic: string;
  /** One line for people: '3 of 512 shards hold 99 % of the hits'. */
  readonly sentence: string;
  /** Hits and rows examined of every shard that was read, in shard order. */
  readonly shards: readonly {
    readonly shard: number;
    readonly affected: number;
    readonly examined: number;
  }[];
  /** The slices with the highest lift, over shard, source, split, captioner, date and configured columns. */
  readonly slices: readonly {
    readonly dimension: string;
    readonly value: string;
    readonly affected: number;
    readonly examined: number;
    /** Rate in the slice over the rate of all. */
    readonly lift: number;
    /** Share of all hits that lie in the slice. */
    readonly share: number;
  }[];
  /** First bad row in manifest order. */
  readonly first: {
    readonly shard: string;
    readonly rowNumber: number;
    readonly key: string;
  } | null;
};

/** A row of findings.parquet. */
export type Finding = {
  readonly rule_id: string;
  readonly severity: Severity;
  /** Clip key; null for findings about a shard or the dataset. */
  readonly key: string | null;
  readonly shard: string | null;
  readonly row_number: number | null;
  readonly message: string;
  /** The columns that the rule selected, as JSON: declared and measured values. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Against an earlier run: whether it had this finding; unknown where it kept only some of the rule's. */
  readonly baseline?: 'new' | 'unchanged' | 'unknown';
  /** Stable across runs, versions and file layouts: sha256 of rule, key and (for datasets) the group, 16 hex digits. */
  readonly fingerprint: string;
};

/** What a report shows of a clip that has a finding. */
export type ClipCard = {
  readonly key: string;
  readonly shard: string;
  readonly rowNumber: number;
  readonly path: string | null;
  readonly caption: string | null;
  /** The words of the caption that a rule matched, by rule. */
  readonly captionSpans?: Readonly<Record<string, string>>;
  /** Name, value in the manifest, value measured: those that exist on either side. */
  readonly values: readonly {
    readonly name: string;
    readonly declared: string | null;
    readonly measured: string | null;
  }[];
  /** One WebP, frames side by side at equal width, made upright and square-pixelled. Null: no picture could be made. */
  readonly strip: {
    readonly webpBase64: string;
    readonly frameWidth_px: number;
    readonly frameHeight_px: number;
    readonly times_s: readonly number[];
  } | null;
  /** Frames in a row at the place that the finding is about, and what is wrong with each of them. */
  readonly closeUp?: {
    readonly strip: NonNullable<ClipCard['strip']>;
    /** A word for each frame that is marked, null for the others. */
    readonly marks: readonly (string | null)[];
  };
  /** Level of the sound, dB of full scale, in windows of equal length. */
  readonly sound?: { readonly levels_db: readonly number[]; readonly window_s: number };
  /** Luma difference of frames, thinned to at most 240 points, and its time span. */
  readonly difference: {
    readonly values: readonly (number | null)[];
    readonly duration_s: number;
  } | null;
};

/** All that a renderer may see: a pure function of the run folder. */
export type ReportInput = {
  readonly run: RunDocument;
  readonly findings: readonly Finding[];
  readonly clips: readonly ClipCard[];
  /** Findings and pictures left out of the input, in words, empty if none. */
  readonly leftOut: readonly string[];
  /** What `dailies selftest` wrote into the folder, if it ran. */
  readonly selftest?: SelftestDocument;
};
