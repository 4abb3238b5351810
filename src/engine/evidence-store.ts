import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { createTableSql, type TableColumns } from '../dataset/table-columns.ts';
import {
  EVIDENCE_KEY_COLUMNS,
  EVIDENCE_TABLES,
  type EvidenceTable,
  isEvidenceTable,
  MEDIA_ERROR_CODES,
} from '../probes/evidence-tables.ts';
import { type Database, numberOf, textOf } from './database.ts';
import { insertRows } from './insert-rows.ts';
import { toJsonLine } from './json-line.ts';
import type { ProbeVerdict } from './task.ts';

/** Raised when a probe measures differently, so that older evidence is not reused. */
const PROBE_VERSIONS: Readonly<Record<EvidenceTable, number>> = {
  files: 1,
  containers: 1,
  packets: 1,
  frames: 21,
  audio: 1,
  images: 5,
  latents: 2,
};

/** What decides whether old evidence of a table still answers: frames differ by tier and decoder. */
type EvidenceVariant = { readonly tier: string; readonly decoder: string };

/**
 * Evidence by content identity, kept between runs as append-only JSON lines: one segment a run and table.
 * A line is written once its verdict is known, so a killed run loses nothing that was finished.
 */
export class EvidenceStore {
  readonly folder: string;
  readonly #runId: string;
  readonly #variant: EvidenceVariant;
  readonly #streams = new Map<string, WriteStream>();

  constructor(folder: string, runId: string, variant: EvidenceVariant) {
    this.folder = folder;
    this.#runId = runId;
    this.#variant = variant;
  }

  /** Of the wanted tables, those each identity has not been looked at for yet. */
  async missing(
    database: Database,
    identities: string,
    wants: readonly EvidenceTable[],
  ): Promise<ReadonlyMap<string, readonly EvidenceTable[]>> {
    const segments = await this.#segments('looked');
    const folders = wants.map((table) => this.#folderOf(table));
    const looked =
      segments.length === 0
        ? 'select null::varchar as identity, null::varchar as looked limit 0'
        : `select identity, unnest(tables) as looked from ${readJson(segments, { identity: 'VARCHAR', tables: 'VARCHAR[]' })}`;
    const rows = await database.rows(
      `with wanted as (
         select distinct identity, unnest([${folders.map(quoteLiteral).join(', ')}]) as looked
         from ${identities} where identity is not null),
       done as (${looked})
       select identity, list(looked order by looked) as tables from wanted
       where not exists (select 1 from done where done.identity = wanted.identity and done.looked = wanted.looked)
       group by identity order by identity`,
    );
    return new Map(
      rows.map((row) => {
        const missing = new Set(Array.isArray(row['tables']) ? row['tables'].map(String) : []);
        return [
          textOf(row['identity']),
          wants.filter((table) => missing.has(this.#folderOf(table))),
        ];
      }),
    );
  }

  /** Keeps what came of a task, as far as the tool did its part. */
  async append(
    identity: string,
    wants: readonly EvidenceTable[],
    verdict: ProbeVerdict,
  ): Promise<void> {
    if (verdict.outcome === 'bad') return;
    const looked = wants.filter((table) => !isToolFault(verdict.evidence[table]));
    for (const table of looked) {
      const row = verdict.evidence[table];
      if (row !== undefined) await this.#write(this.#folderOf(table), { identity, ...row });
    }
    await this.#write('looked', { identity, tables: looked.map((table) => this.#folderOf(table)) });
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) {
      stream.end();
      await finished(stream);
    }
    this.#streams.clear();
  }

  /** Creates the evidence tables and fills them for the media in `media (clip_id, medium, identity)`. */
  async load(database: Database, media: string, wants: readonly EvidenceTable[]): Promise<void> {
    for (const table of wants) {
      const segments = await this.#segments(this.#folderOf(table));
      if (segments.length === 0) continue;
      const columns = Object.entries(EVIDENCE_TABLES[table]);
      const types = Object.fromEntries(columns.map(([name, column]) => [name, column.type]));
      const list = columns.map(([name]) => `seen.${quoteIdentifier(name)}`).join(', ');
      await database.run(
        `insert into ${table}
         with seen as (
           select * from ${readJson(segments, { identity: 'VARCHAR', ...types })}
           where identity in (select identity from ${media})
           qualify row_number() over (partition by identity order by filename desc) = 1)
         select media.clip_id, media.medium, ${list} from ${media} as media join seen using (identity)`,
      );
    }
  }

  async #write(folder: string, line: Readonly<Record<string, unknown>>): Promise<void> {
    let stream = this.#streams.get(folder);
    if (stream === undefined) {
      await mkdir(join(this.folder, folder), { recursive: true });
      stream = createWriteStream(join(this.folder, folder, `${this.#runId}.jsonl`), { flags: 'a' });
      this.#streams.set(folder, stream);
    }
    const isRoomLeft = stream.write(`${toJsonLine(line)}\n`);
    if (!isRoomLeft) await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
  }

  async #segments(folder: string): Promise<readonly string[]> {
    let names: readonly string[];
    try {
      names = await readdir(join(this.folder, folder));
    } catch {
      return [];
    }
    const files = names
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => join(this.folder, folder, name));
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    return files.filter((_file, index) => (sizes[index] ?? 0) > 0).toSorted();
  }

  #folderOf(table: EvidenceTable): string {
    return `${table}-v${PROBE_VERSIONS[table]}${this.#suffixOf(table)}`;
  }

  #suffixOf(table: EvidenceTable): string {
    const { tier, decoder } = this.#variant;
    if (table === 'frames') return `-${tier}-${decoder}`;
    return table === 'images' && tier === 'header' ? '-header' : '';
  }
}

