import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';

import { isObject, memberOf } from '../media/json-members.ts';
import type { OpenDataset, OpenShard } from './opened-dataset.ts';
import { numberOf, readRows } from './rows.ts';
import { ScratchDatabase } from './scratch-database.ts';
import { shardFormatOf } from './shard-format.ts';
import { quotePathList } from './sql-quote.ts';
import { createTableSql } from './table-columns.ts';

/** Columns of the table `declared_rows`: row counts that files beside the manifest state, and what the manifest holds. */
export const DECLARED_ROW_COLUMNS = {
  file: 'VARCHAR',
  about: 'VARCHAR',
  declared: 'BIGINT',
  found: 'BIGINT',
  unit: 'VARCHAR',
} as const;

/** A count that a file beside the manifest states, of all rows, of a split, or of one shard. */
type DeclaredRows = {
  readonly file: string;
  /** Name of the split; null: of everything. */
  readonly split: string | null;
  /** The shard meant; null: of everything or of a split. */
  readonly shard: OpenShard | null;
  readonly declared: number;
  /** No other split is described beside it. */
  readonly isOnly?: boolean;
};

/** A description longer than this is none. */
const LONGEST_FILE_BYTES = 16 * 1024 * 1024;

/** JSON files beside tars that are looked into for a list of shards. */
const MOST_SHARD_LISTS = 20;

/** Sidecars `<shard>_stats.json` are looked for beside so many shards at most. */
const MOST_SIDECARS = 10_000;

/**
 * Fills `declared_rows` with how many files names such as `train-00000-of-00008.parquet` speak of, and with what `dataset_info.json`, `dataset_infos.json` and the front matter of `README.md` (Hugging
 * Face), `_metadata` (Parquet) and `<shard>_stats.json` (img2dataset) say, beside the rows that are there. A count is left
 * out where it cannot be compared: shards that were not read or not named, several configurations, a split that no
 * column and no file name tells.
 *
 * @param splits rows by the values of the split column; empty if there is none.
 */
export async function checkDeclaredRows(
  connection: DuckDBConnection,
  dataset: OpenDataset,
  splits: ReadonlyMap<string, number>,
): Promise<void> {
  const declared = dataset.format === 'media' ? [] : await readDeclarations(connection, dataset);
  const isWhole = declared.length > 0 && (await hasAllShards(dataset));
  await connection.run(createTableSql('declared_rows', DECLARED_ROW_COLUMNS));
  const appender = await connection.createAppender('declared_rows');
  for (const each of declared) {
    const found = countFound(each, dataset, isWhole, splits);
    if (found === null) continue;
    appender.appendVarchar(each.file);
    appender.appendVarchar(
      each.shard?.name ?? (each.split === null ? 'all rows' : `split ${each.split}`),
    );
    appender.appendBigInt(BigInt(each.declared));
    appender.appendBigInt(BigInt(found));
    appender.appendVarchar('rows');
    appender.endRow();
  }
  if (dataset.format !== 'media' && (await hasAllShards(dataset))) {
    for (const { name, declared: said, found } of countNumbered(dataset.shards)) {
      appender.appendVarchar(name);
      appender.appendVarchar('its set');
      appender.appendBigInt(BigInt(said));
      appender.appendBigInt(BigInt(found));
      appender.appendVarchar('files');
      appender.endRow();
    }
  }
  appender.closeSync();
}

/** Sets of shards whose names say how many they are: the name of the first, the number said and that of the files there. */
function countNumbered(
  shards: readonly OpenShard[],
): readonly { readonly name: string; readonly declared: number; readonly found: number }[] {
  const sets = new Map<string, { name: string; declared: number; numbers: Set<number> }>();
  for (const { name } of shards) {
    const found = /^(.*?)-(\d{4,6})-of-(\d{4,6})(\D.*)?$/.exec(name);
    if (found === null) continue;
    const id = JSON.stringify([found[1], found[3], found[4]]);
    const set = sets.get(id) ?? { name, declared: Number(found[3]), numbers: new Set<number>() };
    set.numbers.add(Number(found[2]));
    sets.set(id, set);
  }
  return [...sets.values()].map(({ name, declared, numbers }) => ({
    name,
    declared,
    found: numbers.size,
  }));
}

