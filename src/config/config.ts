import { DEFAULT_SPARK, type SparkSettings } from '../engine/spark/settings.ts';
import type { OptionValue, Severity } from '../judge/rule.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../stores/access.ts';

/**
 * How deep to look at media, cheapest first: not at all, container headers, packet tables, keyframes, every frame at
 * small size, every frame at native size. A tier looks at all that the ones before it look at.
 */
export const TIERS = ['manifest', 'header', 'packets', 'keyframes', 'frames', 'full'] as const;

export type Tier = (typeof TIERS)[number];

/** Whether a tier looks at least as deep as another. */
export function reaches(tier: Tier, other: Tier): boolean {
  return TIERS.indexOf(tier) >= TIERS.indexOf(other);
}

/** What a tier may cost; what does not fit is not looked at. */
export type TierBudget = {
  /** Clips looked at whatever cheaper evidence says, as for `parseSample`, of those drawn. */
  readonly random: string;
  /** Bytes read; null: no limit. */
  readonly bytes: number | null;
  /** CPU seconds of decoding; null: no limit. */
  readonly decode_s: number | null;
};

/** Formats that a report can be written in. */
export const OUTPUT_FORMATS = [
  'html',
  'html-dir',
  'json',
  'text',
  'markdown',
  'sarif',
  'junit',
  'github',
  'gitlab',
] as const;

export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Formats that stdout can carry. */
export const STDOUT_FORMATS = OUTPUT_FORMATS.filter(
  (format) => format !== 'html' && format !== 'html-dir',
);
export type StdoutFormat = Exclude<OutputFormat, 'html' | 'html-dir'>;

/** How much of a defect is tolerated. */
export type RuleBudget = {
  /** Share of the rows, 0–1; null: none given. */
  readonly maxRate: number | null;
  readonly maxCount: number | null;
  /** Whether the rate may not rise against the earlier run. */
  readonly notIncreasing: boolean;
};

/** What to scan and how to judge it: `dailies.yaml`, flags and defaults made one. All paths are absolute or URLs. */
export type Config = {
  /** The file that it was read from; null: defaults and flags only. */
  readonly file: string | null;
  /** Files, folders, globs or URLs of the manifest; empty: none given yet. */
  readonly dataset: readonly string[];
  /** Canonical column to columns of the dataset; an empty list says that the dataset has none. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly mediaRoot: string | null;
  /** As for `parseSample`. */
  readonly sample: string;
  readonly seed: string;
  readonly strata: readonly string[];
  readonly tier: Tier;
  /** What the user allows each tier; a member that is left out keeps its default. */
  readonly budgets: Readonly<Partial<Record<Tier, Partial<TierBudget>>>>;
  readonly decoder: 'auto' | 'node-av' | 'ffmpeg';
  /** Where media are looked at and tables are shuffled: here, or on a cluster. */
  readonly engine: 'local' | 'spark';
  readonly spark: SparkSettings;
  /** How stores of objects are asked. */
  readonly stores: StoreAccess;
  /** Null: one for each core. */
  readonly workers: number | null;
  /** DuckDB notation; null: DuckDB's own choice. */
  readonly memoryLimit: string | null;
  readonly tempDirectory: string | null;
  readonly cacheDirectory: string | null;
  readonly rules: {
    readonly dirs: readonly string[];
    /** Ids, families or globs; empty: all. */
    readonly select: readonly string[];
    readonly ignore: readonly string[];
    readonly severity: Readonly<Record<string, Severity | 'off'>>;
    readonly options: Readonly<Record<string, Readonly<Record<string, OptionValue>>>>;
    readonly budgets: Readonly<Record<string, RuleBudget>>;
  };
  readonly gate: {
    readonly failOn: Severity | 'never';
    readonly allowIncomplete: boolean;
    /** Share of the looked-at media that stores may fail to give before the run counts as incomplete. */
    readonly maxUnreachable: number;
    /** Whether expired and useless suppressions end with exit code 1. */
    readonly isStrict: boolean;
    /** Suppression file; null: `dailies-suppressions.yaml` in the working directory, if there. */
    readonly suppressions: string | null;
  };
  readonly alignment: {
    /** Folder or id of a dual encoder to look at clips and captions with; null: none. */
    readonly model: string | null;
    /** Clips that the model is run on before any alarm. */
    readonly modelRows: number;
    /** Table of the source annotations that captions came from; null: none. */
    readonly annotations: string | null;
  };
  /** Whether keys, paths, captions and pictures are kept out of everything that is written. */
  readonly isRedacted: boolean;
  readonly localise: readonly string[];
  readonly output: Readonly<Partial<Record<OutputFormat, string>>>;
};

/** What holds where neither `dailies.yaml` nor a flag says otherwise. */
export const DEFAULT_CONFIG: Config = {
  file: null,
  dataset: [],
  columns: {},
  mediaRoot: null,
  sample: '3000',
  seed: 'dailies',
  strata: [],
  tier: 'frames',
  budgets: {},
  decoder: 'auto',
  engine: 'local',
  spark: DEFAULT_SPARK,
  stores: DEFAULT_STORE_ACCESS,
  workers: null,
  memoryLimit: null,
  tempDirectory: null,
  cacheDirectory: null,
  rules: { dirs: [], select: [], ignore: [], severity: {}, options: {}, budgets: {} },
  gate: {
    failOn: 'error',
    allowIncomplete: false,
    maxUnreachable: 0.01,
    isStrict: false,
    suppressions: null,
  },
  alignment: { model: null, modelRows: 2000, annotations: null },
  isRedacted: false,
  localise: [],
  output: {},
};
