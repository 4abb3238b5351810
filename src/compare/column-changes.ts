import { formatValue } from '../format-value.ts';
import { type Database, maybe, numberOf, type SqlRow } from '../engine/database.ts';
import type { ColumnPair } from './pair-columns.ts';
import { columnOf, type Side } from './side.ts';
import type { ColumnChange } from './diff-document.ts';

/** Ratios of new to old value that are changes of unit. */
const FACTORS: readonly { readonly factor: number; readonly meaning: string }[] = [
  { factor: 1000, meaning: 'times 1,000: seconds to milliseconds, or k to units' },
  { factor: 1 / 1000, meaning: 'divided by 1,000: milliseconds to seconds, or units to k' },
  { factor: 1e6, meaning: 'times 1,000,000: seconds to microseconds' },
  { factor: 1e-6, meaning: 'divided by 1,000,000: microseconds to seconds' },
  { factor: 60, meaning: 'times 60: minutes to seconds' },
  { factor: 1 / 60, meaning: 'divided by 60: seconds to minutes' },
  { factor: 3600, meaning: 'times 3,600: hours to seconds' },
  { factor: 1 / 3600, meaning: 'divided by 3,600: seconds to hours' },
  { factor: 100, meaning: 'times 100: a ratio to per cent' },
  { factor: 0.01, meaning: 'divided by 100: per cent to a ratio' },
  { factor: 1024, meaning: 'times 1,024: KiB to bytes' },
  { factor: 1 / 1024, meaning: 'divided by 1,024: bytes to KiB' },
  ...[24, 25, 30, 50].flatMap((fps) => [
    { factor: fps, meaning: `times ${fps}: seconds to frames at ${fps} fps` },
    { factor: 1 / fps, meaning: `divided by ${fps}: frames at ${fps} fps to seconds` },
  ]),
];

const MOST_TRANSITIONS = 8;
const MOST_VALUE_CHARACTERS = 200;
/** Rows that a textual replacement is guessed from. */
const SUBSTITUTION_SAMPLE = 200;
/** Share of the changed rows that one explanation must cover. */
const LEAST_EXPLAINED = 0.5;

