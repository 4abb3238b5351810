import type { Metadata } from 'sharp';

import { hiddenColour, type HiddenColour, UNKNOWN_ALPHA } from '../media/images/hidden-colour.ts';
import { iccDescription } from '../media/images/icc-description.ts';
import { lacksEndMarker } from '../media/images/end-marker.ts';
import {
  MOST_DECODED_PIXELS,
  openImage,
  openImageHeader,
  type OpenImage,
} from '../media/images/open-image.ts';
import { decodeSmallRgb, type SmallImage } from '../media/images/small-rgb.ts';
import { findBars, widenEnvelope } from '../media/measures/bars.ts';
import { cellColours } from '../media/measures/cell-colours.ts';
import {
  addColour,
  blueRedVariation,
  chromaSpread,
  emptyChromaSums,
  fullWhiteShare,
  lumaOf,
  zeroPlaneShare,
} from '../media/measures/colour.ts';
import { gradientRatio } from '../media/measures/gradient-ratio.ts';
import { measureLuma } from '../media/measures/luma-statistics.ts';
import { dctHash, differenceHash, shrink } from '../media/measures/perceptual-hashes.ts';
import { laplacianVariance } from '../media/measures/sharpness.ts';
import type { RangeReader } from '../media/ranges.ts';
import { errorRow, type EvidenceRow } from './evidence-tables.ts';

/** Longer side of the picture that is measured, px; smaller ones are not enlarged. */
const MEASURED_SIDE_PX = 512;
/** Longer side of the picture in which bars are looked for: smooth enough to hide the ringing of JPEG at edges. */
const BARS_SIDE_PX = 128;
const HASH_SIDE_PX = 64;

/**
 * Measures one image: its header, and its first page upright on white. A damaged picture is measured as far as
 * it decodes; one of more than 100 million pixels, or any if only headers are wanted, is described by its header alone.
 */
export async function probeImage(
  reader: RangeReader,
  options: { readonly isHeaderOnly?: boolean } = {},
): Promise<EvidenceRow<'images'>> {
  const isHeaderOnly = options.isHeaderOnly === true;
  const image = isHeaderOnly ? await openImageHeader(reader) : await openImage(reader);
  if (!image.ok) return errorRow('images', image.code, image.message);
  const header = describeHeader(image);
  const { metadata } = image;
  if (isHeaderOnly || metadata.width * metadata.height > MOST_DECODED_PIXELS) {
    const unseen = { ...NO_PIXELS, ...UNKNOWN_ALPHA };
    return { ...header, ...unseen, decode_error_count: null, decode_log: null };
  }
  const { pixels, complaints } = await decodeSmall(image);
  const isShort = complaints.some((line) =>
    /premature end|truncat|not enough data|end of (file|stream)/i.test(line),
  );
  return {
    ...header,
    ...(pixels === null ? NO_PIXELS : measurePixels(pixels)),
    ...(await hiddenColour(image)),
    is_truncated: header.is_truncated === true || isShort,
    decode_error_count: complaints.length,
    decode_log: complaints,
  };
}

type PixelColumns = Pick<
  EvidenceRow<'images'>,
  | 'luma_mean'
  | 'luma_spread'
  | 'luma_p1'
  | 'luma_p99'
  | 'entropy_bits'
  | 'sharpness'
  | 'mean_red'
  | 'mean_green'
  | 'mean_blue'
  | 'chroma_spread'
  | 'blue_red_variation'
  | 'bar_top'
  | 'bar_bottom'
  | 'bar_left'
  | 'bar_right'
  | 'gradient_ratio'
  | 'green_share'
  | 'white_share'
  | 'dhash'
  | 'phash'
  | 'cell_colours'
>;

const NO_PIXELS: PixelColumns = {
  luma_mean: null,
  luma_spread: null,
  luma_p1: null,
  luma_p99: null,
  entropy_bits: null,
  sharpness: null,
  mean_red: null,
  mean_green: null,
  mean_blue: null,
  chroma_spread: null,
  blue_red_variation: null,
  bar_top: null,
  bar_bottom: null,
  bar_left: null,
  bar_right: null,
  gradient_ratio: null,
  green_share: null,
  white_share: null,
  dhash: null,
  phash: null,
  cell_colours: null,
};

type HeaderColumns = Omit<
  EvidenceRow<'images'>,
  keyof PixelColumns | keyof HiddenColour | 'decode_error_count' | 'decode_log'
