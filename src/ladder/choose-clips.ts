import type { Cost } from './tier-costs.ts';

/** A drawn clip in its place of the draw, and what looking at it costs. */
type Candidate = {
  readonly clipId: string;
  readonly isSuspicious: boolean;
  readonly cost: Cost;
};

/** What may be spent; null: no limit. */
type Limit = { readonly bytes: number | null; readonly decode_s: number | null };

/** Who is looked at, and what it will cost. */
export type Choice = {
  readonly suspicious: ReadonlySet<string>;
  /** Of the clips that nothing speaks against, the first ones: a sample at random. */
  readonly atRandom: ReadonlySet<string>;
  readonly cost: Cost;
  /** Clips that the limit alone kept out. */
  readonly shortBy: number;
};

/**
 * Chooses who climbs to the next tier, from candidates in the order of the draw. `random` of them are to be looked at whatever
 * is known of them, and all suspicious ones beside. Where the limit does not allow that, suspicious clips get up to half of
 * it, and each part keeps its first clips: a part of the draw in its order is a draw at random.
 */
export function chooseClips(
  candidates: readonly Candidate[],
  random: number,
  limit: Limit,
): Choice {
  const wanted = candidates.filter((each, place) => each.isSuspicious || place < random);
  const suspicious = wanted.filter((each) => each.isSuspicious);
  const rest = wanted.filter((each) => !each.isSuspicious);
  const first = takeWithin(rest, half(limit));
  const climbing = takeWithin(suspicious, left(limit, first.cost));
  const others = takeWithin(rest, left(limit, climbing.cost));
  return {
    suspicious: new Set(climbing.taken.map((each) => each.clipId)),
    atRandom: new Set(others.taken.map((each) => each.clipId)),
    cost: plus(climbing.cost, others.cost),
    shortBy: wanted.length - climbing.taken.length - others.taken.length,
  };
}

/** The first candidates whose costs together stay within a limit. */
function takeWithin(
  candidates: readonly Candidate[],
  limit: Limit,
): { readonly taken: readonly Candidate[]; readonly cost: Cost } {
  let cost: Cost = { bytes: 0, decode_s: 0 };
  let count = 0;
  for (const each of candidates) {
    const next = plus(cost, each.cost);
    const isOver =
      (limit.bytes !== null && next.bytes > limit.bytes) ||
      (limit.decode_s !== null && next.decode_s > limit.decode_s);
    if (isOver) break;
    cost = next;
    count++;
  }
  return { taken: candidates.slice(0, count), cost };
}

function half({ bytes, decode_s }: Limit): Limit {
  return {
    bytes: bytes === null ? null : bytes / 2,
    decode_s: decode_s === null ? null : decode_s / 2,
  };
}

function left(limit: Limit, cost: Cost): Limit {
  return {
    bytes: limit.bytes === null ? null : limit.bytes - cost.bytes,
    decode_s: limit.decode_s === null ? null : limit.decode_s - cost.decode_s,
  };
}

function plus(a: Cost, b: Cost): Cost {
  return { bytes: a.bytes + b.bytes, decode_s: a.decode_s + b.decode_s };
}