/** Change rate, transitions and explanations of every column, over the rows that differ (table `compared`). */
export async function describeColumns(
  database: Database,
  after: Side,
  pairs: readonly ColumnPair[],
  matched: number,
): Promise<readonly ColumnChange[]> {
  if (pairs.length === 0) return [];
  const totals = await database.row(
    `select ${pairs.map((pair) => `count(*) filter (where c${pair.index}) as n${pair.index}`).join(', ')} from compared`,
  );
  const swaps = await findSwaps(database, pairs, totals);
  const changes: ColumnChange[] = [];
  for (const pair of pairs) {
    const changed = numberOf(totals[`n${pair.index}`]);
    changes.push({
      name: pair.name,
      sourceBefore: pair.before.source,
      sourceAfter: pair.after.source,
      kind: pair.kind,
      compared: matched,
      changed,
      rate: matched === 0 ? null : changed / matched,
      ...(changed === 0 ? NOTHING : await describeChanged(database, after, pair, pairs, changed)),
      swapped: swaps.get(pair.index) ?? null,
    });
  }
  return changes.toSorted(
    (a, b) => b.changed - a.changed || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

const NOTHING = {
  nulled: 0,
  filled: 0,
  isAllNullNow: false,
  transitions: [],
  numbers: null,
  substitution: null,
} as const;

async function describeChanged(
  database: Database,
  after: Side,
  pair: ColumnPair,
  pairs: readonly ColumnPair[],
  changed: number,
): Promise<
  Omit<
    ColumnChange,
    'name' | 'sourceBefore' | 'sourceAfter' | 'kind' | 'compared' | 'changed' | 'rate' | 'swapped'
  >
> {
  const [b, a, c] = [`b${pair.index}`, `a${pair.index}`, `c${pair.index}`];
  const nulls = await database.row(
    `select count(*) filter (where ${a} is null) as nulled, count(*) filter (where ${b} is null) as filled from compared where ${c}`,
  );
  const nulled = numberOf(nulls['nulled']);
  const isHash = pair.isLong || pair.before.isHashed || pair.after.isHashed;
  return {
    nulled,
    filled: numberOf(nulls['filled']),
    isAllNullNow:
      nulled > 0 &&
      numberOf(
        (await database.row(`select count(${columnOf(pair.after)}) as n from ${after.relation}`))[
          'n'
        ],
      ) === 0,
    transitions: isHash ? [] : await findTransitions(database, pair, changed),
    numbers: pair.kind === 'number' ? await describeNumbers(database, pair, pairs, changed) : null,
    substitution:
      pair.kind === 'text' && !isHash ? await findSubstitution(database, pair, changed) : null,
  };
}

async function findTransitions(
  database: Database,
  pair: ColumnPair,
  changed: number,
): Promise<ColumnChange['transitions']> {
  const text = (name: string): string =>
    `coalesce(left(${name}${pair.index}::varchar, ${MOST_VALUE_CHARACTERS}), '∅')`;
  const rows = await database.rows(
    `select ${text('b')} as was, ${text('a')} as became, count(*) as n from compared where c${pair.index}
     group by 1, 2 order by n desc, was, became limit ${MOST_TRANSITIONS}`,
  );
  const repeats = rows.filter((row) => numberOf(row['n']) > 1 || changed <= MOST_TRANSITIONS);
  return repeats.map((row) => ({
    before: formatValue(row['was']),
    after: formatValue(row['became']),
    rows: numberOf(row['n']),
    share: numberOf(row['n']) / changed,
  }));
}

async function describeNumbers(
  database: Database,
  pair: ColumnPair,
  pairs: readonly ColumnPair[],
  changed: number,
): Promise<ColumnChange['numbers']> {
  const [b, a] = [`b${pair.index}::double`, `a${pair.index}::double`];
  const fps = pairs.find((each) => each.name === 'fps' && each.kind === 'number');
  const ratio = `${a} / nullif(${b}, 0)`;
  const byFps =
    fps === undefined || fps.index === pair.index
      ? []
      : [
          `${near(ratio, `nullif(a${fps.index}::double, 0)`)} as by_fps`,
          `${near(ratio, `1 / nullif(a${fps.index}::double, 0)`)} as through_fps`,
        ];
  const row = await database.row(
    `select ${[
      `count(*) filter (where ${a} > ${b}) as up`,
      `count(*) filter (where ${a} < ${b}) as down`,
      `median(${a} - ${b}) filter (where isfinite(${a}) and isfinite(${b})) as delta`,
      ...FACTORS.map(({ factor }, i) => `${near(ratio, String(factor))} as f${i}`),
      ...byFps,
    ].join(', ')} from compared where c${pair.index}`,
  );
  return {
    up: numberOf(row['up']),
    down: numberOf(row['down']),
    medianDelta: maybe(row['delta'], numberOf),
    factor: bestFactor(row, changed),
  };
}

/** Rows whose ratio is within 1 % of a factor. */
function near(ratio: string, factor: string): string {
  return `count(*) filter (where abs(${ratio} / (${factor}) - 1) < 0.01)`;
}

function bestFactor(row: SqlRow, changed: number): NonNullable<ColumnChange['numbers']>['factor'] {
  const count = (name: string): number => maybe(row[name], numberOf) ?? 0;
  const found = [
    { factor: null, meaning: 'times the frame rate: seconds to frames', rows: count('by_fps') },
    {
      factor: null,
      meaning: 'divided by the frame rate: frames to seconds',
      rows: count('through_fps'),
    },
    ...FACTORS.map((each, i) => ({ ...each, rows: count(`f${i}`) })),
  ].toSorted((x, y) => y.rows - x.rows)[0];
  return found === undefined || found.rows < LEAST_EXPLAINED * changed
    ? null
    : { ...found, share: found.rows / changed };
}

/** Guesses one replacement (`v14/` → `v15/`) from a sample and counts the rows that it explains exactly. */
async function findSubstitution(
  database: Database,
  pair: ColumnPair,
  changed: number,
): Promise<ColumnChange['substitution']> {
  const [b, a, c] = [`b${pair.index}`, `a${pair.index}`, `c${pair.index}`];
  const rows = await database.rows(
    `select ${b}::varchar as b, ${a}::varchar as a from compared where ${c} and ${b} is not null and ${a} is not null
     order by key_hash limit ${SUBSTITUTION_SAMPLE}`,
  );
  const counts = new Map<string, { readonly from: string; readonly to: string; n: number }>();
  for (const row of rows) {
    if (typeof row['b'] !== 'string' || typeof row['a'] !== 'string') continue;
    const edit = middleOf(row['b'], row['a']);
    const seen = counts.get(JSON.stringify(edit));
    if (seen === undefined) counts.set(JSON.stringify(edit), { ...edit, n: 1 });
    else seen.n += 1;
  }
  const best = [...counts.values()].toSorted((x, y) => y.n - x.n)[0];
  if (best === undefined || rows.length < 3 || best.n < LEAST_EXPLAINED * rows.length) return null;
  if (best.from === '' || best.from.length > 60 || best.to.length > 60) return null;
  const explained = numberOf(
    (
      await database.row(
        `select count(*) as n from compared where ${c} and replace(${b}::varchar, $from::varchar, $to::varchar) = ${a}::varchar`,
        { from: best.from, to: best.to },
      )
    )['n'],
  );
  return explained < LEAST_EXPLAINED * changed
    ? null
    : { from: best.from, to: best.to, rows: explained, share: explained / changed };
}

/** What stands between the common start and the common end, grown to whole words so that `4` → `5` reads `v14` → `v15`. */
function middleOf(b: string, a: string): { readonly from: string; readonly to: string } {
  let start = 0;
  while (start < Math.min(b.length, a.length) && b[start] === a[start]) start++;
  let end = 0;
  while (
    end < Math.min(b.length, a.length) - start &&
    b[b.length - 1 - end] === a[a.length - 1 - end]
  )
    end++;
  while (start > 0 && isWord(b[start - 1])) start--;
  while (end > 0 && isWord(b[b.length - end])) end--;
  return { from: b.slice(start, b.length - end), to: a.slice(start, a.length - end) };
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}]/u.test(character);
}

