import { ERROR_COLUMNS, type EvidenceColumns } from './evidence-column.ts';

/** What decoded frames show. */
export const FRAME_COLUMNS = {
  decoder: { type: 'VARCHAR', doc: 'node-av or ffmpeg.' },
  decoder_version: { type: 'VARCHAR', doc: 'Version of the libraries that decoded.' },
  tier: { type: 'VARCHAR', doc: 'keyframes or frames: what was decoded.' },
  decoded_frame_count: { type: 'INTEGER', doc: 'Frames that came out.' },
  is_complete: {
    type: 'BOOLEAN',
    doc: 'The decoder reached the end of the stream (no cap was hit).',
  },
  width_px: { type: 'INTEGER', doc: 'Width of a decoded frame, SAR and rotation not applied.' },
  height_px: { type: 'INTEGER', doc: 'Height of a decoded frame.' },
  pts_s: {
    type: 'DOUBLE[]',
    doc: 'Presentation time of each frame, presentation order, first at its own start time.',
  },
  luma_mean: { type: 'FLOAT[]', doc: 'Mean of 64x64 gray, 0-255, full range.' },
  luma_spread: { type: 'FLOAT[]', doc: 'Standard deviation of the same.' },
  luma_p98: { type: 'FLOAT[]', doc: '98th percentile of the same: a black frame has it low.' },
  difference: {
    type: 'FLOAT[]',
    doc: 'Mean absolute difference to the frame before (64x64 gray), first element null.',
  },
  scene_score: {
    type: 'FLOAT[]',
    tier: 'frames',
    doc: 'min(d, |d - d before|) of difference (of the first: after it): a cut stands alone, motion does not.',
  },
  cut_distance: {
    type: 'FLOAT[]',
    tier: 'frames',
    doc: 'Least mean difference of any of the 5 frames before and any of the 5 from this one on, brightness and contrast made alike (16x16 gray); null where little changes here.',
  },
  dhash: { type: 'BIGINT[]', doc: '64-bit difference hash (9x8 from gray), as signed integer.' },
  mean_red: { type: 'FLOAT[]', doc: 'Mean red of sampled frames, 0-255.' },
  mean_green: { type: 'FLOAT[]', doc: 'Mean green of sampled frames.' },
  mean_blue: { type: 'FLOAT[]', doc: 'Mean blue of sampled frames.' },
  chroma_spread: {
    type: 'DOUBLE',
    doc: 'Standard deviation of chroma over sampled frames, 0-255; under 2 is grayscale.',
  },
  blue_red_variation: {
    type: 'DOUBLE',
    doc: 'ln of how much blue varies over how much red does, each by its own mean (median of sampled frames): mostly above 0, whatever the light; an exchange of channels turns the sign.',
  },
  bar_top: {
    type: 'DOUBLE',
    doc: 'Height of a constant black bar at the top, share of the frame, 0 if none.',
  },
  bar_bottom: { type: 'DOUBLE', doc: 'The same at the bottom.' },
  bar_left: {
    type: 'DOUBLE',
    doc: 'Width of a constant black bar at the left, share of the frame.',
  },
  bar_right: { type: 'DOUBLE', doc: 'The same at the right.' },
  inner_luma_max: {
    type: 'DOUBLE',
    doc: 'Largest 98th luma percentile inside the bars: a night scene has no bright inside.',
  },
  duplicate_share: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Share of frames with difference under 0.2 of the local 60th percentile (capped at 1 grey level), stretches of 13 still frames or more left out.',
  },
  duplicate_among: {
    type: 'INTEGER',
    tier: 'frames',
    doc: 'Differences of neighbours outside of stretches of 13 still frames or more.',
  },
  duplicate_motion: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Median of those without the repeats, grey levels.',
  },
  duplicate_period: {
    type: 'INTEGER',
    tier: 'frames',
    doc: 'Period with the lowest phase statistic, 2-12.',
  },
  duplicate_score: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Phase statistic at that period: median(difference at phase) to median(others), the smaller over the larger; under 0.35 periodic duplicates.',
  },
  duplicate_spacing: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Mean distance of one repeat from the next, frames. Null of fewer than six repeats.',
  },
  duplicate_evenness: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Share of those distances within one frame of their median: near 1 after a rate conversion, whole period or not.',
  },
  duplicate_beat: {
    type: 'INTEGER',
    tier: 'frames',
    doc: 'Period, 2-6, at which frames change least beside their neighbours. Null of fewer than ten times the period.',
  },
  duplicate_beat_contrast: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'How much that is: difference at the beat over the median of its neighbours, the mean of median and upper quartile; 0 exact repeats, 1 no pattern.',
  },
  motion_median: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Median difference of frames that are no duplicates: is there motion elsewhere?',
  },
  freeze_count: {
    type: 'INTEGER',
    tier: 'frames',
    doc: 'Runs of frames without change of 0.2 s or more.',
  },
  freeze_longest_s: { type: 'DOUBLE', tier: 'frames', doc: 'Longest such run.' },
  freeze_start_s: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Where the longest begins, from the first frame.',
  },
  freeze_head_s: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Length of a run that touches the first frame, else 0.',
  },
  freeze_tail_s: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Length of a run that touches the last frame, else 0; the end of the file ends a freeze.',
  },
  motion_outside_freezes: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Median difference of neighbouring frames outside of such runs.',
  },
  black_head_s: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Length of the black run at the start (p98 under 32 and spread under 6), else 0.',
  },
  black_tail_s: { type: 'DOUBLE', tier: 'frames', doc: 'The same at the end.' },
  black_longest_s: { type: 'DOUBLE', tier: 'frames', doc: 'Longest black run anywhere.' },
  black_share: { type: 'DOUBLE', doc: 'Share of black frames.' },
  order_score: {
    type: 'DOUBLE',
    tier: 'frames',
    doc: 'Share of moving steps between neighbours that are out of order: jumps past a nearer frame, and steps around two frames that changed places. Null without motion, and where frames have no order (a counter).',
  },
  comb_score: {
    type: 'DOUBLE',
    tier: 'frames',
    isLibraryOnly: true,
    doc: 'Line-to-line unrest of moving pixels at native size over that of a weave of two frames: near 1 interlaced. Null without motion, and of the ffmpeg decoder.',
  },
  comb_asymmetry: {
    type: 'DOUBLE',
    tier: 'frames',
    isLibraryOnly: true,
    doc: 'Unrest of the worse weave over that of the better, the same one in all pairs: 1 progressive, more where fields follow one another.',
  },
  comb_pair_count: {
    type: 'INTEGER',
    tier: 'frames',
    isLibraryOnly: true,
    doc: 'Pairs of moving frames that this was measured on.',
  },
  luma_low: {
    type: 'DOUBLE',
    isLibraryOnly: true,
    doc: '0.1 % quantile of luma codes as stored, scaled to 8 bits, native size. Null of the ffmpeg decoder.',
  },
  luma_high: { type: 'DOUBLE', isLibraryOnly: true, doc: '99.9 % quantile of the same.' },
  softness: {
    type: 'DOUBLE',
    isLibraryOnly: true,
    doc: 'Squared luma difference at 4 pixels distance over that at 1, along rows at native size: 16 is smooth.',
  },
  combed_share: {
    type: 'DOUBLE',
    tier: 'full',
    isLibraryOnly: true,
    doc: 'Share of all pairs of moving frames that are combed for themselves (score 0.5, asymmetry 1.2). At the full tier alone.',
  },
  block_score: {
    type: 'DOUBLE',
    tier: 'full',
    isLibraryOnly: true,
    doc: 'Mean luma difference across the borders of 8-line blocks over that of other lines, native size, 1 without blocks. At the full tier alone.',
  },
  gradient_ratio: {
    type: 'DOUBLE',
    doc: 'ln(mean |d/dx| / mean |d/dy|) of luma, coded pixels taken for square: a squeezed width raises it.',
  },
  green_share: {
    type: 'DOUBLE',
    doc: 'Largest share of a sampled frame with the green of planes left zero.',
  },
  still_score: {
    type: 'DOUBLE',
    doc: '95th percentile of difference to the first frame: near 0 is a still image.',
  },
  seek_asked_count: {
    type: 'INTEGER',
    tier: 'full',
    isLibraryOnly: true,
    doc: 'Frames asked for by their time, out of order, after a decode from the start. At the full tier alone, and not of the ffmpeg decoder.',
  },
  seek_missed_count: {
    type: 'INTEGER',
    tier: 'full',
    isLibraryOnly: true,
    doc: 'Those that did not come, or came at another time.',
  },
  seek_offset_s: {
    type: 'DOUBLE',
    tier: 'full',
    isLibraryOnly: true,
    doc: 'Largest distance of a time that came from the one asked for.',
  },
  seek_difference: {
    type: 'DOUBLE',
    tier: 'full',
    isLibraryOnly: true,
    doc: 'Largest mean difference of a picture that came to the one that stands there, grey levels of 16x16 gray.',
  },
  decode_error_count: {
    type: 'INTEGER',
    doc: 'Error lines of the decoder log plus frames flagged corrupt.',
  },
  decode_log: {
    type: 'VARCHAR[]',
    doc: 'First 10 distinct lines of the decoder log, addresses removed.',
  },
  decode_s: { type: 'DOUBLE', doc: 'CPU seconds of the decode; not part of findings.' },
  bytes_read: {
    type: 'BIGINT',
    doc: 'Bytes that were fetched for the decode; of a local file all of it.',
  },
  ...ERROR_COLUMNS,
} as const satisfies EvidenceColumns;
