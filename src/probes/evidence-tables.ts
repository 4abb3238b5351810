/**
 * The evidence tables that probes fill: one row per looked-at medium, measures with units, no opinions.
 *
 * Every table also has the key columns of {@link EVIDENCE_KEY_COLUMNS} in front. A measurement that could not be made
 * is `null`; a medium that could not be measured at all is a row with `error_code` and `error_message`.
 */

/** DuckDB column types that evidence may have: all survive JSON lines, Parquet and Spark. */
export type EvidenceType =
  | 'BOOLEAN'
  | 'INTEGER'
  | 'BIGINT'
  | 'DOUBLE'
  | 'VARCHAR'
  | 'INTEGER[]'
  | 'BIGINT[]'
  | 'DOUBLE[]'
  | 'FLOAT[]'
  | 'VARCHAR[]';

export type EvidenceColumn = { readonly type: EvidenceType; readonly doc: string };
export type EvidenceColumns = Readonly<Record<string, EvidenceColumn>>;

/** Which clip and which of its media a row of evidence is about. */
export const EVIDENCE_KEY_COLUMNS = {
  clip_id: { type: 'BIGINT', doc: 'The clip: shard number * 2^40 + row number.' },
  medium: {
    type: 'VARCHAR',
    doc: 'The manifest column that named the medium (path, or one of several).',
  },
} as const satisfies EvidenceColumns;

/** Why a medium could not be measured: the medium's own fault, or the tool's. */
export const ERROR_COLUMNS = {
  error_code: {
    type: 'VARCHAR',
    doc: 'Why nothing could be measured (see MediaErrorCode), null if it could.',
  },
  error_message: {
    type: 'VARCHAR',
    doc: 'The reader or decoder in its own words, one line, at most 500 characters.',
  },
} as const satisfies EvidenceColumns;

/** `data` faults are findings about the medium; `tool` faults make a rule incomplete, because nobody looked. */
export const MEDIA_ERROR_CODES = {
  'missing-file': 'data',
  'not-a-file': 'data',
  'path-outside-root': 'data',
  'invalid-path': 'data',
  'permission-denied': 'data',
  'changed-while-read': 'data',
  'refused-address': 'data',
  'empty-file': 'data',
  'unknown-format': 'data',
  'corrupt-header': 'data',
  'truncated-header': 'data',
  'no-video-track': 'data',
  'no-frames': 'data',
  'too-many-pixels': 'data',
  'pickled-objects': 'data',
  'unsupported-codec': 'tool',
  'decoder-crashed': 'tool',
  'decoder-timeout': 'tool',
  'decoder-unavailable': 'tool',
  'out-of-memory': 'tool',
  unreachable: 'tool',
  internal: 'tool',
} as const;

export type MediaErrorCode = keyof typeof MEDIA_ERROR_CODES;

