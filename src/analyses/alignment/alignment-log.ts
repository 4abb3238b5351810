import { quoteIdentifier } from '../../dataset/sql-quote.ts';
import { type Database, maybe, numberOf, textOf } from '../../engine/database.ts';
import type { AlignmentSummary } from '../../run/document.ts';
import { insertAlignment } from './alignment-tables.ts';
import type { ShardAssessment } from './assess-shard.ts';
import { type Cues, explainByCues } from './cue-evidence.ts';
import { describeCertainty, describeMechanism, describePlace } from './describe-segment.ts';
import type { LagProfile } from './lag-profile.ts';
import { type Fit, nameReordering, type Reordering } from './name-reordering.ts';
import { readShardNames, readShardSizes } from './read-vectors.ts';
import type { Segment } from './segment-scan.ts';
import { findSourceFault, type SourceFault } from './source-order.ts';

/** Alarms of a kind of evidence that the run document shows; the tables have all of them. */
const MOST_ALARMS = 20;
/** Rows of a stretch whose order is looked into. */
const MOST_REORDERED = 4_096;
/** Rows of a shard whose sources are looked into: some hundred sources. */
const MOST_SOURCE_ROWS = 1_536;
/** Shards without any relation that an order is looked for in. */
const MOST_LOOKED_INTO = 20;
/** Misplaced stretches of a shard that no single shift explains. */
const MANY_PIECES = 3;
/** Shards without an alarm that are shown of each kind of evidence. */
const MOST_QUIET = 2;

/** A shard as one kind of evidence saw it. */
type LoggedShard = {
  readonly evidence: string;
  readonly shardId: number;
  /** Row in the shard of each index that segments speak of. */
  readonly rowNumbers: Float64Array;
  readonly rows: number;
  readonly pairs: number;
  /** What stands in the wrong row, singular. */
  readonly what: string;
  /** Over the whole shard, then over each segment of the reading. */
  readonly profiles: readonly LagProfile[];
  /** How clips and captions of the rows from one index to another fit, both from 0; null where that cannot be told. */
  readonly fitOf?: (from: number, to: number) => Promise<Fit | null>;
  /** Whether no relation was seen at any offset. */
  readonly isUnrelated?: boolean;
  /** More columns of `alignment`. */
  readonly columns: Readonly<Record<string, string | number | null>>;
};

/** Writes what the evidence says into `alignment` and `alignment_segments`, and keeps what the run document shows of it. */
export class AlignmentLog {
  readonly #database: Database;
  readonly #names: ReadonlyMap<number, string>;
  readonly #sizes: ReadonlyMap<number, number>;
  readonly #summaries: AlignmentSummary[] = [];
  readonly #counts = new Map<string, number>();
  #lookedInto = 0;
  #sourcesLookedInto = 0;

  readonly #cues: Cues;
  /** Whether rows name the source that their clip was cut from. */
  readonly #hasSources: boolean;

  private constructor(
    database: Database,
    cues: Cues,
    hasSources: boolean,
    names: ReadonlyMap<number, string>,
    sizes: ReadonlyMap<number, number>,
  ) {
    this.#database = database;
    this.#cues = cues;
    this.#hasSources = hasSources;
    this.#names = names;
    this.#sizes = sizes;
  }

  static async begin(database: Database, cues: Cues, hasSources: boolean): Promise<AlignmentLog> {
    return new AlignmentLog(
      database,
      cues,
      hasSources,
      await readShardNames(database),
      await readShardSizes(database),
    );
  }

  /** For the run document: alarms first, in the order of evidence and shards. */
  get summaries(): readonly AlignmentSummary[] {
    return [
      ...this.#summaries.filter((each) => each.stretch !== null),
      ...this.#summaries.filter((each) => each.stretch === null),
    ];
  }

  /** Rows of each shard. */
  get sizes(): ReadonlyMap<number, number> {
    return this.#sizes;
  }

  sizeOf(shardId: number): number {
    return this.#sizes.get(shardId) ?? 0;
  }

  nameOf(shardId: number): string {
    return this.#names.get(shardId) ?? String(shardId);
  }

