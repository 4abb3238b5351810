/** Size of an upright, square-pixelled frame on a strip, and the size to scale to before it is turned. */
export type StripSize = {
  readonly scaledWidth_px: number;
  readonly scaledHeight_px: number;
  readonly width_px: number;
  readonly height_px: number;
  readonly rotation_deg: 0 | 90 | 180 | 270;
};

/** Fits a frame into the strip: no wider than `maxWidth_px`, no taller than twice that, never enlarged. */
export function stripSize(
  coded: { readonly width_px: number; readonly height_px: number },
  shown: { readonly sar: number; readonly rotation_deg: number; readonly maxWidth_px: number },
): StripSize {
  const rotation_deg = rightAngle(shown.rotation_deg);
  const sar = shown.sar > 0.05 && shown.sar < 20 ? shown.sar : 1;
  const width = coded.width_px * Math.max(1, sar);
  const height = coded.height_px * Math.max(1, 1 / sar);
  const isTurned = rotation_deg === 90 || rotation_deg === 270;
  const [uprightWidth, uprightHeight] = isTurned ? [height, width] : [width, height];
  const scale = Math.min(
    1,
    shown.maxWidth_px / uprightWidth,
    (2 * shown.maxWidth_px) / uprightHeight,
  );
  const scaledWidth_px = Math.max(1, Math.round(width * scale));
  const scaledHeight_px = Math.max(1, Math.round(height * scale));
  return {
    scaledWidth_px,
    scaledHeight_px,
    width_px: isTurned ? scaledHeight_px : scaledWidth_px,
    height_px: isTurned ? scaledWidth_px : scaledHeight_px,
    rotation_deg,
  };
}

function rightAngle(rotation_deg: number): 0 | 90 | 180 | 270 {
  switch (((rotation_deg % 360) + 360) % 360) {
    case 90:
      return 90;
    case 180:
      return 180;
    case 270:
      return 270;
    default:
      return 0;
  }
}