export const EVIDENCE_TABLES = {
  files: {
    exists: { type: 'BOOLEAN', doc: 'Something is there under the path.' },
    is_file: { type: 'BOOLEAN', doc: 'It is a regular file (or object), not a directory.' },
    size_bytes: { type: 'BIGINT', doc: 'Size by stat or HEAD.' },
    modified_ms: { type: 'DOUBLE', doc: 'Modification time, ms since the epoch.' },
    version: {
      type: 'VARCHAR',
      doc: 'ETag of an object, or what else its store tells versions apart by; null for local files.',
    },
    extension: { type: 'VARCHAR', doc: 'Lower-case file name suffix without the dot.' },
    magic: {
      type: 'VARCHAR',
      doc: 'What the first bytes say: mp4, mov, matroska, webm, avi, mpegts, flv, gif, jpeg, png, webp, avif, tiff, svg, html, json, text, zip, empty, unknown…',
    },
    content_hash: {
      type: 'VARCHAR',
      doc: 'sha256 of all bytes, hex, or the MD5 that a store tells (md5:…); computed where another medium has the same size.',
    },
    ...ERROR_COLUMNS,
  },
  containers: {
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
  },
  packets: {
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
  },
  frames: {
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
      doc: 'min(d, |d - d before|) of difference (of the first: after it): a cut stands alone, motion does not.',
    },
    cut_distance: {
      type: 'FLOAT[]',
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
      doc: 'Share of frames with difference under 0.2 of the local 60th percentile (capped at 1 grey level), stretches of 13 still frames or more left out.',
    },
    duplicate_among: {
      type: 'INTEGER',
      doc: 'Differences of neighbours outside of stretches of 13 still frames or more.',
    },
    duplicate_motion: { type: 'DOUBLE', doc: 'Median of those without the repeats, grey levels.' },
    duplicate_period: { type: 'INTEGER', doc: 'Period with the lowest phase statistic, 2-12.' },
    duplicate_score: {
      type: 'DOUBLE',
      doc: 'Phase statistic at that period: median(difference at phase) to median(others), the smaller over the larger; under 0.35 periodic duplicates.',
    },
    duplicate_spacing: {
      type: 'DOUBLE',
      doc: 'Mean distance of one repeat from the next, frames. Null of fewer than six repeats.',
    },
    duplicate_evenness: {
      type: 'DOUBLE',
      doc: 'Share of those distances within one frame of their median: near 1 after a rate conversion, whole period or not.',
    },
    duplicate_beat: {
      type: 'INTEGER',
      doc: 'Period, 2-6, at which frames change least beside their neighbours. Null of fewer than ten times the period.',
    },
    duplicate_beat_contrast: {
      type: 'DOUBLE',
      doc: 'How much that is: difference at the beat over the median of its neighbours, the mean of median and upper quartile; 0 exact repeats, 1 no pattern.',
    },
    motion_median: {
      type: 'DOUBLE',
      doc: 'Median difference of frames that are no duplicates: is there motion elsewhere?',
    },
    freeze_count: { type: 'INTEGER', doc: 'Runs of frames without change of 0.2 s or more.' },
    freeze_longest_s: { type: 'DOUBLE', doc: 'Longest such run.' },
    freeze_start_s: { type: 'DOUBLE', doc: 'Where the longest begins, from the first frame.' },
    freeze_head_s: { type: 'DOUBLE', doc: 'Length of a run that touches the first frame, else 0.' },
    freeze_tail_s: {
      type: 'DOUBLE',
      doc: 'Length of a run that touches the last frame, else 0; the end of the file ends a freeze.',
    },
    motion_outside_freezes: {
      type: 'DOUBLE',
      doc: 'Median difference of neighbouring frames outside of such runs.',
    },
    black_head_s: {
      type: 'DOUBLE',
      doc: 'Length of the black run at the start (p98 under 32 and spread under 6), else 0.',
    },
    black_tail_s: { type: 'DOUBLE', doc: 'The same at the end.' },
    black_longest_s: { type: 'DOUBLE', doc: 'Longest black run anywhere.' },
    black_share: { type: 'DOUBLE', doc: 'Share of black frames.' },
    order_score: {
      type: 'DOUBLE',
      doc: 'Share of moving steps between neighbours that are out of order: jumps past a nearer frame, and steps around two frames that changed places. Null without motion, and where frames have no order (a counter).',
    },
    comb_score: {
      type: 'DOUBLE',
      doc: 'Line-to-line unrest of moving pixels at native size over that of a weave of two frames: near 1 interlaced. Null without motion, and of the ffmpeg decoder.',
    },
    comb_asymmetry: {
      type: 'DOUBLE',
      doc: 'Unrest of the worse weave over that of the better, the same one in all pairs: 1 progressive, more where fields follow one another.',
    },
    comb_pair_count: { type: 'INTEGER', doc: 'Pairs of moving frames that this was measured on.' },
    luma_low: {
      type: 'DOUBLE',
      doc: '0.1 % quantile of luma codes as stored, scaled to 8 bits, native size. Null of the ffmpeg decoder.',
    },
    luma_high: { type: 'DOUBLE', doc: '99.9 % quantile of the same.' },
    softness: {
      type: 'DOUBLE',
      doc: 'Squared luma difference at 4 pixels distance over that at 1, along rows at native size: 16 is smooth.',
    },
    combed_share: {
      type: 'DOUBLE',
      doc: 'Share of all pairs of moving frames that are combed for themselves (score 0.5, asymmetry 1.2). At the full tier alone.',
    },
    block_score: {
      type: 'DOUBLE',
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
      doc: 'Frames asked for by their time, out of order, after a decode from the start. At the full tier alone, and not of the ffmpeg decoder.',
    },
    seek_missed_count: {
      type: 'INTEGER',
      doc: 'Those that did not come, or came at another time.',
    },
    seek_offset_s: {
      type: 'DOUBLE',
      doc: 'Largest distance of a time that came from the one asked for.',
    },
    seek_difference: {
      type: 'DOUBLE',
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
  },
  audio: {
    audio_codec: { type: 'VARCHAR', doc: 'aac, opus, mp3, ac3…' },
    sample_rate_hz: { type: 'INTEGER', doc: 'Sample rate that came out of the decoder.' },
    channels: { type: 'INTEGER', doc: 'Channels that came out of the decoder.' },
    decoded_s: { type: 'DOUBLE', doc: 'Seconds that were decoded, at most 60.' },
    is_complete: { type: 'BOOLEAN', doc: 'The decoder reached the end of the track.' },
    rms_db: {
      type: 'DOUBLE',
      doc: 'Root mean square of all channels, dB of full scale; -120 is digital silence.',
    },
    peak_db: { type: 'DOUBLE', doc: 'Largest sample, dB of full scale; -120 is digital silence.' },
    silent_share: {
      type: 'DOUBLE',
      doc: 'Share of windows of 50 ms under -60 dB.',
    },
    channel_correlation: {
      type: 'DOUBLE',
      doc: 'Correlation of the first two channels: 1 dual mono, -1 one of them inverted; null of mono or silence.',
    },
    decode_error_count: { type: 'INTEGER', doc: 'Complaints of the decoder.' },
    ...ERROR_COLUMNS,
  },
  images: {
    format: { type: 'VARCHAR', doc: 'jpeg, png, webp, avif, gif, tiff, svg…' },
    width_px: { type: 'INTEGER', doc: 'Stored width of a page, before EXIF orientation.' },
    height_px: { type: 'INTEGER', doc: 'Stored height of a page, before EXIF orientation.' },
    upright_width_px: { type: 'INTEGER', doc: 'Width after EXIF orientation.' },
    upright_height_px: { type: 'INTEGER', doc: 'Height after EXIF orientation.' },
    orientation: { type: 'INTEGER', doc: 'EXIF orientation 1-8, null if absent.' },
    page_count: { type: 'INTEGER', doc: 'Pages or animation frames.' },
    duration_s: { type: 'DOUBLE', doc: 'Sum of frame delays of an animation.' },
    channels: { type: 'INTEGER', doc: 'Channels as stored.' },
    bit_depth: { type: 'INTEGER', doc: 'Bits per channel.' },
    colour_space: { type: 'VARCHAR', doc: 'srgb, b-w, cmyk, rgb16…' },
    has_alpha: { type: 'BOOLEAN', doc: 'An alpha channel or tRNS.' },
    icc_profile: { type: 'VARCHAR', doc: 'Description of the ICC profile, null if none.' },
    is_progressive: { type: 'BOOLEAN', doc: 'Progressive or interlaced.' },
    is_truncated: {
      type: 'BOOLEAN',
      doc: 'The end marker is missing or the decoder ran out of data.',
    },
    decode_error_count: { type: 'INTEGER', doc: 'Complaints of the decoder.' },
    decode_log: { type: 'VARCHAR[]', doc: 'The complaints.' },
    luma_mean: { type: 'DOUBLE', doc: 'Mean luma, 0-255.' },
    luma_spread: { type: 'DOUBLE', doc: 'Standard deviation of luma.' },
    luma_p1: { type: 'DOUBLE', doc: '1st percentile of luma.' },
    luma_p99: { type: 'DOUBLE', doc: '99th percentile of luma.' },
    entropy_bits: { type: 'DOUBLE', doc: 'Entropy of the luma histogram, 0-8.' },
    sharpness: { type: 'DOUBLE', doc: 'Variance of the Laplacian of luma at 512 px.' },
    mean_red: { type: 'DOUBLE', doc: 'Mean red.' },
    mean_green: { type: 'DOUBLE', doc: 'Mean green.' },
    mean_blue: { type: 'DOUBLE', doc: 'Mean blue.' },
    chroma_spread: { type: 'DOUBLE', doc: 'Standard deviation of chroma; under 2 is grayscale.' },
    bar_top: { type: 'DOUBLE', doc: 'Constant black bar at the top, share of the height.' },
    bar_bottom: { type: 'DOUBLE', doc: 'The same at the bottom.' },
    bar_left: { type: 'DOUBLE', doc: 'Constant black bar at the left, share of the width.' },
    bar_right: { type: 'DOUBLE', doc: 'The same at the right.' },
    gradient_ratio: { type: 'DOUBLE', doc: 'ln(mean |d/dx| / mean |d/dy|) of luma at 128 px.' },
    green_share: { type: 'DOUBLE', doc: 'Share of pixels with the green of planes left zero.' },
    white_share: {
      type: 'DOUBLE',
      doc: 'Share of pixels at full white, all channels 254 or more.',
    },
    transparent_share: {
      type: 'DOUBLE',
      doc: 'Share of pixels that are at least half transparent, 0 without alpha; null over 16 million pixels.',
    },
    hidden_black_share: {
      type: 'DOUBLE',
      doc: 'Share of those whose stored colour is black: what is seen if alpha is dropped.',
    },
    dhash: { type: 'BIGINT', doc: '64-bit difference hash of the upright first page.' },
    phash: { type: 'BIGINT', doc: '64-bit DCT hash of the upright first page.' },
    cell_colours: {
      type: 'INTEGER[]',
      doc: 'Mean colours of 8x8 cells of the upright first page, row by row, each red * 65536 + green * 256 + blue.',
    },
    bytes_read: { type: 'BIGINT', doc: 'Bytes read.' },
    ...ERROR_COLUMNS,
  },
  latents: {
    format: { type: 'VARCHAR', doc: 'npy, npz, safetensors or pt.' },
    array_name: {
      type: 'VARCHAR',
      doc: 'Of several arrays the one that was measured: called latents or the like, else the largest.',
    },
    array_count: { type: 'INTEGER', doc: 'Arrays in the file.' },
    shape: { type: 'BIGINT[]', doc: 'Its shape as stored.' },
    dtype: {
      type: 'VARCHAR',
      doc: 'Its number type: float16, bfloat16, float32, int8…; >float16 with the bytes in the other order.',
    },
    is_column_major: { type: 'BOOLEAN', doc: 'Stored columns first (Fortran order).' },
    missing_bytes: {
      type: 'BIGINT',
      doc: 'Bytes that shape and type ask for beyond those that the file has.',
    },
    sampled_count: {
      type: 'BIGINT',
      doc: 'Numbers that were read: 64 KB in four places of the array, or all of a smaller one.',
    },
    nan_count: { type: 'BIGINT', doc: 'Of these, NaN.' },
    inf_count: { type: 'BIGINT', doc: 'Of these, infinite.' },
    zero_count: { type: 'BIGINT', doc: 'Of these, zero.' },
    mean: { type: 'DOUBLE', doc: 'Mean of the finite ones.' },
    std: { type: 'DOUBLE', doc: 'Their standard deviation.' },
    min: { type: 'DOUBLE', doc: 'The smallest.' },
    max: { type: 'DOUBLE', doc: 'The largest.' },
    exponent_mode_share: {
      type: 'DOUBLE',
      doc: 'Share of the most usual binary exponent among finite numbers but zeros.',
    },
    exponent_low: { type: 'DOUBLE', doc: 'Their binary exponent, 1st percentile.' },
    exponent_high: { type: 'DOUBLE', doc: 'The same, 99th percentile.' },
    block_hash: {
      type: 'VARCHAR',
      doc: 'sha256 of shape, type and the bytes that were read, hex: equal arrays have equal ones.',
    },
    bytes_read: { type: 'BIGINT', doc: 'Bytes read.' },
    ...ERROR_COLUMNS,
  },
} as const satisfies Readonly<Record<string, EvidenceColumns>>;

