import type { DuckDBConnection } from '@duckdb/node-api';

import type { OpenShard } from './opened-dataset.ts';
import { rowsWithin } from './page-faults.ts';
import { type Cell, numberOf, readRows, shardErrorText, textOf } from './rows.ts';
import { quoteIdentifier, quoteLiteral, quotePathList } from './sql-quote.ts';
import { createTableSql } from './table-columns.ts';

/** Columns of the table `footer_checks`: one row for each statistic of a row group that was computed again from its values. */
export const FOOTER_CHECK_COLUMNS = {
  shard_id: 'INTEGER',
  shard: 'VARCHAR',
  row_group: 'BIGINT',
  column_name: 'VARCHAR',
  statistic: 'VARCHAR',
  stated: 'VARCHAR',
  found: 'VARCHAR',
  matches: 'BOOLEAN',
} as const;

/** A statistic of the footer beside the same computed from the values. */
export type FooterCheck = {
  readonly shardId: number;
  readonly shard: string;
  readonly rowGroup: number;
  readonly columnName: string;
  readonly statistic: 'min' | 'max' | 'null_count';
  readonly stated: string;
  readonly found: string;
  readonly matches: boolean;
};

/** A row group to be checked, with its first row in the file. */
export type SampledGroup = {
  readonly shard: OpenShard;
  readonly rowGroup: number;
  readonly firstRow: number;
  readonly rows: number;
};

/** Types whose bounds in the footer can be told from their text. */
const COMPARED =
  /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DATE|TIMESTAMP|DECIMAL\(.*\)|BOOLEAN|VARCHAR)$/;
/** Bounds of text may be cut off (`is_min_value_exact` in parquet.thrift), so they need only enclose the values. */
const IS_TEXT = /^VARCHAR$/;
/** Longest text of a value in the table. */
const SHOWN_CHARACTERS = 80;

/**
 * Computes minimum, maximum and number of nulls of the flat columns of a row group again and holds them against the footer.
 * NaN is no bound and −0.0 equals 0.0, as the format says; bounds of text may be wider than the values.
 * `connection` must not use the statistics itself: see {@link distrustStatistics}.
 */
export async function checkFooter(
  connection: DuckDBConnection,
  group: SampledGroup,
  isHere: (column: string) => boolean = () => true,
): Promise<readonly FooterCheck[]> {
  const list = quotePathList([group.shard.path]);
  const stated = await readRows(
    connection,
    `select path_in_schema as name, stats_min_value as low, stats_max_value as high, stats_null_count as nulls
     from parquet_metadata(${list}) where row_group_id = ${group.rowGroup} order by column_id`,
  );
  const columns = stated.flatMap((row) => {
    const column = group.shard.schema.find((each) => each.name === row['name']);
    return column !== undefined && COMPARED.test(column.type) && isHere(column.name)
      ? [{ ...column, row }]
      : [];
  });
  if (columns.length === 0) return [];
  const parts = columns.flatMap(({ name, type, row }, i) => {
    const value = quoteIdentifier(name);
    const bounded = /^(FLOAT|DOUBLE)$/.test(type)
      ? `case when not isnan(${value}) then ${value} end`
      : value;
    const [below, above] = IS_TEXT.test(type) ? ['<=', '>='] : ['=', '='];
    return [
      `min(${bounded})::varchar as low_${i}`,
      `max(${bounded})::varchar as high_${i}`,
      `(count(*) - count(${value}))::bigint as nulls_${i}`,
      `(${bound(row['low'], type)} ${below} min(${bounded}))::varchar as low_fits_${i}`,
      `(${bound(row['high'], type)} ${above} max(${bounded}))::varchar as high_fits_${i}`,
    ];
  });
  const range = { firstRow: group.firstRow, endRow: group.firstRow + group.rows };
  const [found = {}] = await readRows(
    connection,
    `select ${parts.join(', ')} from read_parquet(${list}, hive_partitioning = false) where ${rowsWithin(range)}`,
  ).catch((error: unknown) => {
    // Damage is told by page_faults.
    shardErrorText(error);
    return [];
  });
  return columns.flatMap(({ name, row }, i) => {
    const base = {
      shardId: group.shard.index,
      shard: group.shard.name,
      rowGroup: group.rowGroup,
      columnName: name,
    };
    const checks: FooterCheck[] = [];
    for (const [statistic, stated_, found_, fits] of [
      ['min', row['low'], found[`low_${i}`], found[`low_fits_${i}`]],
      ['max', row['high'], found[`high_${i}`], found[`high_fits_${i}`]],
    ] as const) {
      // No verdict where the bound has no value of the type, or no row has a value.
      if (typeof fits !== 'string' || typeof stated_ !== 'string') continue;
      checks.push({
        ...base,
        statistic,
        stated: stated_.slice(0, SHOWN_CHARACTERS),
        found: textOf(found_).slice(0, SHOWN_CHARACTERS),
        matches: fits === 'true',
      });
    }
    if (row['nulls'] !== null && row['nulls'] !== undefined && found[`nulls_${i}`] !== undefined) {
      const [said, counted] = [numberOf(row['nulls']), numberOf(found[`nulls_${i}`])];
      checks.push({
        ...base,
        statistic: 'null_count',
        stated: `${said}`,
        found: `${counted}`,
        matches: said === counted,
      });
    }
    return checks;
  });
}

function bound(stated: Cell | undefined, type: string): string {
  return typeof stated === 'string'
    ? `try_cast(${quoteLiteral(stated)} as ${type})`
    : `null::${type}`;
}

/** Keeps DuckDB from answering questions about values out of the very statistics that are in doubt. */
export async function distrustStatistics(connection: DuckDBConnection): Promise<void> {
  await connection.run(`set disabled_optimizers = 'statistics_propagation'`);
}

/** Creates and fills the table `footer_checks`. */
export async function createFooterChecksTable(
  connection: DuckDBConnection,
  checks: readonly FooterCheck[],
): Promise<void> {
  await connection.run(createTableSql('footer_checks', FOOTER_CHECK_COLUMNS));
  const appender = await connection.createAppender('footer_checks');
  for (const each of checks) {
    appender.appendInteger(each.shardId);
    appender.appendVarchar(each.shard);
    appender.appendBigInt(BigInt(each.rowGroup));
    appender.appendVarchar(each.columnName);
    appender.appendVarchar(each.statistic);
    appender.appendVarchar(each.stated);
    appender.appendVarchar(each.found);
    appender.appendBoolean(each.matches);
    appender.endRow();
  }
  appender.closeSync();
}
