import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { Field, Int32, List, Schema, Struct, Table, tableToIPC } from 'apache-arrow';
import { expect, it } from 'vitest';

import { checkArrowMetadata } from '../src/dataset/arrow-metadata.ts';
import { errorText } from '../src/dataset/rows.ts';
import { makeFolder, open } from './dataset-room.ts';

const folder = join(import.meta.dirname, 'dataset-fixtures');
const fixture = (name: string): string => join(folder, name);

/** A column of the JSON that the Arrow project publishes beside its files. */
type Golden = {
  readonly name: string;
  readonly count: number;
  readonly DATA?: readonly (string | number | boolean)[];
  readonly VALIDITY?: readonly number[];
  readonly OFFSET?: readonly (string | number)[];
  readonly SIZE?: readonly (string | number)[];
  readonly children?: readonly Golden[];
};

function goldenBatches(name: string): readonly { readonly columns: readonly Golden[] }[] {
  const golden: { readonly batches: readonly { readonly columns: readonly Golden[] }[] } =
    JSON.parse(gunzipSync(readFileSync(fixture(name))).toString());
  return golden.batches;
}

const plain = (value: unknown): unknown => (typeof value === 'number' ? Math.fround(value) : value);

/** The values of a column, row by row; floats as 32 bits hold them. */
function valuesOf(column: Golden): readonly unknown[] {
  const [first, second] = column.children ?? [];
  const isValid = (i: number): boolean => column.VALIDITY?.[i] !== 0;
  if (first !== undefined && second !== undefined) {
    const ends = (first.DATA ?? []).map(Number);
    const values = valuesOf(second);
    return Array.from({ length: column.count }, (_, i) => values[ends.findIndex((end) => end > i)]);
  }
  if (first !== undefined) {
    const values = valuesOf(first);
    return Array.from({ length: column.count }, (_, i) => {
      const from = Number(column.OFFSET?.[i]);
      return isValid(i) ? values.slice(from, from + Number(column.SIZE?.[i])) : null;
    });
  }
  return (column.DATA ?? []).map((value, i) => (isValid(i) ? plain(value) : null));
}

function goldenColumn(file: string, name: string): readonly unknown[] {
  return goldenBatches(file).flatMap(({ columns }) => {
    const column = columns.find((each) => each.name === name);
    return column === undefined ? [] : valuesOf(column);
  });
}

it('list views have the golden values, in whatever order their offsets are', async () => {
  const { query } = await open(fixture('generated_list_view.stream'));
  const rows = await query('select lv, llv from manifest order by row_number');
  for (const name of ['lv', 'llv'])
    expect(rows.map((row) => row[name])).toEqual(goldenColumn('generated_list_view.json.gz', name));
});

it('run-end encoded columns have the golden values, beside plain ones', async () => {
  const { query } = await open(fixture('generated_run_end_encoded.arrow'));
  const rows = await query(
    'select ree16_int32::double as ree16_int32, ree32_utf8, ree64_float32, ree16_bool, bool from manifest order by row_number',
  );
  for (const name of ['ree16_int32', 'ree32_utf8', 'ree64_float32', 'ree16_bool', 'bool'])
    expect(rows.map((row) => plain(row[name]))).toEqual(
      goldenColumn('generated_run_end_encoded.json.gz', name),
    );
});

it('lists with 64-bit offsets are lists', async () => {
  const { dataset, query } = await open(fixture('generated_large_lists.arrows'));
  expect(await query('select typeof(large_list_nullable) as type from manifest limit 1')).toEqual([
    { type: 'BIGINT[]' },
  ]);
  expect(dataset.rows).toBe(13);
});

it.each([
  [12, 25, 'ListView'],
  [12, 26, 'LargeListView'],
  [12, 22, 'RunEndEncoded'],
])('type %i turned to %i inside of a struct is refused by name', (list, unknown, name) => {
  const inside = new Field('views', new List(new Field('item', new Int32())));
  const schema = new Schema([new Field('outer', new Struct([inside]))]);
  const bytes = tableToIPC(new Table(schema), 'stream');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true);
  const metadata = bytes.slice(8, 8 + length);
  // Where the type of a field stands is not known from outside: each byte that could be it is tried.
  const told = [...metadata.keys()]
    .filter((at) => metadata[at] === list)
    .map((at) => {
      try {
        checkArrowMetadata(metadata.with(at, unknown), () => new Uint8Array());
        return '';
      } catch (error) {
        return errorText(error);
      }
    });
  expect(told).toContain(
    `column "views" has the Arrow type ${name} inside of another, which is not read: write it as a plain column or a List`,
  );
});

it('damage is told or changes values, and never ends the process', async () => {
  for (const name of ['generated_list_view.stream', 'generated_run_end_encoded.arrow']) {
    const whole = readFileSync(fixture(name));
    const outcomes = new Set<string>();
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 60)) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      const room = makeFolder();
      writeFileSync(join(room, 'a.arrow'), bytes);
      const outcome = await open(room).then(
        ({ dataset }) => (dataset.rows > 0 ? 'read' : 'no rows'),
        (error: unknown) => (error instanceof Error && error.message !== '' ? 'told' : 'unknown'),
      );
      outcomes.add(outcome);
    }
    expect([...outcomes].filter((each) => each !== 'read' && each !== 'told')).toEqual([]);
  }
});
