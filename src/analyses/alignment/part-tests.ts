import { localContrast, type OffsetBand } from './offset-band.ts';
import { blockTest } from './offset-tests.ts';
import type { Segment } from './segment-scan.ts';
import { upperTailOfT } from './student-t.ts';

/** Equal parts that a shard is cut into, and rows that each must have. */
const PARTS = 8;
const LEAST_PART_ROWS = 25;
/** Standard errors by which a stretch must lie below half of what the rest shows: as for one shard among others. */
const CLEARANCE = 3.2;
const ALPHA = 0.01;
/** Degrees of freedom of a t distribution that is as good as normal. */
const LARGE = 1000;

type Part = { readonly mean: number; readonly standardError: number; readonly p: number };

/**
 * Does the relation end within a shard? `lost`: from one of the cuts to the end, or from the start to it, captions provably keep
 * less than half of the fit to their own clips that the rest of the shard shows. `unknown`: the longest run of parts that
 * show none, where that cannot be proved.
 */
export function testParts(
  band: OffsetBand,
  offset: number,
): {
  readonly lost: Segment | null;
  readonly unknown: { readonly from: number; readonly to: number } | null;
} {
  const rows = band.rows.length;
  if (rows < PARTS * LEAST_PART_ROWS) return { lost: null, unknown: null };
  const contrast = localContrast(band);
  const width = 2 * band.reach + 1;
  const test = (from: number, to: number): Part =>
    blockTest(
      to - from,
      (index) => contrast[(from + index) * width + offset + band.reach] ?? Number.NaN,
    );
  const cutAt = (part: number): number => Math.round((rows * part) / PARTS);
  const cuts = Array.from({ length: PARTS - 3 }, (_, index) => cutAt(index + 2));
  const found = cuts.flatMap((cut) => {
    const [before, after] = [test(0, cut), test(cut, rows)];
    const [late, early] = [chanceBelowHalf(after, before), chanceBelowHalf(before, after)];
    return [
      ...(late === null ? [] : [{ from: cut, to: rows, chance: late }]),
      ...(early === null ? [] : [{ from: 0, to: cut, chance: early }]),
    ];
  });
  const [best] = found.toSorted((a, b) => a.chance - b.chance);
  if (best !== undefined) {
    // Each cut was tried both ways (Bonferroni).
    const p = Math.min(1, 2 * cuts.length * best.chance);
    return { lost: { from: best.from, to: best.to, offset: null, gain: 0, p }, unknown: null };
  }
  const parts = Array.from({ length: PARTS }, (_, part) => test(cutAt(part), cutAt(part + 1)));
  return { lost: null, unknown: longestSilence(band, parts, cutAt) };
}

/** How likely it is that a part with half the fit of the rest shows as little; null where that is no wonder. */
function chanceBelowHalf(part: Part, rest: Part): number | null {
  const error = Math.max(part.standardError, rest.standardError);
  return rest.p < ALPHA / 100 ? chanceOfLess(rest.mean / 2, part.mean, error) : null;
}

/** Chance that what is `expected` shows as little as `found`; null within 3.2 standard errors, which are no wonder. */
export function chanceOfLess(expected: number, found: number, error: number): number | null {
  const away = (expected - found) / error;
  return away > CLEARANCE ? upperTailOfT(away, LARGE) : null;
}

function longestSilence(
  { rows }: OffsetBand,
  parts: readonly Part[],
  cutAt: (part: number) => number,
): { readonly from: number; readonly to: number } | null {
  let best = { from: 0, to: 0 };
  for (let from = 0; from < parts.length; from += 1) {
    let to = from;
    while (to < parts.length && (parts[to]?.p ?? 1) > ALPHA) to += 1;
    if (to - from > best.to - best.from) best = { from, to };
  }
  // One part in eight is silent now and then.
  if (best.to - best.from < 2) return null;
  return {
    from: rows[cutAt(best.from)] ?? 0,
    to: (rows[cutAt(best.to) - 1] ?? 0) + 1,
  };
}
