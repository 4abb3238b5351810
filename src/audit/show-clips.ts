import { findCaptionPatterns } from '../run/caption-spans.ts';
import { buildClipCards } from '../run/clip-cards.ts';
import type { ClipCard, Finding, RuleOutcome } from '../run/document.ts';
import { cachedStrips } from '../run/strip-cache.ts';
import type { Stage } from './stage.ts';

/** Clips with pictures in the report: of each rule, and in all. */
const CARDS_PER_RULE = 6;
const MOST_CARDS = 150;

/** Film strips and values of the clips that the report shows. */
export function showClips(
  { config, database, manifest, progress, signal, cacheFolder }: Stage,
  findings: readonly Finding[],
  outcomes: readonly RuleOutcome[],
): Promise<readonly ClipCard[]> {
  const { mediaRoot, mediaColumns, held, access } = manifest.dataset;
  const plan = {
    findings,
    mediaRoot,
    held,
    access,
    mediaColumn: mediaColumns[0] ?? null,
    asksStores: config.tier !== 'manifest',
    perRule: CARDS_PER_RULE,
    most: MOST_CARDS,
    captionPatterns: findCaptionPatterns(outcomes),
    makeStrip: cachedStrips(cacheFolder, config.decoder, access),
  };
  return buildClipCards(database, plan, progress, signal);
}
