import { existsSync, readdirSync } from 'node:fs';
import { open as openFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';
import { Table, tableToIPC, vectorFromArray, Binary, Utf8 } from 'apache-arrow';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { Database } from '../src/engine/database.ts';
import { HeldMedia } from '../src/dataset/embedded/held-media.ts';
import { readRows } from '../src/dataset/rows.ts';
import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import type { ScanResult } from '../src/audit/scan-request.ts';
import { scan } from '../src/scan.ts';
import { RunArchive } from '../src/serve/run-archive.ts';
import { addFiles, connect, makeFolder, open, runAlone } from './dataset-room.ts';
import { makeImage } from './media-kit/make-image.ts';
import { makeClip } from './media-kit/media-kit.ts';

const jpeg = await readFile(await makeImage({}));
const png = await readFile(await makeImage({ kind: 'png', width_px: 64, height_px: 48 }));
const torn = await readFile(await makeImage({ keep: 0.5 }));
const clip = await readFile(
  await makeClip({ source: 'testsrc2', fps: 24, duration_s: 1, seed: 1 }),
);

const blob = (bytes: Uint8Array): string => `from_hex('${Buffer.from(bytes).toString('hex')}')`;

/** Rules that want files, containers and images between them. */
const RULES = ['truncated-file', 'empty-file', 'missing-file', 'resolution-mismatch'];

/** Scans a dataset down to headers and gives rows of an evidence table. */
async function look(
  dataset: string,
  tier: 'header' | 'keyframes' = 'header',
): Promise<ScanResult & { readonly evidence: (sql: string) => Promise<readonly unknown[]> }> {
  const runFolder = join(makeFolder(), 'run');
  const result = await scan({
    config: {
      ...DEFAULT_CONFIG,
      dataset: [dataset],
      tier,
      rules: { ...DEFAULT_CONFIG.rules, select: RULES },
    },
    cwd: makeFolder(),
    runFolder,
    command: [],
  });
  const database = await Database.open();
  afterAll(() => database.close());
  for (const table of ['files', 'images', 'containers'])
    await database.run(
      `create view ${table} as select * from read_parquet(${quoteLiteral(join(runFolder, 'evidence', `${table}.parquet`))})`,
    );
  return { ...result, evidence: (sql) => database.rows(sql) };
}

describe('media inside of columns', () => {
  it('of the shape bytes and path are looked at like files, and named by shard, column and row', async () => {
    const folder = makeFolder();
    await runAlone(
      `copy (select * from (values
         ('a', {'bytes': ${blob(jpeg)}, 'path': 'a.jpg'}, 'a dog'),
         ('b', {'bytes': ${blob(png)}, 'path': null}, 'a cat'),
         ('c', {'bytes': ${blob(torn)}, 'path': 'sub/c.jpg'}, 'a car'),
         ('d', {'bytes': ''::blob, 'path': 'd.jpg'}, 'a boat')) t(key, image, caption))
       to '${folder}/train-00000-of-00001.parquet'`,
    );
    const { report, evidence, runFolder } = await look(folder, 'keyframes');
    expect(
      await evidence('select width_px, format, is_truncated from images order by clip_id'),
    ).toEqual([
      { width_px: 192, format: 'jpeg', is_truncated: false },
      { width_px: 64, format: 'png', is_truncated: false },
      { width_px: 192, format: 'jpeg', is_truncated: true },
      { width_px: null, format: null, is_truncated: null },
    ]);
    const messages = report.findings.map((each) => [each.rule_id, each.key]);
    expect(messages).toContainEqual(['truncated-file', 'c']);
    expect(messages).toContainEqual(['empty-file', 'd']);
    const shown = report.clips.find((each) => each.key === 'c');
    expect(shown?.path).toBe('train-00000-of-00001.parquet/image/2/sub/c.jpg');
    expect(shown?.strip).not.toBeNull();
    expect(report.run.dataset.columns.find((each) => each.name === 'image')).toMatchObject({
      role: 'path',
      type: 'STRUCT(bytes BLOB, path VARCHAR)',
    });
    // What was written for the decoders is gone; who looks at the run later reads the shard again.
    expect(existsSync(join(runFolder, 'spill'))).toBe(false);
    const archive = await RunArchive.open(runFolder);
    afterAll(() => archive.close());
    const found = await archive.mediaPath(2);
    expect(found?.ok === true ? await readFile(found.medium.source) : null).toEqual(torn);
    await rm(join(folder, 'train-00000-of-00001.parquet'));
    expect(await archive.mediaPath(1)).toMatchObject({ ok: false });
  });

  it.each([
    [
      'a column of bytes',
      `select 'k' || i as key, ${blob(clip)} as mp4 from range(2) t(i)`,
      'mp4/1.mp4',
    ],
    [
      'a list of structs',
      `select 'k' || i as key, [{'bytes': ${blob(clip)}, 'path': 'x.mp4'}] as videos from range(2) t(i)`,
      'videos/1',
    ],
    [
      'bytes beside a path',
      `select 'k' || i as key, ${blob(clip)} as video_bytes, 'in/' || i || '.mp4' as file_name from range(2) t(i)`,
      'video_bytes/1/in/1.mp4',
    ],
    [
      'base64 in text',
      `select 'k' || i as key, to_base64(${blob(clip)}) as video from range(2) t(i)`,
      'video/1',
    ],
  ])('as %s are found', async (_, sql, text) => {
    const folder = makeFolder();
    await runAlone(`copy (${sql}) to '${folder}/a.parquet'`);
    const { query, dataset } = await open(folder);
    expect((await query('select path from clips order by row_number'))[1]).toEqual({
      path: `a.parquet/${text}`,
    });
    expect(dataset.mediaColumns).toEqual(['path']);
    const { evidence } = await look(folder);
    expect(await evidence('select format, duration_s from containers')).toEqual([
      { format: 'mp4', duration_s: 1 },
      { format: 'mp4', duration_s: 1 },
    ]);
  });

  it('of JSON Lines and Arrow are found too', async () => {
    const lines = [jpeg, png].map((bytes, i) =>
      JSON.stringify({ key: `k${i}`, image: { bytes: bytes.toString('base64'), path: null } }),
    );
    const jsonl = makeFolder({ 'a.jsonl': lines.join('\n') });
    const key = vectorFromArray(['k0', 'k1'], new Utf8());
    const image = vectorFromArray([jpeg, png], new Binary());
    const table = new Table({ key, image });
    const arrow = makeFolder({ 'a.arrow': tableToIPC(table, 'stream') });
    for (const folder of [jsonl, arrow]) {
      const { evidence } = await look(folder);
      expect(await evidence('select format from images order by clip_id')).toEqual([
        { format: 'jpeg' },
        { format: 'png' },
      ]);
    }
  });

  it('that are null are the files that their paths name, below the media root alone', async () => {
    const folder = makeFolder();
    addFiles(folder, { 'pictures/a.png': png, '../outside.png': png });
    await runAlone(
      `copy (select * from (values ('a', {'bytes': null::blob, 'path': 'pictures/a.png'}), ('b', {'bytes': ${blob(jpeg)}, 'path': 'b.jpg'}),
         ('c', {'bytes': null, 'path': '../outside.png'}), ('d', {'bytes': null, 'path': null})) t(key, image)) to '${folder}/a.parquet'`,
    );
    const { evidence } = await look(folder);
    expect(
      await evidence('select size_bytes > 0 as found, error_code from files order by clip_id'),
    ).toEqual([
      { found: true, error_code: null },
      { found: true, error_code: null },
      { found: null, error_code: 'path-outside-root' },
      { found: null, error_code: 'missing-file' },
    ]);
    // A dataset that has paths alone in this shape is one of files.
    const plain = makeFolder({ 'a.png': png });
    await runAlone(
      `copy (select 'a' as key, {'bytes': null::blob, 'path': 'a.png'} as image) to '${plain}/a.parquet'`,
    );
    expect((await (await open(plain)).query('select path from clips'))[0]).toEqual({
      path: 'a.png',
    });
  });

  it.each([
    ['a column', 'b as media', 'media'],
    ['a struct', `{'bytes': b, 'path': i || '.jpg'} as media`, 'media, bytes'],
    ['a list', `[{'bytes': b, 'path': i || '.jpg'}] as media`, 'media, list, element, bytes'],
  ])(
    'in %s are not read by the scan over rows: damage costs its own clips alone',
    async (_, shape, leaf) => {
      const folder = makeFolder();
      const path = join(folder, 'a.parquet');
      await runAlone(
        `copy (select 'k' || i as key, 'caption ' || i as caption, ${shape} from (select i, ${blob(jpeg)} || i::varchar::blob as b from range(8) t(i))) to '${path}' (compression uncompressed, dictionary_size_limit 1)`,
      );
      const connection = await connect();
      const [chunk] = await readRows(
        connection,
        `select data_page_offset as start, total_compressed_size as size from parquet_metadata('${path}') where path_in_schema = '${leaf}'`,
      );
      const file = await openFile(path, 'r+');
      await file.write(
        Buffer.alloc(Number(chunk?.['size']) - 400, 1),
        0,
        undefined,
        Number(chunk?.['start']) + 200,
      );
      await file.close();
      expect(chunk).toBeDefined();
      const { report, evidence } = await look(folder);
      expect(report.run.plan.sample.population).toBe(8);
      expect(report.run.dataset.shards.map((shard) => shard.state)).toEqual(['read']);
      // The first value keeps its length; behind it nobody can tell where the next one begins.
      expect(
        await evidence(
          `select count(*)::integer as n from files where error_code = 'corrupt-header'`,
        ),
      ).toEqual([{ n: 7 }]);
    },
  );

  it('as base64 are read alike in every format: with broken lines, and not where it is none', async () => {
    const text = jpeg.toString('base64');
    const values = [
      ...Array.from({ length: 4 }, () => text),
      `data:image/jpeg;base64,${text.replaceAll(/.{76}/g, '$&\n')}`,
      text.slice(0, -1),
      `${text.slice(0, 400)}_${text.slice(401)}`,
    ];
    const rows = values.map((image, i) => `${JSON.stringify({ key: `k${i}`, image })}\n`).join('');
    const folder = makeFolder({ 'a.jsonl': rows });
    await runAlone(
      `copy (select * from read_json('${folder}/a.jsonl')) to '${folder}/a.parquet' (compression uncompressed)`,
    );
    for (const name of ['a.jsonl', 'a.parquet']) {
      const { dataset } = await open(join(folder, name));
      const texts = values.map((_, row) => `${name}/image/${row}`);
      await dataset.held?.hold(texts);
      const kinds = texts.map((each) => dataset.held?.find(each)?.kind);
      expect(kinds).toEqual([...Array.from({ length: 5 }, () => 'file'), 'hole', 'hole']);
      expect(dataset.held?.find(texts[4] ?? '')).toMatchObject({ sizeBytes: jpeg.length });
    }
  });

  it('beyond the limit of a run are not looked at, and say so', async () => {
    const folder = makeFolder();
    await runAlone(
      `copy (select 'k' || i as key, ${blob(jpeg)} || [0, 0, 1, 2][i + 1]::varchar::blob as jpg from range(4) t(i)) to '${folder}/a.parquet'`,
    );
    const { dataset, connection } = await open(folder);
    const most_bytes = (jpeg.length + 1) * 2;
    const held = new HeldMedia(connection, dataset.source, dataset.embedded, most_bytes);
    const texts = [0, 1, 2, 3].map((row) => `a.parquet/jpg/${row}.jpg`);
    await held.hold([...texts, 'a.parquet/jpg/9.jpg', 'b.parquet/jpg/0.jpg', null]);
    // The first two are one file.
    expect(texts.map((text) => held.find(text)?.kind)).toEqual(['file', 'file', 'file', 'fault']);
    expect(held.find('a.parquet/jpg/9.jpg')).toMatchObject({ kind: 'fault', code: 'missing-file' });
    expect(held.find('b.parquet/jpg/0.jpg')).toBeNull();
    expect(readdirSync(folder)).toEqual(['a.parquet']);
  });

  it('leave columns of other bytes as they are', async () => {
    const folder = makeFolder();
    await runAlone(
      `copy (select 'k' || i as key, 'cap' as caption, md5(i::varchar)::blob as image_hash, 'abc'::blob as extra, 'images/' || i || '.jpg' as image from range(3) t(i)) to '${folder}/a.parquet'`,
    );
    const { query, dataset } = await open(folder);
    expect(dataset.embedded).toEqual([]);
    expect((await query('select path, extra::varchar as extra from clips limit 1'))[0]).toEqual({
      path: 'images/0.jpg',
      extra: 'abc',
    });
  });
});
