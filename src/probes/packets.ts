import { quantile } from '../media/headers/frame-rate.ts';
import type { MediaHeader, PacketTable, VideoTrack } from '../media/headers/media-header.ts';
import type { Timeline } from '../media/headers/timeline.ts';
import {
  afterKeyShare,
  countDuplicateTimes,
  duplicatePattern,
  frozenWindow,
  irregularShare,
  longestKeyframeInterval,
  presentationOrder,
  tinyShare,
  vfrSpread,
} from '../media/packet-statistics.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

/** Most packets whose sizes and times a row lists; the measures are of all of them. */
const MAX_LISTED_PACKETS = 20_000;

/** The `packets` row of a header whose packets were looked at. */
export function packetRow(
  header: MediaHeader,
  video: VideoTrack,
  packets: PacketTable,
  timeline: Timeline,
): EvidenceRow<'packets'> {
  if (packets.sizes_bytes.length === 0) {
    return {
      ...errorRow('packets', 'no-frames', 'the video track has no packets'),
      packet_count: 0,
    };
  }
  const tick_s = 1 / video.ticksPerSecond;
  const pts_s = new Float64Array(packets.ptsTicks.length);
  for (let i = 0; i < pts_s.length; i++)
    pts_s[i] = ((packets.ptsTicks[i] ?? 0) + timeline.shiftTicks) * tick_s;
  const series = presentationOrder(packets.sizes_bytes, pts_s, packets.keyframes);
  const intervals_s = timeline.intervals.map((ticks) => ticks * tick_s);
  const last_s = series.pts_s.at(-1) ?? 0;
  const frame_s = (packets.lastDurationTicks ?? 0) * tick_s || (quantile(intervals_s, 0.5) ?? 0);
  const pattern = duplicatePattern(series);
  const frozen = frozenWindow(series);
  const { keyframes } = packets;
  return {
    ...timeColumns(intervals_s, timeline.clockTicks * tick_s),
    source: packets.source,
    is_complete: packets.isComplete && pts_s.length <= MAX_LISTED_PACKETS,
    packet_count: pts_s.length,
    sizes_bytes: listed(packets.sizes_bytes),
    pts_s: listed(pts_s),
    keyframe_indices: listedKeyframes(packets),
    keyframe_count: keyframes?.length ?? pts_s.length,
    first_is_keyframe: keyframes === null || keyframes[0] === 0,
    keyframe_interval_max_s: longestKeyframeInterval(series, last_s + frame_s),
    duplicate_pts_count: countDuplicateTimes(timeline.sortedPts),
    tiny_share: tinyShare(series),
    duplicate_period: pattern?.period ?? null,
    duplicate_score: pattern?.score ?? null,
    frozen_score: frozen?.score ?? null,
    frozen_start_s: frozen?.start_s ?? null,
    after_key_share: afterKeyShare(series),
    bits_per_pixel: bitsPerPixel(video, packets),
    bytes_read: header.scannedBytes,
    error_code: null,
    error_message: null,
  };
}

function timeColumns(
  intervals_s: Float64Array,
  tick_s: number,
): Pick<
  EvidenceRow<'packets'>,
  'interval_min_s' | 'interval_median_s' | 'interval_max_s' | 'vfr_spread' | 'irregular_share'
> {
  return {
    interval_min_s: intervals_s[0] ?? null,
    interval_median_s: quantile(intervals_s, 0.5),
    interval_max_s: intervals_s.at(-1) ?? null,
    vfr_spread: vfrSpread(intervals_s, tick_s),
    irregular_share: irregularShare(intervals_s, tick_s),
  };
}

function listed(values: Int32Array | Float64Array): number[] {
  const list: number[] = [];
  const count = Math.min(values.length, MAX_LISTED_PACKETS);
  for (let i = 0; i < count; i++) list.push(values[i] ?? 0);
  return list;
}

function listedKeyframes({ keyframes, sizes_bytes }: PacketTable): number[] {
  const count = Math.min(sizes_bytes.length, MAX_LISTED_PACKETS);
  if (keyframes === null) return Array.from({ length: count }, (_, index) => index);
  return Array.from(keyframes).filter((index) => index < count);
}

function bitsPerPixel(video: VideoTrack, packets: PacketTable): number | null {
  const pixels = (video.width_px ?? 0) * (video.height_px ?? 0);
  if (pixels === 0) return null;
  let bytes = 0;
  for (const size of packets.sizes_bytes) bytes += size;
  return (bytes * 8) / (pixels * packets.sizes_bytes.length);
}
