import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import type { Engine } from '../engine/engine.ts';
import type { CompiledRule } from '../judge/compile-rule.ts';
import type { Exclusion } from '../judge/judge.ts';
import type { Dimension } from '../judge/ledger.ts';
import type { ScanContext } from './scan-request.ts';
import type { SoundManifest } from './sound-manifest.ts';

/** What every stage of a run has at hand. */
export type Stage = ScanContext & {
  readonly config: Config;
  readonly database: Database;
  readonly engine: Engine;
  readonly manifest: SoundManifest;
  readonly runId: string;
  readonly runFolder: string;
  readonly cacheFolder: string;
};

/** What the rules of a run are, once the dataset is open. */
export type Docket = {
  readonly compiled: readonly CompiledRule[];
  readonly excluded: readonly Exclusion[];
  readonly dimensions: readonly Dimension[];
};

/** Whether a rule reads any of some tables. */
export function isAskedFor({ compiled }: Docket, tables: readonly string[]): boolean {
  return compiled.some((each) => each.needs.some((need) => tables.includes(need.table)));
}
