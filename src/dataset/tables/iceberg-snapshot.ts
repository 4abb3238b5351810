import { readFile, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

import { memberOf } from '../../media/json-members.ts';
import { errorText } from '../rows.ts';
import { type AvroValue, readAvro } from './avro.ts';
import type { LiveFile } from './delta-log.ts';
import { newestIcebergMetadata } from './find-table.ts';

/** The current snapshot of an Iceberg table; or why its files alone do not say what its rows are. */
type IcebergTable =
  | { readonly ok: true; readonly snapshot: string; readonly files: readonly LiveFile[] }
  | { readonly ok: false; readonly reason: string };

const LONGEST_FILE_BYTES = 512 * 1024 * 1024;
const MOST_MANIFESTS = 100_000;

/**
 * The Parquet files of the current snapshot: metadata.json names a manifest list, that manifests, those data files
 * (https://iceberg.apache.org/spec/). Deletes, other formats, columns that were renamed and files elsewhere are refused with the
 * reason: then the files are not the rows. Never throws for what the table holds.
 */
export async function readIcebergSnapshot(folder: string): Promise<IcebergTable> {
  try {
    const path = await newestIcebergMetadata(folder);
    if (path === null || path.includes('.gz.')) return refuse('its metadata is compressed');
    const text = await readFile(path, 'utf8');
    // Numbers of snapshots have 64 bits: they are only compared, as text.
    const metadata: unknown = JSON.parse(
      text.replaceAll(/("(?:current-)?snapshot-id"\s*:\s*)(-?\d+)/g, '$1"$2"'),
    );
    return await readSnapshot(folder, metadata);
  } catch (error) {
    return refuse(`its metadata cannot be read: ${errorText(error)}`);
  }
}

async function readSnapshot(folder: string, metadata: unknown): Promise<IcebergTable> {
  const current = memberOf(metadata, 'current-snapshot-id');
  const snapshot = listOf(memberOf(metadata, 'snapshots')).find(
    (each) => memberOf(each, 'snapshot-id') === current,
  );
  if (snapshot === undefined) return refuse('it has no current snapshot');
  const renamed = renamedColumn(listOf(memberOf(metadata, 'schemas')));
  if (renamed !== null) return refuse(`its column ${renamed} had another name in older files`);
  const place = { folder, location: textOf(memberOf(metadata, 'location')) };
  const listed = memberOf(snapshot, 'manifest-list');
  const manifests =
    typeof listed === 'string'
      ? await readEntries(place, listed)
      : listOf(memberOf(snapshot, 'manifests')).map((path) => ({
          manifest_path: path,
          content: 0,
        }));
  if (manifests.length > MOST_MANIFESTS) return refuse(`it has ${manifests.length} manifests`);
  const files: LiveFile[] = [];
  for (const manifest of manifests) {
    const isOfDeletes = memberOf(manifest, 'content') === 1;
    for (const entry of await readEntries(place, textOf(memberOf(manifest, 'manifest_path')))) {
      if (memberOf(entry, 'status') === 2) continue;
      const file = memberOf(entry, 'data_file');
      const content = memberOf(file, 'content') ?? 0;
      if (isOfDeletes || content !== 0) return refuse('rows of it are deleted by files of deletes');
      if (textOf(memberOf(file, 'file_format')).toLowerCase() !== 'parquet')
        return refuse(`its files are ${textOf(memberOf(file, 'file_format')).slice(0, 20)}`);
      files.push({ path: localPath(place, textOf(memberOf(file, 'file_path'))), partitions: {} });
    }
  }
  return { ok: true, snapshot: textOf(current), files };
}

/** A column whose field had another name in an older schema, or a name that stood for another field: files go by names here. */
function renamedColumn(schemas: readonly unknown[]): string | null {
  const names = new Map<unknown, string>();
  const ids = new Map<string, unknown>();
  for (const schema of schemas) {
    for (const field of listOf(memberOf(schema, 'fields'))) {
      const [id, name] = [memberOf(field, 'id'), textOf(memberOf(field, 'name'))];
      if ((names.get(id) ?? name) !== name || (ids.get(name) ?? id) !== id)
        return name.slice(0, 60);
      names.set(id, name);
      ids.set(name, id);
    }
  }
  return null;
}

type Place = { readonly folder: string; readonly location: string };

async function readEntries(place: Place, uri: string): Promise<readonly AvroValue[]> {
  const path = localPath(place, uri);
  const { size } = await stat(path);
  if (size > LONGEST_FILE_BYTES) throw new RangeError(`a manifest of ${size} bytes`);
  return readAvro(await readFile(path));
}

/** The file that a table names, which may have been copied from the place that it was written at. Throws where that is outside of it. */
function localPath({ folder, location }: Place, uri: string): string {
  const base = location.replace(/\/+$/, '');
  if (base === '' || !uri.startsWith(`${base}/`))
    throw new RangeError(`it names a file outside of its folder: ${uri.slice(0, 200)}`);
  const path = resolve(folder, uri.slice(base.length + 1));
  if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep) || uri.includes('\0'))
    throw new RangeError(`it names a file outside of its folder: ${uri.slice(0, 200)}`);
  return path;
}

function refuse(reason: string): IcebergTable {
  return { ok: false, reason };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
