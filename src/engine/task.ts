import type { Medium } from '../media/medium.ts';
import type { StoreAccess } from '../stores/access.ts';
import type { EvidenceTable } from '../probes/evidence-tables.ts';

/** One medium to look at: a line on the standard input of `dailies worker`. */
export type ProbeTask = {
  /** Unique in the run: `<clip_id>:<medium>`. */
  readonly id: string;
  /** Where it lies; the dataset room has already checked that it may be read. A line may give the absolute `path` of a file instead. */
  readonly medium: Medium;
  /** How its store is asked; left out for local files. */
  readonly access?: StoreAccess;
  /** The version of an object that was seen earlier in the run; another one has changed. */
  readonly version?: string;
  /** Evidence tables wanted. */
  readonly wants: readonly EvidenceTable[];
  /** What is decoded: nothing (images by their header), keyframes alone, all frames, all frames measured at native size too. */
  readonly tier: 'header' | 'keyframes' | 'frames' | 'full';
  readonly decoder: 'auto' | 'node-av' | 'ffmpeg';
};

/** What came of a task: exactly one line on the standard output of `dailies worker` for each task line. */
export type ProbeVerdict = {
  readonly id: string;
  /** `bad` only if the tool failed (crash, time-out); a broken medium is `ok` with error rows. */
  readonly outcome: 'ok' | 'bad';
  /** Evidence rows by table, without the key columns of the clip. */
  readonly evidence: Readonly<Partial<Record<EvidenceTable, Readonly<Record<string, unknown>>>>>;
  /** Why the outcome is bad. */
  readonly reason?: string;
};
