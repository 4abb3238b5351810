import type { DuckDBConnection } from '@duckdb/node-api';
import { DailiesError } from '../dailies-error.ts';
import { cleanUpperBound } from './binomial.ts';

/** How many clips to look at: all, a number of clips, or a share of the rows (0–1]. */
type SampleSize =
  | { readonly kind: 'all' }
  | { readonly kind: 'count'; readonly clips: number }
  | { readonly kind: 'share'; readonly share: number };

/** What was drawn. */
export type DrawnSample = {
  /** Rows of the ledger. */
  readonly population: number;
  /** Rows of the table `sample`; above the size asked for if strata had to be topped up. */
  readonly size: number;
  readonly strata: number;
  /** Whether some clips stand for more rows than others. */
  readonly isWeighted: boolean;
};

/** Clips of every stratum that are looked at even where its share of the sample would be smaller. */
const LEAST_PER_STRATUM = 30;

/**
 * Reads `3000`, `5%` or `all`.
 *
 * @throws {DailiesError} usage, if it is none of them or draws nothing.
 */
export function parseSample(text: string): SampleSize {
  const value = text.trim();
  if (value === 'all') return { kind: 'all' };
  const count = /^\d{1,15}$/.exec(value);
  if (count !== null && Number(value) > 0) return { kind: 'count', clips: Number(value) };
  const share = /^(\d+(?:\.\d+)?)\s?%$/.exec(value);
  const percent = Number(share?.[1]);
  if (percent > 0 && percent <= 100) return { kind: 'share', share: percent / 100 };
  throw new DailiesError(
    'usage',
    `a sample is a number of clips, a percentage or all, not '${text}'`,
    {
      hint: "for example '3000', '5%' or 'all'",
    },
  );
}

/** Clips that a size means in a dataset of `population` rows. */
export function sampleTarget(size: SampleSize, population: number): number {
  if (size.kind === 'all') return population;
  if (size.kind === 'count') return Math.min(size.clips, population);
  return Math.min(population, Math.ceil(size.share * population));
}

/**
 * SQL for the place of a clip in the draw, UBIGINT: a hash of seed and key, so that a clip keeps its place whatever the
 * row order, the shards or the other clips. Without a key its row takes the place of it.
 *
 * `seed`, `key` and `clipId` are SQL expressions (`$seed`, a quoted column).
 */
export function sampleOrderSql(seed: string, key: string, clipId: string): string {
  return `md5_number_lower(${seed} || '/' || coalesce(cast(${key} as varchar), '#' || cast(${clipId} as varchar)))`;
}

/**
 * Draws the clips with the smallest `sample_order` of `from` into the temporary table
 * `sample(clip_id bigint, stratum varchar, weight double)`.
 *
 * `from` has `clip_id`, `sample_order` and the columns named in `strata`. With strata, each one is topped up to
 * {@link LEAST_PER_STRATUM} of its own first clips (fewer if that would double the sample). `weight` is how many rows of
 * its stratum a sampled clip stands for; `stratum` is a JSON list of the stratum's values.
 */
export async function createSample(
  connection: DuckDBConnection,
  draw: { readonly from: string; readonly sample: SampleSize; readonly strata?: readonly string[] },
): Promise<DrawnSample> {
  const from = quoted(draw.from);
  const strata = draw.strata ?? [];
  const stratum =
    strata.length === 0
      ? `''`
      : `cast(to_json([${strata.map((name) => `cast(${quoted(name)} as varchar)`).join(', ')}]) as varchar)`;

  const counts = await connection.runAndReadAll(
    `select count(*)::double, count(distinct ${stratum})::double from ${from}`,
  );
  const [population = 0, strataCount = 0] = counts.getRows()[0]?.map(Number) ?? [];
  const target = sampleTarget(draw.sample, population);
  const least =
    strata.length === 0 ? 0 : Math.min(LEAST_PER_STRATUM, Math.floor(target / strataCount));

  await connection.run(`drop table if exists sample`);
  if (target >= population) {
    await connection.run(
      `create temp table sample as
       select clip_id, ${stratum} as stratum, 1::double as weight
       from ${from}`,
    );
  } else if (strata.length === 0) {
    await connection.run(
      `create temp table sample as
       select clip_id, '' as stratum, ${population / target}::double as weight
       from ${from}
       order by sample_order, clip_id
       limit ${target}`,
    );
  } else {
    // A stratum's first clips by aggregate, not by window: a window sorts the whole dataset.
    const topUp =
      least === 0
        ? ''
        : `union
           select first.clip_id, stratum
           from (
             select stratum, unnest(min(struct_pack(sample_order, clip_id), ${least})) as first
             from placed
             group by stratum
           )`;
    await connection.run(
      `create temp table sample as
       with placed as (
         select clip_id, sample_order, ${stratum} as stratum
         from ${from}
       ),
       sizes as (
         select stratum, count(*) as stratum_rows
         from placed
         group by stratum
       ),
       drawn as (
         select clip_id, stratum
         from (
           select clip_id, stratum
           from placed
           order by sample_order, clip_id
           limit ${target}
         )
         ${topUp}
       )
       select
         clip_id,
         stratum,
         stratum_rows::double / count(*) over (partition by stratum) as weight
       from drawn
       join sizes using (stratum)`,
    );
  }
  const drawn = await connection.runAndReadAll(
    `select count(*)::double, coalesce(min(weight), 1), coalesce(max(weight), 1) from sample`,
  );
  const [size = 0, lightest = 1, heaviest = 1] = drawn.getRows()[0]?.map(Number) ?? [];
  return { population, size, strata: strataCount, isWeighted: heaviest > lightest * (1 + 1e-9) };
}

/** What a clean sample of this size proves, for people: `0 of 3,000: below 0.1 % at 95 %`. */
export function samplePromise(examined: number, population: number, confidence = 0.95): string {
  const count = examined.toLocaleString('en-US');
  if (examined >= population) return `all ${count} looked at`;
  const bound = cleanUpperBound(examined, population, confidence);
  return `0 of ${count}: below ${percentText(bound)} at ${percentText(confidence)}`;
}

/** A ratio as per cent with two significant digits, rounded up so that a promise is never too good. */
function percentText(ratio: number): string {
  const value = ratio * 100;
  if (value >= 10) return `${Number(value.toPrecision(3))} %`;
  const unit = 10 ** (Math.floor(Math.log10(Math.max(value, 1e-12))) - 1);
  return `${Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2))} %`;
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
