import type { Database } from '../engine/database.ts';
import { kindOf, type ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';

/** A measure of a column in the tables `before_sample` and `after_sample`. */
export type SampledColumn = {
  readonly name: string;
  readonly kind: 'number' | 'category';
  /** Column of the sample tables. */
  readonly column: string;
  /** Numbers are fractions in both versions. */
  readonly isFraction: boolean;
};

/** Columns whose distribution is looked at: more would take longer than all the rest. */
const MOST_COLUMNS = 500;
/** Text longer than this is no category. */
const LONGEST_CATEGORY_BYTES = 80;
/** Numbers that count rows or name things: their distribution means nothing. */
const IDENTIFIER = /(^|_)(id|ids|index|idx|uuid|key|row|hash|number)$/i;

/** Columns in the tables `before_sample` and `after_sample`, and those that were left out. */
type Sample = {
  readonly columns: readonly SampledColumn[];
  readonly leftOut: readonly string[];
};

/** Copies numbers and short text of the sampled rows of both versions from `before_values` and `after_values`. */
export async function sampleValues(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<Sample> {
  const all = measuredColumns(before, after, pairs);
  const measured = all.slice(0, MOST_COLUMNS);
  const values = measured.map((each, i) => `${each.sql} as v${i}`);
  for (const side of ['before', 'after'])
    await database.run(
      `create temp table ${side}_sample as select ${['clip_id', ...values].join(', ')} from ${side}_values where is_sampled`,
    );
  return {
    columns: measured.map(({ name, kind, isFraction }, i) => ({
      name,
      kind,
      column: `v${i}`,
      isFraction,
    })),
    leftOut: all.slice(MOST_COLUMNS).map(({ name }) => name),
  };
}

type Measured = Omit<SampledColumn, 'column'> & {
  /** SQL over the values of either version. */
  readonly sql: string;
};

function measuredColumns(
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): readonly Measured[] {
  const length: readonly Measured[] =
    before.captionLength === null || after.captionLength === null
      ? []
      : [
          {
            name: 'caption length',
            kind: 'number',
            isFraction: false,
            sql: 'caption_length::double',
          },
        ];
  return [...length, ...pairs.flatMap((pair) => measuredColumn(pair) ?? [])];
}

/** How the distribution of a column is measured; null if it has none that means something. */
function measuredColumn(pair: ColumnPair): Measured | null {
  if (pair.isLong || pair.before.isHashed || pair.after.isHashed) return null;
  const value = `v${pair.index}`;
  if (pair.kind === 'number' && !IDENTIFIER.test(pair.name))
    return {
      name: pair.name,
      kind: 'number',
      isFraction: [pair.before.type, pair.after.type].every((type) =>
        /^(FLOAT|DOUBLE|DECIMAL)/.test(type),
      ),
      sql: `case when isfinite(${value}::double) then ${value}::double end`,
    };
  const isCategory =
    (kindOf(pair.before.type) === 'text' && kindOf(pair.after.type) === 'text') ||
    pair.kind === 'boolean';
  return isCategory && !NAMES.has(pair.name)
    ? {
        name: pair.name,
        kind: 'category',
        isFraction: false,
        sql: `left(${value}::varchar, ${LONGEST_CATEGORY_BYTES})`,
      }
    : null;
}

/** Text that names one clip each. */
const NAMES: ReadonlySet<string> = new Set(['path', 'content_hash', 'caption_hash', 'latent_path']);
