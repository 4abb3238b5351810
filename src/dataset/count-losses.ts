import type { DuckDBConnection } from '@duckdb/node-api';

import { DailiesError } from '../dailies-error.ts';
import { CANONICAL_COLUMNS } from './canonical-columns.ts';
import { ROLE_KIND } from './column-synonyms.ts';
import type { ColumnOverrides, MappedColumn } from './map-columns.ts';
import { numberOf, readRows, textOf } from './rows.ts';
import { quoteIdentifier } from './sql-quote.ts';

/** Values that a cast turned into null, by role: one scan over the columns whose casts can lose. */
export async function countLosses(
  connection: DuckDBConnection,
  mapped: readonly MappedColumn[],
  overrides: ColumnOverrides = {},
): Promise<Map<string, string>> {
  const risky = mapped.filter((each) => each.canLose);
  if (risky.length === 0) return new Map();
  const counts = risky.map((each, i) => {
    const [source = ''] = each.sources;
    const id = quoteIdentifier(source);
    // A rounded number is lost too: 23.976 frames do not fit an integer.
    const isRounded =
      ROLE_KIND[each.role] === 'number'
        ? `or (${each.expression})::double <> try_cast(${id} as double)`
        : '';
    const isFilled = `${id} is not null and ${id}::varchar <> ''`;
    return `count(*) filter (where ${isFilled} and ((${each.expression}) is null ${isRounded})) as lost${i},
      count(*) filter (where ${isFilled} and (${each.expression}) is not null) as kept${i},
      left(any_value(${id}::varchar) filter (where ${isFilled} and (${each.expression}) is null), 40) as example${i}`;
  });
  const rows = await readRows(connection, `select ${counts.join(', ')} from manifest`).catch(
    () => [],
  );
  for (const [i, { role, sources }] of risky.entries()) {
    const example = rows[0]?.[`example${i}`];
    if (
      !Object.hasOwn(overrides, role) ||
      textOf(example) === '' ||
      numberOf(rows[0]?.[`kept${i}`]) > 0
    )
      continue;
    throw new DailiesError(
      'config',
      `columns.${role}: no value of ${JSON.stringify(sources[0])} can be read as ${role}, such as ${JSON.stringify(example)}`,
      { hint: `name the column that holds ${role}: ${CANONICAL_COLUMNS[role].doc}` },
    );
  }
  return new Map(
    risky.flatMap((each, i): [string, string][] => {
      const lost = numberOf(rows[0]?.[`lost${i}`]);
      const [source = ''] = each.sources;
      return lost === 0
        ? []
        : [
            [
              each.role,
              `${lost.toLocaleString('en')} values of ${JSON.stringify(source)} can't be read as ${each.role}: they count as null or are rounded`,
            ],
          ];
    }),
  );
}
