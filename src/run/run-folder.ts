import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ALIGNMENT_TABLES } from '../analyses/alignment/alignment-tables.ts';
import type { ProfileDocument } from '../analyses/profile.ts';
import { maskedSql } from '../dataset/masked-sql.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import type { Database } from '../engine/database.ts';
import { EVIDENCE_TABLES } from '../probes/evidence-tables.ts';
import type { ClipCard, Finding, RunDocument } from './document.ts';
import { maskTexts } from './mask-texts.ts';

/** Columns of findings.parquet; `values` is JSON text. */
const FINDING_COLUMNS = {
  rule_id: 'VARCHAR',
  severity: 'VARCHAR',
  key: 'VARCHAR',
  shard: 'VARCHAR',
  row_number: 'BIGINT',
  message: 'VARCHAR',
  values: 'VARCHAR',
  fingerprint: 'VARCHAR',
  baseline: 'VARCHAR',
} as const;

/** Findings written at once: keeps the text in memory small. */
const FINDINGS_PER_CHUNK = 5_000;

/** Makes the folder of a run and returns its path. */
export async function createRunFolder(folder: string): Promise<string> {
  await mkdir(join(folder, 'evidence'), { recursive: true });
  return folder;
}

/** Writes `run.json` in one step, so that a reader never sees half of it. */
export async function writeRunDocument(folder: string, document: RunDocument): Promise<void> {
  const file = join(folder, 'run.json');
  await writeFile(`${file}.part`, `${JSON.stringify(maskTexts(document), null, 2)}\n`);
  await rename(`${file}.part`, file);
}

/** Writes `profile.json`: what the columns hold, as a state that a later comparison can merge and measure. */
export async function writeProfile(folder: string, profile: ProfileDocument): Promise<void> {
  await writeFile(join(folder, 'profile.json'), JSON.stringify(maskTexts(profile)));
}

/** Writes `clips.json`: what the report shows of clips, pictures included. */
export async function writeCards(folder: string, clips: readonly ClipCard[]): Promise<void> {
  await writeFile(join(folder, 'clips.json'), JSON.stringify(maskTexts(clips)));
}

/** Writes `findings.parquet`, in the order given. */
export async function writeFindings(
  database: Database,
  folder: string,
  findings: readonly Finding[],
): Promise<void> {
  const lines = join(folder, 'findings.part.jsonl');
  await writeFile(lines, '');
  for (let start = 0; start < findings.length; start += FINDINGS_PER_CHUNK) {
    const chunk = maskTexts(findings.slice(start, start + FINDINGS_PER_CHUNK));
    const text = chunk.map(
      (each) => `${JSON.stringify({ ...each, values: JSON.stringify(each.values) })}\n`,
    );
    await writeFile(lines, text.join(''), { flag: 'a' });
  }
  const columns = Object.entries(FINDING_COLUMNS).map(
    ([name, type]) => `${quoteLiteral(name)}: '${type}'`,
  );
  const source =
    findings.length === 0
      ? `(select ${Object.entries(FINDING_COLUMNS)
          .map(([name, type]) => `null::${type} as "${name}"`)
          .join(', ')} limit 0)`
      : `read_json(${quoteLiteral(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  await database.run(
    `copy (select * from ${source} order by rule_id, key, message) to ${quoteLiteral(join(folder, 'findings.parquet'))} (format parquet, compression zstd)`,
  );
  await rm(lines);
}

/** Writes `evidence/<table>.parquet` for every table that has rows, with the key of each clip. */
export async function writeEvidence(database: Database, folder: string): Promise<void> {
  for (const table of Object.keys(EVIDENCE_TABLES)) {
    const file = join(folder, 'evidence', `${table}.parquet`);
    await database.run(
      `copy (select ${maskedSql('sampled_clips.key')} as key, ${table}.* from ${table} join sampled_clips using (clip_id)
             order by clip_id, medium) to ${quoteLiteral(file)} (format parquet, compression zstd)`,
    );
  }
}

/** Writes `alignment.parquet` and `alignment_segments.parquet`: what the evidence said about captions, shard by shard. */
export async function writeAlignment(database: Database, folder: string): Promise<void> {
  for (const table of Object.keys(ALIGNMENT_TABLES)) {
    const file = join(folder, 'evidence', `${table}.parquet`);
    await database.run(`copy ${table} to ${quoteLiteral(file)} (format parquet, compression zstd)`);
  }
}

/** Writes `evidence/embeddings.parquet`: what a model of the user's made of clips and captions. */
export async function writeEmbeddings(
  database: Database,
  folder: string,
  rows: readonly {
    readonly shardId: number;
    readonly row: number;
    readonly picture: Float32Array | null;
    readonly caption: Float32Array | null;
  }[],
): Promise<void> {
  const lines = join(folder, 'embeddings.part.jsonl');
  await writeFile(lines, '');
  for (let start = 0; start < rows.length; start += 100) {
    const chunk = rows
      .slice(start, start + 100)
      .map(
        ({ shardId, row, picture, caption }) =>
          `${JSON.stringify({ shard_id: shardId, row_number: row, picture: picture && [...picture], caption: caption && [...caption] })}\n`,
      );
    await writeFile(lines, chunk.join(''), { flag: 'a' });
  }
  if (rows.length > 0)
    await database.run(
      `copy (select distinct on (shard_id, row_number) *
             from read_json(${quoteLiteral(lines)}, format = 'newline_delimited',
               columns = {shard_id: 'INTEGER', row_number: 'BIGINT', picture: 'FLOAT[]', caption: 'FLOAT[]'})
             order by shard_id, row_number)
       to ${quoteLiteral(join(folder, 'evidence', 'embeddings.parquet'))} (format parquet, compression zstd)`,
    );
  await rm(lines);
}

/**
 * Writes `clips.parquet`: where the clips with findings and the sampled ones lie, one row a clip and medium, so that they
 * can be shown without the manifest. Media paths are as the manifest has them, relative to the run's media root; captions
 * are those of clips with findings.
 */
export async function writeClips(
  database: Database,
  folder: string,
  mediaColumns: readonly string[],
): Promise<void> {
  const media = mediaColumns.length === 0 ? [null] : mediaColumns;
  const [picked] = await database.rows(
    `select 1 from duckdb_tables() where table_name = 'picked_clips'`,
  );
  const rows = media.flatMap((medium) => {
    const path = medium === null ? 'null' : quoteIdentifier(medium);
    const place = `${maskedSql('key::varchar')} as key, shard, row_number, ${medium === null ? 'null::varchar' : quoteLiteral(medium)} as medium, ${maskedSql(`${path}::varchar`)} as path`;
    const sampled = `select ${place}, null::varchar as caption from sampled_clips`;
    return picked === undefined
      ? [sampled]
      : [
          `select ${place}, ${maskedSql('caption::varchar')} as caption from picked_clips`,
          `${sampled} where clip_id not in (select clip_id from picked_clips)`,
        ];
  });
  await database.run(
    `copy (select * from (${rows.join(' union all ')}) order by shard, row_number, medium)
     to ${quoteLiteral(join(folder, 'clips.parquet'))} (format parquet, compression zstd)`,
  );
}
