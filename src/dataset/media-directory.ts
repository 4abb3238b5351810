import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, posix } from 'node:path';

import type { DuckDBConnection } from '@duckdb/node-api';
import pMap from 'p-map';

import { DailiesError } from '../dailies-error.ts';
import type { StoreAccess } from '../stores/access.ts';
import { openObject } from '../stores/open-object.ts';
import { StoreFault } from '../stores/store-fault.ts';
import type { Discovery } from './shard-file.ts';
import { splitOf } from './shard-labels.ts';
import { quoteLiteral } from './sql-quote.ts';

/** Table of JSON records that stands in for a manifest: one row a medium. */
export const MEDIA_RECORDS = 'media_records';

/** A side-car longer than this is no caption. */
const LONGEST_SIDECAR_BYTES = 1024 * 1024;

const ROWS_PER_INSERT = 500;

/**
 * Makes records of media without a manifest: `key` (path without suffix), `path`, `caption` from `name.txt` beside the
 * medium, and the fields of `name.json`. Returns how many media have a side-car.
 */
export async function createMediaRecords(
  connection: DuckDBConnection,
  discovery: Discovery,
): Promise<number> {
  await connection.run(`create or replace table ${MEDIA_RECORDS} (line varchar, overflow varchar)`);
  let withSidecar = 0;
  const stems = countStems(discovery.media);
  const folders = foldersOf(discovery.media);
  for (let at = 0; at < discovery.media.length; at += ROWS_PER_INSERT) {
    const paths = discovery.media.slice(at, at + ROWS_PER_INSERT);
    const records = await pMap(
      paths,
      async (path) => {
        const stem = stemOf(path);
        const [caption, fields] = await Promise.all([
          readText(discovery, `${stem}.txt`),
          readObject(discovery, `${stem}.json`),
        ]);
        if (caption !== null || fields !== null) withSidecar++;
        // Two media with one stem (clip.mp4, clip.jpg) are two clips.
        const key = (stems.get(stem) ?? 0) > 1 ? path : stem;
        return {
          ...(caption === null ? {} : { caption: caption.replace(/\r?\n$/, '') }),
          key,
          path,
          ...folders(path),
          ...dropKeys(fields ?? {}, ['key', 'path']),
        };
      },
      { concurrency: 16 },
    );
    await connection.run(
      `insert into ${MEDIA_RECORDS} values ${records.map((record) => `(${quoteLiteral(JSON.stringify(record))}, null)`).join(', ')}`,
    );
  }
  return withSidecar;
}

/**
 * What the folders of media say in the layout `split/label/name` or `label/name`: the split where every path names one, the label where
 * each lies in one further folder, and these are several. Side-cars that say otherwise win.
 */
function foldersOf(media: readonly string[]): (path: string) => Readonly<Record<string, string>> {
  const hasSplit = media.every((path) => splitOf(`${posix.dirname(path)}/`) !== null);
  const labelOf = (path: string): readonly string[] =>
    posix
      .dirname(path)
      .split('/')
      .filter((part) => part !== '.' && !(hasSplit && splitOf(`${part}/`) !== null));
  const labels = new Set(media.map((path) => labelOf(path).join('/')));
  const hasLabel = labels.size > 1 && media.every((path) => labelOf(path).length === 1);
  return (path) => {
    const split = hasSplit ? splitOf(`${posix.dirname(path)}/`) : null;
    const [label] = hasLabel ? labelOf(path) : [];
    return {
      ...(split === null ? {} : { split }),
      ...(label === undefined ? {} : { label }),
    };
  };
}

function stemOf(path: string): string {
  return join(dirname(path), basename(path, extname(path)));
}

function countStems(paths: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(stemOf(path), (counts.get(stemOf(path)) ?? 0) + 1);
  return counts;
}

function dropKeys(
  fields: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !keys.includes(key)));
}

async function readText(discovery: Discovery, name: string): Promise<string | null> {
  if (discovery.access !== undefined) return readRemoteText(discovery, name, discovery.access);
  try {
    const path = join(discovery.root, name);
    const info = await stat(path);
    if (!info.isFile() || info.size > LONGEST_SIDECAR_BYTES) return null;
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

/** A side-car that the listing has. A store that does not give it fails the run: its captions would be missing in silence. */
async function readRemoteText(
  discovery: Discovery,
  name: string,
  access: StoreAccess,
): Promise<string | null> {
  const size = discovery.besides?.get(name);
  if (size === undefined || size > LONGEST_SIDECAR_BYTES) return null;
  try {
    const object = await openObject(`${discovery.root}${name}`, access);
    return Buffer.from(await object.read(0, object.sizeBytes)).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause;
    throw new DailiesError('dataset', cause.message, { cause });
  }
}

async function readObject(
  discovery: Discovery,
  name: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readText(discovery, name);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}
