import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { DuckDBDataChunk } from '@duckdb/node-api';
import type { RecordBatch } from 'apache-arrow';

import { registerArrowCodecs } from './arrow-codecs.ts';
import type { ArrowColumn } from './arrow-columns.ts';
import { arrowColumn } from './arrow-columns.ts';
import { openArrowReader } from './arrow-messages.ts';
import { checkOffsets, valuesOf } from './arrow-values.ts';
import { bytelessColumn, readArrowCells } from './embedded/arrow-cells.ts';
import { uniqueNames } from './column-names.ts';
import type { ShardFile } from './shard-file.ts';
import { errorText, shardErrorText } from './rows.ts';
import { quoteIdentifier } from './sql-quote.ts';
import { openRowStore } from './row-store.ts';
import type { NamedType, RowSource, ShardReading } from './source.ts';
import { SOURCE_ROW_NUMBER, SOURCE_SHARD_ID, readShard, unreadShard } from './source.ts';
import { widenSchemas } from './widen-types.ts';

const TABLE = 'manifest_rows';
/** Values of one shard as apache-arrow hands them out, before their types are right. */
const RAW = 'arrow_values';
const ROWS_PER_CHUNK = 2048;

type Loaded = {
  readonly file: ShardFile;
  readonly table: string;
  readonly rows: number;
  readonly schema: readonly NamedType[];
  readonly hasEnd: boolean;
};

