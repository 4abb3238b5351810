import { quoteIdentifier } from '../../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, textOf } from '../../engine/database.ts';
import { createAlignmentTables, insertAlignment } from './alignment-tables.ts';
import { assessShards, readShard, type ShardAssessment } from './assess-shard.ts';
import { describeMechanism, describePlace } from './describe-segment.ts';
import { EmbeddingShard, type ShardEvidence } from './embedding-shard.ts';
import { type Featured, readColouredRows, readEmbeddedRows } from './featured-shards.ts';
import { readMetadataEvidence } from './metadata-evidence.ts';
import { readShardNames, readShardSizes, readVectors } from './read-vectors.ts';
import type { Segment } from './segment-scan.ts';
import { bandsFromWords } from './words-band.ts';

export type AlignmentPlan = {
  /** Columns of `clips` that the dataset really has. */
  readonly clipColumns: ReadonlySet<string>;
};

/** Clips below which no map from words to features can be learnt. */
const LEAST_LEARNT = 60;

/**
 * Do the captions belong to the clips? Fills `alignment` and `alignment_segments` from whatever evidence the dataset has.
 * Where it has none, one row says why.
 */
export async function analyseAlignment(database: Database, plan: AlignmentPlan): Promise<void> {
  await createAlignmentTables(database);
  const has = (column: string): boolean => plan.clipColumns.has(column);
  const isTold =
    has('clip_embedding') && has('text_embedding') && (await compareEmbeddings(database));
  if (!isTold && has('caption')) {
    if (has('clip_embedding')) {
      const rows = await readEmbeddedRows(database, 'clip_embedding');
      await compareWords(database, 'picture-words', 'caption', rows);
    } else
      await compareWords(database, 'colour-words', 'caption', await readColouredRows(database));
  }
  if (!has('caption') && !(has('clip_embedding') && has('text_embedding')))
    await writeNothing(database, 'embeddings', whyNothing(has, 'caption'));
  if (has('text_embedding') && has('caption')) {
    const rows = await readEmbeddedRows(database, 'text_embedding');
    await compareWords(database, 'caption-words', 'text embedding', rows);
  } else
    await writeNothing(database, 'caption-words', whyNothing(has, 'text_embedding', 'caption'));
  await compareMetadata(database, plan.clipColumns);
}

function whyNothing(has: (column: string) => boolean, ...columns: readonly string[]): string {
  return `the dataset has no column for ${columns.filter((column) => !has(column)).join(' and ')}`;
}

async function writeNothing(database: Database, evidence: string, reason: string): Promise<void> {
  await insertAlignment(database, 'alignment', {
    evidence,
    rows: 0,
    pairs: 0,
    verdict: 'not-assessable',
    reason,
  });
}

/** Features that share no space with text, through a map that is learnt on other rows. */
async function compareWords(
  database: Database,
  evidence: string,
  what: string,
  { dimension, shards }: Featured,
): Promise<void> {
  const rows = shards.reduce((sum, shard) => sum + shard.rows.length, 0);
  if (rows < LEAST_LEARNT) {
    await writeNothing(
      database,
      evidence,
      evidence === 'colour-words'
        ? `no embeddings, and ${rows} clips whose pictures were measured: at least ${LEAST_LEARNT} are needed`
        : `${rows} clips with embeddings are too few to learn from: at least ${LEAST_LEARNT} are needed`,
    );
    return;
  }
  const names = await readShardNames(database);
  const found = bandsFromWords(shards, dimension).map((band, index): ShardEvidence => {
    const shardId = shards[index]?.shardId ?? 0;
    return {
      shardId,
      shard: names.get(shardId) ?? String(shardId),
      rows: band.rows.length,
      rowNumbers: band.rows,
      // A share of mismatches would be that of words the map does not know.
      reading: { ...readShard(band), mismatch: null },
      whyNot: null,
      columns: {},
    };
  });
  await writeEvidence(
    database,
    evidence,
    what,
    found,
    assessShards(found.map((each) => each.reading)),
  );
}

/** Declared values against the media of the rows around. */
async function compareMetadata(database: Database, columns: ReadonlySet<string>): Promise<void> {
  const shards = await readMetadataEvidence(database, columns);
  if (shards.length === 0)
    await writeNothing(
      database,
      'metadata',
      'no medium was measured, or nothing is declared about the media',
    );
  const sizes = await readShardSizes(database);
  for (const shard of shards) {
    const { assessment, fields, rowNumbers } = shard;
    const pairs = rowNumbers.length;
    await insertAlignment(database, 'alignment', {
      shard_id: shard.shardId,
      shard: shard.shard,
      evidence: 'metadata',
      rows: pairs,
      pairs,
      verdict: assessment.verdict,
      reason: assessment.reason,
    });
    for (const segment of assessment.segments)
      await writeSegment(
        database,
        'metadata',
        `declared ${fields.join(' and ')}`,
        shard,
        assessment,
        segment,
        sizes,
      );
  }
}

