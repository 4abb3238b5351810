/** A stretch of a shard whose captions stand elsewhere. */
type Stretch = {
  readonly shard: string;
  readonly from: number;
  readonly to: number;
  /** Rows of the shard. */
  readonly rows: number;
  readonly offset: number | null;
};

/** Where it is, for people: `from row 81,204 of part-00117 on`. */
export function describePlace({ shard, from, to, rows }: Stretch): string {
  if (from === 0 && to >= rows) return `in all ${count(rows)} rows of ${shard}`;
  if (to >= rows) return `from row ${count(from)} of ${shard} on`;
  return `in rows ${count(from)} to ${count(to - 1)} of ${shard}`;
}

/** What happened there, for people. `what` names what stands in the wrong row. */
export function describeMechanism(stretch: Stretch, what: string): string {
  const { offset, from, to, rows } = stretch;
  if (offset === null)
    return `each ${what} fits no row within 8 rows of it: its order is lost, or it is of other clips`;
  const distance = Math.abs(offset);
  const side = offset > 0 ? 'before' : 'after';
  const whose = distance === 1 ? `the row ${side}` : `the row ${distance} rows ${side}`;
  return `each ${what} is that of ${whose}: ${cause(from, to, rows, distance)}`;
}

/** How sure a segment is, for people; `first` are the rows between which it may begin. */
export function describeCertainty(
  gain: number,
  p: number,
  first: readonly [number, number] | null,
): string {
  const sure =
    gain > 0
      ? `odds of ${magnitude(gain / Math.LN10)} to 1`
      : `p ${p < 1e-300 ? '< 1e-300' : `= ${p.toPrecision(1)}`}`;
  if (first === null || first[0] === first[1]) return sure;
  return `${sure}, first row between ${count(first[0])} and ${count(first[1])}`;
}

function magnitude(digits: number): string {
  return digits < 6 ? count(Math.round(10 ** digits)) : `1e${Math.floor(digits)}`;
}

function cause(from: number, to: number, rows: number, distance: number): string {
  const some = distance === 1 ? 'a row was' : `${distance} rows were`;
  if (from === 0 && to >= rows) return `one side was moved by ${distance} before both were joined`;
  if (to >= rows) return `${some} dropped or repeated on one side only`;
  return `${some} dropped on one side at the start and on the other at the end`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
