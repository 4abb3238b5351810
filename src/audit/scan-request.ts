import type { Config } from '../config/config.ts';
import type { Progress } from '../progress.ts';
import type { ReportInput } from '../run/document.ts';

/** What to scan, and where the results go. */
export type ScanRequest = {
  readonly config: Config;
  /** Folder that relative paths and `.dailies/` start from. */
  readonly cwd: string;
  /** Null: `.dailies/runs/<id>` below `cwd`. */
  readonly runFolder: string | null;
  /** The command line, for the report. */
  readonly command: readonly string[];
  /** Run folder of an earlier scan to see the findings against. */
  readonly against?: string;
  /** Parquet file for all failing keys, by rule. */
  readonly quarantine?: string;
  /** Parquet file for the keys in which nothing fails. */
  readonly allowList?: string;
  /** Findings kept of each rule; counts are exact all the same. */
  readonly maxFindings?: number;
};

export type ScanContext = { readonly signal: AbortSignal; readonly progress: Progress };

/** What came of it: the document that was written to `run.json`, and the folder that holds all the rest. */
export type ScanResult = {
  readonly report: ReportInput;
  readonly runFolder: string;
};
