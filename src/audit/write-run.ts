import type { ProfileDocument } from '../analyses/profile.ts';
import type { RowEmbedder } from '../encoder/embed-rows.ts';
import type { ReportInput, RunDocument } from '../run/document.ts';
import { maskTexts } from '../run/mask-texts.ts';
import { redact } from '../run/redact.ts';
import {
  writeAlignment,
  writeCards,
  writeClips,
  writeEmbeddings,
  writeEvidence,
  writeFindings,
  writeProfile,
  writeRunDocument,
} from '../run/run-folder.ts';
import type { Stage } from './stage.ts';

/** Tables and documents of a whole run beside its report. */
type RunTables = {
  readonly profile: ProfileDocument | null;
  readonly hasEvidence: boolean;
  readonly hasAlignment: boolean;
  /** Null: no model of the user's was asked. */
  readonly embedded: RowEmbedder['embedded'] | null;
};

/** Writes the run folder, `run.json` last: a folder that has it is whole. Gives the report as it was written. */
export async function writeRun(
  { config, database, manifest, runFolder }: Stage,
  whole: ReportInput,
  { profile, hasEvidence, hasAlignment, embedded }: RunTables,
): Promise<ReportInput> {
  const report = maskTexts(config.isRedacted ? redact(whole) : whole);
  await writeFindings(database, runFolder, report.findings);
  if (!config.isRedacted) {
    if (hasEvidence) await writeEvidence(database, runFolder);
    if (hasAlignment) await writeAlignment(database, runFolder);
    if (embedded !== null) await writeEmbeddings(database, runFolder, embedded);
    await writeClips(database, runFolder, manifest.dataset.mediaColumns);
  }
  await writeCards(runFolder, report.clips);
  if (profile !== null && !config.isRedacted) await writeProfile(runFolder, profile);
  await writeRunDocument(runFolder, report.run);
  return report;
}

/** Writes `run.json` of a run that was stopped, and nothing else. */
export async function writeStoppedRun(
  { config, runFolder }: Stage,
  run: RunDocument,
): Promise<void> {
  const report = { run, findings: [], clips: [], leftOut: [] };
  await writeRunDocument(runFolder, config.isRedacted ? redact(report).run : run);
}
