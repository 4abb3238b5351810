import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { ColumnProfile, ProfileDocument } from '../analyses/profile.ts';
import {
  countValues,
  histogramOf,
  quantileOf,
  type ValueSketch,
} from '../analyses/value-sketch.ts';
import { formatValue } from '../format-value.ts';
import { type BinnedColumn, toDrift } from './drift-of-bins.ts';
import type { Drift } from './diff-document.ts';
import type { ColumnPair } from './pair-columns.ts';
import type { Side } from './side.ts';

/** Bins of equal share of the older version. */
const BINS = 20;

/**
 * Drift of what two run folders keep only in their profiles: the lengths, in characters and in words, of text whose signatures are
 * hashes. The states cover every row and are within 1 % of the values; nothing of the data is read. Nothing if either side is a dataset
 * or has no profile.
 */
export async function findProfileDrift(
  before: Side,
  after: Side,
  pairs: readonly ColumnPair[],
  cwd: string,
): Promise<readonly Drift[]> {
  if (before.run === null || after.run === null) return [];
  const [older, newer] = await Promise.all(
    [before, after].map(async (side) => readProfile(resolve(cwd, side.path))),
  );
  if (older == null || newer == null) return [];
  return pairs.flatMap((pair) => {
    const was = older.get(pair.before.name);
    const is = newer.get(pair.after.name);
    if (was?.kind !== 'text' || is?.kind !== 'text') return [];
    if (!pair.before.isHashed && !pair.after.isHashed) return [];
    return [
      // The length of captions stands in the signatures, exactly.
      ...(pair.name === 'caption'
        ? []
        : [sketchDrift(`${pair.name} length`, was.values, is.values)]),
      ...(was.words === null || is.words === null
        ? []
        : [sketchDrift(`${pair.name} words`, was.words, is.words)]),
    ].filter((drift) => drift !== null);
  });
}

async function readProfile(folder: string): Promise<ReadonlyMap<string, ColumnProfile> | null> {
  const text = await readFile(join(folder, 'profile.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: dailies itself wrote the file, and its version says which one
  const profile = JSON.parse(text) as ProfileDocument;
  if (profile.schemaVersion !== 1) return null;
  return new Map(profile.columns.map((column) => [column.name, column]));
}

function sketchDrift(name: string, was: ValueSketch, is: ValueSketch): Drift | null {
  if (countValues(was) === 0 || countValues(is) === 0) return null;
  const quantiles = Array.from({ length: BINS - 1 }, (_, i) => quantileOf(was, (i + 1) / BINS));
  const edges = [...new Set(quantiles.filter((edge) => edge !== null))];
  const shown = edges.map((edge) => formatValue(Number(edge.toPrecision(3))));
  const column: BinnedColumn = {
    name,
    kind: 'number',
    labels: [
      ...shown.map((edge, i) => (i === 0 ? `up to ${edge}` : `${shown[i - 1]} – ${edge}`)),
      `over ${shown.at(-1) ?? 0}`,
    ],
  };
  return toDrift(column, histogramOf(was, edges), histogramOf(is, edges));
}
