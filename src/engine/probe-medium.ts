import { errorRow, EVIDENCE_TABLES, type EvidenceTable } from '../probes/evidence-tables.ts';
import { probeFrames } from '../probes/frames.ts';
import { probeImage } from '../probes/images.ts';
import type { ProbeTask } from './task.ts';

/** A row of evidence as it travels: columns by name. */
export type TravellingRow = Readonly<Record<string, unknown>>;

/** What a probing process tells while a task runs. */
export type ProbeNote =
  | { readonly kind: 'row'; readonly table: EvidenceTable; readonly row: TravellingRow }
  | { readonly kind: 'duration'; readonly duration_s: number };

/** Cheap looks first: what they found survives a decoder that crashes. */
const ORDER: readonly EvidenceTable[] = ['files', 'containers', 'packets', 'images', 'frames'];

/** Looks at one medium in this process: a row for each table that the task wants, told as soon as it is known. */
export async function probeMedium(task: ProbeTask, tell: (note: ProbeNote) => void): Promise<void> {
  for (const table of ORDER) {
    if (!task.wants.includes(table)) continue;
    let row: TravellingRow;
    try {
      row = await probeTable(task, table);
    } catch (error) {
      row = errorRow(table, 'internal', error instanceof Error ? error.message : String(error));
    }
    tell({ kind: 'row', table, row });
  }
}

function probeTable(task: ProbeTask, table: EvidenceTable): Promise<TravellingRow> {
  switch (table) {
    case 'frames':
      return probeFrames(task.path, { tier: task.tier, decoder: task.decoder });
    case 'images':
      return probeImage(task.path);
    default:
      return Promise.resolve(errorRow(table, 'internal', 'no probe yet'));
  }
}

/** Whether a name is that of an evidence table. */
export function isEvidenceTable(name: unknown): name is EvidenceTable {
  return typeof name === 'string' && Object.hasOwn(EVIDENCE_TABLES, name);
}
