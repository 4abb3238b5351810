import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database } from '../src/engine/database.ts';

/** Words of English captions, so that patterns meet ordinary letters and near misses. */
const WORDS =
  `a an the of in on at with and while behind beside near under over through across toward man woman child person people dog cat bird
horse car bus truck bicycle boat train street road field forest beach ocean river lake mountain hill sky cloud sun moon light
shadow rain snow fog wind night day morning evening city town village house building window door wall roof table chair desk lamp
book phone camera screen hand face eye hair shirt jacket dress hat shoe glass cup plate bowl knife fork spoon bread fruit apple
walks runs stands sits looks turns smiles talks holds carries opens closes moves jumps falls rises drifts pans tilts zooms follows
slowly quickly gently suddenly calmly softly brightly dark bright warm cold red blue green yellow white black grey brown orange
large small tall short old young wide narrow long quiet busy empty crowded wooden metal plastic stone golden soft sharp blurred
camera frame shot view scene background foreground left right center upper lower slow steady close wide aerial static handheld
sorry cannot provide image video caption shows captures depicts features visible appears seems several many few two three four`
    .split(/\s+/)
    .map(quoteLiteral)
    .join(', ');

/** Words of a caption, on average, by the rows of a manifest: a hundred million long captions would take 14 GB of disk. */
export function captionWordsOf(rows: number): number {
  return rows > 20_000_000 ? 12 : 100;
}

/**
 * Writes (once) a seeded manifest of `rows` clips with captions of `words` words on average as zstd Parquet in shards of
 * 500,000 rows, and returns its folder. Shards that are there already are kept, so that it can be stopped and gone on with.
 */
export async function makeManifest(rows: number, words = captionWordsOf(rows)): Promise<string> {
  const folder = join(
    tmpdir(),
    `dailies-bench-manifest-${rows}${words === 100 ? '' : `-${words}`}`,
  );
  if (existsSync(join(folder, 'done'))) return folder;
  mkdirSync(folder, { recursive: true });
  const database = await Database.open({
    memoryLimit: '4GB',
    tempDirectory: join(folder, 'spill'),
    threads: 2,
  });
  // Half captions, paired anew for every row: a hundred pairs a row and more, so that few captions repeat.
  const count = rows > 20_000_000 ? 100_000 : 10_000;
  const spread = Math.floor(words / 10);
  await database.run(
    `create table halves as
     select list(half order by i) as halves from (
       select i, list_aggregate(list_transform(range(${Math.round(words / 2) - spread} + (hash(i) % ${2 * spread + 1})::bigint),
         lambda w: words[1 + (hash(i * 1009 + w) % len(words))::bigint]), 'string_agg', ' ') as half
       from range(${count}) as numbers(i), (select [${WORDS}] as words))`,
  );
  const shardRows = 500_000;
  for (let start = 0; start < rows; start += shardRows) {
    const end = Math.min(rows, start + shardRows);
    const file = join(folder, `part-${String(start / shardRows).padStart(5, '0')}.parquet`);
    if (existsSync(file)) continue;
    await database.run(`copy (
      select 'clip-' || i as key, 'media/' || (i % 997) || '/clip-' || i || '.mp4' as path,
        halves[1 + (hash(i) % ${count})::bigint] || ', ' || halves[1 + (hash(i * 31 + 7) % ${count})::bigint] || '.' as caption,
        'source-' || (i // 12) as source_id, if(i // 12 % 50 = 0, 'val', 'train') as split,
        1280 as width, 720 as height, 24.0 as fps, 4.0 + (i % 80) / 10.0 as duration, (4 + i % 8) * 24 as num_frames
      from range(${start}, ${end}) as numbers(i), halves
    ) to ${quoteLiteral(`${file}.half`)} (format parquet, compression zstd, row_group_size 30720)`);
    renameSync(`${file}.half`, file);
  }
  await database.run(
    `copy (select 1 as done) to ${quoteLiteral(join(folder, 'done'))} (format csv)`,
  );
  database.close();
  return folder;
}