>;

function describeHeader(image: OpenImage): HeaderColumns {
  const { metadata, bytes, format } = image;
  const delays_ms = metadata.delay ?? [];
  return {
    format,
    width_px: metadata.width,
    height_px: metadata.pageHeight ?? metadata.height,
    upright_width_px: metadata.autoOrient.width,
    upright_height_px: metadata.autoOrient.height,
    orientation: metadata.orientation ?? null,
    page_count: metadata.pages ?? 1,
    duration_s:
      delays_ms.length === 0 ? null : delays_ms.reduce((sum, delay) => sum + delay, 0) / 1000,
    channels: metadata.channels,
    bit_depth: bitDepthOf(metadata),
    colour_space: metadata.space,
    has_alpha: metadata.hasAlpha,
    icc_profile: metadata.icc === undefined ? null : iccDescription(metadata.icc),
    is_progressive: metadata.isProgressive,
    is_truncated: lacksEndMarker(bytes, format, image.sizeBytes),
    bytes_read: bytes.length,
    error_code: null,
    error_message: null,
  };
}

/** Bits per channel by libvips' name of the band format. */
function bitDepthOf(metadata: Metadata): number | null {
  if (metadata.bitsPerSample !== undefined) return metadata.bitsPerSample;
  switch (metadata.depth) {
    case 'uchar':
    case 'char':
      return 8;
    case 'ushort':
    case 'short':
      return 16;
    case 'uint':
    case 'int':
    case 'float':
      return 32;
    case 'double':
    case 'complex':
      return 64;
    default:
      return null;
  }
}

/**
 * Decodes strictly first, to hear the complaints, then with what can be had. TIFF readers warn of every tag that they do
 * not know or that lacks a zero: such warnings say nothing about the picture.
 */
async function decodeSmall(
  image: OpenImage,
): Promise<{ readonly pixels: SmallImage | null; readonly complaints: readonly string[] }> {
  const complaints: string[] = [];
  const strict = image.format === 'tiff' ? 'error' : 'warning';
  for (const failOn of [strict, 'none'] as const) {
    try {
      const box = { maxWidth_px: MEASURED_SIDE_PX, maxHeight_px: MEASURED_SIDE_PX };
      return { pixels: await decodeSmallRgb(image.bytes, { failOn, ...box }), complaints };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      complaints.push(
        ...new Set(
          message
            .split('\n')
            .map((line) => line.trim())
            .filter((line) => line !== ''),
        ),
      );
    }
  }
  return { pixels: null, complaints };
}

function measurePixels(picture: SmallImage): PixelColumns {
  const { rgb, width_px, height_px } = picture;
  const sums = emptyChromaSums();
  const mean = addColour(sums, rgb);
  const plane = lumaOf(rgb);
  const luma = measureLuma(plane);
  const square = Uint8Array.from(
    shrink(plane, width_px, height_px, HASH_SIDE_PX, HASH_SIDE_PX),
    Math.round,
  );
  const scale = Math.min(1, BARS_SIDE_PX / Math.max(width_px, height_px));
  const columns = Math.max(1, Math.round(width_px * scale));
  const rows = Math.max(1, Math.round(height_px * scale));
  const small = Uint8Array.from(shrink(plane, width_px, height_px, columns, rows), Math.round);
  const bars = findBars(widenEnvelope(null, small), columns, rows);
  return {
    luma_mean: luma.mean,
    luma_spread: luma.spread,
    luma_p1: luma.p1,
    luma_p99: luma.p99,
    entropy_bits: luma.entropy_bits,
    sharpness: laplacianVariance(plane, width_px, height_px),
    mean_red: mean.red,
    mean_green: mean.green,
    mean_blue: mean.blue,
    chroma_spread: chromaSpread(sums),
    blue_red_variation: blueRedVariation(rgb, width_px, height_px),
    bar_top: bars.top,
    bar_bottom: bars.bottom,
    bar_left: bars.left,
    bar_right: bars.right,
    gradient_ratio: gradientRatio(small, columns, rows),
    green_share: zeroPlaneShare(rgb),
    white_share: fullWhiteShare(rgb),
    dhash: differenceHash(square, HASH_SIDE_PX),
    phash: dctHash(square, HASH_SIDE_PX),
    cell_colours: cellColours(rgb, width_px, height_px),
  };
}
