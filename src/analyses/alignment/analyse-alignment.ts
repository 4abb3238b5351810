import { type Database, maybe, numberOf, textOf } from '../../engine/database.ts';
import type { AlignmentSummary } from '../../run/document.ts';
import { AlignmentLog } from './alignment-log.ts';
import { readAnnotationEvidence } from './annotation-evidence.ts';
import { createAlignmentTables } from './alignment-tables.ts';
import { assessShards, readShard, type ShardAssessment } from './assess-shard.ts';
import { bandsOfCues, readCues } from './cue-evidence.ts';
import { EmbeddingShard, type ShardEvidence } from './embedding-shard.ts';
import {
  type Featured,
  readCaptionsAround,
  readColouredRows,
  readEmbeddedRows,
} from './featured-shards.ts';
import { readAnnotatedMetadata, readMetadataEvidence } from './metadata-evidence.ts';
import { readModelWindows, type WindowEmbedder } from './model-windows.ts';
import type { Fit } from './name-reordering.ts';
import { readFit } from './read-fit.ts';
import { readVectors } from './read-vectors.ts';
import { bandsOfLengths } from './length-cue.ts';
import type { OffsetBand } from './offset-band.ts';
import { fanOutShare } from './source-order.ts';
import { bandsOfSources } from './source-words.ts';
import { bandsFromWords } from './words-band.ts';

type AlignmentPlan = {
  /** Columns of `clips` that the dataset really has. */
  readonly clipColumns: ReadonlySet<string>;
  /** Columns of `annotations`, the table that captions came from; null: none was given. */
  readonly annotations: ReadonlySet<string> | null;
  /** A dual encoder that the user named, null for none. */
  readonly embedder: WindowEmbedder | null;
};

/** Clips below which no map from words to features can be learnt. */
const LEAST_LEARNT = 60;

/**
 * Do the captions belong to the clips? Fills `alignment` and `alignment_segments` from whatever evidence the dataset has.
 * Where it has none, one row says why. Returns what the run document shows of it.
 */
export async function analyseAlignment(
  database: Database,
  plan: AlignmentPlan,
): Promise<readonly AlignmentSummary[]> {
  await createAlignmentTables(database);
  const captions = plan.clipColumns.has('caption') ? await readCaptionsAround(database) : [];
  const cues = await readCues(database, captions);
  const log = await AlignmentLog.begin(database, cues, plan.clipColumns.has('source_id'));
  const has = (column: string): boolean => plan.clipColumns.has(column);
  const isTold =
    has('clip_embedding') && has('text_embedding') && (await compareEmbeddings(database, log));
  if (plan.annotations !== null) await compareAnnotations(database, log, plan.annotations);
  if (plan.embedder !== null) await compareByModel(log, plan.embedder);
  if (!isTold && has('caption')) {
    if (has('clip_embedding')) {
      const rows = await readEmbeddedRows(database, 'clip_embedding');
      await compareWords(log, 'picture-words', 'caption', rows);
    } else
      await compareWords(
        log,
        'colour-words',
        'caption',
        await readColouredRows(database, captions),
      );
  }
  if (!has('caption') && !(has('clip_embedding') && has('text_embedding')))
    await log.nothing('embeddings', whyNothing(has, 'caption'));
  if (has('text_embedding') && has('caption')) {
    const rows = await readEmbeddedRows(database, 'text_embedding');
    await compareWords(log, 'caption-words', 'text embedding', rows);
  } else await log.nothing('caption-words', whyNothing(has, 'text_embedding', 'caption'));
  if (cues.shown.size > 0)
    await compareBands(log, 'cues', bandsOfCues(cues), 'no caption speaks of colours');
  if (has('source_id') && has('caption'))
    await compareBands(
      log,
      'source-words',
      await bandsOfSources(database),
      'no two sources of three clips stand one after the other',
    );
  if (has('caption') && (has('duration_s') || (has('start_s') && has('end_s'))))
    await compareBands(log, 'length', await bandsOfLengths(database), 'no clip has a duration');
  await compareMetadata(database, log, plan);
  return log.summaries;
}

function whyNothing(has: (column: string) => boolean, ...columns: readonly string[]): string {
  return `the dataset has no column for ${columns.filter((column) => !has(column)).join(' and ')}`;
}

/** Features that share no space with text, through a map that is learnt on other rows. */
async function compareWords(
  log: AlignmentLog,
  evidence: string,
  what: string,
  { dimension, shards }: Featured,
): Promise<void> {
  const rows = shards.reduce((sum, shard) => sum + shard.rows.length, 0);
  if (rows < LEAST_LEARNT) {
    await log.nothing(
      evidence,
      evidence === 'colour-words'
        ? `no embeddings, and ${rows} clips whose pictures were measured: at least ${LEAST_LEARNT} are needed`
        : `${rows} clips with embeddings are too few to learn from: at least ${LEAST_LEARNT} are needed`,
    );
    return;
  }
  const found = bandsFromWords(shards, dimension).map((band, index): ShardEvidence => ({
    shardId: shards[index]?.shardId ?? 0,
    rows: band.rows.length,
    rowNumbers: band.rows,
    // A share of mismatches would be that of words the map does not know.
    reading: { ...readShard(band), mismatch: null },
    whyNot: null,
    columns: {},
  }));
  await writeEvidence(log, evidence, what, found, assessShards(found.map((each) => each.reading)));
}

