import type { Fit } from './name-reordering.ts';
import { upperTailOfT } from './student-t.ts';

/** What went wrong inside sources, in words, which rows are affected, and the p-value, corrected for what was tried. */
export type SourceFault = {
  readonly place: string;
  readonly what: string;
  readonly p: number;
  /** Indices of rows whose captions stand wrong, ascending. */
  readonly rows: readonly number[];
};

/** From so many clips of a source on, sorting as text and by number differ. */
const TEXT_SORT_CLIPS = 11;
/** Clips of a source from which on captions may be of other windows: tried after so many. */
const STEPS = [1, 2, 3, 4, 5] as const;
/** Clips of a source that tell where a step is. */
const MOST_PLACES = 10;
/** Sources that a statement rests on: each is one observation, because its clips resemble each other. */
const LEAST_SOURCES = 6;
/** Clips of a source that are compared with each other at most. */
const MOST_SIBLINGS = 24;
const ALPHA = 0.01;

/**
 * Whether captions stand wrong by their place in the source: sorted as text in sources of more than ten clips, or of another window
 * from the nth clip of each source on. `sources` are those of rows in order, null where none is known.
 */
export function findSourceFault(sources: readonly (string | null)[], fit: Fit): SourceFault | null {
  const groups = groupBySource(sources);
  const found = [findTextSort(groups, fit), findStep(groups, fit)].filter((each) => each !== null);
  return found.toSorted((a, b) => a.p - b.p)[0] ?? null;
}

function groupBySource(sources: readonly (string | null)[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>();
  for (const [row, source] of sources.entries()) {
    if (source === null) continue;
    const group = groups.get(source) ?? [];
    groups.set(source, group);
    group.push(row);
  }
  return [...groups.values()];
}

/** Captions of clip_10 beside clip_2: numbered from 0 or from 1, clips or captions sorted as text. */
function findTextSort(groups: readonly (readonly number[])[], fit: Fit): SourceFault | null {
  const long = groups.filter((group) => group.length >= TEXT_SORT_CLIPS);
  if (long.length < LEAST_SOURCES) return null;
  const tried = [0, 1].flatMap((base) => [true, false].map((isCaption) => ({ base, isCaption })));
  const tests = tried.map(({ base, isCaption }) => {
    const values = long.map((group) => {
      const order = group
        .map((_, place) => place)
        .toSorted((a, b) => (String(a + base) < String(b + base) ? -1 : 1));
      const gains = group.flatMap((row, place) => {
        const home = group[order[place] ?? place] ?? row;
        if (home === row) return [];
        // The caption of each place is that of the clip at home, or the other way round.
        const gain = isCaption ? fit(home, row) - fit(row, row) : fit(row, home) - fit(row, row);
        return Number.isNaN(gain) ? [] : [gain];
      });
      return mean(gains);
    });
    return { base, p: aboveZero(values) * tried.length };
  });
  const best = tests.toSorted((a, b) => a.p - b.p)[0];
  if (best === undefined || best.p >= ALPHA) return null;
  const rows = long.flatMap((group) =>
    group.filter((_, place) => place + best.base >= 2 && place > 1 - best.base),
  );
  return {
    place: `in the ${long.length} sources of more than ${TEXT_SORT_CLIPS - 1} clips`,
    what: 'one list was sorted as text and the other by number (clip_10 before clip_2); shorter sources are right',
    p: best.p,
    rows: rows.toSorted((a, b) => a - b),
  };
}

/** Captions that fit their own clip no better than its siblings from the nth clip of a source on. */
function findStep(groups: readonly (readonly number[])[], fit: Fit): SourceFault | null {
  const contrasts = groups.map((group) => contrastsOf(group, fit));
  const tests = STEPS.flatMap((step) => {
    const halves = contrasts.flatMap((values) => {
      const [before, after] = [mean(values.slice(0, step)), mean(values.slice(step))];
      return Number.isNaN(before) || Number.isNaN(after) ? [] : [{ before, after }];
    });
    if (halves.length < LEAST_SOURCES) return [];
    const fits = aboveZero(halves.map((each) => each.before));
    // Less than half is a step; a slow decline over a source is none.
    const p = aboveZero(halves.map((each) => each.before / 2 - each.after)) * STEPS.length;
    return fits < ALPHA / 100 && p < ALPHA
      ? [{ step, p, explained: explainedBy(step, contrasts) }]
      : [];
  });
  const best = tests.toSorted((a, b) => b.explained - a.explained)[0];
  if (best === undefined) return null;
  const rows = groups.flatMap((group) => group.slice(best.step));
  return {
    place: `from clip ${best.step + 1} of each source on`,
    what: 'captions fit their own clip no better than its siblings: they are of another window of the source',
    p: best.p,
    rows: rows.toSorted((a, b) => a - b),
  };
}

/** Sum of squares between clips before a step and from it on. */
function explainedBy(step: number, contrasts: readonly (readonly number[])[]): number {
  const before = known(contrasts.flatMap((values) => values.slice(0, step)));
  const after = known(contrasts.flatMap((values) => values.slice(step, MOST_PLACES)));
  const weight = (before.length * after.length) / Math.max(1, before.length + after.length);
  return weight * (mean(before) - mean(after)) ** 2;
}

/** How much better each clip of a source fits its own caption than those of its siblings. */
function contrastsOf(group: readonly number[], fit: Fit): readonly number[] {
  const own = group.slice(0, MOST_SIBLINGS);
  return own.map((row) => {
    const others = own.filter((other) => other !== row).map((other) => fit(row, other));
    return fit(row, row) - mean(others);
  });
}

function known(values: readonly number[]): readonly number[] {
  return values.filter((each) => !Number.isNaN(each));
}

function mean(values: readonly number[]): number {
  const all = known(values);
  return all.length === 0 ? Number.NaN : all.reduce((sum, each) => sum + each, 0) / all.length;
}

/** One-sided t-test over sources. */
function aboveZero(all: readonly number[]): number {
  const values = known(all);
  if (values.length < LEAST_SOURCES) return 1;
  const middle = mean(values);
  const squares = values.reduce((sum, each) => sum + (each - middle) ** 2, 0);
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return error === 0 ? (middle > 0 ? 0 : 1) : upperTailOfT(middle / error, values.length - 1);
}

/** How rows whose caption stands elsewhere, too, fit it beside the rest: shares of the fit of captions that stand once. */
export function fanOutShare(captions: readonly (string | null)[], fit: Fit): number | null {
  const groups = new Map<string, number[]>();
  for (const [row, caption] of captions.entries())
    if (caption !== null) groups.set(caption, [...(groups.get(caption) ?? []), row]);
  const fitOf = (rows: readonly number[]): number => mean(rows.map((row) => fit(row, row)));
  const repeated = [...groups.values()].filter((rows) => rows.length > 1).map(fitOf);
  const single = [...groups.values()].filter((rows) => rows.length === 1).map(fitOf);
  const usual = mean(single);
  return repeated.length < LEAST_SOURCES || !(usual > 0) ? null : mean(repeated) / usual;
}
