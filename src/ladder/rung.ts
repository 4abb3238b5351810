import type { Tier, TierBudget } from '../config/config.ts';
import type { PassReport } from '../engine/look-at-media.ts';
import type { RungSummary, RunDocument } from '../run/document.ts';
import type { Choice } from './choose-clips.ts';

/** A tier of a run: what it was allowed, whom it looked at and what that cost. */
export type Rung = RungSummary;

/** Reasons that are told of a tier's suspicious clips. */
const MOST_REASONS = 8;

/** Puts a tier into words and figures. */
export function describeRung(
  {
    tier,
    asked,
    budget,
  }: { readonly tier: Tier; readonly asked: Partial<TierBudget>; readonly budget: TierBudget },
  seen: {
    readonly drawn: number;
    readonly choice: Choice;
    readonly suspects: ReadonlyMap<string, readonly string[]>;
    readonly leftOut: ReadonlySet<string>;
    readonly report: PassReport;
  },
): Rung {
  const { drawn, choice, suspects, leftOut, report } = seen;
  const count = (clips: ReadonlySet<string>): number =>
    [...clips].filter((clip) => !leftOut.has(clip)).length;
  const atRandom = count(choice.atRandom);
  const suspicious = count(choice.suspicious);
  // A budget that nobody set is part of the plan; one that was set and did not suffice leaves a gap.
  const isLimited =
    asked.bytes !== undefined || asked.decode_s !== undefined || asked.random !== undefined;
  const isShort = leftOut.size > 0 || (isLimited && choice.shortBy > 0);
  return {
    tier,
    budget,
    drawn,
    atRandom,
    suspicious,
    notLookedAt: drawn - atRandom - suspicious,
    isShort,
    expected: { bytes: Math.round(choice.cost.bytes), decode_s: round(choice.cost.decode_s) },
    spent: { bytes: report.bytes, decode_s: round(report.decode_s) },
    reasons: countReasons(choice.suspicious, suspects),
  };
}

/** Tiers that did not look at all drawn clips; with the reason where that is less than was asked for. */
export function thinnedTiers(rungs: readonly Rung[]): ReadonlyMap<string, string | null> {
  const thinned = new Map<string, string | null>();
  // Clips that a cheaper tier could not look at are missing in all that follow.
  const header = rungs.find((rung) => rung.tier === 'header' && rung.isShort);
  for (const rung of rungs) {
    if (rung.notLookedAt === 0) continue;
    thinned.set(
      rung.tier,
      header !== undefined ? shortText(header) : rung.isShort ? shortText(rung) : null,
    );
  }
  return thinned;
}

function shortText(rung: Rung): string {
  const looked = (rung.drawn - rung.notLookedAt).toLocaleString('en-US');
  return `the budget of ${rung.tier} (${budgetText(rung.budget)}) was enough for ${looked} of ${rung.drawn.toLocaleString('en-US')} clips`;
}

/** What no tier looked at because of its budget, for people. */
export function listSkipped(rungs: readonly Rung[]): RunDocument['notLookedAt'] {
  return rungs
    .filter((rung) => rung.notLookedAt > 0)
    .map((rung) => ({
      what: `${rung.tier} of clips in the sample`,
      count: rung.notLookedAt,
      reason: `budget ${budgetText(rung.budget)}: ${rung.atRandom.toLocaleString('en-US')} clips at random and ${rung.suspicious.toLocaleString('en-US')} suspicious ones were looked at`,
    }));
}

function countReasons(
  chosen: ReadonlySet<string>,
  suspects: ReadonlyMap<string, readonly string[]>,
): Rung['reasons'] {
  const counts = new Map<string, number>();
  for (const clip of chosen) {
    for (const reason of suspects.get(clip) ?? [])
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts]
    .map(([reason, clips]) => ({ reason, clips }))
    .toSorted((a, b) => b.clips - a.clips || (a.reason < b.reason ? -1 : 1))
    .slice(0, MOST_REASONS);
}

/** A budget in words: `3,600 s of decoding, 100 GB`. */
export function budgetText(budget: TierBudget): string {
  const parts = [
    budget.random === 'all' ? null : `${budget.random} at random`,
    budget.decode_s === null ? null : `${budget.decode_s.toLocaleString('en-US')} s of decoding`,
    budget.bytes === null ? null : bytesText(budget.bytes),
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'without limit' : parts.join(', ');
}

function bytesText(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${units[step] ?? ''}`;
}

function round(seconds: number): number {
  return Number(seconds.toFixed(3));
}