/**
 * Embeddings of clip and caption in one space: the lag scan of every shard, in one pass over both columns. Returns whether any
 * shard could be told.
 */
async function compareEmbeddings(database: Database): Promise<boolean> {
  const names = await readShardNames(database);
  const sizes = await readShardSizes(database);
  const found: ShardEvidence[] = [];
  const current: { shard: EmbeddingShard | null } = { shard: null };
  const close = (): void => {
    if (current.shard === null) return;
    const { shardId } = current.shard;
    found.push({
      shardId,
      shard: names.get(shardId) ?? String(shardId),
      ...current.shard.finish(),
    });
  };
  await readVectors(database, { left: 'clip_embedding', right: 'text_embedding' }, (row) => {
    if (current.shard?.shardId !== row.shardId) {
      close();
      current.shard = new EmbeddingShard(row.shardId, sizes.get(row.shardId) ?? 0);
    }
    current.shard.add(row);
  });
  close();
  const assessments = assessShards(found.map((each) => each.reading));
  await writeEvidence(database, 'embeddings', 'caption', found, assessments);
  return assessments.some((each) => each.verdict !== 'not-assessable');
}

/** Writes what the shards say; `what` names what stands in the wrong row. */
async function writeEvidence(
  database: Database,
  evidence: string,
  what: string,
  shards: readonly ShardEvidence[],
  assessments: readonly ShardAssessment[],
): Promise<void> {
  const sizes = await readShardSizes(database);
  for (const [index, shard] of shards.entries()) {
    const assessment = assessments[index];
    if (assessment === undefined) continue;
    const { reading } = shard;
    await insertAlignment(database, 'alignment', {
      shard_id: shard.shardId,
      shard: shard.shard,
      evidence,
      rows: shard.rows,
      pairs: reading.pairs,
      d_prime: reading.dPrime,
      t2_k: reading.shift.offset,
      t2_p: assessment.shiftP,
      verdict: assessment.verdict,
      reason: shard.whyNot ?? assessment.reason,
      mismatch_low: reading.mismatch?.low ?? null,
      mismatch_high: reading.mismatch?.high ?? null,
      ...shard.columns,
    });
    for (const segment of assessment.segments)
      await writeSegment(database, evidence, what, shard, assessment, segment, sizes);
  }
}

async function writeSegment(
  database: Database,
  evidence: string,
  what: string,
  shard: Pick<ShardEvidence, 'shardId' | 'shard' | 'rowNumbers'>,
  assessment: ShardAssessment,
  segment: Segment,
  sizes: ReadonlyMap<number, number>,
): Promise<void> {
  const at = (index: number): number => shard.rowNumbers[index] ?? 0;
  const size = sizes.get(shard.shardId) ?? at(shard.rowNumbers.length - 1) + 1;
  const to =
    Number.isFinite(segment.to) && segment.to < shard.rowNumbers.length ? at(segment.to) : size;
  const stretch = {
    shard: shard.shard,
    from: segment.from === 0 ? 0 : at(segment.from),
    to,
    rows: size,
    offset: segment.offset,
  };
  await insertAlignment(database, 'alignment_segments', {
    shard_id: shard.shardId,
    shard: shard.shard,
    evidence,
    verdict: segment.offset === null ? 'unaligned' : 'shifted',
    from_row: stretch.from,
    to_row: stretch.to,
    k: segment.offset,
    gain: segment.gain === 0 ? null : segment.gain,
    place: describePlace(stretch),
    mechanism:
      assessment.verdict === 'unrelated' && assessment.reason !== null
        ? `the shard ${assessment.reason}: its ${what}s are of other clips`
        : describeMechanism(stretch, what),
    affected_rows: stretch.to - stretch.from,
    row_number: stretch.from,
    ...(await neighbours(database, shard.shardId, stretch.from)),
  });
}

/** Keys and captions of a row and of those beside it. */
async function neighbours(
  database: Database,
  shardId: number,
  row: number,
): Promise<Readonly<Record<string, string | null>>> {
  const rows = await database.rows(
    `select row_number, ${quoteIdentifier('key')}, caption from clips
     where shard_id = ${shardId} and row_number between ${row - 1} and ${row + 1}`,
  );
  const at = (number: number, column: string): string | null =>
    maybe(rows.find((each) => numberOf(each['row_number']) === number)?.[column], textOf);
  return {
    key: at(row, 'key'),
    key_before: at(row - 1, 'key'),
    key_after: at(row + 1, 'key'),
    caption: at(row, 'caption'),
    caption_before: at(row - 1, 'caption'),
    caption_after: at(row + 1, 'caption'),
  };
}
