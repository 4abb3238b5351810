/** A rule as its YAML file states it, checked against the JSON Schema beside it and with defaults filled in. */
export type Severity = 'error' | 'warning' | 'note';

/** clip: one finding a row; group: findings about several rows; dataset: about shards or the whole; versions: about two datasets. */
export type RuleScope = 'clip' | 'group' | 'dataset' | 'versions';

export type OptionValue = number | string | boolean | readonly (number | string)[];

export type RuleOption = {
  readonly type: 'number' | 'integer' | 'string' | 'boolean' | 'array';
  readonly default: OptionValue;
  readonly description: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly (string | number)[];
};

/** Rows per table (`clips`, `containers`…, keyed by `key`) and the keys (or number of findings) that the rule must report. */
export type RuleExample = {
  readonly note?: string;
  readonly finds: readonly string[] | number;
  readonly options?: Readonly<Record<string, OptionValue>>;
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
};

/** Levels of ../rules catalogue: manifest, header, packets, keyframes, all frames, embeddings, two versions. */
export type RuleLevel = 'L0' | 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'X';

export type Rule = {
  readonly id: string;
  /** The folder that the file lies in. */
  readonly family: string;
  readonly title: string;
  readonly severity: Severity;
  readonly scope: RuleScope;
  readonly level: RuleLevel;
  /** `table.column` references; a rule whose columns the dataset lacks is not applicable. */
  readonly needs: readonly string[];
  readonly options: Readonly<Record<string, RuleOption>>;
  /** Template over the selected columns: `ends at {{end_s}} s`. */
  readonly message: string;
  /** Which rows the rule is about at all; null: every row whose needed evidence was measured. */
  readonly eligible: string | null;
  /** Cheaper evidence that makes a clip worth a closer look, as a row predicate. */
  readonly suspects: string | null;
  /** Expressions computed for reported rows only, by name: for messages and evidence. */
  readonly values: Readonly<Record<string, string>>;
  /** A row predicate (fused into one scan), or a whole SELECT. Exactly one is set. */
  readonly where: string | null;
  readonly sql: string | null;
  readonly why: string;
  /** The pipeline step that most likely did it. */
  readonly step: string;
  readonly fix: string;
  readonly references: readonly string[];
  readonly examples: readonly RuleExample[];
  /** The file, relative to the rules folder: for messages and SARIF. */
  readonly file: string;
};

export type RuleOutcomeKind = 'passed' | 'failed' | 'not-applicable' | 'incomplete' | 'errored';
