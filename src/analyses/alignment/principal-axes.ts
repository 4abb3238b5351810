/**
 * The `count` strongest directions of `rows x dimension` features, centred, each scaled to its spread to the power one half
 * (between raw scores, where one direction drowns the rest, and whitened ones, where noise counts as much as signal).
 * Rows with a value that is not finite come out as zeros.
 */
export function principalScores(
  features: Float64Array,
  dimension: number,
  count: number,
): Float64Array {
  const rows = features.length / dimension;
  const usable = Uint8Array.from({ length: rows }, (_, row) =>
    features.subarray(row * dimension, (row + 1) * dimension).every(Number.isFinite) ? 1 : 0,
  );
  const centred = scaleColumns(features, dimension, usable);
  const kept = Math.min(count, dimension);
  let axes = startAxes(dimension, kept);
  for (let round = 0; round < 12; round += 1)
    axes = orthonormal(power(centred, axes, dimension, kept), dimension, kept);
  const scores = project(centred, axes, dimension, kept);
  for (let axis = 0; axis < kept; axis += 1) {
    let squares = 0;
    for (let row = 0; row < rows; row += 1) squares += (scores[row * kept + axis] ?? 0) ** 2;
    const spread = Math.sqrt(squares / Math.max(1, rows));
    const scale = spread > 1e-9 ? 1 / Math.sqrt(spread) : 0;
    for (let row = 0; row < rows; row += 1)
      scores[row * kept + axis] = (scores[row * kept + axis] ?? 0) * scale;
  }
  return scores;
}

/** Zero mean; unusable rows become zero. */
function scaleColumns(features: Float64Array, d: number, usable: Uint8Array): Float64Array {
  const rows = usable.length;
  const count = Math.max(
    1,
    usable.reduce((sum, each) => sum + each, 0),
  );
  const centred = new Float64Array(features.length);
  const mean = new Float64Array(d);
  for (let row = 0; row < rows; row += 1) {
    if (usable[row] !== 1) continue;
    for (let i = 0; i < d; i += 1) mean[i] = (mean[i] ?? 0) + (features[row * d + i] ?? 0) / count;
  }
  for (let row = 0; row < rows; row += 1) {
    if (usable[row] !== 1) continue;
    for (let i = 0; i < d; i += 1)
      centred[row * d + i] = (features[row * d + i] ?? 0) - (mean[i] ?? 0);
  }
  return centred;
}

/** Fixed, well spread directions to start from. */
function startAxes(d: number, count: number): Float64Array {
  let state = 12_345;
  const axes = Float64Array.from({ length: count * d }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff - 0.5;
  });
  return orthonormal(axes, d, count);
}

/** Xᵀ X A, axes as rows. */
function power(x: Float64Array, axes: Float64Array, d: number, count: number): Float64Array {
  const scores = project(x, axes, d, count);
  const next = new Float64Array(count * d);
  const rows = x.length / d;
  for (let row = 0; row < rows; row += 1) {
    for (let axis = 0; axis < count; axis += 1) {
      const score = scores[row * count + axis] ?? 0;
      if (score === 0) continue;
      for (let i = 0; i < d; i += 1)
        next[axis * d + i] = (next[axis * d + i] ?? 0) + score * (x[row * d + i] ?? 0);
    }
  }
  return next;
}

function project(x: Float64Array, axes: Float64Array, d: number, count: number): Float64Array {
  const rows = x.length / d;
  const scores = new Float64Array(rows * count);
  for (let row = 0; row < rows; row += 1) {
    for (let axis = 0; axis < count; axis += 1) {
      let sum = 0;
      for (let i = 0; i < d; i += 1) sum += (x[row * d + i] ?? 0) * (axes[axis * d + i] ?? 0);
      scores[row * count + axis] = sum;
    }
  }
  return scores;
}

/** Gram and Schmidt, twice for accuracy; directions that vanish become zero. */
function orthonormal(axes: Float64Array, d: number, count: number): Float64Array {
  const result = axes.slice();
  for (let axis = 0; axis < count; axis += 1) {
    const own = result.subarray(axis * d, (axis + 1) * d);
    for (let pass = 0; pass < 2; pass += 1) {
      for (let before = 0; before < axis; before += 1) {
        const other = result.subarray(before * d, (before + 1) * d);
        let dot = 0;
        for (let i = 0; i < d; i += 1) dot += (own[i] ?? 0) * (other[i] ?? 0);
        for (let i = 0; i < d; i += 1) own[i] = (own[i] ?? 0) - dot * (other[i] ?? 0);
      }
    }
    const length = Math.hypot(...own);
    for (let i = 0; i < d; i += 1) own[i] = length > 1e-12 ? (own[i] ?? 0) / length : 0;
  }
  return result;
}
