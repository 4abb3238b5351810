import { join } from 'node:path';

import type { Engine } from './engine.ts';
import { localEngine } from './local-engine.ts';
import { sparkEngine } from './spark/spark-engine.ts';
import type { SparkSettings } from './spark/settings.ts';

type EngineSettings = {
  readonly engine: Engine['name'];
  readonly spark: SparkSettings;
};

/**
 * The engine that the settings name, and the folder that it works in: `.dailies/spark` below `cwd` unless told otherwise;
 * null for this machine, which needs none.
 *
 * @throws {DailiesError} usage, for a work directory that Spark cannot name.
 */
export function openEngine(
  { engine, spark }: EngineSettings,
  cwd: string,
  workers: number,
): { readonly engine: Engine; readonly folder: string | null } {
  if (engine === 'local') return { engine: localEngine(workers), folder: null };
  const folder = spark.workDirectory ?? join(cwd, '.dailies', 'spark');
  return { engine: sparkEngine(spark, folder), folder };
}
