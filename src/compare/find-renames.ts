import type { Database } from '../engine/database.ts';
import { numberOf, textOf } from '../engine/database.ts';
import { kindOf } from './pair-columns.ts';
import { columnOf, type Side, type SideColumn } from './side.ts';

/** Rows that values are compared on. */
const SAMPLE_ROWS = 2_000;
/** Share of equal values from which a column is the same under another name. */
const LEAST_EQUAL = 0.9;
/** More candidates than this are not tried: the work grows with the product. */
const MOST_COLUMNS = 50;

/** Columns that only one version has, but whose values the other has under another name: before → after. */
export async function findRenames(
  database: Database,
  before: Side,
  after: Side,
  lonely: { readonly dropped: readonly SideColumn[]; readonly added: readonly SideColumn[] },
): Promise<ReadonlyMap<string, string>> {
  const dropped = lonely.dropped.slice(0, MOST_COLUMNS);
  const added = lonely.added.slice(0, MOST_COLUMNS);
  const tries = dropped.flatMap((b) =>
    added
      .filter((a) => a.isHashed === b.isHashed && kindOf(a.type) === kindOf(b.type))
      .map((a) => ({ b, a })),
  );
  if (tries.length === 0) return new Map();
  const every = Math.max(1, Math.floor(Math.min(before.rows, after.rows) / SAMPLE_ROWS));
  const sample = (side: Side, columns: readonly SideColumn[], prefix: string): string =>
    `(select key, ${columns.map((column, i) => `${columnOf(column)}::varchar as ${prefix}${i}`).join(', ')}
      from ${side.relation} where key is not null and hash(key) % ${every} = 0
      qualify row_number() over (partition by key order by clip_id) = 1)`;
  const counts = tries.flatMap(({ b, a }, i) => {
    const [x, y] = [`b${dropped.indexOf(b)}`, `a${added.indexOf(a)}`];
    return [
      `count(*) filter (where ${x} is not null and ${y} is not null) as both${i}`,
      `count(*) filter (where ${x} = ${y}) as equal${i}`,
      `count(distinct ${x}) as distinct${i}`,
    ];
  });
  const row = await database.row(
    `select ${counts.join(', ')} from ${sample(before, dropped, 'b')} join ${sample(after, added, 'a')} using (key)`,
  );
  const scored = tries
    .map(({ b, a }, i) => ({
      b,
      a,
      both: numberOf(row[`both${i}`]),
      share: numberOf(row[`equal${i}`]) / Math.max(1, numberOf(row[`both${i}`])),
      values: numberOf(row[`distinct${i}`]),
    }))
    .filter((each) => each.both > 0 && each.share >= LEAST_EQUAL && each.values > 1)
    .toSorted((x, y) => y.share - x.share || y.values - x.values);
  const found = new Map<string, string>();
  for (const each of scored) {
    if (found.has(each.b.name) || [...found.values()].includes(each.a.name)) continue;
    found.set(each.b.name, each.a.name);
  }
  return found;
}

/** A few keys of a side, for messages. */
export async function sampleKeys(database: Database, side: Side): Promise<readonly string[]> {
  const rows = await database.rows(
    `select key::varchar as key from ${side.relation} where key is not null order by clip_id limit 3`,
  );
  return rows.map((row) => textOf(row['key']));
}
