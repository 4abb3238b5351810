import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { quoteLiteral } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';

/** A rule as the table `failing_clips` numbers it. */
type NumberedRule = {
  readonly index: number;
  readonly id: string;
  readonly severity: string;
};

type KeyListPlan = {
  /** A folder that the locked database may write into. */
  readonly runFolder: string;
  readonly rules: readonly NumberedRule[];
  /** SQL over `clips` for the key and the shard as they are written. */
  readonly key: string;
  readonly shard: string;
};

/**
 * Writes every failing clip of every rule as Parquet: `rule_id, severity, key, shard, row_number, is_suppressed`, in order
 * of rule and place in the manifest. Read from `failing_clips`.
 */
export async function writeQuarantine(
  database: Database,
  file: string,
  plan: KeyListPlan,
): Promise<void> {
  const names = plan.rules.map(
    (rule) => `(${rule.index}, ${quoteLiteral(rule.id)}, ${quoteLiteral(rule.severity)})`,
  );
  await copyOut(
    database,
    `with named(rule_index, rule_id, severity) as (
       select * from (values ${['(-1, null, null)', ...names].join(', ')}))
     select rule_id, severity, ${plan.key} as key, ${plan.shard} as shard, clips.row_number as row_number, is_suppressed
     from failing_clips join named using (rule_index)
     join clips on clips.clip_id = failing_clips.clip_id
     where clips.row_number in (select row_number from failing_clips)
     order by rule_id, clips.clip_id`,
    file,
    plan.runFolder,
  );
}

/** Writes the clips in which none of `plan.rules` found anything that is not suppressed: `key, shard, row_number`. */
export async function writeAllowList(
  database: Database,
  file: string,
  plan: KeyListPlan,
): Promise<void> {
  const indexes = ['-1', ...plan.rules.map((rule) => String(rule.index))].join(', ');
  await copyOut(
    database,
    `select ${plan.key} as key, ${plan.shard} as shard, clips.row_number as row_number from clips
     where clip_id not in (
       select clip_id from failing_clips where not is_suppressed and rule_index in (${indexes}))
     order by clips.clip_id`,
    file,
    plan.runFolder,
  );
}

/** The locked database writes into the run folder only, so the file is made there and copied. */
async function copyOut(
  database: Database,
  select: string,
  file: string,
  runFolder: string,
): Promise<void> {
  const part = join(runFolder, 'keys.part.parquet');
  await database.run(
    `copy (${select}) to ${quoteLiteral(part)} (format parquet, compression zstd)`,
  );
  await mkdir(dirname(file), { recursive: true });
  await copyFile(part, file);
  await rm(part);
}
