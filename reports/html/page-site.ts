import { markup, type Markup } from './markup.ts';

/** What lies around a page: nothing, a folder with the clips, or a server. */
export type PageSite = {
  /** Where films and pictures may come from besides the page itself, as a content security policy says it; null: nowhere. */
  readonly mediaSource: string | null;
  /** Address of the page about a clip; null if there is none. */
  readonly clipHref: (clip: PlacedClip) => string | null;
  /** Page that the script asks for any clip, with `shard` and `row` as parameters. */
  readonly clipPage: string | null;
  /** Address of the pages of all findings. */
  readonly findingsHref: string | null;
  /** Address of the comparison with an earlier run, and of the report. */
  readonly diffHref?: string;
  readonly homeHref?: string;
};

/** A clip and its place in the dataset. */
export type PlacedClip = {
  readonly key: string | null;
  readonly shard: string | null;
  readonly rowNumber: number | null;
};

/** A single file that can be mailed around. */
export const ALONE: PageSite = {
  mediaSource: null,
  clipHref: () => null,
  clipPage: null,
  findingsHref: null,
};

/** A page behind a server that has every clip of the run. */
export const SERVED: PageSite = {
  mediaSource: `'self'`,
  clipHref: ({ shard, rowNumber }) =>
    shard === null || rowNumber === null ? null : clipAddress(shard, rowNumber),
  clipPage: 'clip',
  findingsHref: 'findings',
};

/** Address of the page about a clip behind a server. */
export function clipAddress(shard: string, rowNumber: number): string {
  return `clip?${new URLSearchParams({ shard, row: String(rowNumber) }).toString()}`;
}

/** The link from a clip to its page; nothing if it has none. */
export function watchLink(href: string | null, words = 'Open the clip'): Markup {
  return href === null ? markup`` : markup`<a class="watch" href="${href}">${words}</a>`;
}
