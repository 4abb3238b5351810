import { blockTest } from './offset-tests.ts';

/** How well clip `clip` fits the caption of row `caption` of a stretch, both from 0; NaN where one is missing. */
export type Fit = (clip: number, caption: number) => number;

/** Batches in which workers hand in results as they finish. */
const BATCH_ROWS = [8, 16, 32, 64] as const;
/** Rows that a rotation is looked for with. */
const ROTATION_ROWS = 96;
const ALPHA = 0.01;

/** A step that puts captions back, in words, and the p-value of its fit, corrected for the steps tried. */
export type Reordering = { readonly what: string; readonly p: number };

/**
 * Why the captions of a stretch stand in other rows, if one known step puts them back: an order that was reversed, rotated,
 * sorted as text, or the order in which batches were completed. Null if none does.
 *
 * `names` are what the rows are called, such as keys; without them nothing is said about sorting.
 */
export function nameReordering(
  rows: number,
  names: readonly (string | null)[],
  fit: Fit,
): Reordering | null {
  const orders: readonly (readonly [string, readonly number[]])[] = [
    ...sortedOrders(names),
    [
      'their order is reversed: one list was read from the end',
      Array.from({ length: rows }, (_, row) => rows - 1 - row),
    ],
  ];
  for (const [what, order] of orders) {
    const p = explains(rows, (row) => order[row] ?? row, fit) * (orders.length + 2);
    if (p < ALPHA) return { what, p };
  }
  const found = [findRotation(rows, fit), findBatch(rows, fit)].filter((each) => each !== null);
  return found.toSorted((a, b) => a.p - b.p)[0] ?? null;
}

/** The p-value that clips fit the captions at `order` no better than those of a far row. */
function explains(rows: number, order: (row: number) => number, fit: Fit): number {
  const far = Math.floor(rows / 2) + 1;
  let moved = 0;
  for (let row = 0; row < rows; row += 1) if (Math.abs(order(row) - row) > 8) moved += 1;
  if (moved < 8) return 1;
  const test = blockTest(rows, (row) =>
    Math.abs(order(row) - row) <= 8
      ? Number.NaN
      : fit(row, order(row)) - fit(row, (order(row) + far) % rows),
  );
  return test.p;
}

/** Where the caption of each row stands if one side was sorted as text and the other by number. */
function sortedOrders(
  names: readonly (string | null)[],
): readonly (readonly [string, readonly number[]])[] {
  if (names.some((name) => name === null)) return [];
  const known = names.map((name) => name ?? '');
  const places = known.map((_, row) => row);
  const asText = places.toSorted((a, b) => ((known[a] ?? '') < (known[b] ?? '') ? -1 : 1));
  const byNumber = places.toSorted((a, b) =>
    (known[a] ?? '').localeCompare(known[b] ?? '', 'en', { numeric: true }),
  );
  if (asText.every((row, place) => row === byNumber[place])) return [];
  const said = 'one list was sorted as text and the other by number (clip_10 before clip_2)';
  return [asText, byNumber].flatMap((sorted) => {
    const order: number[] = [];
    for (const [place, row] of sorted.entries()) order[row] = place;
    return order.every((place, row) => place === row) ? [] : [[said, order] as const];
  });
}

/** Captions that are turned as a whole, as where a list began elsewhere. */
function findRotation(rows: number, fit: Fit): Reordering | null {
  if (rows < 40) return null;
  const step = Math.max(1, Math.floor(rows / ROTATION_ROWS));
  let best = { by: 0, mean: Number.NEGATIVE_INFINITY };
  for (let by = 9; by < rows - 8; by += 1) {
    let sum = 0;
    let count = 0;
    for (let row = 0; row < rows; row += step) {
      const value = fit(row, (row + by) % rows);
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    if (count > 0 && sum / count > best.mean) best = { by, mean: sum / count };
  }
  const p = explains(rows, (row) => (row + best.by) % rows, fit) * rows;
  if (best.by === 0 || p >= ALPHA) return null;
  const by = best.by.toLocaleString('en-US');
  return {
    what: `the caption of each row stands ${by} rows further down, beyond the end from the top: one list was turned against the other`,
    p,
  };
}

/** The batch size that holds most of the captions that belong to its clips. */
function findBatch(rows: number, fit: Fit): Reordering | null {
  const gains = BATCH_ROWS.filter((size) => rows >= 2 * size).map((size) => {
    const bestIn = (row: number, from: number): number => {
      let best = Number.NaN;
      for (let at = from; at < Math.min(rows, from + size); at += 1) {
        const value = fit(row, at);
        if (!(value <= best)) best = Number.isNaN(value) ? best : value;
      }
      return best;
    };
    const batches = Math.floor(rows / size);
    const test = blockTest(batches * size, (row) => {
      const own = Math.floor(row / size);
      const other = (own + Math.max(1, Math.floor(batches / 2))) % batches;
      return bestIn(row, own * size) - bestIn(row, other * size);
    });
    return { size, ...test };
  });
  const strongest = gains.toSorted((a, b) => b.mean - a.mean)[0];
  const p = (strongest?.p ?? 1) * (BATCH_ROWS.length + 2);
  if (strongest === undefined || p >= ALPHA) return null;
  return {
    what: `each caption stands elsewhere in its batch of ${strongest.size} rows: results were written in the order in which they were completed`,
    p,
  };
}

/** A fit of vectors that share a space: each side less its mean, to unit length. */
export function fitOfVectors(
  left: readonly (Float32Array | null)[],
  right: readonly (Float32Array | null)[],
): Fit {
  const a = centred(left);
  const b = centred(right);
  return (clip, caption) => {
    const x = a[clip];
    const y = b[caption];
    if (x === null || x === undefined || y === null || y === undefined) return Number.NaN;
    let sum = 0;
    for (let i = 0; i < x.length; i += 1) sum += (x[i] ?? 0) * (y[i] ?? 0);
    return sum;
  };
}

function centred(vectors: readonly (Float32Array | null)[]): readonly (Float32Array | null)[] {
  const length = vectors.find((each) => each !== null)?.length ?? 0;
  const units = vectors.map((each) =>
    each === null || each.length !== length ? null : unit(each),
  );
  const mean = new Float64Array(length);
  let count = 0;
  for (const each of units) {
    if (each === null) continue;
    count += 1;
    for (let i = 0; i < length; i += 1) mean[i] = (mean[i] ?? 0) + (each[i] ?? 0);
  }
  return units.map((each) =>
    each === null ? null : unit(each.map((value, i) => value - (mean[i] ?? 0) / count)),
  );
}

/** To unit length; null for zeros and numbers that are none. */
function unit(vector: Float32Array): Float32Array | null {
  let squares = 0;
  for (const each of vector) squares += each * each;
  if (!(squares > 0 && squares < Number.POSITIVE_INFINITY)) return null;
  const factor = 1 / Math.sqrt(squares);
  return vector.map((each) => each * factor);
}
