import { ERROR_COLUMNS, type EvidenceColumns } from './evidence-column.ts';

/** What the packet table of a film says, without decoding. */
export const PACKET_COLUMNS = {
  source: {
    type: 'VARCHAR',
    doc: 'sample-table (MP4 index), index (Matroska cues/blocks) or demuxer (libav).',
  },
  is_complete: { type: 'BOOLEAN', doc: 'All packets are in the lists (false: capped).' },
  packet_count: { type: 'INTEGER', doc: 'Video packets.' },
  sizes_bytes: { type: 'INTEGER[]', doc: 'Size of each packet, decode order, at most 20,000.' },
  pts_s: { type: 'DOUBLE[]', doc: 'Presentation time of each packet, decode order.' },
  keyframe_indices: { type: 'INTEGER[]', doc: 'Positions of keyframes in decode order.' },
  keyframe_count: { type: 'INTEGER', doc: 'Keyframes.' },
  first_is_keyframe: { type: 'BOOLEAN', doc: 'The first packet can be decoded alone.' },
  keyframe_interval_max_s: {
    type: 'DOUBLE',
    doc: 'Longest distance between keyframes, the end included.',
  },
  interval_min_s: {
    type: 'DOUBLE',
    doc: 'Shortest distance of neighbouring presentation times.',
  },
  interval_median_s: {
    type: 'DOUBLE',
    doc: 'Median distance of neighbouring presentation times.',
  },
  interval_max_s: { type: 'DOUBLE', doc: 'Longest distance of neighbouring presentation times.' },
  vfr_spread: {
    type: 'DOUBLE',
    doc: '(p95 - p5) of intervals over their median, one timebase tick forgiven.',
  },
  irregular_share: {
    type: 'DOUBLE',
    doc: 'Share of intervals off the median by more than one tick and 1 %.',
  },
  duplicate_pts_count: {
    type: 'INTEGER',
    doc: 'Packets whose presentation time a packet before them has already.',
  },
  tiny_share: {
    type: 'DOUBLE',
    doc: 'Share of non-key packets under a tenth of the 75th percentile of sizes.',
  },
  duplicate_period: { type: 'INTEGER', doc: 'Best odd period of tiny packets, 3, 5, 7 or 9.' },
  duplicate_score: {
    type: 'DOUBLE',
    doc: 'Phase statistic at that period: min over phase of median(size at phase)/median(others); small is suspicious.',
  },
  frozen_score: {
    type: 'DOUBLE',
    doc: 'Least bytes per packet in a window of one second, keyframes left out, over the median of such windows; small is a freeze.',
  },
  frozen_start_s: { type: 'DOUBLE', doc: 'Where that window begins.' },
  after_key_share: {
    type: 'DOUBLE',
    doc: 'Bytes of all other packets over bytes of keyframes; near 0 is a still image, null if all are keyframes.',
  },
  bits_per_pixel: { type: 'DOUBLE', doc: 'Video bits per coded pixel per frame.' },
  bytes_read: { type: 'BIGINT', doc: 'Bytes this probe asked for beyond the container header.' },
  ...ERROR_COLUMNS,
} as const satisfies EvidenceColumns;
