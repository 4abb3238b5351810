import { matrixName, primariesName, transferName } from '../media/headers/colour-names.ts';
import type { Ratio } from '../media/headers/codec-facts.ts';
import { rationalRate } from '../media/headers/frame-rate.ts';
import type { MediaHeader, VideoTrack } from '../media/headers/media-header.ts';
import type { Timeline } from '../media/headers/timeline.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

type ContainerRow = EvidenceRow<'containers'>;

const EMPTY_ROW: ContainerRow = errorRow(
  'containers',
  'no-video-track',
  'the file has no video track',
);

/** What reading the header cost. */
export type Spent = {
  readonly sizeBytes: number;
  readonly bytesRead: number;
  readonly requests: number;
};

/** The `containers` row of a header; `timeline` is null where the packets were not looked at. */
export function containerRow(
  header: MediaHeader,
  timeline: Timeline | null,
  spent: Spent,
): ContainerRow {
  const video = header.video;
  const isMissing = video === null;
  return {
    ...EMPTY_ROW,
    error_code: isMissing ? 'no-video-track' : (header.fault?.code ?? null),
    error_message: isMissing ? 'the file has no video track' : (header.fault?.message ?? null),
    format: header.format,
    reader: 'dailies',
    duration_s: header.duration_s,
    container_duration_s: header.duration_s,
    ...(video === null ? {} : videoColumns(video)),
    ...(video === null ? {} : timeColumns(header, video, timeline)),
    audio_duration_s: header.audio?.duration_s ?? null,
    audio_start_s: header.audio?.start_s ?? null,
    audio_codec: header.audio?.codec ?? null,
    sample_rate_hz: int32(header.audio?.sampleRate_hz ?? null),
    audio_channels: int32(header.audio?.channels ?? null),
    is_fragmented: header.isFragmented ?? false,
    is_faststart: header.isFaststart,
    index_bytes: header.index_bytes,
    video_track_count: header.videoTrackCount,
    audio_track_count: header.audioTrackCount,
    attached_picture_count: header.attachedPictureCount,
    ...sizeColumns(header.declaredEnd_bytes, spent),
  };
}

/** A `containers` row of a medium whose header could not be read, with what is known of its end. */
export function brokenContainerRow(
  error: ContainerRow,
  format: string | null,
  declaredEnd: number | null,
  spent: Spent,
): ContainerRow {
  return { ...error, format, reader: 'dailies', ...sizeColumns(declaredEnd, spent) };
}

function sizeColumns(declaredEnd: number | null, spent: Spent): Partial<ContainerRow> {
  const end = declaredEnd === null ? null : Math.min(declaredEnd, Number.MAX_SAFE_INTEGER);
  return {
    declared_end_bytes: end,
    missing_bytes: end === null ? null : Math.max(0, end - spent.sizeBytes),
    size_bytes: spent.sizeBytes,
    bytes_read: spent.bytesRead,
    requests: spent.requests,
  };
}

function videoColumns(video: VideoTrack): Partial<ContainerRow> {
  const { facts } = video;
  const sar = video.sar ?? facts.sar ?? (video.hasDisplaySize ? { num: 1, den: 1 } : null);
  return {
    coded_width_px: int32(video.width_px),
    coded_height_px: int32(video.height_px),
    ...displaySize(video, sar),
    sar: sar === null ? null : sar.num / sar.den,
    sar_num: int32(sar?.num ?? null),
    sar_den: int32(sar?.den ?? null),
    bitstream_sar: facts.sar === null ? null : facts.sar.num / facts.sar.den,
    rotation_deg: video.rotation_deg,
    video_codec: video.codec,
    codec_profile: facts.profile,
    pixel_format: facts.pixelFormat,
    bit_depth: facts.bitDepth,
    is_interlaced: video.isInterlaced ?? facts.isInterlaced,
    colour_range: facts.range ?? video.range,
    colour_primaries: primariesName(specified(facts.primaries) ?? video.primaries),
    colour_transfer: transferName(specified(facts.transfer) ?? video.transfer),
    colour_matrix: matrixName(specified(facts.matrix) ?? video.matrix),
  };
}

/** A value that its INTEGER column can hold; what is larger is no measurement. */
function int32(value: number | null): number | null {
  return value !== null && value <= 0x7f_ff_ff_ff ? value : null;
}

/** Code point 2 says that nothing is said. */
function specified(code: number | null): number | null {
  return code === 2 ? null : code;
}

function displaySize(video: VideoTrack, sar: Ratio | null): Partial<ContainerRow> {
  if (video.width_px === null || video.height_px === null) return {};
  const width = Math.round((video.width_px * (sar?.num ?? 1)) / (sar?.den ?? 1));
  const isTurned = video.rotation_deg === 90 || video.rotation_deg === 270;
  return {
    display_width_px: int32(isTurned ? video.height_px : width),
    display_height_px: int32(isTurned ? width : video.height_px),
  };
}

function timeColumns(
  header: MediaHeader,
  video: VideoTrack,
  timeline: Timeline | null,
): Partial<ContainerRow> {
  const declared = video.frameDuration_s === null ? null : 1 / video.frameDuration_s;
  if (timeline === null) {
    const rate = declared === null ? null : rationalRate(declared, 1e-5);
    return {
      fps: declared,
      nominal_fps: declared,
      fps_num: int32(rate?.num ?? null),
      fps_den: int32(rate?.den ?? null),
    };
  }
  if (video.packets?.isComplete === false) return partialTimeColumns(header, timeline, declared);
  return {
    fps: timeline.fps,
    nominal_fps: timeline.nominalFps,
    fps_num: int32(timeline.rate?.num ?? null),
    fps_den: int32(timeline.rate?.den ?? null),
    duration_s: timeline.duration_s ?? header.duration_s,
    video_duration_s: timeline.media_s,
    video_start_s: timeline.start_s,
    frame_count: timeline.frameCount,
    presented_frame_count: timeline.presentedCount,
    is_vfr: timeline.isVfr,
    preroll_s: timeline.preroll_s,
    preroll_frame_count: timeline.prerollCount,
    has_b_frames: timeline.hasReordering,
  };
}

/** What the first packets tell where not all of them were looked at. */
function partialTimeColumns(
  header: MediaHeader,
  timeline: Timeline,
  declared: number | null,
): Partial<ContainerRow> {
  const fps = declared ?? timeline.nominalFps;
  return {
    fps,
    nominal_fps: fps,
    fps_num: int32(timeline.rate?.num ?? null),
    fps_den: int32(timeline.rate?.den ?? null),
    duration_s: header.duration_s,
    video_start_s: timeline.start_s,
    preroll_s: timeline.preroll_s,
    preroll_frame_count: timeline.prerollCount,
    has_b_frames: timeline.hasReordering,
  };
}
