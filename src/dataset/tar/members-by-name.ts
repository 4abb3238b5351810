import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { isStoreUrl } from '../../stores/store-url.ts';
import type { Discovery, ShardFile } from '../shard-file.ts';
import type { ColumnMap } from '../map-columns.ts';
import { bringCompressed } from '../remote/bring-here.ts';
import { appendTo } from '../row-store.ts';
import { errorText, noRows, numberOf, readRows, textOf } from '../rows.ts';
import { shardFormatOf } from '../shard-format.ts';
import type { TarAccess } from './open-tar.ts';
import { memberText } from './sample-fields.ts';

/** Where members of tars beside the manifest lie, by their names: `name, place`. */
const TAR_MEMBERS = 'tar_members';

const PROBED_PATHS = 200;

/** Share of the first paths that have to be members of the tars. */
const LEAST_SHARE = 0.5;

/** The media paths of a manifest, with members of tars named by where they lie. */
export type FollowedPaths = {
  readonly map: ColumnMap;
  readonly root: string;
  readonly note: string | null;
  /** The user's columns whose values became places. */
  readonly places: readonly string[];
  /** The tars, named as the places name them. */
  readonly tars: readonly ShardFile[];
};

/**
 * Where the paths of a manifest are no files and there are tars beside it: looks the paths up among the members, as
 * `member` or as `tar/member`, and puts their places into the map of columns. Names that stand in several tars are left alone.
 */
export async function followIntoTars(
  connection: DuckDBConnection,
  discovery: Discovery,
  map: ColumnMap,
  root: string,
  access: TarAccess,
): Promise<FollowedPaths> {
  const unchanged = { map, root, note: null, places: [], tars: [] };
  const path = map.mapped.find((each) => each.role === 'path');
  if (path === undefined || discovery.format === 'tar' || discovery.format === 'media')
    return unchanged;
  // Beside a manifest in a store only tars that were named or listed are looked into: the column has to be fetched for it.
  if (discovery.access !== undefined && (discovery.tars ?? []).length === 0) return unchanged;
  const rows = await readRows(
    connection,
    `select (${path.expression})::varchar as path from manifest where (${path.expression}) is not null limit ${PROBED_PATHS}`,
  ).catch(noRows);
  const paths = rows.map((row) => textOf(row['path']));
  // Of what lies in a store, nobody asks for each: the tars are there for something.
  const isNowhere = (each: string): boolean =>
    each !== '' &&
    !/^\w+:\/\/|\0|#\d+\+\d+$/.test(each) &&
    (isStoreUrl(root) || !existsSync(resolve(root, each)));
  if (paths.length === 0 || paths.filter(isNowhere).length < paths.length * LEAST_SHARE)
    return unchanged;
  const tars = await findTars(discovery);
  if (tars.length === 0) return unchanged;
  const isUnder = tars.every((tar) => tar.path.startsWith(root.endsWith('/') ? root : `${root}/`));
  const base = isUnder ? root : isStoreUrl(root) ? discovery.root : dirname(tars[0]?.path ?? root);
  const named = tars.map((tar) => ({ ...tar, name: nameIn(base, tar) }));
  const here =
    discovery.access === undefined
      ? { shards: named, warnings: [] }
      : await bringCompressed(connection, named, discovery.access);
  const unread = await listMembers(connection, here.shards, access);
  const gaps =
    unread.length === 0
      ? null
      : `${unread.length.toLocaleString('en')} of the tars beside the manifest could not be read to the end, first ${unread[0]}`;
  const bare = `regexp_replace((${path.expression})::varchar, '^(\\./)+', '')`;
  const expression = `coalesce((select m.place from ${TAR_MEMBERS} m where m.name = ${bare}), (${path.expression})::varchar)`;
  const [found] = await readRows(
    connection,
    `select count(*) as n from (select ${expression} as place, (${path.expression})::varchar as path from manifest where (${path.expression}) is not null limit ${PROBED_PATHS}) where place <> path`,
  ).catch(noRows);
  if (numberOf(found?.['n']) < paths.length * LEAST_SHARE) {
    await connection.run(`drop table ${TAR_MEMBERS}`);
    return { ...unchanged, note: gaps };
  }
  const mapped = map.mapped.map((each) =>
    each.role === 'path'
      ? { ...each, expression, reason: `${each.reason}; its values are members of tars` }
      : each,
  );
  const origin = `the media of the manifest are members of ${tars.length.toLocaleString('en')} ${tars.length === 1 ? 'tar' : 'tars'}, first ${tars[0]?.name ?? ''}`;
  const notes = [origin, ...here.warnings, ...(gaps === null ? [] : [gaps])];
  return {
    map: { ...map, mapped },
    root: base,
    note: notes.join('; '),
    places: path.sources,
    tars: here.shards,
  };
}

function nameIn(root: string, tar: ShardFile): string {
  if (isStoreUrl(root)) return tar.path.slice(root.length).replace(/^\/+/, '');
  return relative(root, tar.path).split(sep).join('/');
}

/** The tars that were met with the manifest, else those in its folder. */
async function findTars(discovery: Discovery): Promise<readonly ShardFile[]> {
  if (discovery.tars !== undefined && discovery.tars.length > 0) return discovery.tars;
  const [first] = discovery.shards;
  const folder = first === undefined || isStoreUrl(first.path) ? null : dirname(first.path);
  const names = folder === null ? [] : await readdir(folder).catch(() => []);
  return names.toSorted().flatMap((name, index) => {
    const format = shardFormatOf(name);
    if (folder === null || format?.format !== 'tar') return [];
    const path = join(folder, name);
    return [{ index, name, path, bytes: 0, ...format, partitions: {}, error: null }];
  });
}

/** Fills {@link TAR_MEMBERS} by one pass over each tar; gives those that could not be read to their end, with the reason. */
async function listMembers(
  connection: DuckDBConnection,
  tars: readonly ShardFile[],
  access: TarAccess,
): Promise<readonly string[]> {
  const unread: string[] = [];
  const { walkMembers } = await import('./walk-members.ts');
  const { isWholeEnd } = await import('./walk-tar.ts');
  await connection.run(`create or replace table all_${TAR_MEMBERS} (name varchar, place varchar)`);
  const rows = await appendTo(connection, '', `all_${TAR_MEMBERS}`);
  const listOne = async (tar: ShardFile): Promise<void> => {
    const { name } = tar;
    if (tar.error !== null) {
      unread.push(`${name}: ${tar.error}`);
      return;
    }
    const end = await walkMembers(tar, access, {
      take: (member) => {
        if (member.kind !== 'file' || member.fault !== null) return false;
        const bare = member.name.replace(/^(\.\/)+/, '');
        const place = memberText(tar, member);
        for (const each of new Set([bare, `${name}/${bare}`, `${basename(name)}/${bare}`])) {
          rows.appendVarchar(each);
          rows.appendVarchar(place);
          rows.endRow();
        }
        return false;
      },
    });
    if (end !== null && !isWholeEnd(end)) unread.push(`${name}: ${end.message}`);
  };
  try {
    for (const tar of tars)
      await listOne(tar).catch((error: unknown) => {
        access.signal?.throwIfAborted();
        unread.push(`${tar.name}: ${errorText(error)}`);
      });
  } finally {
    rows.closeSync();
  }
  await connection.run(
    `create or replace table ${TAR_MEMBERS} as
     select name, any_value(place) as place from all_${TAR_MEMBERS} group by name having count(distinct place) = 1`,
  );
  await connection.run(`drop table all_${TAR_MEMBERS}`);
  return unread;
}
