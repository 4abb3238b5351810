import { array, assert, asyncProperty, constantFrom, integer, nat } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { textHash } from '../src/dataset/text-hash.ts';
import { Database, numberOf } from '../src/engine/database.ts';

let database: Database;

beforeAll(async () => {
  database = await Database.open();
});
afterAll(() => database.close());

async function countHashes(texts: readonly string[], sql: string): Promise<number> {
  await database.run('create or replace temp table texts (text varchar)');
  const appender = await database.connection.createAppender('texts', null, 'temp');
  for (const text of texts) {
    appender.appendVarchar(text);
    appender.endRow();
  }
  appender.closeSync();
  return numberOf((await database.row(`select count(distinct ${sql}) as n from texts`))['n']);
}

test('numbered paths whose hashes DuckDB confuses are told apart', async () => {
  const paths = Array.from({ length: 20_000 }, (_, i) => `media/${i % 997}/clip-${i}.mp4`);
  expect(await countHashes(paths, 'hash(text)')).toBeLessThan(20_000);
  expect(await countHashes(paths, textHash('text'))).toBe(20_000);
});

test('texts that differ in any two characters have two hashes', async () => {
  const digit = integer({ min: 0, max: 9 }).map(String);
  await assert(
    asyncProperty(
      array(digit, { minLength: 8, maxLength: 40 }),
      nat(),
      integer({ min: 1, max: 3 }),
      constantFrom('', 'é', '漢'),
      async (digits, start, words, first) => {
        const at = start % digits.length;
        const other = (at + 8 * words) % digits.length;
        const texts = new Set<string>();
        for (let a = 0; a < 10; a += 1)
          for (let b = 0; b < 10; b += 1)
            texts.add(first + digits.with(at, String(a)).with(other, String(b)).join(''));
        expect(await countHashes([...texts], textHash('text'))).toBe(texts.size);
      },
    ),
    { numRuns: 60 },
  );
});
