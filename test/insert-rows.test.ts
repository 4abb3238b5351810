import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { createTableSql, hasTable } from '../src/dataset/table-columns.ts';
import { Database } from '../src/engine/database.ts';
import { insertRows } from '../src/engine/insert-rows.ts';

const COLUMNS = {
  hash: 'BIGINT',
  'a "name"': { type: 'VARCHAR' },
  share: 'DOUBLE',
  hashes: 'BIGINT[]',
  words: 'VARCHAR[]',
} as const;

const ROW = fc.record({
  hash: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  'a "name"': fc.option(fc.string({ unit: 'grapheme' })),
  share: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  hashes: fc.option(fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))),
  words: fc.option(fc.array(fc.string({ unit: 'grapheme' }))),
});

it('rows come back as they were inserted, integers beyond 2^53 and lists included', async () => {
  const database = await Database.open();
  await fc.assert(
    fc.asyncProperty(fc.array(ROW, { maxLength: 5 }), async (rows) => {
      await database.run(createTableSql('kept', { position: 'INTEGER', ...COLUMNS }));
      const numbered = rows.map((row, position) => ({ ...row, position }));
      await insertRows(database, 'kept', { position: 'INTEGER', ...COLUMNS }, numbered);
      const found = await database.rows('select * exclude (position) from kept order by position');
      expect(found).toEqual(rows.map((row) => ({ ...row, share: plain(row.share) })));
    }),
    { numRuns: 60 },
  );
  database.close();
});

/** JSON has no zero below zero. */
function plain(value: number | null): number | null {
  return value === 0 ? 0 : value;
}

it('what a row does not have is null, and so is a number that is not finite', async () => {
  const database = await Database.open();
  await database.run(createTableSql('kept', COLUMNS, 'temp table'));
  await insertRows(database, 'kept', COLUMNS, [{ share: Number.NaN }, { hash: 1n, other: 2 }]);
  expect(await database.rows('select hash, share, words from kept order by hash')).toEqual([
    { hash: 1n, share: null, words: null },
    { hash: null, share: null, words: null },
  ]);
  database.close();
});

it('a dictionary knows its own tables, and not what every object has', () => {
  expect(hasTable({ files: COLUMNS }, 'files')).toBe(true);
  expect(hasTable({ files: COLUMNS }, 'toString')).toBe(false);
});