/** Arrow IPC files and streams, read batch by batch into a table. */
export async function openArrow(
  connection: DuckDBConnection,
  files: readonly ShardFile[],
): Promise<RowSource> {
  await registerArrowCodecs();
  const store = await openRowStore(connection, files);
  const loaded: Loaded[] = [];
  const unread: ShardReading[] = [];
  for (const file of files) {
    const table = `${store}arrow_shard_${file.index}`;
    try {
      loaded.push({ file, table, ...(await loadShard(connection, file, table)) });
    } catch (error) {
      await connection.run(`drop table if exists ${table}`);
      unread.push(unreadShard(file, arrowErrorText(error)));
    }
  }
  const columns = await widenSchemas(
    connection,
    loaded.map((each) => each.schema),
  );
  const definitions = [
    ...columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`),
    `${SOURCE_SHARD_ID} integer`,
    `${SOURCE_ROW_NUMBER} bigint`,
  ];
  await connection.run(`create or replace table ${store}${TABLE} (${definitions.join(', ')})`);
  for (const { file, table, schema } of loaded) {
    const own = new Map(schema.map((column) => [column.name.toLowerCase(), column]));
    const values = columns.map(({ name, type }) => {
      const mine = own.get(name.toLowerCase());
      return mine === undefined ? 'null' : `${quoteIdentifier(mine.name)}::${type}`;
    });
    await connection.run(
      `insert into ${store}${TABLE} select ${[...values, `${file.index}`, 'rowid'].join(', ')} from ${table}`,
    );
    await connection.run(`drop table ${table}`);
  }
  const read = loaded.map((each) => readShard(each.file, each.rows, 0, each.schema));
  return {
    from: `${store}${TABLE}`,
    columns,
    shards: [...read, ...unread].toSorted((a, b) => a.file.index - b.file.index),
    files: [],
    cells: (shard, column, rows) => readArrowCells(shard.file.path, column, rows),
    warnings: loaded
      .filter((each) => !each.hasEnd)
      .map(({ file }) => `${file.name} has no end marker: its writer may have stopped half-way`),
  };
}

/** What the Arrow reader stumbled over; a failure inside it means bytes that are not what the format says. */
function arrowErrorText(error: unknown): string {
  const text = shardErrorText(error);
  return error instanceof TypeError || error instanceof RangeError
    ? `cut off or damaged Arrow data: ${text}`
    : text;
}

/** Reads one file into a table of its own, so that one that breaks half-way leaves nothing behind. */
async function loadShard(
  connection: DuckDBConnection,
  file: ShardFile,
  table: string,
): Promise<{ rows: number; schema: NamedType[]; hasEnd: boolean }> {
  if (file.bytes === 0) throw new Error('the file has 0 bytes');
  const { reader, apart, hasEnd, close } = openArrowReader(file.path);
  try {
    await reader?.open();
    const fields = reader === null ? apart.fields : reader.schema?.fields;
    if (fields === undefined) throw new Error('no Arrow schema in the file');
    if (fields.length === 0) throw new Error('the Arrow schema has no columns');
    const names = uniqueNames(fields.map((field) => field.name));
    const columns = fields.map(
      (field, i) =>
        (apart === null ? bytelessColumn(names[i] ?? field.name, field.type) : null) ??
        arrowColumn(field.type),
    );
    const raw = names.map((_, i) => `c${i}`);
    await connection.run(
      `create or replace temp table ${RAW} (${raw.map((name, i) => `${name} ${columns[i]?.type.toString() ?? 'VARCHAR'}`).join(', ')})`,
    );
    const rows = await appendBatches(
      connection,
      RAW,
      reader === null ? apart.batches : readBatches(reader),
      columns,
    );
    const taken = await createCastTable(connection, table, names, columns).catch(
      (error: unknown) => {
        if (!errorText(error).startsWith('Conversion Error')) throw error;
        // Values overrun the precision that their decimal column declares: they stay text.
        return createCastTable(
          connection,
          table,
          names,
          columns.map((column) =>
            column.sqlType.startsWith('DECIMAL')
              ? { ...column, sqlType: 'VARCHAR', cast: asIs }
              : column,
          ),
        );
      },
    );
    return { rows, schema: taken, hasEnd };
  } finally {
    close();
    await connection.run(`drop table if exists ${RAW}`);
  }
}

const asIs = (id: string): string => id;

async function createCastTable(
  connection: DuckDBConnection,
  table: string,
  names: readonly string[],
  columns: readonly ArrowColumn[],
): Promise<NamedType[]> {
  const schema = columns.map((column, i) => ({ name: names[i] ?? `c${i}`, type: column.sqlType }));
  const casts = columns.map(
    (column, i) => `${column.cast(`c${i}`)} as ${quoteIdentifier(names[i] ?? `c${i}`)}`,
  );
  await connection.run(
    `create or replace table ${table} as select ${casts.join(', ')} from ${RAW}`,
  );
  return schema;
}

async function appendBatches(
  connection: DuckDBConnection,
  table: string,
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  columns: readonly ArrowColumn[],
): Promise<number> {
  const types: DuckDBType[] = columns.map((column) => column.type);
  const appender = await connection.createAppender(table);
  let rows = 0;
  try {
    for await (const batch of batches) {
      for (let start = 0; start < batch.numRows; start += ROWS_PER_CHUNK) {
        const length = Math.min(ROWS_PER_CHUNK, batch.numRows - start);
        const chunk = DuckDBDataChunk.create(types, length);
        for (const [i, column] of columns.entries()) {
          const valueAt = batch.columns[i];
          if (valueAt === undefined) throw new Error(`a record batch lacks column ${i}`);
          const values = Array.from({ length }, (_, row) =>
            column.convert(valueAt(start + row) ?? null),
          );
          chunk.setColumnValues(i, values);
        }
        appender.appendDataChunk(chunk);
        rows += length;
      }
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
  return rows;
}

/** Rows of a batch, and the value of each column in a row. */
type Batch = {
  readonly numRows: number;
  readonly columns: readonly ((row: number) => unknown)[];
};

async function* readBatches(
  reader: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
): AsyncGenerator<Batch> {
  for await (const batch of reader) {
    const columns = Array.from({ length: batch.numCols }, (_, i) => {
      const vector = batch.getChildAt(i);
      if (vector === null) throw new Error(`a record batch lacks column ${i}`);
      for (const data of vector.data) checkOffsets(data, i);
      if (vector.length < batch.numRows)
        throw new Error(
          `column ${i} of a record batch has ${vector.length} of ${batch.numRows} rows`,
        );
      return valuesOf(vector);
    });
    yield { numRows: batch.numRows, columns };
  }
}
