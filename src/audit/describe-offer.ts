import { type Config, reaches } from '../config/config.ts';
import { isCanonicalColumn } from '../dataset/canonical-columns.ts';
import type { OpenDataset } from '../dataset/opened-dataset.ts';
import { STORAGE_TABLES } from '../dataset/storage-checks.ts';
import { TAR_TABLES } from '../dataset/tar/tar-tables.ts';
import type { Database } from '../engine/database.ts';
import type { Offer } from '../judge/applicability.ts';
import { numberColumns } from '../judge/number-columns.ts';
import { ALIGNMENT_NAMES } from '../judge/sampled-clips.ts';
import { tablesOf } from '../ladder/climb.ts';
import type { SelectedDecoder } from '../media/decoders/decode-frames.ts';

/** What this dataset, this tier and this machine can offer to rules: columns, tables, decoders. */
export async function describeOffer(
  database: Database,
  {
    dataset,
    tier,
    decoder,
    today,
  }: {
    readonly dataset: OpenDataset;
    readonly tier: Config['tier'];
    /** Null: nothing is decoded. */
    readonly decoder: SelectedDecoder | null;
    /** Day of the run, UTC. */
    readonly today: string;
  },
): Promise<Offer> {
  const clipColumns = new Set(dataset.columns.map((column) => column.role ?? column.name));
  return {
    clipColumns,
    evidence: tablesOf(tier),
    tier,
    hasMedia: dataset.mediaColumns.length > 0,
    hasLatents: reaches(tier, 'header') && dataset.latentColumns.length > 0,
    noDecoder: decoder === null || decoder.ok ? null : decoder.reason,
    decoder: decoder?.ok === true ? decoder.name : null,
    tables: new Set([
      'ledger',
      'shards',
      'page_faults',
      'tar_faults',
      'profile',
      ...ALIGNMENT_NAMES,
      'annotated_paths',
      'action_lags',
      ...(reaches(tier, 'keyframes') ? ['near_duplicates'] : []),
      'declared_rows',
      'declared_columns',
      ...(reaches(tier, 'header') && dataset.mediaColumns.length > 0 ? ['unnamed_files'] : []),
      ...(dataset.format === 'parquet' ? STORAGE_TABLES : []),
      ...(dataset.format === 'tar' ? TAR_TABLES : []),
    ]),
    numbers: numberColumns(
      (await database.columns('select * from clips')).filter(
        ({ name }) => !isCanonicalColumn(name) || clipColumns.has(name),
      ),
    ),
    today,
  };
}
