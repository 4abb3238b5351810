import { uniform } from './simulate-pairs.ts';

/** A picture of coloured shapes, `SIDE_PX` squared, interleaved RGB, and a caption of it: what the toy model has learnt. */
export type Drawn = { readonly rgb: Uint8Array; readonly caption: string };

export const SIDE_PX = 64;

const COLOURS = {
  red: [220, 30, 30],
  green: [30, 170, 50],
  blue: [40, 60, 220],
  yellow: [240, 220, 40],
  white: [245, 245, 245],
  black: [15, 15, 15],
  orange: [245, 140, 20],
  purple: [140, 40, 170],
} as const;
const SHAPES = ['circle', 'square', 'triangle', 'ring', 'cross'] as const;

/** Draws one picture; the same seed gives the same one. */
export function drawShapes(seed: number): Drawn {
  const draw = uniform(Math.imul(seed + 1, 0x9e3779b1));
  const names = Object.keys(COLOURS);
  const first = Math.floor(draw() * names.length);
  const second = (first + 1 + Math.floor(draw() * (names.length - 1))) % names.length;
  const ink = names[first] ?? 'red';
  const ground = names[second] ?? 'blue';
  const shape = SHAPES[Math.floor(draw() * SHAPES.length)] ?? 'circle';
  const isTwo = draw() < 1 / 3;
  const rgb = new Uint8Array(3 * SIDE_PX * SIDE_PX);
  fill(rgb, () => true, colourOf(ground));
  for (let each = 0; each < (isTwo ? 2 : 1); each += 1) {
    const r = isTwo ? 0.1 + 0.05 * draw() : 0.14 + 0.12 * draw();
    const cx = isTwo ? 0.27 + 0.46 * each : 0.3 + 0.4 * draw();
    const cy = 0.3 + 0.4 * draw();
    fill(rgb, (x, y) => isInside(shape, x - cx, y - cy, r), colourOf(ink));
  }
  const plural = shape === 'cross' ? 'crosses' : `${shape}s`;
  return {
    rgb,
    caption: `${isTwo ? 'two' : 'a'} ${ink} ${isTwo ? plural : shape} on a ${ground} background`,
  };
}

function colourOf(name: string): readonly number[] {
  return Object.entries(COLOURS).find(([each]) => each === name)?.[1] ?? [0, 0, 0];
}

function isInside(shape: (typeof SHAPES)[number], dx: number, dy: number, r: number): boolean {
  const square = dx * dx + dy * dy;
  const isRound = square < r * r;
  if (shape === 'circle') return isRound;
  if (shape === 'ring') return isRound && square > (0.55 * r) ** 2;
  if (shape === 'square') return Math.abs(dx) < 0.9 * r && Math.abs(dy) < 0.9 * r;
  if (shape === 'triangle') return dy < 0.8 * r && dy > -r && Math.abs(dx) < (dy + r) * 0.55;
  return (
    (Math.abs(dx) < 0.33 * r && Math.abs(dy) < r) || (Math.abs(dy) < 0.33 * r && Math.abs(dx) < r)
  );
}

function fill(
  rgb: Uint8Array,
  isIn: (x: number, y: number) => boolean,
  colour: readonly number[],
): void {
  for (let y = 0; y < SIDE_PX; y += 1)
    for (let x = 0; x < SIDE_PX; x += 1)
      if (isIn(x / SIDE_PX, y / SIDE_PX)) rgb.set(colour, 3 * (y * SIDE_PX + x));
}
