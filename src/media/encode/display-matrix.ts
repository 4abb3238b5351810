/**
 * The 3 x 3 matrix of FFmpeg and of the MP4 track header for a clockwise turn when shown.
 * Nine 32-bit integers: 16.16 fixed point, last column 2.30 (ISO/IEC 14496-12, 8.3.2).
 */
export function displayMatrix(rotation_deg: 0 | 90 | 180 | 270): Buffer {
  const turns = {
    0: [1, 0, 0, 1],
    90: [0, 1, -1, 0],
    180: [-1, 0, 0, -1],
    270: [0, -1, 1, 0],
  } as const;
  const [a, b, c, d] = turns[rotation_deg];
  const matrix = Int32Array.of(a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30);
  return Buffer.from(matrix.buffer);
}
