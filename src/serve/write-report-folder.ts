import { constants } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ClipMedium, placeOf, renderClipPage } from '../../reports/html/clip-page.ts';
import { clipId } from '../../reports/html/clip-id.ts';
import { renderHtml } from '../../reports/html/page.ts';
import type { PageSite } from '../../reports/html/page-site.ts';
import { formatBytes, formatPlural } from '../../reports/figures.ts';
import { findMediaType } from '../media/find-media-type.ts';
import { LocalCopy } from '../media/local-copy.ts';
import { openMedium } from '../media/open-medium.ts';
import { scratchFolder } from '../media/scratch-folder.ts';
import { VERSION } from '../package-root.ts';
import type { ClipCard, ReportInput } from '../run/document.ts';
import type { StoreAccess } from '../stores/access.ts';
import { RunArchive, type StoredMedium } from './run-archive.ts';

/** Bytes of clips that are copied in all, in the order of the cards; what is left out is said on the page. */
const MOST_BYTES = 4_000_000_000;

/** What is known of the copies while they are made. */
type Copies = { bytes: number; leftOut: number };

/**
 * Writes the report as a folder: `index.html`, and in `clips/` a page for every clip that it shows, with the whole film
 * or picture beside it. It needs no server: opening a clip loads it, nothing else does.
 */
export async function writeReportFolder(
  report: ReportInput,
  runFolder: string,
  target: string,
  own: StoreAccess,
): Promise<void> {
  await mkdir(join(target, 'clips'), { recursive: true });
  const archive = await RunArchive.open(runFolder, own);
  try {
    const copies: Copies = { bytes: 0, leftOut: 0 };
    for (const card of report.clips) await writeClip(report, archive, card, target, copies);
    const leftOut =
      copies.leftOut === 0
        ? []
        : [
            `${formatPlural(copies.leftOut, 'whole clip')}: the folder holds at most ${formatBytes(MOST_BYTES)} of them`,
          ];
    const pages = new Set(report.clips.map(clipId));
    const site: PageSite = {
      mediaSource: null,
      clipHref: (clip) => (pages.has(clipId(clip)) ? `clips/${clipId(clip)}.html` : null),
      clipPage: null,
      findingsHref: null,
    };
    const html = renderHtml({ ...report, leftOut: [...report.leftOut, ...leftOut] }, site);
    await writeFile(join(target, 'index.html'), html);
  } finally {
    archive.close();
  }
}

async function writeClip(
  report: ReportInput,
  archive: RunArchive,
  card: ClipCard,
  target: string,
  copies: Copies,
): Promise<void> {
  const id = clipId(card);
  const clip = await archive.clip(card.shard, card.rowNumber);
  const media: ClipMedium[] = [];
  for (const [index, medium] of (clip?.media ?? []).entries())
    media.push(await copyMedium(archive, medium, target, `${id}-${index}`, copies));
  const html = renderClipPage({
    dataset: report.run.dataset.name,
    version: VERSION,
    // A page of a file has no origin that 'self' could mean in every browser.
    site: { mediaSource: `'self' file:`, clipHref: () => null, clipPage: null, findingsHref: null },
    backHref: '../index.html',
    key: card.key,
    card,
    findings: report.findings.filter(
      (each) => each.shard === card.shard && each.row_number === card.rowNumber,
    ),
    sides: [
      { name: null, place: placeOf(card.shard, card.rowNumber), caption: card.caption, media },
    ],
  });
  await writeFile(join(target, 'clips', `${id}.html`), html);
}

/** Copies a medium under a name of our own: neither its name nor its ending come from the dataset. */
async function copyMedium(
  archive: RunArchive,
  { number, medium, path }: StoredMedium,
  target: string,
  name: string,
  copies: Copies,
): Promise<ClipMedium> {
  const none = (reason: string): ClipMedium => ({ medium, path, kind: null, href: null, reason });
  const found = await archive.mediaPath(number);
  if (found?.ok !== true) return none(found?.error_message ?? 'No medium is named.');
  const type = await findMediaType(found.medium, archive.access);
  if (type === null) return none('The file is missing, or neither a film nor a picture.');
  const opened = await openMedium(found.medium, archive.access);
  if (!opened.ok) return none(opened.message);
  const local = new LocalCopy(opened, scratchFolder);
  try {
    const size = local.reader.sizeBytes;
    if (copies.bytes + size > MOST_BYTES) {
      copies.leftOut += 1;
      return none('Left out, to keep the folder small.');
    }
    const whole = await local.whole();
    if (!whole.ok) return none(whole.message);
    copies.bytes += size;
    const file = `${name}${type.ending}`;
    // On file systems that can, the copy shares its blocks with the original.
    await copyFile(whole.path, join(target, 'clips', file), constants.COPYFILE_FICLONE);
    return { medium, path, kind: type.kind, href: file, reason: null };
  } finally {
    await local.close();
  }
}
