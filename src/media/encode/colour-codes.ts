import type {
  AVColorPrimaries,
  AVColorRange,
  AVColorSpace,
  AVColorTransferCharacteristic,
} from 'node-av';
import type { ColourTags } from './clip-recipe.ts';
import type { LibAv } from './libav.ts';

/** The code points of ITU-T H.273 for the tags of a recipe, as FFmpeg names them. */
export function colourCodes(
  av: LibAv,
  tags: ColourTags,
): {
  readonly range: AVColorRange | undefined;
  readonly matrix: AVColorSpace | undefined;
  readonly primaries: AVColorPrimaries | undefined;
  readonly transfer: AVColorTransferCharacteristic | undefined;
} {
  const ranges = { limited: av.AVCOL_RANGE_MPEG, full: av.AVCOL_RANGE_JPEG };
  const matrices = {
    bt709: av.AVCOL_SPC_BT709,
    bt601: av.AVCOL_SPC_SMPTE170M,
    bt2020: av.AVCOL_SPC_BT2020_NCL,
  };
  const primaries = {
    bt709: av.AVCOL_PRI_BT709,
    bt601: av.AVCOL_PRI_SMPTE170M,
    bt2020: av.AVCOL_PRI_BT2020,
  };
  const transfers = {
    bt709: av.AVCOL_TRC_BT709,
    pq: av.AVCOL_TRC_SMPTE2084,
    hlg: av.AVCOL_TRC_ARIB_STD_B67,
    srgb: av.AVCOL_TRC_IEC61966_2_1,
  };
  return {
    range: tags.range && ranges[tags.range],
    matrix: tags.matrix && matrices[tags.matrix],
    primaries: tags.primaries && primaries[tags.primaries],
    transfer: tags.transfer && transfers[tags.transfer],
  };
}
