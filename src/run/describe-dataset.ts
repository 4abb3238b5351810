import { basename, dirname, extname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../stores/access.ts';
import { isStoreUrl, shownUrl } from '../stores/store-url.ts';
import { storeEmbedded } from '../dataset/embedded/stored-embedded.ts';
import type { OpenDataset } from '../dataset/opened-dataset.ts';
import type { StorageCoverage } from '../dataset/storage-checks.ts';
import type { RunDocument } from './document.ts';

/** The dataset as `run.json` tells of it; `dataset` is null if it could not be opened, `paths` are relative to `cwd`. */
export function describeDataset(
  dataset: OpenDataset | null,
  { dataset: paths, stores }: { readonly dataset: readonly string[]; readonly stores: StoreAccess },
  rows: number,
  cwd: string,
): RunDocument['dataset'] {
  const [first = '.'] = paths;
  const access = dataset?.access ?? stores;
  const embedded = dataset === null ? null : storeEmbedded(dataset);
  return {
    name: nameOf(isStoreUrl(first) ? shownUrl(first) : resolve(cwd, first)),
    paths: paths.map(shownUrl),
    format: dataset?.format ?? 'unknown',
    rows,
    bytes: dataset?.bytes ?? 0,
    mediaRoot: dataset === null || dataset.mediaColumns.length === 0 ? null : dataset.mediaRoot,
    shards: (dataset?.shards ?? []).map(
      ({ index, name, rows: shardRows, bytes, state, error }) => ({
        index,
        name,
        rows: shardRows,
        bytes,
        state,
        error,
      }),
    ),
    columns: dataset?.columns ?? [],
    ...(embedded === null ? {} : { embedded }),
    ...(dataset === null || dataset.remote === null
      ? {}
      : { fetched: fetchedOf(dataset.remote.cost()) }),
    ...(isDeepStrictEqual(access, DEFAULT_STORE_ACCESS) ? {} : { stores: access }),
  };
}

function fetchedOf({
  bytesRead,
  requests,
}: {
  readonly bytesRead: number;
  readonly requests: number;
}): { readonly bytes: number; readonly requests: number } {
  return { bytes: bytesRead, requests };
}

/** `clips`; of a file also its folder, because `manifest.jsonl` names nothing: `cooking/manifest.jsonl`. */
function nameOf(path: string): string {
  const folder = basename(dirname(path));
  return extname(path) === '' || folder === '' ? basename(path) : `${folder}/${basename(path)}`;
}

/** Shards without checksums that are named; a run of thousands would bury the rest. */
const MOST_NAMED = 20;

/** Shards whose pages carry no checksums, so that a flipped bit in them goes unseen. */
export function unsummedPages(coverage: StorageCoverage | null): RunDocument['notLookedAt'] {
  if (coverage === null || coverage.unsummed.length === 0) return [];
  const { unsummed, shards } = coverage;
  const rest = unsummed.length - MOST_NAMED;
  const names =
    unsummed.length === shards
      ? ''
      : `: ${unsummed.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return [
    {
      what: `page checksums of ${unsummed.length} of ${shards} shard(s)${names}`,
      count: unsummed.length,
      reason: 'their writer stored none: a flipped bit would go unseen',
    },
  ];
}

/** Media that a manifest names and a scan of the manifest alone opens none of. */
export function unopenedMedia(
  dataset: OpenDataset | null,
  tier: string,
): RunDocument['notLookedAt'] {
  if (tier !== 'manifest' || dataset === null || dataset.mediaColumns.length === 0) return [];
  return [{ what: 'media of rows', count: dataset.rows, reason: '--tier manifest opens no media' }];
}

/** Rows without a key and a path: what repeats, leaks or changed cannot be told by their place. */
export function namelessRows(dataset: OpenDataset | null): RunDocument['notLookedAt'] {
  if (dataset === null || dataset.rows === 0) return [];
  if (dataset.columns.some(({ role }) => role === 'key' || role === 'path')) return [];
  const names = dataset.columns.map(({ name }) => name);
  const some = `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  return [
    {
      what: 'keys',
      count: dataset.rows,
      reason: `no column is a key or a path, so that repeated or leaked rows go unseen: name one with --columns key=…; the columns are ${some}`,
    },
  ];
}
