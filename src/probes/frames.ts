import { decodeFrames } from '../media/decoders/decode-frames.ts';
import {
  colourStride,
  DECODE_LIMITS,
  type DecodeLimits,
  type DecoderChoice,
  type DecodeReport,
  type DecodeTier,
  isColourFrame,
  nativeFrame,
  type SmallFrame,
} from '../media/decoders/frame-stream.ts';
import { loadNodeAv } from '../media/decoders/node-av-library.ts';
import { compareSeeks } from '../media/decoders/node-av-seeks.ts';
import { isBlack, measureBlack } from '../media/measures/black-frames.ts';
import { ColourFrames } from '../media/measures/colour-frames.ts';
import { CutDistance } from '../media/measures/cut-distance.ts';
import { type DuplicateFrames, measureDuplicates } from '../media/measures/duplicate-frames.ts';
import { sceneScores } from '../media/measures/frame-difference.ts';
import { borrowKernel, returnKernel } from '../media/measures/frame-kernel.ts';
import { FrameOrder } from '../media/measures/frame-order.ts';
import { FreezeFinder, type Freezes } from '../media/measures/freezes.ts';
import { GrayFrames } from '../media/measures/gray-frames.ts';
import { NativeLumaNotes } from '../media/measures/native-luma.ts';
import { quantile } from '../media/measures/quantile.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

/**
 * Measures the frames of one video file in one decode. At the `keyframes` tier neighbours are far apart, so
 * what is told by neighbours (repeats, freezes, black runs, scene scores) stays null.
 */
export async function probeFrames(
  path: string,
  options: {
    readonly tier: DecodeTier;
    readonly decoder: DecoderChoice;
    readonly limits?: Partial<DecodeLimits>;
    readonly isSparse?: boolean;
  },
): Promise<EvidenceRow<'frames'>> {
  const notes = new FrameNotes(options.tier);
  try {
    const outcome = await decodeFrames(path, options, (frame) => notes.add(frame));
    if (!outcome.ok) return errorRow('frames', outcome.code, outcome.message);
    return { ...notes.row(outcome, options.tier), ...(await seekColumns(path, options, outcome)) };
  } finally {
    notes.close();
  }
}

type SeekColumns = Pick<
  EvidenceRow<'frames'>,
  'seek_asked_count' | 'seek_missed_count' | 'seek_offset_s' | 'seek_difference'
>;

/** Single frames are asked for at the full tier alone: each costs up to a group of pictures. */
async function seekColumns(
  path: string,
  options: { readonly tier: DecodeTier; readonly limits?: Partial<DecodeLimits> },
  report: DecodeReport,
): Promise<SeekColumns> {
  const isWanted = options.tier === 'full' && report.decoder === 'node-av';
  const av = isWanted ? await loadNodeAv() : null;
  const seeks =
    av === null || av instanceof Error
      ? null
      : await compareSeeks(av, path, { ...DECODE_LIMITS, ...options.limits });
  return {
    seek_asked_count: seeks?.asked_count ?? null,
    seek_missed_count: seeks?.missed_count ?? null,
    seek_offset_s: seeks?.offset_s ?? null,
    seek_difference: seeks?.difference ?? null,
  };
}

/** Frames that are looked at in colour because they have no chroma, at most. */
const MOST_SUSPECTS = 16;
/** Planes left zero in a twentieth of a picture change it by this or more, grey levels. */
const SUSPICIOUS_CHANGE = 3;

/** Planes left zero are black but for their chroma, give or take compression. */
const BLACK_LEVEL = 12;
/** One grey cell of so many is looked at, in 111 places all over the picture. */
const BLACK_STEP = 37;

/** Whether some of the picture is black: reading chroma planes all over takes longer than most measures. */
function hasBlack(gray: Uint8Array): boolean {
  for (let at = 0; at < gray.length; at += BLACK_STEP)
    if ((gray[at] ?? 255) <= BLACK_LEVEL) return true;
  return false;
}

/** What is kept of the frames that pass by. */
class FrameNotes {
  readonly #pts_s: number[] = [];
  readonly #mean: number[] = [];
  readonly #spread: number[] = [];
  readonly #p98: number[] = [];
  readonly #difference: (number | null)[] = [];
  readonly #fromFirst: number[] = [];
  readonly #dhash: bigint[] = [];
  readonly #isFull: boolean;
  readonly #kernel = borrowKernel();
  readonly #grays = new GrayFrames(this.#kernel);
  readonly #colours = new ColourFrames(this.#kernel);
  readonly #freezes = new FreezeFinder(this.#grays);
  readonly #order = new FrameOrder(this.#kernel);
  readonly #cuts = new CutDistance();
  readonly #native: NativeLumaNotes;
  #suspects = 0;

  constructor(tier: DecodeTier) {
    this.#isFull = tier === 'full';
    this.#native = new NativeLumaNotes(this.#kernel, this.#isFull);
  }