/** All columns of an evidence table: what a row is about, and what it says. */
export function evidenceColumns(table: EvidenceTable): TableColumns {
  return { ...EVIDENCE_KEY_COLUMNS, ...EVIDENCE_TABLES[table] };
}

/** Empty evidence tables, so that every rule finds its columns. */
export async function createEvidenceTables(database: Database): Promise<void> {
  for (const table of Object.keys(EVIDENCE_TABLES).filter(isEvidenceTable))
    await database.run(createTableSql(table, evidenceColumns(table)));
}

/** Puts single rows into an evidence table: what needs no worker, or what a worker could not do. */
export async function insertEvidence(
  database: Database,
  table: EvidenceTable,
  clipId: bigint,
  medium: string,
  row: Readonly<Record<string, unknown>>,
): Promise<void> {
  await insertRows(database, table, evidenceColumns(table), [{ ...row, clip_id: clipId, medium }]);
}

/** Rows of an evidence table by outcome: measured, not measured for whatever reason, and those that nobody could reach. */
export async function countEvidence(
  database: Database,
  table: EvidenceTable,
): Promise<{ readonly ok: number; readonly bad: number; readonly unreachable: number }> {
  const row = await database.row(
    `select count(*) filter (where error_code is null) as ok, count(*) filter (where error_code = 'unreachable') as unreachable,
       count(*) filter (where error_code <> 'unreachable') as bad from ${table}`,
  );
  return {
    ok: numberOf(row['ok']),
    bad: numberOf(row['bad']),
    unreachable: numberOf(row['unreachable']),
  };
}

function readJson(files: readonly string[], columns: Readonly<Record<string, string>>): string {
  const list = Object.entries(columns).map(
    ([name, type]) => `${quoteLiteral(name)}: ${quoteLiteral(type)}`,
  );
  return `read_json([${files.map(quoteLiteral).join(', ')}], format = 'newline_delimited', filename = true,
    ignore_errors = true, maximum_object_size = 67108864, columns = {${list.join(', ')}})`;
}

/** Whether a row says that the tool failed, so that the next run has to look again. */
export function isToolFault(row: Readonly<Record<string, unknown>> | undefined): boolean {
  const code = row?.['error_code'];
  return Object.entries(MEDIA_ERROR_CODES).some(([name, kind]) => name === code && kind === 'tool');
}