/** Rows that a declaration is about, null if they cannot be told apart or not all of them were read. */
function countFound(
  each: DeclaredRows,
  dataset: OpenDataset,
  isWhole: boolean,
  splits: ReadonlyMap<string, number>,
): number | null {
  if (each.shard !== null) return countShards([each.shard]);
  if (!isWhole) return null;
  if (each.split === null) return countShards(dataset.shards);
  const inColumn = splits.get(each.split);
  if (inColumn !== undefined) return countShards(dataset.shards) === null ? null : inColumn;
  const own = dataset.shards.filter((shard) => namesSplit(shard.name, each.split ?? ''));
  if (own.length > 0) return countShards(own);
  // The only split of a description is everything, where nothing else tells splits.
  return each.isOnly && splits.size === 0 ? countShards(dataset.shards) : null;
}

/** All records of shards, those counted that are no rows; null if one of them could not be read whole. */
function countShards(shards: readonly OpenShard[]): number | null {
  if (shards.some((shard) => shard.state === 'unread' || shard.badRows > 0)) return null;
  return shards.reduce((sum, shard) => sum + shard.rows, 0);
}

function namesSplit(shard: string, split: string): boolean {
  return shard.split(/[/=._-]/).includes(split);
}

/** Whether the folders of the shards hold no other file of their format. */
async function hasAllShards(dataset: OpenDataset): Promise<boolean> {
  const known = new Set(dataset.shards.map((shard) => shard.path));
  for (const folder of new Set(dataset.shards.map((shard) => dirname(shard.path)))) {
    const names = await readdir(folder).catch(() => []);
    const isStranger = (name: string): boolean =>
      !/^[._]/.test(name) &&
      shardFormatOf(name)?.format === dataset.format &&
      !known.has(join(folder, name));
    if (dataset.format !== 'json' && names.some(isStranger)) return false;
  }
  return true;
}

async function readDeclarations(
  connection: DuckDBConnection,
  dataset: OpenDataset,
): Promise<readonly DeclaredRows[]> {
  const [first] = dataset.shards;
  if (first === undefined) return [];
  // The names of shards are relative to the root of the dataset; a `data/` folder has its description above it.
  const root = first.path.slice(0, first.path.length - first.name.length - 1) || '/';
  const folders = new Set([root, ...(basename(root) === 'data' ? [dirname(root)] : [])]);
  const found: DeclaredRows[] = [];
  for (const folder of folders) {
    // What save_to_disk writes keeps the counts of the dataset that it was filtered from.
    const isSaved = (await stat(join(folder, 'state.json')).catch(() => null)) !== null;
    for (const name of isSaved ? [] : ['dataset_info.json', 'dataset_infos.json'])
      found.push(...splitsOfInfo(name, parseJson(await readText(join(folder, name)))));
    found.push(...splitsOfCard(await readText(join(folder, 'README.md'))));
    found.push(...(await rowsOfMetadata(connection, join(folder, '_metadata'))));
  }
  if (dataset.format === 'tar') found.push(...(await samplesOfShardLists(root, dataset.shards)));
  const isCounted = dataset.format === 'parquet' || dataset.format === 'tar';
  for (const shard of dataset.shards.slice(0, MOST_SIDECARS)) {
    const sidecar = shard.path.replace(/\.(tar\.)?[^/.]+$/, '_stats.json');
    const stats = isCounted ? parseJson(await readText(sidecar)) : null;
    // Of what img2dataset was to fetch, a tar holds only what came.
    const count = numberAt(stats, dataset.format === 'tar' ? 'successes' : 'count');
    if (count !== null)
      found.push({ file: basename(sidecar), split: null, shard, declared: count });
  }
  return found;
}

