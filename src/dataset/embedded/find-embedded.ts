import type { DuckDBConnection } from '@duckdb/node-api';

import { DailiesError } from '../../dailies-error.ts';
import { shardErrorText } from '../rows.ts';
import { isMediaName } from '../shard-format.ts';
import type { RowSource } from '../source.ts';
import { quoteIdentifier } from '../sql-quote.ts';
import {
  type Candidate,
  type EmbeddedColumn,
  embeddedCandidates,
  kindOfCandidate,
  valueSql,
} from './embedded-columns.ts';
import { readEmbedded } from './read-embedded.ts';

/** First values that a candidate is judged by. */
const JUDGED_VALUES = 4;

/** Columns that name the file of the bytes beside them. */
const NAMING_COLUMNS = [
  'path',
  'file_path',
  'filepath',
  'file_name',
  'filename',
  'video_path',
  'image_path',
];

/**
 * Columns of the dataset that hold media as bytes. `forced` are those that the configuration calls so. Throws DailiesError
 * `config` for one that holds no bytes.
 */
export async function findEmbedded(
  connection: DuckDBConnection,
  source: RowSource,
  forced: readonly string[],
): Promise<readonly EmbeddedColumn[]> {
  const candidates = embeddedCandidates(source.columns);
  const wrong = forced.find((name) => !candidates.some((each) => each.source === name));
  if (wrong !== undefined)
    throw new DailiesError('config', `columns.bytes: ${JSON.stringify(wrong)} holds no bytes`, {
      hint: 'name a column of bytes, or a struct with a field bytes',
    });
  const found: EmbeddedColumn[] = [];
  for (const candidate of candidates) {
    const values = await firstValues(connection, source, candidate);
    const kind =
      kindOfCandidate(candidate, values) ?? (forced.includes(candidate.source) ? 'medium' : null);
    if (kind === null) continue;
    const column = columnOf(candidate, kind);
    const isBare =
      source.cells === undefined &&
      values.every((bytes) => bytes === null) &&
      column.pathField !== null;
    // Paths alone, in the shape of Hugging Face: nothing is embedded.
    if (isBare && !(await hasBytes(connection, source, column))) continue;
    found.push(column);
  }
  const pathColumn = await namingColumn(connection, source);
  const first = found.findIndex((each) => each.kind === 'medium' && each.pathField === null);
  return found.map((each, i) => (i === first ? { ...each, pathColumn } : each));
}

function columnOf(candidate: Candidate, kind: EmbeddedColumn['kind']): EmbeddedColumn {
  const { isNamedSo: _, ...column } = candidate;
  return { ...column, pathColumn: null, kind };
}

/** The first values of a candidate in the first shard that can be read. */
async function firstValues(
  connection: DuckDBConnection,
  source: RowSource,
  candidate: Candidate,
): Promise<readonly (Uint8Array | null)[]> {
  const shard = source.shards.find((each) => each.error === null && each.rows > 0);
  if (shard === undefined) return [];
  const rows = Array.from({ length: Math.min(JUDGED_VALUES, shard.rows) }, (_, i) => i);
  const values: (Uint8Array | null)[] = [];
  try {
    const column = columnOf(candidate, 'medium');
    for await (const { bytes } of readEmbedded(connection, source, shard, column, rows))
      values.push(bytes);
  } catch (error) {
    // Damage is for those to tell who read the rows.
    if (!(error instanceof RangeError)) shardErrorText(error);
  }
  return values;
}

/** Whether any row has bytes: where none has, there is nothing to read to know it. */
async function hasBytes(
  connection: DuckDBConnection,
  source: RowSource,
  column: EmbeddedColumn,
): Promise<boolean> {
  const reader = await connection
    .runAndReadAll(`select 1 from ${source.from} where ${valueSql(column)} is not null limit 1`)
    .catch(() => null);
  return reader === null || reader.currentRowCount > 0;
}

/** A column of media names beside the bytes, if there is one. */
async function namingColumn(
  connection: DuckDBConnection,
  source: RowSource,
): Promise<string | null> {
  const names = NAMING_COLUMNS.flatMap((name) =>
    source.columns.filter(
      (column) => column.name.toLowerCase() === name && column.type === 'VARCHAR',
    ),
  );
  for (const { name } of names) {
    const id = quoteIdentifier(name);
    const reader = await connection
      .runAndReadAll(`select ${id} from ${source.from} where ${id} is not null limit 20`)
      .catch(() => null);
    const values = (reader?.getRows() ?? []).map(([value]) => String(value));
    if (values.length > 0 && values.every((value) => isMediaName(value))) return name;
  }
  return null;
}