  /** After the last use. */
  close(): void {
    returnKernel(this.#kernel);
  }

  add(frame: SmallFrame): void {
    const gray = this.#grays.add(frame.gray);
    this.#pts_s.push(frame.pts_s);
    this.#mean.push(gray.mean);
    this.#spread.push(gray.spread);
    this.#p98.push(gray.p98);
    this.#difference.push(gray.difference);
    this.#fromFirst.push(gray.from_first);
    this.#dhash.push(gray.dhash);
    this.#freezes.add(gray.spread, gray.difference);
    this.#order.add(gray.thumb);
    this.#cuts.add(gray.thumb, gray.difference);
    this.#addColour(frame, gray.difference ?? 255);
    if (this.#isFull || nativeFrame(frame.index, this.#native.isPlain) !== null) {
      const plane = frame.native();
      if (plane !== null) this.#native.add(frame.index, plane);
    }
  }

  #addColour(frame: SmallFrame, change: number): void {
    const isSampled = isColourFrame(frame.index);
    const isSuspect =
      !isSampled &&
      change >= SUSPICIOUS_CHANGE &&
      this.#suspects < MOST_SUSPECTS &&
      hasBlack(frame.gray) &&
      frame.hasEmptyChroma();
    const picture = isSampled || isSuspect ? frame.colour() : null;
    if (picture === null) return;
    if (isSampled) this.#colours.add(frame.index, picture);
    else {
      this.#colours.addSuspect(frame.index, picture);
      this.#suspects++;
    }
  }

  row(report: DecodeReport, tier: DecodeTier): Omit<EvidenceRow<'frames'>, keyof SeekColumns> {
    const isEveryFrame = tier !== 'keyframes';
    const neighbours = this.#difference.filter((d) => d !== null);
    const duplicates: DuplicateFrames | null = isEveryFrame ? measureDuplicates(neighbours) : null;
    const freezes: Freezes | null = isEveryFrame ? this.#freezes.finish(this.#pts_s) : null;
    const dark = this.#p98.map((p98, i) => isBlack(p98, this.#spread[i] ?? 0));
    const black = measureBlack(dark, this.#pts_s);
    this.#colours.thinOut(colourStride(this.#pts_s.length - 1));
    const colours = this.#colours.finish();
    const native = this.#native.finish();
    return {
      decoder: report.decoder,
      decoder_version: report.decoder_version,
      tier: isEveryFrame ? 'frames' : 'keyframes',
      decoded_frame_count: report.frame_count,
      is_complete: report.is_complete,
      width_px: report.width_px,
      height_px: report.height_px,
      pts_s: this.#pts_s,
      luma_mean: this.#mean,
      luma_spread: this.#spread,
      luma_p98: this.#p98,
      difference: this.#difference,
      scene_score: isEveryFrame ? sceneScores(this.#difference) : null,
      cut_distance: isEveryFrame ? this.#cuts.finish() : null,
      dhash: this.#dhash,
      mean_red: colours.means.map((mean) => mean.red),
      mean_green: colours.means.map((mean) => mean.green),
      mean_blue: colours.means.map((mean) => mean.blue),
      chroma_spread: colours.chroma_spread,
      blue_red_variation: colours.blue_red_variation,
      bar_top: colours.bars?.top ?? null,
      bar_bottom: colours.bars?.bottom ?? null,
      bar_left: colours.bars?.left ?? null,
      bar_right: colours.bars?.right ?? null,
      inner_luma_max: colours.inner_luma_max,
      duplicate_share: duplicates?.share ?? null,
      duplicate_among: duplicates?.among ?? null,
      duplicate_motion: duplicates?.moving_median ?? null,
      duplicate_period: duplicates?.period ?? null,
      duplicate_score: duplicates?.score ?? null,
      duplicate_spacing: duplicates?.spacing ?? null,
      duplicate_evenness: duplicates?.evenness ?? null,
      duplicate_beat: duplicates?.beat ?? null,
      duplicate_beat_contrast: duplicates?.beat_contrast ?? null,
      motion_median: duplicates?.motion_median ?? null,
      freeze_count: freezes?.count ?? null,
      freeze_longest_s: freezes?.longest_s ?? null,
      freeze_start_s: freezes?.start_s ?? null,
      freeze_head_s: freezes?.head_s ?? null,
      freeze_tail_s: freezes?.tail_s ?? null,
      motion_outside_freezes: freezes?.motion_outside ?? null,
      black_head_s: isEveryFrame ? black.head_s : null,
      black_tail_s: isEveryFrame ? black.tail_s : null,
      black_longest_s: isEveryFrame ? black.longest_s : null,
      black_share: black.share,
      order_score: isEveryFrame ? this.#order.score() : null,
      comb_score: isEveryFrame ? native.comb_score : null,
      comb_asymmetry: isEveryFrame ? native.comb_asymmetry : null,
      comb_pair_count: isEveryFrame ? native.comb_pair_count : null,
      luma_low: native.luma_low,
      luma_high: native.luma_high,
      softness: native.softness,
      combed_share: tier === 'full' ? native.combed_share : null,
      block_score: tier === 'full' ? native.block_score : null,
      gradient_ratio: colours.gradient_ratio,
      green_share: colours.green_share,
      still_score: this.#fromFirst.length < 2 ? null : quantile(this.#fromFirst.slice(1), 0.95),
      decode_error_count: report.error_count,
      decode_log: report.log,
      decode_s: report.decode_s,
      bytes_read: null,
      error_code: null,
      error_message: null,
    };
  }
}
