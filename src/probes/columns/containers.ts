import { ERROR_COLUMNS, type EvidenceColumns } from './evidence-column.ts';

/** What the header of a film says. */
export const CONTAINER_COLUMNS = {
  format: { type: 'VARCHAR', doc: 'mp4, mov, matroska, webm, avi, mpegts, flv, gif, ogg…' },
  reader: { type: 'VARCHAR', doc: 'Who read the header: dailies (own parser) or libav.' },
  coded_width_px: {
    type: 'INTEGER',
    doc: 'Width of the coded picture after cropping, before SAR and rotation.',
  },
  coded_height_px: {
    type: 'INTEGER',
    doc: 'Height of the coded picture after cropping, before SAR and rotation.',
  },
  display_width_px: { type: 'INTEGER', doc: 'Width as shown: SAR and rotation applied.' },
  display_height_px: { type: 'INTEGER', doc: 'Height as shown: SAR and rotation applied.' },
  sar: {
    type: 'DOUBLE',
    doc: 'Sample aspect ratio, width over height of a pixel; 1 is square, null unknown.',
  },
  sar_num: {
    type: 'INTEGER',
    doc: 'Numerator of the container SAR (pasp, display size), else of the bitstream.',
  },
  sar_den: { type: 'INTEGER', doc: 'Denominator of the same.' },
  bitstream_sar: {
    type: 'DOUBLE',
    doc: 'SAR in the codec headers (SPS/VUI), null if absent: container and bitstream may disagree.',
  },
  rotation_deg: {
    type: 'INTEGER',
    doc: 'Clockwise rotation a player applies: 0, 90, 180 or 270; -1 for a matrix that is no right angle or mirrors.',
  },
  fps: {
    type: 'DOUBLE',
    doc: 'Average frame rate: frames over media duration of the video track.',
  },
  nominal_fps: { type: 'DOUBLE', doc: 'The most common frame interval, as a rate.' },
  fps_num: { type: 'INTEGER', doc: 'Numerator of the declared or derived rational frame rate.' },
  fps_den: { type: 'INTEGER', doc: 'Denominator of the same.' },
  duration_s: {
    type: 'DOUBLE',
    doc: 'Presentation duration of the video track: edit list applied; of the container if the track has none.',
  },
  container_duration_s: {
    type: 'DOUBLE',
    doc: 'Duration the container states for the whole file.',
  },
  video_duration_s: {
    type: 'DOUBLE',
    doc: 'Media duration of the video track, edit list ignored.',
  },
  audio_duration_s: { type: 'DOUBLE', doc: 'Presentation duration of the first audio track.' },
  video_start_s: { type: 'DOUBLE', doc: 'Presentation time of the first video frame.' },
  audio_start_s: { type: 'DOUBLE', doc: 'Presentation time of the first audio sample.' },
  frame_count: {
    type: 'INTEGER',
    doc: 'Video samples in the index (all of them, edit list ignored).',
  },
  presented_frame_count: { type: 'INTEGER', doc: 'Video samples inside the edit list.' },
  is_vfr: {
    type: 'BOOLEAN',
    doc: 'Frame intervals differ by more than one tick of the timebase, or of a coarser clock (up to 2 ms) that the times were rounded to.',
  },
  preroll_s: {
    type: 'DOUBLE',
    doc: 'Media in front of the edit list start: decoders that ignore edit lists show it.',
  },
  preroll_frame_count: { type: 'INTEGER', doc: 'Frames in front of the edit list start.' },
  video_codec: {
    type: 'VARCHAR',
    doc: 'h264, hevc, av1, vp9, vp8, mpeg4, mpeg2video, mjpeg, prores…',
  },
  codec_profile: { type: 'VARCHAR', doc: 'Profile as the codec names it.' },
  pixel_format: {
    type: 'VARCHAR',
    doc: 'ffmpeg name where known: yuv420p, yuv420p10le, yuv422p…',
  },
  bit_depth: { type: 'INTEGER', doc: 'Bits per luma sample.' },
  has_b_frames: { type: 'BOOLEAN', doc: 'Decode and presentation order differ.' },
  is_interlaced: {
    type: 'BOOLEAN',
    doc: 'What the header claims about interlacing; headers lie.',
  },
  colour_range: { type: 'VARCHAR', doc: 'tv, pc or null (unsaid).' },
  colour_primaries: {
    type: 'VARCHAR',
    doc: 'ITU-T H.273 short name (bt709, bt2020…), null if unspecified.',
  },
  colour_transfer: {
    type: 'VARCHAR',
    doc: 'bt709, smpte2084, arib-std-b67…, null if unspecified.',
  },
  colour_matrix: { type: 'VARCHAR', doc: 'bt709, smpte170m, bt2020nc…, null if unspecified.' },
  is_fragmented: { type: 'BOOLEAN', doc: 'Fragmented MP4 (moof).' },
  is_faststart: {
    type: 'BOOLEAN',
    doc: 'The index (moov) lies before the media data; true for Matroska.',
  },
  index_bytes: { type: 'BIGINT', doc: 'Bytes of the index: moov, or EBML head and cues.' },
  video_track_count: { type: 'INTEGER', doc: 'Video tracks without attached pictures.' },
  audio_track_count: { type: 'INTEGER', doc: 'Audio tracks.' },
  attached_picture_count: { type: 'INTEGER', doc: 'Cover art and the like.' },
  audio_codec: { type: 'VARCHAR', doc: 'aac, opus, mp3, ac3…' },
  sample_rate_hz: { type: 'INTEGER', doc: 'Audio sample rate.' },
  audio_channels: { type: 'INTEGER', doc: 'Audio channels.' },
  declared_end_bytes: {
    type: 'BIGINT',
    doc: 'Where the file must end by its own boxes, elements and sample tables.',
  },
  missing_bytes: {
    type: 'BIGINT',
    doc: 'declared_end_bytes minus the size where positive, else 0: a truncated file.',
  },
  size_bytes: { type: 'BIGINT', doc: 'Size of the file.' },
  bytes_read: { type: 'BIGINT', doc: 'Bytes this probe asked for.' },
  requests: { type: 'INTEGER', doc: 'Ranges this probe asked for.' },
  ...ERROR_COLUMNS,
} as const satisfies EvidenceColumns;
