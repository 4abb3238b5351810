import type { Baseline, Finding, RuleOutcome, RunDocument } from '../run/document.ts';

/**
 * `diff.json`: what changed between two versions, and which changes are bugs. The contract is `diff.schema.json`;
 * a change that breaks a reader raises `schemaVersion`.
 */
export type DiffDocument = {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'dailies'; readonly version: string };
  readonly command: readonly string[];
  readonly before: SideSummary;
  readonly after: SideSummary;
  readonly verdict: RunDocument['verdict'];
  /** The story in a few sentences, most important first. */
  readonly story: readonly string[];
  readonly schema: SchemaChanges;
  readonly rowFlow: RowFlow;
  readonly columns: readonly ColumnChange[];
  readonly captions: CaptionChanges | null;
  readonly causes: readonly Cause[];
  readonly drift: readonly Drift[];
  /** The media of sampled clips that both versions have; null if neither version names media. */
  readonly media: MediaChanges | null;
  /** Version rules. */
  readonly rules: readonly RuleOutcome[];
  readonly findings: readonly Finding[];
  /** Two run folders: findings of the newer run seen against the older one. */
  readonly baseline: Baseline | null;
  /** Rules that both runs judged, with their rates then and now. */
  readonly ruleChanges: readonly RuleChange[];
  /** Some rows of each kind of change. */
  readonly examples: readonly ChangeExample[];
  /** What was not compared, and why. */
  readonly notCompared: readonly { readonly what: string; readonly reason: string }[];
  /** Seconds by stage: the only part in which two equal comparisons may differ. */
  readonly timings: Readonly<Record<string, number>>;
};

export type SideSummary = {
  readonly kind: 'dataset' | 'run';
  readonly name: string;
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly bytes: number;
  readonly shards: number;
  readonly keySource: string | null;
  readonly isKeyStable: boolean;
  readonly runId: string | null;
};

export type SchemaChanges = {
  readonly columns: readonly {
    readonly name: string;
    readonly state: 'same' | 'renamed' | 'retyped' | 'all-null' | 'added' | 'dropped';
    readonly before: { readonly name: string; readonly type: string } | null;
    readonly after: { readonly name: string; readonly type: string } | null;
  }[];
};

