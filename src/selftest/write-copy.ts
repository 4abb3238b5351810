import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';
import type { FaultRow } from '../faults/row-fault.ts';
import { type FaultShard, shardName } from '../faults/set-faults.ts';
import type { CopyColumn } from './base-rows.ts';

type CopyPlan = {
  readonly folder: string;
  readonly columns: readonly CopyColumn[];
  readonly shards: readonly FaultShard[];
  /** Text of files beside the shards, by name. */
  readonly beside?: Readonly<Record<string, string>> | undefined;
  /** Spoils the bytes of the first file. */
  readonly damage?: ((bytes: Uint8Array, shard: FaultShard) => Uint8Array) | undefined;
};

/** Writes rows as Parquet files. The folder is emptied first. */
export async function writeCopy(database: Database, plan: CopyPlan): Promise<void> {
  await rm(plan.folder, { recursive: true, force: true });
  await mkdir(plan.folder, { recursive: true });
  for (const [index, shard] of plan.shards.entries()) {
    const file = join(plan.folder, shard.name);
    await mkdir(dirname(file), { recursive: true });
    const lines = join(plan.folder, '..', `rows-${index}.jsonl`);
    await writeFile(lines, shard.rows.map((row) => `${JSON.stringify(row, asText)}\n`).join(''));
    // Read as text first: JSON spells what is no finite number as text.
    const types = plan.columns.map(
      ({ name, type }) =>
        `${quoteIdentifier(name)}: ${type.endsWith(']') ? "'VARCHAR[]'" : "'VARCHAR'"}`,
    );
    const selected = plan.columns.map(
      ({ name, type }) =>
        `try_cast(${quoteIdentifier(name)} as ${type}) as ${quoteIdentifier(shard.renamed?.[name] ?? name)}`,
    );
    await database.run(
      `copy (select ${selected.join(', ')} from read_json(${quoteLiteral(lines)}, format = 'newline_delimited',
         maximum_object_size = 100000000, columns = {${types.join(', ')}}))
       to ${quoteLiteral(file)} (format parquet, row_group_size ${shard.groupRows ?? 122_880})`,
    );
    await rm(lines);
  }
  for (const [name, text] of Object.entries(plan.beside ?? {})) {
    await writeFile(join(plan.folder, name), text);
  }
  const [first] = plan.shards;
  if (plan.damage !== undefined && first !== undefined) {
    const file = join(plan.folder, first.name);
    await writeFile(file, plan.damage(await readFile(file), first));
  }
}

/** Rows as the shards that they say they lie in. */
export function asShards(rows: readonly FaultRow[]): readonly FaultShard[] {
  const numbers = [...new Set(rows.map((row) => row.shard))].toSorted((a, b) => a - b);
  return numbers.map((number) => ({
    name: shardName(number),
    rows: rows.filter((row) => row.shard === number),
  }));
}

/** Rows cut into so many shards of equal size. */
export function cutIntoShards(rows: readonly FaultRow[], count: number): readonly FaultShard[] {
  return Array.from({ length: count }, (_, index) => ({
    name: shardName(index),
    rows: rows.slice(
      Math.floor((index * rows.length) / count),
      Math.floor(((index + 1) * rows.length) / count),
    ),
  }));
}

/** JSON knows neither NaN nor infinity; DuckDB casts their names. */
function asText(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
