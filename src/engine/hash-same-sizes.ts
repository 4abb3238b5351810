import pMap from 'p-map';

import { isUrl, textOfMedium } from '../media/medium-text.ts';
import type { Medium } from '../media/medium.ts';
import { hashMedium } from '../probes/files.ts';
import type { Progress } from '../progress.ts';
import { md5OfVersion } from '../stores/object-version.ts';
import { type Database, maybe, numberOf, textOf } from './database.ts';
import type { GatherPlan } from './gather-plan.ts';
import { bindRows, selectRows } from './insert-rows.ts';
import type { Located } from './located-media.ts';

/** Media hashed at once: reading is the limit. */
const HASH_CONCURRENCY = 2;

/** Bytes of objects that are read at most to compare those of equal size. */
const MOST_REMOTE_HASH_BYTES = 2_000_000_000;

/**
 * Exact duplicates have equal sizes: only those media are read whole, and objects not even then, where their store tells the MD5
 * of all of them. Of other objects as many are read as may be; the rest has no hash.
 */
export async function hashSameSizes(
  database: Database,
  located: readonly Located[],
  { access, objects, silent }: Pick<GatherPlan, 'access' | 'objects' | 'silent'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const rows = await database.rows(
    `select clip_id, medium, size_bytes, version from files where size_bytes > 0
     qualify count(*) over (partition by size_bytes) > 1 order by clip_id, medium`,
  );
  if (rows.length === 0) return;
  const wanted = new Map(
    rows.map((row) => [
      `${numberOf(row['clip_id'])}:${textOf(row['medium'])}`,
      { size: numberOf(row['size_bytes']), version: maybe(row['version'], textOf) ?? '' },
    ]),
  );
  const unsummed = new Set<number>();
  const places = new Map<
    string,
    {
      readonly place: Medium;
      readonly identity: string;
      readonly size: number;
      readonly version: string;
    }
  >();
  for (const each of located) {
    const found = wanted.get(`${each.clipId}:${each.medium}`);
    if (found === undefined) continue;
    const { place, identity } = each;
    places.set(textOfMedium(place), { place, identity, ...found });
    const isBucket = /^(s3|gs):/.test(each.place.source) && each.place.range === null;
    if (!isBucket || md5OfVersion(found.version) === null) unsummed.add(found.size);
  }
  const stage = progress.stage('hash files of equal size', places.size);
  let left = MOST_REMOTE_HASH_BYTES;
  const hashes = await pMap(
    places,
    async ([text, { place, identity, size, version }]) => {
      const isRemote = isUrl(place.source);
      const md5 = unsummed.has(size) ? null : md5OfVersion(version);
      const known = md5 === null ? objects.hashOf(identity) : `md5:${md5}`;
      const mayRead = !isRemote || (size <= left && !silent.isSilent(place));
      if (isRemote && known === null && mayRead) left -= size;
      const hash =
        known ?? (mayRead ? await hashMedium(place, access, objects.versionOf(identity)) : null);
      if (isRemote && md5 === null) await objects.noteHash(identity, hash);
      stage.advance(1);
      return [text, hash] as const;
    },
    { concurrency: HASH_CONCURRENCY, signal },
  );
  stage.done();
  const byPlace = new Map(hashes);
  const updates = located
    .filter((each) => wanted.has(`${each.clipId}:${each.medium}`))
    .map((each) => ({
      clip_id: each.clipId,
      medium: each.medium,
      hash: byPlace.get(textOfMedium(each.place)) ?? null,
    }));
  const columns = { clip_id: 'BIGINT', medium: 'VARCHAR', hash: 'VARCHAR' } as const;
  await database.run(
    `update files set content_hash = hashes.hash from (${selectRows(columns)}) as hashes
     where files.clip_id = hashes.clip_id and files.medium = hashes.medium`,
    bindRows(updates),
  );
}
