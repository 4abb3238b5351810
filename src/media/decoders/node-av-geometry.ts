import type { Stream } from 'node-av/lib';

import type { NodeAv } from './node-av-library.ts';

/** Clockwise rotation (0, 90, 180, 270) that a player applies to a stream; -1 for a matrix that is no right angle. */
export function rotationOf(av: NodeAv, stream: Stream): number {
  const matrix = stream.codecpar.getCodedSideData(av.constants.AV_PKT_DATA_DISPLAYMATRIX);
  if (matrix === null || matrix.length < 36) return 0;
  // libavutil/display.h: nine 32-bit integers; the first two turn the x axis, downwards being positive.
  const angle_deg = (Math.atan2(matrix.readInt32LE(4), matrix.readInt32LE(0)) * 180) / Math.PI;
  const turned = (Math.round(angle_deg) + 360) % 360;
  return turned % 90 === 0 ? turned : -1;
}

/** Sample aspect ratio that a player uses: the container's, else the bitstream's; 1 where both are silent. */
export function sampleAspectRatioOf(stream: Stream): number {
  const { num, den } =
    stream.sampleAspectRatio.num > 0 ? stream.sampleAspectRatio : stream.codecpar.sampleAspectRatio;
  return num > 0 && den > 0 ? num / den : 1;
}