export type ChangeExample = {
  readonly state: 'added' | 'removed' | 'changed' | 'rekeyed';
  readonly key: string | null;
  readonly keyBefore: string | null;
  readonly shard: string | null;
  readonly rowNumber: number | null;
  /** How the caption changed, if it did. */
  readonly captionChange: CaptionChangeKind | null;
  readonly captionBefore: string | null;
  readonly captionAfter: string | null;
  /** The files as they were found, where the clip is among those whose media were compared. */
  readonly fileBefore?: string;
  readonly fileAfter?: string;
  /** Other columns that changed. */
  readonly values: readonly {
    readonly name: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
};

/** What happened to the rows, in numbers. Every row of both versions is in exactly one of the flows. */
export type RowFlow = {
  readonly beforeRows: number;
  readonly afterRows: number;
  readonly unchanged: number;
  readonly changed: number;
  readonly rekeyed: number;
  readonly added: number;
  readonly removed: number;
  /** Added rows whose key stood in a list of removed keys or in an older run. */
  readonly returned: number;
  /** Where the removed keys were listed; null if nobody said. */
  readonly returnedFrom: string | null;
  /** Keys that stand on several rows, and the first of them by name. */
  readonly duplicateKeys: {
    readonly before: number;
    readonly after: number;
    readonly examples: readonly string[];
  };
  readonly rowsWithoutKey: { readonly before: number; readonly after: number };
  /** Sums of key hashes modulo 2^64, hexadecimal: before - removed + added must be after. */
  readonly keySet: {
    readonly before: string;
    readonly after: string;
    readonly removed: string;
    readonly added: string;
    readonly isComplete: boolean;
  };
};

/** How the values of a column are compared. */
export type ValueKind = 'number' | 'text' | 'boolean' | 'instant' | 'opaque';

/** How one column that both versions have changed, over the rows that both have. */
export type ColumnChange = {
  readonly name: string;
  readonly sourceBefore: string;
  readonly sourceAfter: string;
  readonly kind: ValueKind;
  readonly compared: number;
  readonly changed: number;
  /** changed / compared; null if nothing was compared. */
  readonly rate: number | null;
  /** Rows that lost their value, and rows that got one. */
  readonly nulled: number;
  readonly filled: number;
  /** It had values and has none now. */
  readonly isAllNullNow: boolean;
  /** The most frequent changes of value; only where they repeat. */
  readonly transitions: readonly {
    readonly before: string;
    readonly after: string;
    readonly rows: number;
    /** Share of the changed rows. */
    readonly share: number;
  }[];
  /** Changed numbers. */
  readonly numbers: {
    readonly up: number;
    readonly down: number;
    readonly medianDelta: number | null;
    /** One factor that most changed rows share: a change of unit. */
    readonly factor: {
      readonly factor: number | null;
      readonly meaning: string;
      readonly rows: number;
      readonly share: number;
    } | null;
  } | null;
  /** One replacement of text that explains (nearly) all changes. */
  readonly substitution: {
    readonly from: string;
    readonly to: string;
    readonly rows: number;
    readonly share: number;
  } | null;
  /** Another column that it changed places with. */
  readonly swapped: { readonly with: string; readonly rows: number; readonly share: number } | null;
};

/** Kinds of change of a caption, from slight to total. */
export const CAPTION_CHANGES = {
  case: 'only upper and lower case differ',
  unicode: 'only the Unicode form differs',
  whitespace: 'only white space differs',
  punctuation: 'only punctuation differs',
  format: 'case, Unicode form, white space and punctuation differ, no word',
  words: 'words differ',
  replaced: 'hardly a word in common: another caption',
  emptied: 'the caption is gone',
  filled: 'there was no caption before',
} as const satisfies Readonly<Record<string, string>>;

export type CaptionChangeKind = keyof typeof CAPTION_CHANGES;

/** How the captions of rows that both versions have changed. */
export type CaptionChanges = {
  readonly compared: number;
  readonly changed: number;
  readonly kinds: readonly { readonly kind: CaptionChangeKind; readonly rows: number }[];
  /** Rows whose words changed: what is left when the mass changes of form are set apart. */
  readonly wordChanges: number;
  /** Median share of common words of the changed ones; null if the texts are not at hand. */
  readonly medianOverlap: number | null;
  /** Share of captions without any capital letter, then and now. */
  readonly lowerCaseShare: { readonly before: number | null; readonly after: number | null };
  /** Changed captions that stood with another key before. */
  readonly moved: number;
  /** The most frequent distance in rows of moved captions, in the order of the older manifest. */
  readonly offset: { readonly rows: number; readonly count: number } | null;
  readonly notCompared: string | null;
};

/** Columns that changed together in the same rows: the trace of one pipeline step. */
export type Cause = {
  readonly columns: readonly string[];
  readonly rows: number;
  /** Share of all changed rows. */
  readonly share: number;
  /** Shards of the newer version that hold them. */
  readonly shards: {
    readonly hit: number;
    readonly of: number;
    readonly first: string;
    readonly last: string;
    /** The hit shards stand side by side. */
    readonly isRun: boolean;
    /** Share of the rows of the hit shards that have this change. */
    readonly density: number;
  };
};

/** How the distribution of one column moved. */
export type Drift = {
  readonly name: string;
  readonly kind: 'number' | 'category';
  readonly beforeValues: number;
  readonly afterValues: number;
  readonly psi: number;
  readonly js: number;
  readonly ks: number;
  readonly wasserstein: number;
  /** The bin that gained or lost most, in words. */
  readonly biggest: string;
  /** Shares by bin of the older version's quantiles or values. */
  readonly bins: readonly {
    readonly label: string;
    readonly before: number;
    readonly after: number;
  }[];
};

/** A rule in two runs. */
export type RuleChange = {
  readonly id: string;
  readonly severity: RuleOutcome['severity'];
  readonly before: {
    readonly outcome: RuleOutcome['outcome'];
    readonly affected: number;
    readonly examined: number;
  };
  readonly after: {
    readonly outcome: RuleOutcome['outcome'];
    readonly affected: number;
    readonly examined: number;
  };
  readonly new: number;
  readonly unchanged: number;
  readonly absent: number;
  /** p-value that the rate rose, corrected for the number of rules. */
  readonly riseP: number;
};

/** The medium of one clip in both versions; null where it was not measured. */
export type MediaPair = {
  readonly key: string;
  readonly bytesChanged: boolean | null;
  /** Median distance of difference hashes of frames at equal times, bits of 64. */
  readonly pictureDistance: number | null;
  readonly durationChange_s: number | null;
  readonly sizeBefore: string | null;
  readonly sizeAfter: string | null;
  readonly isSizeChanged: boolean | null;
  /** Largest change of mean red, green or blue, 0-255. */
  readonly colourDistance: number | null;
  /** Newer less older loudness (root mean square), decibels. */
  readonly loudnessChange_db: number | null;
  readonly audioTracksBefore: number | null;
  readonly audioTracksAfter: number | null;
  /** The files as they were found; null where a run folder was read and its file is no more what it was. */
  readonly fileBefore: string | null;
  readonly fileAfter: string | null;
};

/** What became of the media of the same clips. */
export type MediaChanges = {
  readonly looked: number;
  readonly bytesChanged: number;
  readonly bytesUnknown: number;
  /** Clips whose pictures were compared, and those whose picture is another one. */
  readonly pictureLooked: number;
  readonly pictureChanged: number;
  readonly largestDistance: number | null;
  readonly durationChanged: number;
  readonly sizeChanged: number;
  readonly colourChanged: number;
  /** Clips whose sound was measured in both versions, those that are louder or softer, and those that have no sound any more. */
  readonly loudnessLooked: number;
  readonly loudnessChanged: number;
  readonly soundLost: number;
  readonly examples: readonly MediaPair[];
  /** Why media were not looked at. */
  readonly missing: string | null;
};
