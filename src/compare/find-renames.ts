import type { Database } from '../engine/database.ts';
import { numberOf, textOf } from '../engine/database.ts';
import { hashedValue } from './hashed-value.ts';
import { kindOf } from './pair-columns.ts';
import { columnOf, type Side, type SideColumn } from './side.ts';

/** Rows that values are compared on. */
const SAMPLE_ROWS = 2_000;
/** Share of equal values from which a column is the same under another name, and under a name that is alike. */
const LEAST_EQUAL = 0.9;
const LEAST_EQUAL_IF_ALIKE = 0.5;
/** Likeness of two names from which they are alike: `quality` and `quality_score`, `nsfw` and `is_nsfw`. */
const LEAST_LIKENESS = 0.5;
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
      .filter((a) => a.isHashed || b.isHashed || kindOf(a.type) === kindOf(b.type))
      .map((a) => ({ b, a })),
  );
  if (tries.length === 0) return new Map();
  const every = Math.max(1, Math.floor(Math.min(before.rows, after.rows) / SAMPLE_ROWS));
  const sample = (side: Side, columns: readonly SideColumn[], prefix: string): string =>
    `(select key, ${columns.map((column, i) => `${columnOf(column)} as ${prefix}${i}`).join(', ')}
      from ${side.relation} where key is not null and hash(key) % ${every} = 0
      qualify row_number() over (partition by key order by clip_id) = 1)`;
  const counts = tries.flatMap(({ b, a }, i) => {
    const isHashed = a.isHashed || b.isHashed;
    const value = (own: SideColumn, column: string): string =>
      isHashed && !own.isHashed
        ? `${hashedValue(column, own.type)}::varchar`
        : `${column}::varchar`;
    const [x, y] = [value(b, `b${dropped.indexOf(b)}`), value(a, `a${added.indexOf(a)}`)];
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
      likeness: likenessOf(b.source, a.source),
    }))
    .filter(
      ({ both, share, values, likeness }) =>
        both > 0 &&
        values > 1 &&
        share >= (likeness >= LEAST_LIKENESS ? LEAST_EQUAL_IF_ALIKE : LEAST_EQUAL),
    )
    .toSorted((x, y) => y.share + y.likeness - x.share - x.likeness || y.values - x.values);
  const found = new Map<string, string>();
  for (const each of scored) {
    if (found.has(each.b.name) || [...found.values()].includes(each.a.name)) continue;
    found.set(each.b.name, each.a.name);
  }
  return found;
}

/** Share of common words of two names, 0-1 (Jaccard), or of common letters where one is the start of the other. */
function likenessOf(one: string, other: string): number {
  const [own, others] = [one, other].map(
    (name) =>
      new Set(
        name
          .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
          .toLowerCase()
          .split(/[^a-z0-9]+/)
          .filter((word) => word !== ''),
      ),
  );
  if (own === undefined || others === undefined) return 0;
  const common = [...own].filter((word) => others.has(word)).length;
  const shorter = Math.min(one.length, other.length);
  const isStart = one.toLowerCase().slice(0, shorter) === other.toLowerCase().slice(0, shorter);
  return Math.max(
    common / Math.max(1, own.size + others.size - common),
    isStart ? shorter / Math.max(one.length, other.length) : 0,
  );
}

/** A few keys of a side, for messages. */
export async function sampleKeys(database: Database, side: Side): Promise<readonly string[]> {
  const rows = await database.rows(
    `select key::varchar as key from ${side.relation} where key is not null order by clip_id limit 3`,
  );
  return rows.map((row) => textOf(row['key']));
}
