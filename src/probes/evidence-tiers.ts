import type { Tier } from '../config/config.ts';
import type { EvidenceColumn, EvidenceColumns } from './columns/evidence-column.ts';
import { EVIDENCE_TABLES, type EvidenceTable, isEvidenceTable } from './evidence-tables.ts';

/** The cheapest tier that writes rows of each table. */
const TABLE_TIERS: Readonly<Record<EvidenceTable, Tier>> = {
  files: 'header',
  containers: 'header',
  packets: 'packets',
  images: 'header',
  frames: 'keyframes',
  audio: 'frames',
  latents: 'header',
};

/** The cheapest tier at which a column of evidence is measured; null for what is no evidence. */
export function tierOfColumn(table: string, column: string): Tier | null {
  return columnOf(table, column)?.tier ?? tierOfTable(table);
}

/** The cheapest tier at which a table has rows; null for what is no evidence. */
export function tierOfTable(table: string): Tier | null {
  return isEvidenceTable(table) ? TABLE_TIERS[table] : null;
}

/** Whether a decoder measures a column at all. */
export function isMeasuredBy(
  decoder: 'node-av' | 'ffmpeg',
  table: string,
  column: string,
): boolean {
  if (decoder === 'node-av') return true;
  return table !== 'audio' && columnOf(table, column)?.isLibraryOnly !== true;
}

function columnOf(table: string, column: string): EvidenceColumn | undefined {
  const columns: EvidenceColumns = isEvidenceTable(table) ? EVIDENCE_TABLES[table] : {};
  return columns[column];
}
