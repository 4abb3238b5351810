/**
 * Near duplicates among very many clips: seconds, memory and recall of copies that were coded anew and begin elsewhere.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node dist/bench/near-duplicates.js [clips]
 *
 * Clips are series of hashes and brightness alone. Goal: a million within 2 GB.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findNearDuplicates } from '../src/analyses/near-duplicates.ts';
import { Database, numberOf } from '../src/engine/database.ts';
import { localEngine } from '../src/engine/local-engine.ts';
import { createEvidenceTables } from '../src/engine/evidence-store.ts';
import { peakMemory_bytes } from './peak-memory.ts';

const CLIPS = Number(process.argv[2] ?? 1_000_000);
const COPIES = 1_000;
/** A clip: 24 frames in 3 s. */
const FRAMES = 24;
const FPS = 8;
/** The copy begins so many frames later. */
const LATER = 4;
const CLIPS_A_STEP = 50_000;

/** SQL of a list with an expression over the number `t` of each frame. */
function list(of: string): string {
  return `list_transform(range(${FRAMES}), lambda t: ${of})`;
}

const folder = await mkdtemp(join(tmpdir(), 'dailies-near-'));
const database = await Database.open({
  memoryLimit: '900MB',
  tempDirectory: folder,
  threads: 2,
});
try {
  await createEvidenceTables(database);
  // The columns that are read.
  await database.run('drop table frames');
  await database.run(
    'create table frames (clip_id bigint, medium varchar, tier varchar, dhash bigint[], luma_spread float[], pts_s double[], luma_mean float[])',
  );
  const films = CLIPS - COPIES;
  // Frame t of film f: a hash that holds for two frames, and brightness that wanders; a copy differs by two bits and two levels.
  const insert = (from: number, to: number, isCopy: boolean): string => {
    const film = isCopy ? `(clip - ${films})` : 'clip';
    const time = `(t + ${isCopy ? LATER : 0})`;
    const hash = `hash(${film}, ${time} // 2)::ubigint`;
    const noise = isCopy
      ? `xor(${hash}, (1::ubigint << (clip % 64)::integer) | (1::ubigint << ((clip * 7 + t) % 64)::integer))`
      : hash;
    const luma = `(100 + 40 * sin(${film} * 0.7 + ${time} * (1 + ${film} % 7) * 0.37) + (hash(${film}, ${time}) % 3))`;
    return `insert into frames
      select clip, 'path', 'frames', ${list(`(${noise}::hugeint - 9223372036854775808)::bigint`)}, ${list('40::float')},
        ${list(`t / ${FPS}`)}, ${list(`(${luma})::float`)}
      from range(${from}, ${to}) as c (clip)`;
  };
  for (let from = 0; from < films; from += CLIPS_A_STEP)
    await database.run(insert(from, Math.min(films, from + CLIPS_A_STEP), false));
  await database.run(insert(films, CLIPS, true));
  const before_bytes = await peakMemory_bytes();
  const start = performance.now();
  await findNearDuplicates(database, localEngine(2), { signal: new AbortController().signal });
  const seconds = (performance.now() - start) / 1000;
  const row = await database.row(
    `select count(distinct clip_id) filter (where clip_id >= ${films} and other_clip_id = clip_id - ${films}) as found,
       count(*) filter (where abs(clip_id - other_clip_id) <> ${films}) as wrong from near_duplicates`,
  );
  console.log(
    `${CLIPS.toLocaleString('en-US')} clips of ${FRAMES} frames: ${seconds.toFixed(0)} s, ${numberOf(row['found'])} of ${COPIES} copies found, ${numberOf(row['wrong'])} pairs that are none; at most ${((await peakMemory_bytes()) / 1e9).toFixed(2)} GB in the process (${(before_bytes / 1e9).toFixed(2)} GB with the evidence alone)`,
  );
} finally {
  database.close();
  await rm(folder, { recursive: true, force: true });
}