  /** A kind of evidence that the dataset has nothing for. */
  async nothing(evidence: string, reason: string): Promise<void> {
    await insertAlignment(this.#database, 'alignment', {
      evidence,
      rows: 0,
      pairs: 0,
      verdict: 'not-assessable',
      reason,
    });
    this.#show({
      shard: null,
      evidence,
      verdict: 'not-assessable',
      reason,
      pairs: 0,
      stretch: null,
      lags: [],
      histogram: null,
    });
  }

  async shard(shard: LoggedShard, told: ShardAssessment): Promise<void> {
    const name = this.nameOf(shard.shardId);
    const ordered = await this.#lookForOrder(shard, told);
    const fault = await this.#lookAtSources(shard, ordered);
    const assessment: ShardAssessment =
      fault === null
        ? ordered
        : {
            verdict: 'unaligned-block',
            segments: [
              {
                from: fault.rows[0] ?? 0,
                to: (fault.rows.at(-1) ?? 0) + 1,
                offset: null,
                gain: 0,
                p: fault.p,
              },
            ],
            shiftP: fault.p,
            reason: null,
          };
    await insertAlignment(this.#database, 'alignment', {
      shard_id: shard.shardId,
      shard: name,
      evidence: shard.evidence,
      rows: shard.rows,
      pairs: shard.pairs,
      verdict: assessment.verdict,
      reason: assessment.reason,
      t2_p: assessment.shiftP,
      ...shard.columns,
    });
    const [whole, ...parts] = shard.profiles;
    const nothing: LagProfile = { lags: [], histogram: null };
    const common = {
      shard: name,
      evidence: shard.evidence,
      verdict: assessment.verdict,
      reason: assessment.reason,
      pairs: shard.pairs,
    };
    if (assessment.segments.length === 0)
      this.#show({ ...common, stretch: null, ...(whole ?? nothing) });
    for (const [index, segment] of assessment.segments.entries()) {
      const stretch = await this.#segment(shard, assessment, segment, fault);
      // Profiles of parts are those of the reading's own segments, which a fault of the source replaces.
      const isPart = fault === null && (Number.isFinite(segment.to) || segment.from > 0);
      const profile = isPart ? (parts[index] ?? whole) : whole;
      this.#show({ ...common, stretch, ...(profile ?? nothing) });
    }
  }

  #show(summary: AlignmentSummary): void {
    const kind = `${summary.evidence} ${summary.stretch === null}`;
    const shown = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, shown + 1);
    if (shown < (summary.stretch === null ? MOST_QUIET : MOST_ALARMS))
      this.#summaries.push(summary);
  }

  async #segment(
    shard: LoggedShard,
    assessment: ShardAssessment,
    segment: Segment,
    fault: SourceFault | null,
  ): Promise<NonNullable<AlignmentSummary['stretch']>> {
    const name = this.nameOf(shard.shardId);
    const at = (index: number): number => shard.rowNumbers[index] ?? 0;
    const size = this.#sizes.get(shard.shardId) ?? at(shard.rowNumbers.length - 1) + 1;
    const stretch = {
      shard: name,
      from: segment.from === 0 ? 0 : at(segment.from),
      to:
        Number.isFinite(segment.to) && segment.to < shard.rowNumbers.length ? at(segment.to) : size,
      rows: size,
      offset: segment.offset,
    };
    const first =
      segment.start === undefined || segment.from === 0
        ? null
        : ([at(segment.start[0]), at(segment.start[1])] as const);
    const certainty = describeCertainty(segment.gain, segment.p ?? assessment.shiftP, first);
    const place = fault === null ? describePlace(stretch) : `${fault.place} in ${name}`;
    const mechanism =
      fault !== null
        ? fault.what
        : assessment.verdict === 'unrelated' && assessment.reason !== null
          ? `the shard ${assessment.reason}: its ${shard.what}s are of other clips`
          : ((await this.#nameOrder(shard, segment))?.what ??
            describeMechanism(stretch, shard.what));
    const cue = /^caption-words$|^metadata$/.test(shard.evidence)
      ? null
      : explainByCues(this.#cues, shard.shardId, stretch);
    await insertAlignment(this.#database, 'alignment_segments', {
      shard_id: shard.shardId,
      shard: name,
      evidence: shard.evidence,
      verdict: segment.offset === null ? 'unaligned' : 'shifted',
      from_row: stretch.from,
      to_row: stretch.to,
      from_low: first?.[0] ?? stretch.from,
      from_high: first?.[1] ?? stretch.from,
      k: segment.offset,
      gain: segment.gain === 0 ? null : segment.gain,
      place,
      mechanism,
      certainty,
      affected_rows: fault?.rows.length ?? stretch.to - stretch.from,
      row_number: stretch.from,
      cue,
      ...(await this.#neighbours(shard.shardId, stretch.from)),
    });
    return {
      fromRow: stretch.from,
      toRow: stretch.to,
      offset: segment.offset,
      sentence: `${place} ${mechanism}${cue === null ? '' : `; ${cue}`}`,
      certainty,
    };
  }

  /** A shard without any relation nearby may be out of order as a whole: then one known step puts it right. */
  async #lookForOrder(shard: LoggedShard, told: ShardAssessment): Promise<ShardAssessment> {
    if (shard.isUnrelated !== true || told.segments.length > 0) return told;
    if (this.#lookedInto >= MOST_LOOKED_INTO) return told;
    this.#lookedInto += 1;
    const whole = { from: 0, to: Number.POSITIVE_INFINITY, offset: null, gain: 0 };
    const found = await this.#nameOrder(shard, whole);
    // As many shards as may be looked into are as many chances of a false alarm.
    const p = (found?.p ?? 1) * Math.min(MOST_LOOKED_INTO, this.#sizes.size);
    if (found === null || p >= 0.01) return told;
    return { verdict: 'unaligned-block', segments: [whole], shiftP: p, reason: null };
  }

  /** Captions may stand wrong by their place in the source, which no neighbourhood of rows shows. */
  async #lookAtSources(shard: LoggedShard, told: ShardAssessment): Promise<SourceFault | null> {
    if (!this.#hasSources || shard.fitOf === undefined) return null;
    // A plain shift is one; many pieces at several offsets are what sorting inside sources leaves behind.
    if (told.verdict === 'shifted' && told.segments.length < MANY_PIECES) return null;
    if (this.#sourcesLookedInto >= MOST_LOOKED_INTO) return null;
    this.#sourcesLookedInto += 1;
    const to = Math.min(shard.rowNumbers.length, MOST_SOURCE_ROWS);
    const fit = await shard.fitOf(0, to);
    if (fit === null) return null;
    const rows = await this.#database.rows(
      `select row_number, source_id::varchar as source from clips
       where shard_id = ${shard.shardId} and row_number <= ${shard.rowNumbers[to - 1] ?? 0}`,
    );
    const sources = new Map(
      rows.map((row) => [numberOf(row['row_number']), maybe(row['source'], textOf)]),
    );
    const found = findSourceFault(
      Array.from(shard.rowNumbers.subarray(0, to), (row) => sources.get(row) ?? null),
      fit,
    );
    // Each shard that is looked into is a chance of a false alarm.
    const p = (found?.p ?? 1) * Math.min(MOST_LOOKED_INTO, this.#sizes.size);
    return found === null || p >= 0.01 ? null : { ...found, p };
  }

  /** Which step brought the captions of a stretch out of order; null if they are not, or no known one did. */
  async #nameOrder(shard: LoggedShard, segment: Segment): Promise<Reordering | null> {
    if (segment.offset !== null || shard.fitOf === undefined) return null;
    const to = Math.min(segment.to, shard.rowNumbers.length, segment.from + MOST_REORDERED);
    const fit = await shard.fitOf(segment.from, to);
    if (fit === null) return null;
    const first = shard.rowNumbers[segment.from] ?? 0;
    const last = shard.rowNumbers[to - 1] ?? 0;
    const rows = await this.#database.rows(
      `select row_number, ${quoteIdentifier('key')} from clips
       where shard_id = ${shard.shardId} and row_number between ${first} and ${last}`,
    );
    const keys = new Map(
      rows.map((row) => [numberOf(row['row_number']), maybe(row['key'], textOf)]),
    );
    const names = Array.from(
      shard.rowNumbers.subarray(segment.from, to),
      (row) => keys.get(row) ?? null,
    );
    return nameReordering(to - segment.from, names, fit);
  }

  /** Keys and captions of a row and of those beside it. */
  async #neighbours(
    shardId: number,
    row: number,
  ): Promise<Readonly<Record<string, string | null>>> {
    const rows = await this.#database.rows(
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
}