export type EvidenceTable = keyof typeof EVIDENCE_TABLES;

/** Whether a value names an evidence table. */
export function isEvidenceTable(name: unknown): name is EvidenceTable {
  return typeof name === 'string' && Object.hasOwn(EVIDENCE_TABLES, name);
}

type ValueOf<T extends EvidenceType> = T extends 'BOOLEAN'
  ? boolean
  : T extends 'INTEGER' | 'DOUBLE'
    ? number
    : T extends 'BIGINT'
      ? number | bigint
      : T extends 'VARCHAR'
        ? string
        : T extends 'BIGINT[]'
          ? readonly (number | bigint | null)[]
          : T extends 'VARCHAR[]'
            ? readonly (string | null)[]
            : readonly (number | null)[];

/** A row of one evidence table as a probe emits it: every column, `null` where nothing was measured. */
export type EvidenceRow<T extends EvidenceTable> = {
  readonly [C in keyof (typeof EVIDENCE_TABLES)[T]]: (typeof EVIDENCE_TABLES)[T][C] extends {
    readonly type: infer K extends EvidenceType;
  }
    ? ValueOf<K> | null
    : never;
};

/** A row of nothing but an error. */
export function errorRow<T extends EvidenceTable>(
  table: T,
  code: MediaErrorCode,
  message: string,
): EvidenceRow<T> {
  const row: Record<string, string | null> = {};
  for (const column of Object.keys(EVIDENCE_TABLES[table])) row[column] = null;
  row['error_code'] = code;
  row['error_message'] = message.replaceAll(/\s+/g, ' ').slice(0, 500);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: every column of the table was just set
  return row as EvidenceRow<T>;
}
