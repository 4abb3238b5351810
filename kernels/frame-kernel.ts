/**
 * The inner loops of the frame measures, in AssemblyScript (TypeScript's syntax, WebAssembly's types and vectors). All
 * in integers, so that every machine gives the same numbers. Addresses are bytes of the module's memory;
 * `src/media/measures/frame-kernel.ts` lays it out. `npm run make:kernel` compiles this into
 * `src/media/measures/frame-kernel-bytes.ts`; `test/frame-kernel.test.ts` holds each function against plain TypeScript.
 */

/** |a - b| of 16 bytes. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function apart(a: v128, b: v128): v128 {
  return v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
}

/** Adds 16 bytes to four running sums. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function addBytes(sums: v128, bytes: v128): v128 {
  return i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function total(sums: v128): u32 {
  return (
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3)
  );
}

/** Sum of |a - b| over `bytes` (a multiple of 16); the largest is written to `most`. */
export function compare(a: usize, b: usize, bytes: i32, most: usize): u32 {
  let sums = i32x4.splat(0);
  let largest = i8x16.splat(0);
  for (let i = 0; i < bytes; i += 16) {
    const difference = apart(v128.load(a + i), v128.load(b + i));
    largest = i8x16.max_u(largest, difference);
    sums = addBytes(sums, difference);
  }
  let level: u32 = 0;
  v128.store(most + 16, largest);
  for (let i = 0; i < 16; i++) level = max<u32>(level, load<u8>(most + 16 + i));
  store<u32>(most, level);
  return total(sums);
}

/** Sum and sum of squares of `bytes` levels (at most 65,536), as two u32 at `out`. */
export function moments(at: usize, bytes: i32, out: usize): void {
  let sums = i32x4.splat(0);
  let squares = i32x4.splat(0);
  for (let i = 0; i < bytes; i += 16) {
    const levels = v128.load(at + i);
    sums = addBytes(sums, levels);
    const low = i16x8.extend_low_i8x16_u(levels);
    const high = i16x8.extend_high_i8x16_u(levels);
    squares = i32x4.add(squares, i32x4.dot_i16x8_s(low, low));
    squares = i32x4.add(squares, i32x4.dot_i16x8_s(high, high));
  }
  store<u32>(out, total(sums));
  store<u32>(out + 4, total(squares));
}

/** Bytes that are at most `level`. */
function countUpTo(at: usize, bytes: i32, level: i32): i32 {
  const bound = i8x16.splat(<i8>level);
  let count = 0;
  for (let i = 0; i < bytes; i += 16)
    count += popcnt(i8x16.bitmask(i8x16.le_u(v128.load(at + i), bound)));
  return count;
}

