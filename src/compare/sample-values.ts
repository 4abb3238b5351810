import type { Database } from '../engine/database.ts';
import { kindOf, type ColumnPair } from './pair-columns.ts';
import { columnOf, type Side } from './side.ts';

/** A measure of a column in the tables `before_sample` and `after_sample`. */
export type SampledColumn = {
  readonly name: string;
  readonly kind: 'number' | 'category';
  /** Column of the sample tables. */
  readonly column: string;
  /** Numbers are fractions in both versions. */
  readonly isFraction: boolean;
};

/** Rows that distributions are taken from: shares are within 0.2 %. */
const SAMPLE_ROWS = 200_000;
/** Columns whose distribution is looked at. */
const MOST_COLUMNS = 60;
/** Text longer than this is no category. */
const LONGEST_CATEGORY_BYTES = 80;
/** Numbers that count rows or name things: their distribution means nothing. */
const IDENTIFIER = /(^|_)(id|ids|index|idx|uuid|key|row|hash|number)$/i;

/**
 * Copies numbers and short text of both versions into `before_sample` and `after_sample`, one pass each. Rows are chosen by the
 * hash of their key, so that order and shards do not matter.
 */
export async function sampleValues(
  database: Database,
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): Promise<readonly SampledColumn[]> {
  const measured = measuredColumns(before, after, pairs);
  if (measured.length === 0) return [];
  for (const side of [before, after]) {
    const every = Math.max(1, Math.floor(side.rows / SAMPLE_ROWS));
    const values = measured.map((each, i) => `${each[side.which]} as v${i}`);
    const where =
      every === 1 ? '' : `where hash(coalesce(key::varchar, clip_id::varchar)) % ${every} = 0`;
    await database.run(
      `create temp table ${side.which}_sample as select ${values.join(', ')} from ${side.relation} ${where}`,
    );
  }
  return measured.map(({ name, kind, isFraction }, i) => ({
    name,
    kind,
    column: `v${i}`,
    isFraction,
  }));
}

type Measured = {
  readonly name: string;
  readonly kind: 'number' | 'category';
  readonly isFraction: boolean;
  readonly before: string;
  readonly after: string;
};

function measuredColumns(
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
): readonly Measured[] {
  const length: Measured[] =
    before.captionLength === null || after.captionLength === null
      ? []
      : [
          {
            name: 'caption length',
            kind: 'number',
            isFraction: false,
            before: `(${before.captionLength})::double`,
            after: `(${after.captionLength})::double`,
          },
        ];
  const own = pairs.flatMap((pair): Measured[] => {
    if (pair.before.isHashed || pair.after.isHashed || pair.name === 'caption') return [];
    const [b, a] = [columnOf(pair.before), columnOf(pair.after)];
    if (pair.kind === 'number' && !IDENTIFIER.test(pair.name))
      return [
        {
          name: pair.name,
          kind: 'number',
          isFraction: [pair.before.type, pair.after.type].every((type) =>
            /^(FLOAT|DOUBLE|DECIMAL)/.test(type),
          ),
          before: finite(b),
          after: finite(a),
        },
      ];
    const isCategory =
      (kindOf(pair.before.type) === 'text' && kindOf(pair.after.type) === 'text') ||
      pair.kind === 'boolean';
    return isCategory && !NAMES.has(pair.name)
      ? [
          {
            name: pair.name,
            kind: 'category',
            isFraction: false,
            before: short(b),
            after: short(a),
          },
        ]
      : [];
  });
  return [...length, ...own].slice(0, MOST_COLUMNS);
}

/** Text that names one clip each. */
const NAMES: ReadonlySet<string> = new Set(['path', 'content_hash', 'caption_hash', 'latent_path']);

function finite(sql: string): string {
  return `case when isfinite(${sql}::double) then ${sql}::double end`;
}

function short(sql: string): string {
  return `left(${sql}::varchar, ${LONGEST_CATEGORY_BYTES})`;
}
