import { DailiesError } from '../dailies-error.ts';
import { type Config, type Tier, type TierBudget, TIERS } from './config.ts';
import { didYouMean } from './did-you-mean.ts';

/** Tiers by the names they had before: what was called headers looked at packets too. */
const FORMER_NAMES: Readonly<Record<string, Tier>> = { headers: 'packets' };

/** All names that a tier may be called by. */
export const TIER_NAMES = [...TIERS, ...Object.keys(FORMER_NAMES)];

/**
 * The tier of a name.
 *
 * @throws {DailiesError} usage, if it is none.
 */
export function tierOf(name: string): Tier {
  const tier = TIERS.find((each) => each === name) ?? FORMER_NAMES[name];
  if (tier !== undefined) return tier;
  throw new DailiesError('usage', `unknown tier '${name}'${didYouMean(name, TIERS)}`, {
    hint: `tiers are ${TIERS.join(', ')}`,
  });
}

/** Decimal and binary multiples. */
const UNITS: Readonly<Record<string, number>> = { K: 10, M: 20, G: 30, T: 40 };

/** Reads `2GB`, `64 KiB` or a number of bytes; NaN for anything else. */
export function readBytes(text: string): number {
  const parts = /^(\d+(?:\.\d+)?) ?(?:([KMGT])(i?))?B?$/.exec(text.trim());
  const exponent = UNITS[parts?.[2] ?? ''] ?? 0;
  const unit = parts?.[3] === 'i' ? 2 ** exponent : 1000 ** (exponent / 10);
  return Math.round(Number(parts?.[1]) * unit);
}

/**
 * Reads `frames=20%,600s,2GB`: a tier, and in any order the clips at random, CPU seconds of decoding and bytes.
 *
 * @throws {DailiesError} usage, for what is none of them.
 */
export function parseTierBudgets(texts: readonly string[]): Config['budgets'] {
  const budgets: Partial<Record<Tier, Partial<TierBudget>>> = {};
  for (const text of texts) {
    const [name = '', limits = ''] = text.split(/=(.*)/s);
    const tier = tierOf(name.trim());
    if (tier === 'manifest' || limits.trim() === '') throw refusal(text);
    for (const limit of limits.split(',').map((each) => each.trim())) {
      budgets[tier] = { ...budgets[tier], ...readLimit(text, limit) };
    }
  }
  return budgets;
}

function readLimit(text: string, limit: string): Partial<TierBudget> {
  if (/^(all|[1-9]\d{0,14}|\d+(\.\d+)? ?%)$/.test(limit)) return { random: limit };
  const seconds = /^(\d+(?:\.\d+)?) ?(s|min|h)$/.exec(limit);
  const decode_s =
    Number(seconds?.[1]) * (seconds?.[2] === 'h' ? 3600 : seconds?.[2] === 'min' ? 60 : 1);
  if (decode_s > 0) return { decode_s };
  const bytes = limit.endsWith('B') ? readBytes(limit) : Number.NaN;
  if (bytes > 0) return { bytes };
  throw refusal(text);
}

function refusal(text: string): DailiesError {
  return new DailiesError('usage', `--tier-budget ${text}: no tier with clips, seconds or bytes`, {
    hint: 'as in --tier-budget frames=20%,600s,2GB',
  });
}
