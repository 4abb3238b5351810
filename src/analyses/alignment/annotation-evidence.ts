import { type Database, numberOf, type SqlRow } from '../../engine/database.ts';
import { assessMatches, type Matches, WIDTH } from './match-evidence.ts';
import type { Fit } from './name-reordering.ts';
import { OFFSET_REACH } from './offset-band.ts';

/** What the source annotations say about the captions of one shard. */
type AnnotationEvidence = ReturnType<typeof assessMatches> & {
  readonly shardId: number;
  readonly rowNumbers: Float64Array;
  /** Clips that the annotations know. */
  readonly pairs: number;
  /** 1 where a caption is that of the clip, else 0. */
  readonly fit: Fit;
};

/** Share of keys of the dataset that the annotations must know to be joined by key. */
const LEAST_KNOWN = 0.5;
/** Rows of a shard below which nothing is said. */
const LEAST_ROWS = 20;

/** Same text but for case and white space; 53 bits, so that it is a number of JavaScript. */
const textHash = (column: string): string =>
  `(hash(lower(trim(regexp_replace(${column}, '\\s+', ' ', 'g')))) >> 11)::double`;

/**
 * The exact join with the table that captions came from: whose caption stands beside each clip. Joined by key; where keys
 * differ, by position. Says why if neither works.
 */
export async function readAnnotationEvidence(
  database: Database,
  columns: ReadonlySet<string>,
): Promise<{ readonly shards: readonly AnnotationEvidence[]; readonly reason: string | null }> {
  const join = await chooseJoin(database, columns);
  if (join === null)
    return {
      shards: [],
      reason: 'the annotations have neither the keys of the dataset nor as many rows',
    };
  await database.run(
    `create or replace temp table annotated as
     select ${join.annotation} as place, list(distinct ${textHash('caption')}) as captions
     from annotations where caption is not null and caption <> '' group by all`,
  );
  const sql = `select clips.shard_id::integer, clips.row_number::double, clips.own, annotated.captions,
       clips.own in (select unnest(captions) from annotated) as is_known
     from (select shard_id, row_number, ${textHash('caption')} as own, ${join.clip} as place from clips) as clips
     left join annotated on annotated.place = clips.place
     order by clips.shard_id, clips.row_number`;
  await database.fetchFor(sql);
  const result = await database.connection.stream(sql);
  const shards: AnnotationEvidence[] = [];
  let open: OpenShard | null = null;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const [shard, row, own, expected, isKnown] of chunk.convertRows((value) => value)) {
      const shardId = Number(shard);
      if (open === null || open.shardId !== shardId) {
        if (open !== null) shards.push(...closeShard(open));
        open = { shardId, rows: [], own: [], expected: [], isKnown: [] };
      }
      open.rows.push(Number(row));
      open.own.push(typeof own === 'number' ? own : Number.NaN);
      open.expected.push(hashesOf(expected));
      open.isKnown.push(isKnown === true);
    }
  }
  if (open !== null) shards.push(...closeShard(open));
  return {
    shards,
    reason: shards.length === 0 ? 'no shard has 20 rows that the annotations know' : null,
  };
}

type OpenShard = {
  readonly shardId: number;
  readonly rows: number[];
  readonly own: number[];
  readonly expected: (readonly number[])[];
  /** Whether the caption is that of any annotation. */
  readonly isKnown: boolean[];
};

async function chooseJoin(
  database: Database,
  columns: ReadonlySet<string>,
): Promise<{ readonly annotation: string; readonly clip: string } | null> {
  if (columns.has('key')) {
    const row: SqlRow = await database.row(
      `select avg((key in (select key from annotations))::integer)::double as known from clips`,
    );
    if (numberOf(row['known'] ?? 0) >= LEAST_KNOWN)
      return { annotation: 'key::varchar', clip: 'key::varchar' };
  }
  const counts = await database.row(
    `select (select count(*) from clips)::bigint as clips, (select count(*) from annotations)::bigint as annotations`,
  );
  const clips = numberOf(counts['clips']);
  const rows = numberOf(counts['annotations']);
  if (Math.abs(clips - rows) > Math.max(OFFSET_REACH, clips * 0.01)) return null;
  return {
    annotation: 'position',
    clip: '(row_number() over (order by shard_id, row_number) - 1)',
  };
}

function closeShard(shard: OpenShard): readonly AnnotationEvidence[] {
  const { rows, own, expected, isKnown, shardId } = shard;
  if (rows.length < LEAST_ROWS) return [];
  const matches = new Float32Array(rows.length * WIDTH).fill(Number.NaN);
  let pairs = 0;
  for (const [index, wanted] of expected.entries()) {
    if (wanted.length === 0) continue;
    pairs += 1;
    for (let place = 0; place < WIDTH; place += 1) {
      const other = index + place - OFFSET_REACH;
      const found = own[other];
      // A gap in the rows is no neighbour.
      if (found === undefined || rows[other] !== (rows[index] ?? 0) + place - OFFSET_REACH)
        continue;
      matches[index * WIDTH + place] = wanted.includes(found) ? 1 : 0;
    }
  }
  const isElsewhere = Uint8Array.from(isKnown, (known, index) =>
    known && matches[index * WIDTH + OFFSET_REACH] === 0 ? 1 : 0,
  );
  const table: Matches = { rowNumbers: Float64Array.from(rows), matches, isElsewhere };
  return [
    {
      shardId,
      pairs,
      rowNumbers: table.rowNumbers,
      fit: (clip, caption) => {
        const wanted = expected[clip] ?? [];
        return wanted.length === 0
          ? Number.NaN
          : wanted.includes(own[caption] ?? Number.NaN)
            ? 1
            : 0;
      },
      ...assessMatches(table, 'captions of the annotations'),
    },
  ];
}

function hashesOf(value: unknown): readonly number[] {
  const items: unknown =
    typeof value === 'object' && value !== null && 'items' in value ? value.items : value;
  return Array.isArray(items) ? items.filter((each) => typeof each === 'number') : [];
}
