import { clipId } from '../../reports/html/clip-id.ts';
import { renderDiffHtml } from '../../reports/html/diff-page.ts';
import { SERVED } from '../../reports/html/page-site.ts';
import type { DiffDocument } from '../compare/diff-document.ts';
import { textOfMedium } from '../media/medium-text.ts';
import { keptStrips, makePairStrips } from '../run/pair-strips.ts';
import type { RunArchive, StoredClip } from './run-archive.ts';

/** Clips whose frames are made for the page; each costs two decodes. */
const MOST_PICTURED = 24;

/** The comparison of two runs as a page, with the frames of both versions and the way to their films side by side. */
export async function renderComparison(
  diff: DiffDocument,
  archive: RunArchive,
  earlier: RunArchive,
): Promise<string> {
  const keys = [
    ...diff.findings.map((finding) => finding.key),
    ...diff.examples.map((example) => example.key),
    ...(diff.media?.examples ?? []).map((pair) => pair.key),
  ].filter((key) => key !== null);
  const known = new Set<string>();
  const pairs: { key: string; fileBefore: string | null; fileAfter: string | null }[] = [];
  for (const key of new Set(keys)) {
    const [before, after] = [await earlier.clipByKey(key), await archive.clipByKey(key)];
    if (after !== null) known.add(clipId(after));
    if (before !== null && after !== null && pairs.length < MOST_PICTURED)
      pairs.push({
        key,
        fileBefore: await fileOf(earlier, before),
        fileAfter: await fileOf(archive, after),
      });
  }
  const pictures = await makePairStrips(
    pairs,
    { before: earlier.access, after: archive.access },
    { before: await keptStrips(earlier.folder), after: await keptStrips(archive.folder) },
  );
  return renderDiffHtml(diff, pictures, {
    ...SERVED,
    homeHref: '.',
    clipHref: (clip) => (known.has(clipId(clip)) ? SERVED.clipHref(clip) : null),
  });
}

async function fileOf(archive: RunArchive, clip: StoredClip): Promise<string | null> {
  const [medium] = clip.media;
  const found = medium === undefined ? null : await archive.mediaPath(medium.number);
  return found?.ok === true ? textOfMedium(found.medium) : null;
}
