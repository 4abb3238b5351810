/** Constant black bars at the borders of a picture, as shares 0–1 of its height or width. */
export type Bars = {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
};

/** Brightest luma of a bar: limited-range black taken for full range is 16, and compression adds noise. */
const BRIGHTEST_BAR = 28;
/** A bar is one flat colour: its brightest pixel over time differs this little from its darkest. */
const FLAT = 10;
/** Right behind the edge the picture is brighter than the bar by this much… */
const STEP = 8;
/** …on this share of the edge: a straight edge, not the sky over a street lamp. */
const STRAIGHT = 0.6;

/** Per-pixel extremes of luma over time: what a bar can't hide and a night can't fake. */
type LumaEnvelope = {
  readonly lowest: Uint8Array;
  readonly highest: Uint8Array;
  readonly count: number;
};

/** Folds one more luma plane of the same size into the envelope. */
export function widenEnvelope(envelope: LumaEnvelope | null, luma: Uint8Array): LumaEnvelope {
  if (envelope === null)
    return { lowest: new Uint8Array(luma), highest: new Uint8Array(luma), count: 1 };
  const lowest = new Uint8Array(envelope.lowest);
  const highest = new Uint8Array(envelope.highest);
  for (let i = 0; i < luma.length; i++) {
    const level = luma[i] ?? 0;
    if (level < (lowest[i] ?? 0)) lowest[i] = level;
    if (level > (highest[i] ?? 0)) highest[i] = level;
  }
  return { lowest, highest, count: envelope.count + 1 };
}

type Side = { readonly isRow: boolean; readonly fromEnd: boolean };
type FlatBorder = Side & { readonly depth: number; readonly highest: number };
type Picture = {
  readonly envelope: LumaEnvelope;
  readonly width_px: number;
  readonly height_px: number;
};

/**
 * Finds bars: lines from a border inwards that are dark and flat at all times, ended by a straight edge.
 * The line that the edge runs through counts by its share, so that bars are finer than the small picture's pixels.
 */
export function findBars(envelope: LumaEnvelope, width_px: number, height_px: number): Bars {
  const picture: Picture = { envelope, width_px, height_px };
  const top = flatBorder(picture, { isRow: true, fromEnd: false });
  const bottom = flatBorder(picture, { isRow: true, fromEnd: true });
  const left = flatBorder(picture, { isRow: false, fromEnd: false });
  const right = flatBorder(picture, { isRow: false, fromEnd: true });
  const rows = { start: top.depth, end: height_px - bottom.depth };
  const columns = { start: left.depth, end: width_px - right.depth };
  return {
    top: barOf(picture, top, columns),
    bottom: barOf(picture, bottom, columns),
    left: barOf(picture, left, rows),
    right: barOf(picture, right, rows),
  };
}

function pixelAt(picture: Picture, side: Side, depth: number, along: number): number {
  const last = (side.isRow ? picture.height_px : picture.width_px) - 1;
  const across = side.fromEnd ? last - depth : depth;
  return side.isRow ? across * picture.width_px + along : along * picture.width_px + across;
}

function flatBorder(picture: Picture, side: Side): FlatBorder {
  const { envelope, width_px, height_px } = picture;
  const lines = side.isRow ? height_px : width_px;
  const length = side.isRow ? width_px : height_px;
  let lowest = 255;
  let highest = 0;
  let depth = 0;
  for (; depth < lines; depth++) {
    let lineLowest = lowest;
    let lineHighest = highest;
    for (let along = 0; along < length; along++) {
      const i = pixelAt(picture, side, depth, along);
      lineLowest = Math.min(lineLowest, envelope.lowest[i] ?? 0);
      lineHighest = Math.max(lineHighest, envelope.highest[i] ?? 0);
    }
    if (lineHighest > BRIGHTEST_BAR || lineHighest - lineLowest > FLAT) break;
    lowest = lineLowest;
    highest = lineHighest;
  }
  return { ...side, depth: depth === lines ? 0 : depth, highest };
}

/** Share of the picture that the border takes if its inner edge, between the bars at its ends, is straight; else 0. */
function barOf(picture: Picture, border: FlatBorder, span: { start: number; end: number }): number {
  const { depth, highest } = border;
  const lines = border.isRow ? picture.height_px : picture.width_px;
  if (depth === 0 || depth > lines - 2 || span.end <= span.start) return 0;
  let brighter = 0;
  let edge = 0;
  let inside = 0;
  for (let along = span.start; along < span.end; along++) {
    const atEdge = picture.envelope.highest[pixelAt(picture, border, depth, along)] ?? 0;
    const behind = picture.envelope.highest[pixelAt(picture, border, depth + 1, along)] ?? 0;
    if (Math.max(atEdge, behind) > highest + STEP) brighter++;
    edge += atEdge - highest;
    inside += behind - highest;
  }
  if (brighter < STRAIGHT * (span.end - span.start)) return 0;
  const covered = inside <= 0 ? 0 : Math.min(1, Math.max(0, 1 - edge / inside));
  return (depth + covered) / lines;
}

/** Share of the pixels that are not brighter than the inner luma. */
export const INNER_SHARE = 0.98;

/** The 98th percentile of luma inside the bars. */
export function innerLuma(
  luma: Uint8Array,
  width_px: number,
  height_px: number,
  bars: Bars,
): number {
  const histogram = new Uint32Array(256);
  let pixels = 0;
  for (
    let y = Math.ceil(bars.top * height_px);
    y < height_px - Math.ceil(bars.bottom * height_px);
    y++
  ) {
    for (
      let x = Math.ceil(bars.left * width_px);
      x < width_px - Math.ceil(bars.right * width_px);
      x++
    ) {
      const level = luma[y * width_px + x] ?? 0;
      histogram[level] = (histogram[level] ?? 0) + 1;
      pixels++;
    }
  }
  let seen = 0;
  for (let level = 0; level < 256; level++) {
    seen += histogram[level] ?? 0;
    if (seen >= INNER_SHARE * pixels) return level;
  }
  return 255;
}
