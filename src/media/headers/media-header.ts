import type { MediaErrorCode } from '../../probes/evidence-tables.ts';
import type { CodecFacts, Ratio } from './codec-facts.ts';

/** Most video samples of one medium whose sizes and times are held: 18 hours at 30 fps. */
export const MAX_SAMPLES = 2_000_000;

/** Sizes and times of the packets of a video track, in decode order. */
export type PacketTable = {
  readonly source: 'sample-table' | 'index';
  /** False if a cap or a broken index cut the lists. */
  readonly isComplete: boolean;
  readonly sizes_bytes: Int32Array;
  /** Presentation times in ticks, before the edit list. */
  readonly ptsTicks: Float64Array;
  /** Positions of keyframes, ascending; `null`: every packet is one. */
  readonly keyframes: Int32Array | null;
  /** Where each packet lies in the medium; null: not known for all of them. Worked out when it is asked for. */
  readonly offsets_bytes: (() => Float64Array | null) | null;
  /** Duration of the last packet in ticks, null if unknown. */
  readonly lastDurationTicks: number | null;
  /** Sum of all packet durations in ticks, null if unknown. */
  readonly durationTicks: number | null;
};

/** A stretch of media that is presented: [mediaStart, mediaStart + duration) shown from `startTicks` on. */
export type Edit = {
  readonly startTicks: number;
  readonly mediaStartTicks: number;
  /** Infinity: to the end of the media. */
  readonly durationTicks: number;
};

/** What a container says about its video track. */
export type VideoTrack = {
  readonly codec: string | null;
  readonly width_px: number | null;
  readonly height_px: number | null;
  readonly facts: CodecFacts;
  /** Sample aspect ratio that the container states, null if it is silent. */
  readonly sar: Ratio | null;
  /** The container says how large the picture is shown, if only by default: without a ratio its pixels are square. */
  readonly hasDisplaySize: boolean;
  readonly rotation_deg: number;
  readonly isInterlaced: boolean | null;
  readonly range: 'tv' | 'pc' | null;
  readonly primaries: number | null;
  readonly transfer: number | null;
  readonly matrix: number | null;
  readonly ticksPerSecond: number;
  /** Declared frame duration in seconds (Matroska DefaultDuration), null if none. */
  readonly frameDuration_s: number | null;
  readonly edits: readonly Edit[];
  /** Duration of the media by the track header, ticks; null if unknown. */
  readonly declaredTicks: number | null;
  /** Null if the packets were not looked at. */
  readonly packets: PacketTable | null;
};

/** What a container says about its first audio track; times in seconds on the presentation timeline. */
export type AudioTrack = {
  readonly codec: string | null;
  readonly sampleRate_hz: number | null;
  readonly channels: number | null;
  readonly start_s: number | null;
  readonly duration_s: number | null;
};

/** Everything that was read from the header of one medium. */
export type MediaHeader = {
  readonly format: string;
  readonly isFragmented: boolean | null;
  readonly isFaststart: boolean;
  readonly index_bytes: number;
  readonly duration_s: number | null;
  readonly video: VideoTrack | null;
  readonly audio: AudioTrack | null;
  readonly videoTrackCount: number;
  readonly audioTrackCount: number;
  readonly attachedPictureCount: number;
  readonly declaredEnd_bytes: number | null;
  /** Bytes that scanning for packets cost beyond the header itself. */
  readonly scannedBytes: number;
  /** A fault that left part of the header unread. */
  readonly fault: { readonly code: MediaErrorCode; readonly message: string } | null;
};
