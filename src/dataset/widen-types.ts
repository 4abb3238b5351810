import type { DuckDBConnection } from '@duckdb/node-api';

import { noRows, readRows, textOf } from './rows.ts';
import type { NamedType } from './source.ts';

/**
 * One list of columns for shards whose schemas differ: names in order of first appearance (compared without case, as
 * SQL does), types widened as DuckDB widens them, and to VARCHAR where it knows no common type.
 */
export async function widenSchemas(
  connection: DuckDBConnection,
  schemas: readonly (readonly NamedType[])[],
): Promise<NamedType[]> {
  const byName = new Map<string, { name: string; types: Set<string> }>();
  for (const schema of schemas)
    for (const { name, type } of schema) {
      const known = byName.get(name.toLowerCase());
      if (known === undefined) byName.set(name.toLowerCase(), { name, types: new Set([type]) });
      else known.types.add(type);
    }
  const widened: NamedType[] = [];
  for (const { name, types } of byName.values())
    widened.push({ name, type: await commonType(connection, [...types]) });
  return widened;
}

async function commonType(connection: DuckDBConnection, types: readonly string[]): Promise<string> {
  const [first = 'VARCHAR'] = types;
  if (types.length === 1) return first;
  const known = types.filter((type) => type !== '"NULL"');
  if (known.length === 1) return known[0] ?? first;
  const list = known.map((type) => `null::${type}`).join(', ');
  const rows = await readRows(connection, `select typeof([${list}]) as type`).catch(noRows);
  const found = textOf(rows[0]?.['type']);
  return found.endsWith('[]') ? found.slice(0, -2) : 'VARCHAR';
}
