import { decodeWithFfmpeg } from './ffmpeg-frames.ts';
import { findFfmpegTool } from './ffmpeg-tools.ts';
import {
  DECODE_LIMITS,
  type DecodeLimits,
  type DecodeOutcome,
  type DecoderChoice,
  type DecodeTier,
  type OnFrame,
} from './frame-stream.ts';
import { decodeWithNodeAv } from './node-av-frames.ts';
import { loadNodeAv } from './node-av-library.ts';

/** The decoder that a choice leads to here, or why there is none. */
export type SelectedDecoder =
  | { readonly ok: true; readonly name: 'node-av' | 'ffmpeg'; readonly version: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Chooses a decoder: `auto` takes node-av if it loads, else a system ffmpeg with ffprobe. node-av comes first because
 * its version is pinned: a system's ffmpeg gives other durations and timestamps from version to version.
 */
export async function selectDecoder(choice: DecoderChoice): Promise<SelectedDecoder> {
  const reasons: string[] = [];
  if (choice !== 'ffmpeg') {
    const av = await loadNodeAv();
    if (!(av instanceof Error)) return { ok: true, name: 'node-av', version: av.version };
    reasons.push(`node-av did not load (${firstLine(av)})`);
  }
  if (choice !== 'node-av') {
    const [ffmpeg, ffprobe] = await Promise.all([
      findFfmpegTool('ffmpeg'),
      findFfmpegTool('ffprobe'),
    ]);
    if (!(ffmpeg instanceof Error) && !(ffprobe instanceof Error)) {
      return { ok: true, name: 'ffmpeg', version: ffmpeg.version };
    }
    const missing = ffmpeg instanceof Error ? ffmpeg : ffprobe;
    reasons.push(
      `no system ffmpeg and ffprobe (${missing instanceof Error ? firstLine(missing) : 'not found'})`,
    );
  }
  return { ok: false, reason: reasons.join('; ') };
}

/**
 * Decodes a local video file and calls `onFrame` for each frame, reduced to 64x64 gray (and a small colour picture of
 * some). Broken media are outcomes, not exceptions. node-av decodes synchronously in this process.
 */
export async function decodeFrames(
  path: string,
  options: {
    readonly tier: DecodeTier;
    readonly decoder: DecoderChoice;
    readonly limits?: Partial<DecodeLimits>;
    /** The file holds its keyframes alone: node-av is not to read more, and nobody else may open it. */
    readonly isSparse?: boolean;
  },
  onFrame: OnFrame,
): Promise<DecodeOutcome> {
  const limits = { ...DECODE_LIMITS, ...options.limits };
  const selected = await selectDecoder(options.decoder);
  if (!selected.ok) return { ok: false, code: 'decoder-unavailable', message: selected.reason };
  if (selected.name === 'node-av') {
    const av = await loadNodeAv();
    if (av instanceof Error) return { ok: false, code: 'decoder-unavailable', message: av.message };
    const isSparse = options.isSparse === true;
    return decodeWithNodeAv(av, path, { tier: options.tier, limits, isSparse }, onFrame);
  }
  const [ffmpeg, ffprobe] = await Promise.all([
    findFfmpegTool('ffmpeg'),
    findFfmpegTool('ffprobe'),
  ]);
  if (ffmpeg instanceof Error || ffprobe instanceof Error) {
    return { ok: false, code: 'decoder-unavailable', message: 'no system ffmpeg' };
  }
  return decodeWithFfmpeg({ ffmpeg, ffprobe }, path, { tier: options.tier, limits }, onFrame);
}

function firstLine(error: Error): string {
  return error.message.split('\n')[0] ?? '';
}