/** Bands over rows, or over the borders between sources, that no model was needed for. */
async function compareBands(
  log: AlignmentLog,
  evidence: string,
  bands: readonly { readonly shardId: number; readonly band: OffsetBand }[],
  whyEmpty: string,
): Promise<void> {
  const found = bands.map(({ shardId, band }): ShardEvidence => {
    const reading = readShard(band);
    return {
      shardId,
      rows: band.rows.length,
      rowNumbers: band.rows,
      // A row that does not stand out says nothing of whose its caption is.
      reading: {
        ...reading,
        mismatch: null,
        segments: reading.segments.filter((each) => each.offset !== null),
      },
      whyNot: band.rows.length === 0 ? whyEmpty : null,
      columns: {},
    };
  });
  await writeEvidence(
    log,
    evidence,
    'caption',
    found,
    assessShards(found.map((each) => each.reading)),
  );
}

/** Declared values against the media of the rows around. */
async function compareMetadata(
  database: Database,
  log: AlignmentLog,
  { clipColumns, annotations }: AlignmentPlan,
): Promise<void> {
  const measured = await readMetadataEvidence(database, clipColumns);
  // Media say best what a row declares; without any, the source annotations do.
  const shards =
    measured.length > 0 || annotations === null
      ? measured
      : await readAnnotatedMetadata(database, clipColumns, annotations);
  if (shards.length === 0)
    await log.nothing('metadata', 'no medium was measured, or nothing is declared about the media');
  for (const { shardId, assessment, fields, rowNumbers, profiles } of shards)
    await log.shard(
      {
        evidence: 'metadata',
        shardId,
        rowNumbers,
        rows: rowNumbers.length,
        pairs: rowNumbers.length,
        what: `declared ${fields.join(' and ')}`,
        profiles,
        columns: {},
      },
      assessment,
    );
}

/**
 * Embeddings of clip and caption in one space: the lag scan of every shard, in one pass over both columns. Returns whether any
 * shard could be told.
 */
async function compareEmbeddings(database: Database, log: AlignmentLog): Promise<boolean> {
  const repeated = await readRepeated(database);
  const found: ShardEvidence[] = [];
  const current: { shard: EmbeddingShard | null } = { shard: null };
  const close = (): void => {
    if (current.shard === null) return;
    const { shardId } = current.shard;
    const finished = current.shard.finish();
    found.push({
      shardId,
      ...finished,
      fitOf: async (from, to) => readFit(database, shardId, finished.rowNumbers.slice(from, to)),
    });
  };
  await readVectors(database, { left: 'clip_embedding', right: 'text_embedding' }, (row) => {
    if (current.shard?.shardId !== row.shardId) {
      close();
      current.shard = new EmbeddingShard(row.shardId, log.sizeOf(row.shardId));
    }
    // A caption on several clips is at home at one of them at most.
    current.shard.add(
      repeated.get(row.shardId)?.has(row.row) === true ? { ...row, right: null } : row,
    );
  });
  close();
  const assessments = assessShards(found.map((each) => each.reading));
  const noted: ShardEvidence[] = [];
  for (const [at, shard] of withMeanCosines(found).entries())
    noted.push(
      at < MOST_FAN_OUT_SHARDS
        ? await withFanOut(database, shard, repeated.get(shard.shardId))
        : shard,
    );
  await writeEvidence(log, 'embeddings', 'caption', noted, assessments);
  return assessments.some((each) => each.verdict !== 'not-assessable');
}

/** Captions against the table that they came from. */
async function compareAnnotations(
  database: Database,
  log: AlignmentLog,
  columns: ReadonlySet<string>,
): Promise<void> {
  const { shards, reason } = await readAnnotationEvidence(database, columns);
  if (reason !== null) await log.nothing('annotations', reason);
  for (const { shardId, rowNumbers, pairs, assessment, profiles, fit } of shards)
    await log.shard(
      {
        evidence: 'annotations',
        shardId,
        rowNumbers,
        rows: rowNumbers.length,
        pairs,
        what: 'caption',
        profiles,
        fitOf: async (from) => shiftFit(fit, from),
        columns: {},
      },
      assessment,
    );
}

/** The same fit, counted from another index. */
function shiftFit(fit: Fit | undefined, from: number): Fit | null {
  return fit === undefined ? null : (clip, caption) => fit(clip + from, caption + from);
}

/** Pictures and captions of windows of rows, through a model that the user named. */
async function compareByModel(log: AlignmentLog, embedder: WindowEmbedder): Promise<void> {
  const found = await readModelWindows(embedder, log.sizes);
  if (found.length === 0) await log.nothing('model', 'the dataset has no rows');
  await writeEvidence(
    log,
    'model',
    'caption',
    found,
    assessShards(found.map((each) => each.reading)),
  );
}

