import { finiteInterval, type Interval } from './binomial.ts';

/**
 * A part of the drawn clips of which the looked-at ones were chosen at random: those that cheaper evidence made suspicious,
 * and the rest. All numbers are sums of weights: how many rows a drawn clip stands for.
 */
export type SamplePart = {
  /** Drawn clips. */
  readonly drawn: number;
  /** Of them, those that were looked at. */
  readonly measured: number;
  /** Of these, those that the rule is about. */
  readonly examined: number;
  /** Of these, those that broke it. */
  readonly affected: number;
};

/** What a sample in two phases says of the whole dataset. */
export type TwoPhaseEstimate = {
  /** Rows that the rule is about, as far as the sample tells. */
  readonly rows: number;
  /** Share of them that broke it; null where nothing was examined. */
  readonly rate: number | null;
  readonly interval: Interval | null;
};

/**
 * Estimates a rate by double sampling for stratification: drawn clips (first phase) fall into parts by what is cheap to
 * see, and of each part some, at random, were looked at (second phase). Each part counts by its size among the drawn, so
 * that suspicious clips, which are looked at more often, do not raise the rate.
 *
 * The interval nests exact ones: of the hits among the drawn clips of each part that was not looked at whole, and of the
 * hits among all rows given those of the drawn. The error is split evenly over these steps (Bonferroni), so that it covers at
 * least as often as it says. `heaviest` is the largest weight of a drawn clip: with unequal weights the sample counts as
 * small as if all rows had been drawn at the rate of the rarest.
 *
 * Source: Neyman, JASA 33 (1938); Cochran, Sampling Techniques (1977), 12.2.
 */
export function estimateTwoPhase(
  parts: readonly SamplePart[],
  heaviest: number,
  confidence = 0.95,
): TwoPhaseEstimate {
  const seen = parts
    .filter((part) => part.measured > 0)
    .map((part) => ({ ...part, about: (part.drawn * part.examined) / part.measured }));
  const rows = seen.reduce((sum, part) => sum + part.about, 0);
  const examined = seen.reduce((sum, part) => sum + part.examined, 0);
  if (examined === 0) return { rows: Math.round(rows), rate: null, interval: null };
  const hits = seen.reduce((sum, part) => sum + (part.drawn * part.affected) / part.measured, 0);
  // A part of which nothing was looked at may be all good or all bad.
  const unseen = parts.reduce((sum, part) => sum + (part.measured > 0 ? 0 : part.drawn), 0);
  const isSampled = heaviest > 1 + 1e-9;
  const open = seen.filter((part) => part.measured < part.drawn * (1 - 1e-9)).length;
  const steps = open + (isSampled ? 1 : 0);
  const each = 1 - (1 - confidence) / Math.max(1, steps);
  let low = 0;
  let high = unseen / heaviest;
  for (const part of seen) {
    const within = boundHits(part, heaviest, each);
    low += within.low;
    high += within.high;
  }
  const drawn = atLeast((rows + unseen) / heaviest);
  const total = Math.max(Math.round(rows + unseen), drawn);
  const bound = (count: number): Interval =>
    finiteInterval(Math.min(count, drawn), drawn, total, isSampled ? each : confidence);
  return {
    rows: Math.round(rows + unseen),
    rate: hits / rows,
    interval: {
      low: bound(Math.floor(low + 1e-6)).low,
      high: bound(Math.ceil(high - 1e-6)).high,
      confidence,
    },
  };
}

/** Fewest and most hits among the drawn clips of a part, in clips of the heaviest weight. */
function boundHits(
  part: SamplePart & { readonly about: number },
  heaviest: number,
  confidence: number,
): { readonly low: number; readonly high: number } {
  const affected = part.affected / heaviest;
  if (part.measured >= part.drawn * (1 - 1e-9)) return { low: affected, high: affected };
  const examined = atLeast(part.examined / heaviest);
  // Nothing of what was looked at is what the rule is about: then hardly anything of the rest is.
  if (part.examined === 0) return { low: 0, high: 0 };
  const about = Math.max(examined, Math.round(part.about / heaviest));
  const bound = (hits: number): Interval =>
    finiteInterval(Math.min(hits, examined), examined, about, confidence);
  return {
    low: bound(Math.floor(affected + 1e-6)).low * about,
    high: bound(Math.ceil(affected - 1e-6)).high * about,
  };
}

/** Whole clips of evidence, rounded down but never to none. */
function atLeast(clips: number): number {
  return Math.max(1, Math.floor(clips + 1e-6));
}