/** Pairs of number columns whose values changed places. */
async function findSwaps(
  database: Database,
  pairs: readonly ColumnPair[],
  totals: SqlRow,
): Promise<ReadonlyMap<number, NonNullable<ColumnChange['swapped']>>> {
  const changed = pairs
    .filter((pair) => pair.kind === 'number' && numberOf(totals[`n${pair.index}`]) > 0)
    .slice(0, 16);
  const couples = changed.flatMap((x, i) => changed.slice(i + 1).map((y) => ({ x, y })));
  const swaps = new Map<number, NonNullable<ColumnChange['swapped']>>();
  if (couples.length === 0) return swaps;
  const row = await database.row(
    `select ${couples
      .map(
        ({ x, y }, i) =>
          `count(*) filter (where c${x.index} and c${y.index} and b${x.index}::double = a${y.index}::double and b${y.index}::double = a${x.index}::double) as s${i}`,
      )
      .join(', ')} from compared`,
  );
  for (const [i, { x, y }] of couples.entries()) {
    const rows = numberOf(row[`s${i}`]);
    if (rows === 0) continue;
    for (const [own, other] of [
      [x, y],
      [y, x],
    ] as const) {
      if ((swaps.get(own.index)?.rows ?? 0) < rows)
        swaps.set(own.index, {
          with: other.name,
          rows,
          share: rows / numberOf(totals[`n${own.index}`]),
        });
    }
  }
  return swaps;
}
