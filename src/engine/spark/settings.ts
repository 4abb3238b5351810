/** How to reach the Spark that a team has. */
export type SparkSettings = {
  /** Folder with `bin/spark-sql`; null: `$SPARK_HOME`, else `spark-sql` on the PATH. */
  readonly home: string | null;
  /** As for `--master`; null: what `spark-defaults.conf` says. */
  readonly master: string | null;
  /** Properties, over the ones that dailies sets. */
  readonly conf: Readonly<Record<string, string>>;
  /** Folder that the driver and all executors see under the same path; null: `.dailies/spark` here. */
  readonly workDirectory: string | null;
  /** Archive with the worker and its Node, as `npm run pack:worker` makes it; null: executors have the same files here. */
  readonly archive: string | null;
  /** Media that one call of the filter looks at; one to three minutes' worth is a good size. */
  readonly clipsPerTask: number;
  /** Media whose verdicts are committed together: what a lost driver costs. */
  readonly clipsPerWave: number;
};

export const DEFAULT_SPARK: SparkSettings = {
  home: null,
  master: null,
  conf: {},
  workDirectory: null,
  archive: null,
  clipsPerTask: 200,
  clipsPerWave: 20_000,
};
