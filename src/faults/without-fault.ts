/** Rules whose fault is not made in copies, and why: they are tried on their own examples, or on measured values. */
export const WITHOUT_FAULT: Readonly<Record<string, string>> = {
  'checksum-mismatch': 'no Parquet writer at hand stores page checksums',
  'near-duplicate-leak':
    'it takes the pairs of near-duplicate-media apart by split, and stands or falls with that',
  'orphan-file': 'its fault is a file in the media folder, which a self-test leaves alone',
  'tar-grouping': 'its faults are in how tars are written; real ones are made in its tests',
  'worsened-rule': 'it compares what two runs found, and the copies of a self-test keep no runs',
};