/** The lowest level that at least `wanted` bytes do not exceed. */
export function levelOfRank(at: usize, bytes: i32, wanted: i32): i32 {
  let low = 0;
  let high = 255;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (countUpTo(at, bytes, middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Rounded means of the 4x4 blocks of a 64x64 plane: 16x16 bytes at `out`. */
export function thumb(at: usize, out: usize): void {
  for (let row = 0; row < 16; row++) {
    for (let part = 0; part < 4; part++) {
      const from = at + row * 256 + part * 16;
      let pairs = i16x8.extadd_pairwise_i8x16_u(v128.load(from));
      pairs = i16x8.add(pairs, i16x8.extadd_pairwise_i8x16_u(v128.load(from, 64)));
      pairs = i16x8.add(pairs, i16x8.extadd_pairwise_i8x16_u(v128.load(from, 128)));
      pairs = i16x8.add(pairs, i16x8.extadd_pairwise_i8x16_u(v128.load(from, 192)));
      const blocks = i32x4.shr_u(
        i32x4.add(i32x4.extadd_pairwise_i16x8_u(pairs), i32x4.splat(8)),
        4,
      );
      const to = out + row * 16 + part * 4;
      store<u8>(to, <u8>i32x4.extract_lane(blocks, 0));
      store<u8>(to + 1, <u8>i32x4.extract_lane(blocks, 1));
      store<u8>(to + 2, <u8>i32x4.extract_lane(blocks, 2));
      store<u8>(to + 3, <u8>i32x4.extract_lane(blocks, 3));
    }
  }
}

/**
 * 64-bit difference hash of a 64x64 plane: is each cell of a 9x8 grid darker than its right neighbour. A cell is 64/9
 * pixels wide: pixels on a border count by their ninths. `scratch` takes 64 u32.
 */
export function differenceHash(at: usize, scratch: usize): i64 {
  let hash: i64 = 0;
  for (let band = 0; band < 8; band++) {
    for (let part = 0; part < 4; part++) {
      const from = at + band * 512 + part * 16;
      let low = i16x8.splat(0);
      let high = i16x8.splat(0);
      for (let row = 0; row < 8; row++) {
        const levels = v128.load(from + row * 64);
        low = i16x8.add(low, i16x8.extend_low_i8x16_u(levels));
        high = i16x8.add(high, i16x8.extend_high_i8x16_u(levels));
      }
      const to = scratch + part * 64;
      v128.store(to, i32x4.extend_low_i16x8_u(low));
      v128.store(to, i32x4.extend_high_i16x8_u(low), 16);
      v128.store(to, i32x4.extend_low_i16x8_u(high), 32);
      v128.store(to, i32x4.extend_high_i16x8_u(high), 48);
    }
    let before = 0;
    let cell = 0;
    let end = 64;
    for (let pixel = 0, ninths = 9; pixel < 64; pixel++, ninths += 9) {
      const level: i32 = load<i32>(scratch + 4 * pixel);
      if (ninths < end) {
        cell += 9 * level;
        continue;
      }
      cell += (9 - (ninths - end)) * level;
      if (end > 64) hash = (hash << 1) | <i64>(before < cell);
      before = cell;
      cell = (ninths - end) * level;
      end += 64;
    }
  }
  return hash;
}

/**
 * ITU-R BT.601 luma of RGB rows, as JPEG has it, to `luma`. At `out` eight doubles: sums of red, green, blue, Cb, Cb squared, Cr, Cr
 * squared, and the pixels whose planes were left zero.
 */
export function measureColour(
  rgb: usize,
  stride: i32,
  width: i32,
  height: i32,
  luma: usize,
  out: usize,
): void {
  let red: u32 = 0;
  let green: u32 = 0;
  let blue: u32 = 0;
  let b1: i64 = 0;
  let b2: i64 = 0;
  let r1: i64 = 0;
  let r2: i64 = 0;
  let zeroPlanes: u32 = 0;
  for (let y = 0; y < height; y++) {
    let from = rgb + y * stride;
    for (let x = 0; x < width; x++, from += 3) {
      const r: i32 = load<u8>(from);
      const g: i32 = load<u8>(from, 1);
      const b: i32 = load<u8>(from, 2);
      red += r;
      green += g;
      blue += b;
      // ITU-T T.871 (JFIF), full range, in 256ths whose sum is 0: grey has no chroma at all.
      const cb = -43 * r - 85 * g + 128 * b;
      const cr = 128 * r - 107 * g - 21 * b;
      b1 += cb;
      b2 += cb * cb;
      r1 += cr;
      r2 += cr * cr;
      // The green of planes left zero: (0, 135, 0) in BT.601, (0, 77 to 84, 0) in BT.709, give or take compression.
      if (r <= 20 && b <= 20 && ((g >= 124 && g <= 144) || (g >= 72 && g <= 90))) zeroPlanes++;
      store<u8>(luma++, <u8>((77 * r + 150 * g + 29 * b + 128) >> 8));
    }
  }
  store<f64>(out, <f64>red);
  store<f64>(out + 8, <f64>green);
  store<f64>(out + 16, <f64>blue);
  store<f64>(out + 24, <f64>b1 / 256);
  store<f64>(out + 32, <f64>b2 / 65536);
  store<f64>(out + 40, <f64>r1 / 256);
  store<f64>(out + 48, <f64>r2 / 65536);
  store<f64>(out + 56, <f64>zeroPlanes);
}

/** Sums of |difference| to the right and to the lower neighbour, as two u32 at `out`. */
export function gradients(plane: usize, width: i32, height: i32, out: usize): void {
  let along = i32x4.splat(0);
  let down = i32x4.splat(0);
  let alongRest: u32 = 0;
  let downRest: u32 = 0;
  for (let y = 0; y + 1 < height; y++) {
    const row = plane + y * width;
    let x = 0;
    for (; x + 16 < width; x += 16) {
      const here = v128.load(row + x);
      along = addBytes(along, apart(here, v128.load(row + x + 1)));
      down = addBytes(down, apart(here, v128.load(row + x + width)));
    }
    for (; x + 1 < width; x++) {
      const here: i32 = load<u8>(row + x);
      alongRest += abs(<i32>load<u8>(row + x + 1) - here);
      downRest += abs(<i32>load<u8>(row + x + width) - here);
    }
  }
  store<u32>(out, total(along) + alongRest);
  store<u32>(out + 4, total(down) + downRest);
}

/** Lowers `lowest` and raises `highest` to a plane, `bytes` (rounded up to 16) long. */
export function widen(lowest: usize, highest: usize, plane: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i += 16) {
    const levels = v128.load(plane + i);
    v128.store(lowest + i, i8x16.min_u(v128.load(lowest + i), levels));
    v128.store(highest + i, i8x16.max_u(v128.load(highest + i), levels));
  }
}

/** Copies strips of 32 columns out of rows of 8-bit codes, or of 16-bit codes shifted right, side by side. */
export function packStrips(
  plane: usize,
  stride: i32,
  rows: i32,
  width: i32,
  strips: i32,
  shift: i32,
  out: usize,
): void {
  for (let row = 0; row < rows; row++) {
    const line = plane + row * stride;
    for (let strip = 0; strip < strips; strip++) {
      const column = strips === 1 ? 0 : (strip * (width - 32)) / (strips - 1);
      if (shift < 0) {
        v128.store(out, v128.load(line + column));
        v128.store(out, v128.load(line + column, 16), 16);
      } else {
        for (let part = 0; part < 32; part += 16) {
          const from = line + 2 * (column + part);
          const low = i16x8.shr_u(v128.load(from), shift);
          const high = i16x8.shr_u(v128.load(from, 16), shift);
          v128.store(out + part, i8x16.narrow_i16x8_u(low, high));
        }
      }
      out += 32;
    }
  }
}

/** Adds every `step`-th byte to a histogram of 256 u32. */
export function addHistogram(at: usize, bytes: i32, step: i32, histogram: usize): void {
  for (let i = 0; i < bytes; i += step) {
    const cell = histogram + 4 * <usize>load<u8>(at + i);
    store<u32>(cell, load<u32>(cell) + 1);
  }
}

/**
 * Two frames' strips as idet of FFmpeg looks at fields: own unrest of moving pixels, that of the lines of the second
 * between those of the first (even rows, odd rows), and how many pixels move: four u64 at `out`. A moving pixel differs
 * by more than `motion`; the mean of the lines above and below is rounded up.
 */
export function combPair(
  first: usize,
  second: usize,
  width: i32,
  height: i32,
  motion: i32,
  out: usize,
): void {
  const bound = i8x16.splat(<i8>motion);
  let own: u64 = 0;
  let even: u64 = 0;
  let odd: u64 = 0;
  let moving: u64 = 0;
  for (let row = 1; row + 1 < height; row++) {
    const a = first + row * width;
    const b = second + row * width;
    let unrest = i32x4.splat(0);
    let weave = i32x4.splat(0);
    let count = 0;
    for (let x = 0; x < width; x += 16) {
      const here = v128.load(a + x);
      const next = v128.load(b + x);
      const moves = i8x16.gt_u(apart(here, next), bound);
      const bits = i8x16.bitmask(moves);
      if (bits === 0) continue;
      count += popcnt(bits);
      const around = i8x16.avgr_u(v128.load(a + x - width), v128.load(a + x + width));
      unrest = addBytes(unrest, v128.and(moves, apart(around, here)));
      weave = addBytes(weave, v128.and(moves, apart(around, next)));
    }
    own += total(unrest);
    moving += count;
    if ((row & 1) === 0) even += total(weave);
    else odd += total(weave);
  }
  store<f64>(out, <f64>own);
  store<f64>(out + 8, <f64>even);
  store<f64>(out + 16, <f64>odd);
  store<f64>(out + 24, <f64>moving);
}

/** Sums of squared differences at 1 and at 4 pixels' distance inside strips of 32, of every `step`-th row: two doubles. */
export function softness(plane: usize, width: i32, height: i32, step: i32, out: usize): void {
  let near: u64 = 0;
  let far: u64 = 0;
  for (let row = 0; row < height; row += step) {
    let nearSums = i32x4.splat(0);
    let farSums = i32x4.splat(0);
    for (let strip = 0; strip + 32 <= width; strip += 32) {
      const at = plane + row * width + strip;
      // 28 of 32 pixels have a neighbour at distance 4: three eights and a four.
      for (let x = 0; x < 24; x += 8) {
        const here = v128.load8x8_u(at + x);
        const beside = i16x8.sub(v128.load8x8_u(at + x + 1), here);
        const beyond = i16x8.sub(v128.load8x8_u(at + x + 4), here);
        nearSums = i32x4.add(nearSums, i32x4.dot_i16x8_s(beside, beside));
        farSums = i32x4.add(farSums, i32x4.dot_i16x8_s(beyond, beyond));
      }
      const four = i64x2(-1, 0);
      const here = v128.load8x8_u(at + 24);
      const beside = v128.and(four, i16x8.sub(v128.load8x8_u(at + 25), here));
      const beyond = v128.and(four, i16x8.sub(v128.load8x8_u(at + 28), here));
      nearSums = i32x4.add(nearSums, i32x4.dot_i16x8_s(beside, beside));
      farSums = i32x4.add(farSums, i32x4.dot_i16x8_s(beyond, beyond));
    }
    near += total(nearSums);
    far += total(farSums);
  }
  store<f64>(out, <f64>near);
  store<f64>(out + 8, <f64>far);
}

/** Sums of |difference| to the row above, over rows that are multiples of `lines` and over the others: two doubles. */
export function blockBorders(plane: usize, width: i32, height: i32, lines: i32, out: usize): void {
  let atBorders: u64 = 0;
  let elsewhere: u64 = 0;
  for (let row = 1; row < height; row++) {
    const at = plane + row * width;
    let sums = i32x4.splat(0);
    for (let x = 0; x < width; x += 16)
      sums = addBytes(sums, apart(v128.load(at + x), v128.load(at + x - width)));
    if (row % lines === 0) atBorders += total(sums);
    else elsewhere += total(sums);
  }
  store<f64>(out, <f64>atBorders);
  store<f64>(out + 8, <f64>elsewhere);
}
