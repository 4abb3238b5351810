import {
  type ClipMedium,
  type ClipSide,
  placeOf,
  renderClipPage,
} from '../../reports/html/clip-page.ts';
import { renderFindingsPage } from '../../reports/html/findings-page.ts';
import { renderHtml } from '../../reports/html/page.ts';
import { SERVED } from '../../reports/html/page-site.ts';
import { findMediaType } from '../media/find-media-type.ts';
import { VERSION } from '../package-root.ts';
import { readRun } from '../run/read-run.ts';
import type { RunArchive, StoredClip, StoredMedium } from './run-archive.ts';
import type { Answer, Site } from './serve-run.ts';

/** Findings on a page. */
const PER_PAGE = 200;

/** Findings in the report's own table; all of them are in the pages. */
const MOST_IN_TABLE = 100_000;

const NOT_THERE: Answer = { kind: 'refused', status: 404, reason: 'nothing here' };

/** The report of a run with its clips; with an earlier run, each clip beside what it was there. */
export function runSite(archive: RunArchive, earlier: RunArchive | null): Site {
  const archives = { media: archive, 'earlier-media': earlier } as const;
  return {
    answer: async (path, parameters) => {
      switch (path) {
        case '':
          return renderHome(archive);
        case 'findings':
          return renderListing(archive, parameters);
        case 'clip':
          return renderClip(archive, earlier, parameters);
        default:
      }
      const [, side, number] = /^(media|earlier-media)\/(\d{1,15})$/.exec(path) ?? [];
      if (side !== 'media' && side !== 'earlier-media') return NOT_THERE;
      const found = await archives[side]?.mediaPath(Number(number));
      if (found === null || found === undefined) return NOT_THERE;
      return found.ok
        ? { kind: 'medium', path: found.absolutePath }
        : { kind: 'refused', status: 403, reason: found.error_message };
    },
  };
}

async function renderHome(archive: RunArchive): Promise<Answer> {
  const input = await readRun(archive.folder);
  const more = input.findings.length - MOST_IN_TABLE;
  const html = renderHtml(
    more <= 0
      ? input
      : {
          ...input,
          findings: input.findings.slice(0, MOST_IN_TABLE),
          leftOut: [
            ...input.leftOut,
            `${more.toLocaleString('en-US')} findings of the table: they are in the pages of all findings`,
          ],
        },
    SERVED,
  );
  return { kind: 'page', html };
}

async function renderListing(archive: RunArchive, parameters: URLSearchParams): Promise<Answer> {
  const query = parameters.get('q') ?? '';
  const asked = /^\d{1,9}$/.exec(parameters.get('page') ?? '1')?.[0] ?? '1';
  const page = Math.max(1, Number(asked));
  const found = await archive.findings(query, (page - 1) * PER_PAGE, PER_PAGE);
  const html = renderFindingsPage({
    dataset: archive.run.dataset.name,
    version: VERSION,
    site: SERVED,
    query,
    page,
    perPage: PER_PAGE,
    ...found,
  });
  return { kind: 'page', html };
}

async function renderClip(
  archive: RunArchive,
  earlier: RunArchive | null,
  parameters: URLSearchParams,
): Promise<Answer> {
  const shard = parameters.get('shard');
  const row = /^\d{1,15}$/.exec(parameters.get('row') ?? '')?.[0];
  if (shard === null || row === undefined) return NOT_THERE;
  const rowNumber = Number(row);
  const [clip, findings] = await Promise.all([
    archive.clip(shard, rowNumber),
    archive.findingsOf(shard, rowNumber),
  ]);
  const key = clip?.key ?? findings[0]?.key ?? null;
  if (key === null) return NOT_THERE;
  const { clips } = await readRun(archive.folder);
  const card = clips.find((each) => each.shard === shard && each.rowNumber === rowNumber) ?? null;
  const old = earlier === null ? null : await earlier.clipByKey(key);
  const caption = clip?.caption ?? card?.caption ?? null;
  const sides: ClipSide[] = [
    ...(earlier === null ? [] : [await sideOf(earlier, old, 'earlier-media', 'Before')]),
    {
      ...(await sideOf(archive, clip, 'media', earlier === null ? null : 'After')),
      caption,
      place: placeOf(shard, rowNumber),
    },
  ];
  const html = renderClipPage({
    dataset: archive.run.dataset.name,
    version: VERSION,
    site: SERVED,
    backHref: '.',
    key,
    findings,
    card,
    sides,
  });
  return { kind: 'page', html };
}

async function sideOf(
  archive: RunArchive,
  clip: StoredClip | null,
  route: 'media' | 'earlier-media',
  name: string | null,
): Promise<ClipSide> {
  return {
    name,
    place: clip === null ? null : placeOf(clip.shard, clip.rowNumber),
    caption: clip?.caption ?? null,
    media: await Promise.all((clip?.media ?? []).map((medium) => mediumOf(archive, medium, route))),
  };
}

async function mediumOf(
  archive: RunArchive,
  { number, medium, path }: StoredMedium,
  route: string,
): Promise<ClipMedium> {
  const found = await archive.mediaPath(number);
  const type = found?.ok === true ? await findMediaType(found.absolutePath) : null;
  return {
    medium,
    path,
    kind: type?.kind ?? null,
    href: type === null ? null : `${route}/${number}`,
    reason:
      found?.ok === false
        ? found.error_message
        : type === null
          ? 'The file is missing, or neither a film nor a picture.'
          : null,
  };
}