/** Splits of a `dataset_info.json`, or of the one configuration of a `dataset_infos.json`. */
function splitsOfInfo(file: string, info: unknown): DeclaredRows[] {
  const only = file === 'dataset_infos.json' ? membersOf(info) : [['', info] as const];
  if (only.length !== 1) return [];
  const splits = membersOf(memberOf(only[0]?.[1], 'splits'));
  return splits.flatMap(([name, split]) => {
    const declared = numberAt(split, 'num_examples');
    const isOnly = splits.length === 1;
    return declared === null ? [] : [{ file, split: name, shard: null, declared, isOnly }];
  });
}

/** Shard lists of `wids`, the indexed reader of WebDataset: `{"shardlist": [{"url": "000.tar", "nsamples": 100}]}`. */
async function samplesOfShardLists(
  root: string,
  shards: readonly OpenShard[],
): Promise<readonly DeclaredRows[]> {
  const names = await readdir(root).catch(() => []);
  const found: DeclaredRows[] = [];
  const byName = new Map<string, OpenShard[]>();
  for (const shard of shards)
    byName.set(basename(shard.name), [...(byName.get(basename(shard.name)) ?? []), shard]);
  for (const file of names.filter((name) => name.endsWith('.json')).slice(0, MOST_SHARD_LISTS)) {
    const list = memberOf(parseJson(await readText(join(root, file))), 'shardlist');
    for (const each of Array.isArray(list) ? list : []) {
      const url = memberOf(each, 'url');
      const declared = numberAt(each, 'nsamples');
      const path = typeof url === 'string' ? url.replace(/[?#].*$/, '') : '';
      const shard = (byName.get(basename(path)) ?? []).filter(
        ({ name }) => `/${path}`.endsWith(`/${name}`) || `/${name}`.endsWith(`/${path}`),
      );
      if (declared !== null && shard.length === 1 && shard[0] !== undefined)
        found.push({ file, split: null, shard: shard[0], declared });
    }
  }
  return found;
}

/** Splits of the front matter of a dataset card with one configuration, read line by line. */
function splitsOfCard(text: string | null): DeclaredRows[] {
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text ?? '')?.[1] ?? '';
  const info = /^dataset_info:([\s\S]*?)(?=^\S|(?![\s\S]))/m.exec(front)?.[1] ?? '';
  if ((info.match(/^\s*-?\s*(?:config_name|splits):/gm) ?? []).length > 2) return [];
  const splits = info.slice(Math.max(0, info.indexOf('splits:')));
  const found = [
    ...splits.matchAll(
      /- name:\s*['"]?([\w.-]+)['"]?\s*\n(?:\s+(?!- )[^\n]*\n)*?\s+num_examples:\s*(\d{1,15})/g,
    ),
  ];
  return found.map(([, split = '', count = '0']) => ({
    file: 'README.md',
    split,
    shard: null,
    declared: Number(count),
    isOnly: found.length === 1,
  }));
}

/** Rows of all the row groups that a Parquet `_metadata` file lists. */
async function rowsOfMetadata(
  connection: DuckDBConnection,
  path: string,
): Promise<readonly DeclaredRows[]> {
  if ((await stat(path).catch(() => null))?.isFile() !== true) return [];
  const scratch = await ScratchDatabase.like(connection);
  try {
    const [row] = await scratch.use((room) =>
      readRows(room, `select num_rows from parquet_file_metadata(${quotePathList([path])})`),
    );
    const declared = numberOf(row?.['num_rows']);
    // Spark writes a `_metadata` of the schema alone where the summary is switched off.
    return declared === 0 ? [] : [{ file: basename(path), split: null, shard: null, declared }];
  } catch {
    return [];
  } finally {
    scratch.close();
  }
}

async function readText(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  if (info?.isFile() !== true || info.size > LONGEST_FILE_BYTES) return null;
  return readFile(path, 'utf8').catch(() => null);
}

function parseJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return null;
  }
}

function membersOf(value: unknown): (readonly [string, unknown])[] {
  return isObject(value) ? Object.entries(value) : [];
}

function numberAt(value: unknown, name: string): number | null {
  const member = memberOf(value, name);
  return typeof member === 'number' && Number.isSafeInteger(member) && member >= 0 ? member : null;
}