/** How the mean vectors of each shard lie to those of all others: another model has another direction. */
function withMeanCosines(shards: readonly ShardEvidence[]): readonly ShardEvidence[] {
  const cosines = (side: 'left' | 'right'): readonly (number | null)[] => {
    const length = shards.find((each) => each.sums !== undefined)?.sums?.[side].length ?? 0;
    const all = new Float64Array(length);
    for (const { sums } of shards)
      if (sums?.[side].length === length)
        for (let i = 0; i < length; i += 1) all[i] = (all[i] ?? 0) + (sums[side][i] ?? 0);
    return shards.map(({ sums }) => {
      const own = sums?.[side];
      if (own?.length !== length) return null;
      let cross = 0;
      let squares = 0;
      let rest = 0;
      for (let i = 0; i < length; i += 1) {
        const other = (all[i] ?? 0) - (own[i] ?? 0);
        cross += other * (own[i] ?? 0);
        squares += (own[i] ?? 0) ** 2;
        rest += other * other;
      }
      return squares > 0 && rest > 0 ? cross / Math.sqrt(squares * rest) : null;
    });
  };
  const left = cosines('left');
  const right = cosines('right');
  return shards.map((shard, index) => ({
    ...shard,
    columns: {
      ...shard.columns,
      left_mean_cosine: left[index] ?? null,
      right_mean_cosine: right[index] ?? null,
    },
  }));
}

/** Rows of a shard whose repeated captions are held against their clips. */
const MOST_FAN_OUT = 1_024;
/** Shards in which that is measured. */
const MOST_FAN_OUT_SHARDS = 20;

/** Captions on several clips are left out before anything is tested; how well they fit says what made them many. */
async function withFanOut(
  database: Database,
  shard: ShardEvidence,
  repeated: ReadonlySet<number> | undefined,
): Promise<ShardEvidence> {
  if (repeated === undefined || shard.fitOf === undefined || shard.reading.relation === null)
    return shard;
  const rows = shard.rowNumbers.subarray(0, MOST_FAN_OUT);
  const captions = await database.rows(
    `select row_number, caption_hash::varchar as caption from ledger
     where shard_id = ${shard.shardId} and row_number <= ${rows.at(-1) ?? 0}`,
  );
  const byRow = new Map(
    captions.map((row) => [numberOf(row['row_number']), maybe(row['caption'], textOf)]),
  );
  const fit = await shard.fitOf(0, rows.length);
  const share =
    fit === null
      ? null
      : fanOutShare(
          Array.from(rows, (row) => byRow.get(row) ?? null),
          fit,
        );
  const left = `${repeated.size.toLocaleString('en-US')} rows whose caption stands on other rows, too, were left out`;
  return {
    ...shard,
    note:
      share === null
        ? left
        : `${left}: they fit their clips ${share.toFixed(2)} times as well as the others`,
    columns: { ...shard.columns, fan_out_rows: repeated.size, fan_out_fit: share },
  };
}

/** Rows whose caption stands on other rows, too; none where most do, because templates are no mistake. */
async function readRepeated(database: Database): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
  const repeated = `caption_hash in (select caption_hash from ledger group by caption_hash having count(*) > 1)`;
  const counts = await database.row(
    `select count(*) filter (where ${repeated}) as n, count(*) as total from ledger`,
  );
  const found = new Map<number, Set<number>>();
  if (numberOf(counts['n']) > 0.5 * numberOf(counts['total'])) return found;
  const rows = await database.rows(`select shard_id, row_number from ledger where ${repeated}`);
  for (const row of rows) {
    const shardId = numberOf(row['shard_id']);
    const shard = found.get(shardId) ?? new Set<number>();
    found.set(shardId, shard);
    shard.add(numberOf(row['row_number']));
  }
  return found;
}

/** Writes what the shards say; `what` names what stands in the wrong row. */
async function writeEvidence(
  log: AlignmentLog,
  evidence: string,
  what: string,
  shards: readonly ShardEvidence[],
  assessments: readonly ShardAssessment[],
): Promise<void> {
  for (const [index, shard] of shards.entries()) {
    const assessment = assessments[index];
    if (assessment === undefined) continue;
    const { reading, shardId, rows, rowNumbers } = shard;
    await log.shard(
      {
        evidence,
        shardId,
        rowNumbers,
        rows,
        pairs: reading.pairs,
        what,
        profiles: reading.profiles,
        isUnrelated: reading.relation === null && reading.pairs >= LEAST_LEARNT,
        ...(shard.fitOf === undefined ? {} : { fitOf: shard.fitOf }),
        columns: {
          d_prime: reading.dPrime,
          t2_k: reading.shift.offset,
          mismatch_low: reading.mismatch?.low ?? null,
          mismatch_high: reading.mismatch?.high ?? null,
          ...shard.columns,
        },
      },
      { ...assessment, reason: shard.whyNot ?? joinReasons(assessment.reason, shard.note) },
    );
  }
}

function joinReasons(...reasons: readonly (string | null | undefined)[]): string | null {
  const told = reasons.filter((reason) => reason !== null && reason !== undefined);
  return told.length === 0 ? null : told.join('; ');
}
