import type { Config } from '../config/config.ts';
import { quoteLiteral } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';
import type { CompiledRule } from '../judge/compile-rule.ts';
import { reachesGate } from '../judge/verdict.ts';
import { writeAllowList, writeQuarantine } from '../run/failing-keys.ts';
import { hashedKeySql } from '../run/redact.ts';

/** Writes the keys that fail, by rule, and those in which nothing fails, as far as somebody asked for them. */
export async function writeKeyLists(
  database: Database,
  lists: {
    /** Parquet file for the keys that fail. */
    readonly quarantine: string | undefined;
    /** Parquet file for the keys in which nothing fails. */
    readonly allowList: string | undefined;
    readonly runFolder: string;
    readonly config: Config;
    readonly compiled: readonly CompiledRule[];
  },
): Promise<void> {
  const { quarantine, allowList, runFolder, config } = lists;
  const seed = quoteLiteral(config.seed);
  const rules = lists.compiled.map(({ index, rule }) => ({
    index,
    id: rule.id,
    severity: rule.severity,
  }));
  const plan = {
    runFolder,
    key: config.isRedacted ? hashedKeySql(seed, 'clips.key') : 'clips.key',
    shard: config.isRedacted ? `'shard-' || lpad(clips.shard_id::varchar, 5, '0')` : 'clips.shard',
  };
  if (quarantine !== undefined) await writeQuarantine(database, quarantine, { ...plan, rules });
  if (allowList !== undefined) {
    // Without a gate, what an error found is still no clip to train on.
    const { failOn } = config.gate;
    const least = failOn === 'never' ? 'error' : failOn;
    await writeAllowList(database, allowList, {
      ...plan,
      rules: rules.filter((rule) => reachesGate(rule.severity, least)),
    });
  }
}
