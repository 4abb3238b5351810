import { decodeFrames } from '../media/decoders/decode-frames.ts';
import {
  colourStride,
  DECODE_LIMITS,
  type DecodeLimits,
  type DecoderChoice,
  type DecodeReport,
  type DecodeTier,
  GRAY_SIDE_PX,
  type SmallFrame,
} from '../media/decoders/frame-stream.ts';
import { loadNodeAv } from '../media/decoders/node-av-library.ts';
import { compareSeeks } from '../media/decoders/node-av-seeks.ts';
import {
  type Bars,
  findBars,
  innerLuma,
  type LumaEnvelope,
  NO_BARS,
  widenEnvelope,
} from '../media/measures/bars.ts';
import { isBlack, measureBlack } from '../media/measures/black-frames.ts';
import {
  addColour,
  chromaSpread,
  emptyChromaSums,
  lumaOf,
  type MeanColour,
  zeroPlaneShare,
} from '../media/measures/colour.ts';
import { type DuplicateFrames, measureDuplicates } from '../media/measures/duplicate-frames.ts';
import { meanAbsoluteDifference, sceneScores } from '../media/measures/frame-difference.ts';
import { FreezeFinder, type Freezes } from '../media/measures/freezes.ts';
import { CutDistance } from '../media/measures/cut-distance.ts';
import { FrameOrder } from '../media/measures/frame-order.ts';
import { gradientRatio } from '../media/measures/gradient-ratio.ts';
import { measureFrameLuma } from '../media/measures/luma-statistics.ts';
import { NativeLumaNotes } from '../media/measures/native-luma.ts';
import { differenceHash } from '../media/measures/perceptual-hashes.ts';
import { median, quantile } from '../media/measures/quantile.ts';
import { thumbOf } from '../media/measures/thumb.ts';
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
  },
): Promise<EvidenceRow<'frames'>> {
  const notes = new FrameNotes(options.tier);
  const outcome = await decodeFrames(path, options, (frame) => notes.add(frame));
  if (!outcome.ok) return errorRow('frames', outcome.code, outcome.message);
  return { ...notes.row(outcome, options.tier), ...(await seekColumns(path, options, outcome)) };
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

type ColourNote = {
  readonly index: number;
  readonly rgb: Uint8Array;
  readonly width_px: number;
  readonly height_px: number;
};

/** What is kept of the frames that pass by. */
class FrameNotes {
  readonly #pts_s: number[] = [];
  readonly #mean: number[] = [];
  readonly #spread: number[] = [];
  readonly #p98: number[] = [];
  readonly #difference: (number | null)[] = [];
  readonly #fromFirst: number[] = [];
  readonly #dhash: bigint[] = [];
  readonly #freezes = new FreezeFinder();
  readonly #order = new FrameOrder();
  readonly #cuts = new CutDistance();
  readonly #native: NativeLumaNotes;
  #colours: ColourNote[] = [];
  #colourStride = 1;
  #first: Uint8Array | null = null;
  readonly #before = new Uint8Array(GRAY_SIDE_PX * GRAY_SIDE_PX);

  constructor(tier: DecodeTier) {
    this.#native = new NativeLumaNotes(tier === 'full');
  }

  add(frame: SmallFrame): void {
    const { gray } = frame;
    const luma = measureFrameLuma(gray);
    const difference = this.#first === null ? null : meanAbsoluteDifference(gray, this.#before);
    this.#first ??= new Uint8Array(gray);
    this.#pts_s.push(frame.pts_s);
    this.#mean.push(luma.mean);
    this.#spread.push(luma.spread);
    this.#p98.push(luma.p98);
    this.#difference.push(difference);
    this.#fromFirst.push(meanAbsoluteDifference(gray, this.#first));
    this.#dhash.push(differenceHash(gray, GRAY_SIDE_PX));
    this.#freezes.add(gray, luma.spread, difference);
    const thumb = thumbOf(gray, GRAY_SIDE_PX);
    this.#order.add(thumb);
    this.#cuts.add(thumb, difference);
    if (frame.native !== null) this.#native.add(frame.index, frame.native);
    this.#before.set(gray);
    if (frame.colour !== null) this.#addColour(frame.index, frame.colour);
  }

  #addColour(index: number, colour: NonNullable<SmallFrame['colour']>): void {
    const stride = colourStride(index);
    if (stride !== this.#colourStride) {
      this.#colours = this.#colours.filter((note) => note.index % stride === 0);
      this.#colourStride = stride;
    }
    this.#colours.push({ ...colour, index, rgb: new Uint8Array(colour.rgb) });
  }

  row(report: DecodeReport, tier: DecodeTier): Omit<EvidenceRow<'frames'>, keyof SeekColumns> {
    const isEveryFrame = tier !== 'keyframes';
    const neighbours = this.#difference.filter((d) => d !== null);
    const duplicates: DuplicateFrames | null = isEveryFrame ? measureDuplicates(neighbours) : null;
    const freezes: Freezes | null = isEveryFrame ? this.#freezes.finish(this.#pts_s) : null;
    const dark = this.#p98.map((p98, i) => isBlack(p98, this.#spread[i] ?? 0));
    const black = measureBlack(dark, this.#pts_s);
    const colours = this.#measureColours();
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
      bar_top: colours.bars?.top ?? null,
      bar_bottom: colours.bars?.bottom ?? null,
      bar_left: colours.bars?.left ?? null,
      bar_right: colours.bars?.right ?? null,
      inner_luma_max: colours.inner_luma_max,
      duplicate_share: duplicates?.share ?? null,
      duplicate_period: duplicates?.period ?? null,
      duplicate_score: duplicates?.score ?? null,
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
      error_code: null,
      error_message: null,
    };
  }

  #measureColours(): {
    readonly means: readonly MeanColour[];
    readonly chroma_spread: number | null;
    readonly bars: Bars | null;
    readonly inner_luma_max: number | null;
    readonly gradient_ratio: number | null;
    readonly green_share: number | null;
  } {
    const [first] = this.#colours;
    if (first === undefined)
      return {
        means: [],
        chroma_spread: null,
        bars: null,
        inner_luma_max: null,
        gradient_ratio: null,
        green_share: null,
      };
    const { width_px, height_px } = first;
    const stride = colourStride(this.#pts_s.length - 1);
    const kept = this.#colours.filter((note) => note.index % stride === 0);
    const sums = emptyChromaSums();
    const means = kept.map((note) => addColour(sums, note.rgb));
    const lumas = kept.map((note) => lumaOf(note.rgb));
    let envelope: LumaEnvelope | null = null;
    for (const luma of lumas) envelope = widenEnvelope(envelope, luma);
    const bars = envelope === null ? NO_BARS : findBars(envelope, width_px, height_px);
    const inner = lumas.map((luma) => innerLuma(luma, width_px, height_px, bars));
    const ratios = lumas
      .map((luma) => gradientRatio(luma, width_px, height_px))
      .filter((ratio) => ratio !== null);
    return {
      means,
      chroma_spread: chromaSpread(sums),
      bars,
      inner_luma_max: Math.max(...inner),
      gradient_ratio: ratios.length === 0 ? null : median(ratios),
      green_share: Math.max(...kept.map((note) => zeroPlaneShare(note.rgb))),
    };
  }
}
