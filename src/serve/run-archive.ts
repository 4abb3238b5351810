import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { ShardFile } from '../dataset/shard-file.ts';
import { findMedium, type HeldMedia } from '../dataset/embedded/held-media.ts';
import { openStored } from '../dataset/embedded/stored-embedded.ts';
import type { MediaPath } from '../dataset/media-path.ts';
import { quoteLiteral } from '../dataset/sql-quote.ts';
import { compressedContainer } from '../dataset/tar/compressed-container.ts';
import { HeldMembers } from '../dataset/tar/held-members.ts';
import { isUrl } from '../media/medium-text.ts';
import { accessOfRun } from '../stores/parse-access.ts';
import { Database, maybe, numberOf, type SqlRow, textOf } from '../engine/database.ts';
import { DEFAULT_STORE_ACCESS, type StoreAccess } from '../stores/access.ts';
import type { Finding, RunDocument } from '../run/document.ts';
import { findingOf, readDocument } from '../run/read-run.ts';
import { compileFilter } from './findings-filter.ts';

/** A clip of a run, and the numbers under which its media are asked for. */
export type StoredClip = {
  readonly key: string;
  readonly shard: string;
  readonly rowNumber: number;
  readonly caption: string | null;
  readonly media: readonly StoredMedium[];
};

/** A medium that the run names: its row in clips.parquet, the column that names it, and the path as the manifest has it. */
export type StoredMedium = {
  readonly number: number;
  readonly medium: string;
  readonly path: string;
};

/** Some of the findings that a filter keeps. */
type FindingsPage = {
  readonly total: number;
  /** How many the filter keeps of each rule, most first. */
  readonly rules: readonly { readonly rule: string; readonly count: number }[];
  readonly findings: readonly Finding[];
};

/** Errors first, then by rule and place: the order of the pages. */
const ORDER = `case severity when 'error' then 0 when 'warning' then 1 else 2 end, rule_id, shard, row_number, key, fingerprint`;

/** Findings of one clip that are shown. */
const MOST_OF_CLIP = 200;

/** A run folder that is asked for a few rows at a time. */
export class RunArchive {
  readonly folder: string;
  readonly run: RunDocument;
  /** How media behind URLs are asked for. */
  readonly access: StoreAccess;
  readonly #database: Database;
  /** Media inside of the shards of the run; null: all are files. */
  readonly #held: HeldMedia | null;
  /** Compressed tars whose members were asked for, by the names that texts begin with. */
  readonly #tars = new Map<string, ShardFile>();
  #members: HeldMembers | null = null;

  private constructor(folder: string, run: RunDocument, database: Database, own: StoreAccess) {
    this.folder = folder;
    this.run = run;
    this.access = accessOfRun(run.dataset.stores, own);
    this.#database = database;
    const { embedded, shards, format } = run.dataset;
    this.#held =
      embedded === undefined ? null : openStored(database.connection, embedded, shards, format);
  }

  /**
   * @param own - What the user says of stores: the run may come from elsewhere.
   * @throws {DailiesError} usage, if it is no run folder of this release.
   */
  static async open(folder: string, own: StoreAccess = DEFAULT_STORE_ACCESS): Promise<RunArchive> {
    const run = await readDocument(folder);
    const database = await Database.open({
      memoryLimit: '1GB',
      threads: 2,
    });
    const parquet = (name: string, more = ''): string =>
      `read_parquet(${quoteLiteral(join(folder, name))}${more})`;
    await database.run(`create view findings as select * from ${parquet('findings.parquet')}`);
    await database.run(
      existsSync(join(folder, 'clips.parquet'))
        ? `create view clips as select *, file_row_number as number from ${parquet('clips.parquet', ', file_row_number = true')}`
        : `create view clips as select * from (select null::varchar as key, null::varchar as shard, null::bigint as row_number,
             null::varchar as medium, null::varchar as path, null::varchar as caption, null::bigint as number) limit 0`,
    );
    return new RunArchive(folder, run, database, own);
  }

  /** How many findings there are. */
  async countFindings(): Promise<number> {
    const row = await this.#database.row('select count(*) as n from findings');
    return numberOf(row['n']);
  }

  /** Findings `from` to `from + count` of those that the filter keeps. */
  async findings(query: string, from: number, count: number): Promise<FindingsPage> {
    const { where, parameters } = compileFilter(query);
    const rules = await this.#database.rows(
      `select rule_id, count(*) as count from findings where ${where} group by rule_id order by count desc, rule_id`,
      parameters,
    );
    const rows = await this.#database.rows(
      `select * from findings where ${where} order by ${ORDER} limit ${Math.trunc(count)} offset ${Math.trunc(from)}`,
      parameters,
    );
    const counts = rules.map((row) => ({
      rule: textOf(row['rule_id']),
      count: numberOf(row['count']),
    }));
    return {
      total: counts.reduce((sum, each) => sum + each.count, 0),
      rules: counts,
      findings: rows.map(findingOf),
    };
  }

  /** Findings about the clip in a row of a shard. */
  async findingsOf(shard: string, rowNumber: number): Promise<readonly Finding[]> {
    const rows = await this.#database.rows(
      `select * from findings where shard = $shard and row_number = $row order by ${ORDER} limit ${MOST_OF_CLIP}`,
      { shard, row: BigInt(rowNumber) },
    );
    return rows.map(findingOf);
  }

  async clip(shard: string, rowNumber: number): Promise<StoredClip | null> {
    const rows = await this.#database.rows(
      'select * from clips where shard = $shard and row_number = $row order by number',
      { shard, row: BigInt(rowNumber) },
    );
    return toClip(rows);
  }

  /** The first clip with this key. */
  async clipByKey(key: string): Promise<StoredClip | null> {
    const rows = await this.#database.rows(
      `select * from clips where key = $key qualify dense_rank() over (order by shard, row_number) = 1 order by number`,
      { key },
    );
    return toClip(rows);
  }

  /** Where a medium lies, if it lies under the media root of the run; null for numbers that the run does not name. */
  async mediaPath(number: number): Promise<MediaPath | null> {
    const root = this.run.dataset.mediaRoot;
    const [row] = await this.#database.rows('select path from clips where number = $number', {
      number: BigInt(number),
    });
    if (root === null || row === undefined) return null;
    const text = maybe(row['path'], textOf);
    const base = isUrl(root) ? root : resolve(root);
    const tar = text === null || isUrl(base) ? null : compressedContainer(base, text);
    if (tar === null) {
      await this.#held?.hold([text]);
      return findMedium(base, this.#held, text);
    }
    // A member of a compressed tar has no place of its own: it is taken out when it is asked for.
    this.#tars.set(tar.name, tar);
    this.#members ??= new HeldMembers(this.#database.connection, this.#tars);
    await this.#members.hold([text]);
    return findMedium(base, this.#members, text);
  }

  close(): void {
    this.#database.close();
  }
}

function toClip(rows: readonly SqlRow[]): StoredClip | null {
  const [first] = rows;
  if (first === undefined) return null;
  return {
    key: maybe(first['key'], textOf) ?? '',
    shard: textOf(first['shard']),
    rowNumber: numberOf(first['row_number']),
    caption: maybe(first['caption'], textOf),
    media: rows.flatMap((row) => {
      const path = maybe(row['path'], textOf);
      return path === null
        ? []
        : [{ number: numberOf(row['number']), medium: textOf(row['medium']), path }];
    }),
  };
}
