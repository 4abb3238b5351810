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
import type { ClipCard, ReportInput } from '../run/document.ts';
import { readRun } from '../run/read-run.ts';
import type { RunArchive, StoredClip, StoredMedium } from './run-archive.ts';
import type { Answer, Site } from './serve-run.ts';

/** Findings on a page. */
const PER_PAGE = 200;

/** Findings in the report's own table; all of them are in the pages. */
const MOST_IN_TABLE = 100_000;

const NOT_THERE: Answer = { kind: 'refused', status: 404, reason: 'nothing here' };

/** An earlier run, and the comparison with it as a page, which is made when it is first asked for. */
export type EarlierRun = {
  readonly archive: RunArchive;
  readonly comparison: () => Promise<string>;
};

/**
 * The report of a run with its clips; with an earlier run, each clip beside what it was there. The run is read once: a
 * run folder does not change, and pages of findings are queries.
 */
export function runSite(archive: RunArchive, earlier: EarlierRun | null): Site {
  const archives = { media: archive, 'earlier-media': earlier?.archive ?? null } as const;
  const input = once(() => readRun(archive.folder, MOST_IN_TABLE));
  const home = once(async () => renderHome(archive, await input(), earlier !== null));
  const comparison = once(async () => (earlier === null ? null : earlier.comparison()));
  const cards = once(
    async () =>
      new Map((await input()).clips.map((card) => [placeKey(card.shard, card.rowNumber), card])),
  );
  return {
    answer: async (path, parameters) => {
      switch (path) {
        case '':
          return { kind: 'page', html: await home() };
        case 'diff': {
          const html = await comparison();
          return html === null ? NOT_THERE : { kind: 'page', html };
        }
        case 'findings':
          return renderListing(archive, parameters);
        case 'clip':
          return renderClip(archive, earlier?.archive ?? null, await cards(), parameters);
        default:
      }
      const [, side, number] = /^(media|earlier-media)\/(\d{1,15})$/.exec(path) ?? [];
      if (side !== 'media' && side !== 'earlier-media') return NOT_THERE;
      const found = await archives[side]?.mediaPath(Number(number));
      if (found === null || found === undefined) return NOT_THERE;
      return found.ok
        ? { kind: 'medium', medium: found.medium, access: archives[side]?.access ?? archive.access }
        : { kind: 'refused', status: 403, reason: found.error_message };
    },
  };
}

/** Makes a value when it is first asked for, and again only if that failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((cause: unknown) => {
      made = null;
      throw cause;
    });
    return made;
  };
}

function placeKey(shard: string, rowNumber: number): string {
  return `${shard}\n${rowNumber}`;
}

async function renderHome(
  archive: RunArchive,
  input: ReportInput,
  hasEarlier: boolean,
): Promise<string> {
  const more = (await archive.countFindings()) - input.findings.length;
  const leftOut =
    more <= 0
      ? []
      : [
          `${more.toLocaleString('en-US')} findings of the table: they are in the pages of all findings`,
        ];
  return renderHtml(
    { ...input, leftOut: [...input.leftOut, ...leftOut] },
    hasEarlier ? { ...SERVED, diffHref: 'diff' } : SERVED,
  );
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
  cards: ReadonlyMap<string, ClipCard>,
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
  const card = cards.get(placeKey(shard, rowNumber)) ?? null;
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
  const type = found?.ok === true ? await findMediaType(found.medium, archive.access) : null;
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
