import type { ClipCard, Finding, ReportInput } from '../../src/run/document.ts';
import { rankWorst } from '../../src/rank-rules.ts';
import type { NumberedCard, ShownClip } from './clip-card.ts';
import { clipId } from './clip-id.ts';
import { ALONE, type PageSite } from './page-site.ts';

/** Clips that a rule shows at most. */
const CLIPS_PER_RULE = 12;
/** Characters of base64 that all pictures may take: about 9 MB of WebP in a page of at most 15 MB. */
const PICTURES_MAX = 12_000_000;

/** The clips of a page and the pictures that they need. */
export type Gallery = {
  readonly byRule: ReadonlyMap<string, readonly ShownClip[]>;
  /** Each card with a picture once, with its number in the page. */
  readonly pictures: readonly { readonly card: ClipCard; readonly index: number }[];
  /** Film strips that the byte budget had no room for. */
  readonly leftOut: number;
};

/** Chooses clips by rule, and pictures in turn: the first clip of every rule, then the second, worst rules first. */
export function chooseClips(input: ReportInput, site: PageSite = ALONE): Gallery {
  const wanted = clipsByRule(input, site);
  const order = rankWorst(input.run).map((rule) => wanted.get(rule.id) ?? []);
  const pictures = new Map<number, ClipCard>();
  const dropped = new Set<number>();
  let characters = 0;
  for (let place = 0; place < CLIPS_PER_RULE; place += 1)
    for (const clips of order) {
      const clip = clips[place];
      const size = clip === undefined ? 0 : sizeOf(clip.card);
      if (clip === undefined || size === 0 || pictures.has(clip.index)) continue;
      if (characters + size > PICTURES_MAX) {
        dropped.add(clip.index);
        continue;
      }
      characters += size;
      pictures.set(clip.index, clip.card);
      for (const beside of [clip.before, clip.after]) {
        if (beside === null || pictures.has(beside.index)) continue;
        characters += sizeOf(beside.card);
        pictures.set(beside.index, beside.card);
      }
    }
  const byRule = new Map(
    [...wanted].map(([rule, clips]) => [
      rule,
      clips.map((clip) =>
        dropped.has(clip.index) ? { ...clip, card: withoutPictures(clip.card) } : clip,
      ),
    ]),
  );
  return {
    byRule,
    pictures: [...pictures].map(([index, card]) => ({ index, card })),
    leftOut: dropped.size,
  };
}

/** Characters of base64 of all pictures of a card. */
function sizeOf(card: ClipCard): number {
  return (card.strip?.webpBase64.length ?? 0) + (card.closeUp?.strip.webpBase64.length ?? 0);
}

function withoutPictures(card: ClipCard): ClipCard {
  const { closeUp, ...rest } = card;
  return closeUp === undefined ? { ...card, strip: null } : { ...rest, strip: null };
}

/** Clips by rule: findings in their order that have a card, cards with a picture first. */
function clipsByRule(
  input: ReportInput,
  site: PageSite,
): ReadonlyMap<string, readonly ShownClip[]> {
  const cards = new Map(
    input.clips.map((card, index) => [clipId(card), { card, index, href: site.clipHref(card) }]),
  );
  const places = new Map(
    input.clips.map((card, index) => [`${card.shard}\n${card.rowNumber}`, { card, index }]),
  );
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
    const beside = (offset: number): NumberedCard | null =>
      (finding.values['caption_before'] ?? finding.values['caption_after'] ?? null) === null
        ? null
        : (places.get(`${found.card.shard}\n${found.card.rowNumber + offset}`) ?? null);
    shown.push({ ...found, finding, before: beside(-1), after: beside(1) });
    byRule.set(finding.rule_id, shown);
  }
  for (const [rule, shown] of byRule)
    byRule.set(
      rule,
      shown
        .toSorted((a, b) => Number(b.card.strip !== null) - Number(a.card.strip !== null))
        .slice(0, CLIPS_PER_RULE),
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
