import type { Finding, ReportInput } from '../../src/run/document.ts';
import type { ShownClip } from './clip-card.ts';
import { clipId } from './clip-id.ts';

/** Clips to show by rule: findings in their order that have a card, cards with a picture first. */
export function clipsByRule(input: ReportInput): ReadonlyMap<string, readonly ShownClip[]> {
  const cards = new Map(input.clips.map((card, index) => [clipId(card), { card, index }]));
  const byRule = new Map<string, ShownClip[]>();
  const seen = new Set<string>();
  for (const finding of input.findings) {
    const id = cardIdOf(finding);
    const found = id === null ? undefined : cards.get(id);
    if (found === undefined || id === null) continue;
    const pair = `${finding.rule_id}\n${id}`;
    if (seen.has(pair)) continue;
    seen.add(pair);
    const shown = byRule.get(finding.rule_id) ?? [];
    shown.push({ ...found, finding });
    byRule.set(finding.rule_id, shown);
  }
  for (const [rule, shown] of byRule)
    byRule.set(
      rule,
      shown.toSorted((a, b) => Number(b.card.strip !== null) - Number(a.card.strip !== null)),
    );
  return byRule;
}

function cardIdOf(finding: Finding): string | null {
  if (finding.key === null) return null;
  return clipId({ key: finding.key, shard: finding.shard, rowNumber: finding.row_number });
}

/** Columns that name the other clip of a finding about several. */
const OTHER_CLIP_COLUMNS = ['other_key', 'named_after'];

/** Another clip of the same finding: the same key or content, named by the first one, or the same caption. */
export function siblingOf(
  proof: ShownClip,
  candidates: readonly ShownClip[],
  isAboutCaption: boolean,
): ShownClip | undefined {
  const named = new Set(OTHER_CLIP_COLUMNS.map((column) => proof.finding.values[column]));
  const hash = proof.finding.values['content_hash'] ?? null;
  return candidates.find(
    (other) =>
      other.index !== proof.index &&
      (other.card.key === proof.card.key ||
        named.has(other.card.key) ||
        (hash !== null && other.finding.values['content_hash'] === hash) ||
        (isAboutCaption &&
          other.card.caption !== null &&
          other.card.caption === proof.card.caption)),
  );
}
