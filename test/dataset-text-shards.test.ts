import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { discoverShards } from '../src/dataset/discover-shards.ts';
import { openDataset } from '../src/dataset/open-dataset.ts';
import { Database } from '../src/engine/database.ts';
import { makeFolder, open } from './dataset-room.ts';

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

describe('a CSV whose records end in different ways', () => {
  it('has every row with its values, whatever the order of the line ends', async () => {
    const field = fc.constantFrom(
      'A dog',
      'He said "no"',
      'two\nlines',
      'a, b',
      '12" wide',
      'x\r\ny',
    );
    const rows = fc.array(fc.tuple(field, fc.constantFrom('\n', '\r\n', '\r')), {
      minLength: 2,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), async (records, isGzip) => {
        const text = `key,caption\n${records
          .map(([caption, end], i) => `k${i},${quoted(caption)}${end}`)
          .join('')}`;
        const folder = makeFolder(isGzip ? { 'a.csv.gz': gzipSync(text) } : { 'a.csv': text });
        const { query } = await open(folder);
        expect(await query('select key, caption from clips order by row_number')).toEqual(
          records.map(([caption], i) => ({ key: `k${i}`, caption })),
        );
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('keeps a quote inside of an unquoted field a plain character', async () => {
    const folder = makeFolder({ 'a.csv': 'key,caption\r\n1,A 12" frame\n2,"b\nc"\r\n3,d\n' });
    const { query } = await open(folder);
    expect(await query('select caption from clips order by row_number')).toEqual([
      { caption: 'A 12" frame' },
      { caption: 'b\nc' },
      { caption: 'd' },
    ]);
  });
});

describe('text shards that are large', () => {
  it.each([
    ['m.csv.gz', (i: number, text: string) => `k${i},${text}\n`, 'key,caption\n'],
    [
      'm.jsonl.gz',
      (i: number, text: string) => `${JSON.stringify({ key: `k${i}`, caption: text })}\n`,
      '',
    ],
  ])('stay out of memory and leave nothing behind: %s', async (name, line, head) => {
    const rows = 2_000;
    const text =
      head +
      Array.from({ length: rows }, (_, i) => line(i, randomBytes(2_200).toString('hex'))).join('');
    const folder = makeFolder({ [name]: gzipSync(text, { level: 1 }) });
    const spill = join(makeFolder(), 'spill');
    const database = await Database.open({
      memoryLimit: '400MB',
      tempDirectory: spill,
    });
    const dataset = await openDataset(
      database.connection,
      await discoverShards([folder], { cwd: folder }),
    );

    expect(dataset.rows).toBe(rows);
    expect(readdirSync(spill).some((file) => file.endsWith('.duckdb'))).toBe(true);
    const stored = await database.row(
      'select count(distinct caption) as n, min(length(caption)) as least from clips',
    );
    expect(stored).toEqual({ n: BigInt(rows), least: 4_400n });
    database.close();
    expect(existsSync(spill)).toBe(false);
  });
});
