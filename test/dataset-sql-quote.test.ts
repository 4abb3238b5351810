import { assert, asyncProperty, constantFrom, oneof, string } from 'fast-check';
import { expect, it } from 'vitest';

import { readRows } from '../src/dataset/rows.ts';
import { quoteIdentifier, quoteLiteral } from '../src/dataset/sql-quote.ts';
import { connect } from './dataset-room.ts';

const hostile = oneof(
  string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  constantFrom(
    `'; drop table t; --`,
    `"; drop table t; --`,
    `a\nb`,
    `\\'`,
    `$$x$$`,
    `/*`,
    `%s {}`,
    `'`,
    `"`,
    `__proto__`,
  ),
);

it('brings any text through SQL unchanged, as a value and as a name', async () => {
  const connection = await connect();
  await assert(
    asyncProperty(hostile, async (raw) => {
      const text = raw.replaceAll('\0', '') || 'x';
      const rows = await readRows(
        connection,
        `select ${quoteLiteral(text)} as ${quoteIdentifier(text)}`,
      );
      expect(rows.map((row) => Object.entries(row))).toEqual([[[text, text]]]);
    }),
    { numRuns: 200 },
  );
});
