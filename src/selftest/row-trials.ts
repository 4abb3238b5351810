import { join } from 'node:path';

import { DECLARED_FAULTS } from '../faults/declared-faults.ts';
import { MANIFEST_FAULTS } from '../faults/manifest-faults.ts';
import type { FaultContext, FaultRow, RowFault } from '../faults/row-fault.ts';
import { CAPTION_ROW_FAULTS } from '../faults/set-faults.ts';
import { readNeed } from '../judge/compile-rule.ts';
import type { Rule } from '../judge/rule.ts';
import type { BaseRows } from './base-rows.ts';
import { type Bench, columnNames, type Seen, scanCopy } from './bench.ts';
import { seededRandom } from './seeded-random.ts';
import type { Tally } from './tally.ts';
import { asShards, writeCopy } from './write-copy.ts';
import { isEvidenceTable } from '../probes/evidence-tables.ts';

/** Shares of the rows that a fault is put into. */
const RATES = [0.01, 0.05] as const;

/** What shows in many rows together needs a share of them. */
const SET_RATES = [0.01, 0.1, 0.5] as const;

/** Share of the rows that may be spoiled at once, by all faults of one scan. */
const MOST_SPOILED = 0.5;

/** Every fault of rows, that of what the manifest says and that of what it says of media. */
export const ROW_FAULTS: readonly RowFault[] = [
  ...CAPTION_ROW_FAULTS,
  ...MANIFEST_FAULTS,
  ...DECLARED_FAULTS,
];

/** A fault under way: the rows it was put into, and what else it drew in. */
type Put = {
  readonly fault: RowFault;
  readonly bad: ReadonlySet<string>;
};

/** Puts the faults of rows into copies, several at once where they do not meet, and counts what the rules find. */
export async function tryRowFaults(
  bench: Bench,
  base: BaseRows,
  measured: BaseRows,
  tally: Tally,
  onAdvance: () => void,
): Promise<void> {
  const known = ROW_FAULTS.filter((fault) => bench.rules.some((rule) => rule.id === fault.rule));
  const isOfMedia = (fault: RowFault): boolean =>
    bench.rules.some((rule) => rule.id === fault.rule && cannotDoWithoutMedia(rule));
  const onRows = known.filter((fault) => !isOfMedia(fault));
  const unjudged = await tryOn(bench, base, 'manifest', onRows, tally, onAdvance);
  if (measured.rows.length > 0 && bench.config.tier !== 'manifest') {
    const onMedia = [...known.filter(isOfMedia), ...unjudged];
    await tryOn(bench, measured, bench.config.tier, onMedia, tally, onAdvance);
  }
}

/** Whether a rule needs what was measured of media. */
function cannotDoWithoutMedia(rule: Rule): boolean {
  return rule.needs
    .map(readNeed)
    .some((need) => isEvidenceTable(need.table) && (!need.isOptional || rule.level !== 'L0'));
}

/** Tries faults on copies of the rows; gives those back whose rules were not judged on the copy as it is. */
async function tryOn(
  bench: Bench,
  base: BaseRows,
  tier: Bench['config']['tier'],
  faults: readonly RowFault[],
  tally: Tally,
  onAdvance: () => void,
): Promise<readonly RowFault[]> {
  const rules = [...new Set(faults.map((fault) => fault.rule))];
  if (rules.length === 0 || base.rows.length === 0) return faults;
  const scan = async (rows: readonly FaultRow[], wanted: readonly string[]): Promise<Seen> => {
    bench.signal.throwIfAborted();
    const folder = join(bench.folder, 'copy');
    await writeCopy(bench.writer, { folder, columns: base.columns, shards: asShards(rows) });
    return scanCopy(bench, {
      dataset: folder,
      tier,
      rules: wanted,
      mediaRoot: bench.mediaRoot,
      columns: columnNames(base),
    });
  };
  const natural = await scan(base.rows, rules);
  onAdvance();
  const context = contextOf(base);
  const isJudged = (fault: RowFault): boolean =>
    ['passed', 'failed'].includes(natural.outcomes.get(fault.rule)?.outcome ?? '');
  const usable = faults.filter(
    (fault) => isJudged(fault) && fault.needs.every((need) => isThere(base, context, need)),
  );
  for (const rate of RATES) {
    let waiting: readonly RowFault[] = usable.filter((fault) => fault.reach === 'row');
    while (waiting.length > 0) {
      const pack = packFaults(base.rows, waiting, natural, context, rate);
      waiting = pack.rest;
      if (pack.puts.length === 0) break;
      const packed = [...new Set(pack.puts.map((put) => put.fault.rule))];
      try {
        const seen = await scan(pack.rows, packed);
        for (const put of pack.puts) {
          count(put, seen, natural, pack.touched, base.rows.length, rate, tally);
        }
      } catch (cause) {
        tally.fail(packed, cause);
      }
      onAdvance();
    }
  }
  for (const fault of usable.filter((each) => each.reach === 'set')) {
    const outcome = natural.outcomes.get(fault.rule);
    const isWhole = bench.rules.some((rule) => rule.id === fault.rule && rule.scope === 'dataset');
    if (base.rows.length < (fault.leastRows ?? 0)) continue;
    if (isWhole && outcome?.outcome === 'failed') continue;
    for (const rate of SET_RATES) {
      const pack = packFaults(base.rows, [fault], natural, context, rate);
      const [put] = pack.puts;
      if (put === undefined) continue;
      const seen = await scan(pack.rows, [fault.rule]);
      if (isWhole) {
        tally.add(fault.rule, 'rows', {
          fault: fault.name,
          rate,
          isDesignPoint: rate === SET_RATES.at(-1),
          injected: 1,
          found: seen.outcomes.get(fault.rule)?.outcome === 'failed' ? 1 : 0,
          sound: 1,
          falseAlarms: 0,
        });
      } else count(put, seen, natural, pack.touched, base.rows.length, rate, tally);
      onAdvance();
    }
  }
  return faults.filter((fault) => !isJudged(fault));
}

function contextOf(base: BaseRows): FaultContext {
  const numbers = base.columns.filter(({ name }) => base.own.has(name) && !name.endsWith('_id'));
  return {
    random: seededRandom(base.rows.length),
    free: new Set(),
    integerColumn:
      numbers.find(({ type }) => type === 'BIGINT' || type === 'INTEGER')?.name ?? null,
    realColumn: numbers.find(({ type }) => type === 'DOUBLE' || type === 'FLOAT')?.name ?? null,
  };
}

function isThere(base: BaseRows, context: FaultContext, need: string): boolean {
  if (need === 'integer') return context.integerColumn !== null;
  if (need === 'real') return context.realColumn !== null;
  return base.own.has(need);
}

/** Puts faults into rows of their own until half of the rows is spoiled; the others wait for the next scan. */
function packFaults(
  rows: readonly FaultRow[],
  faults: readonly RowFault[],
  natural: Seen,
  context: FaultContext,
  rate: number,
): {
  readonly rows: readonly FaultRow[];
  readonly puts: readonly Put[];
  readonly touched: ReadonlySet<string>;
  readonly rest: readonly RowFault[];
} {
  const touched = new Set<string>();
  const puts: Put[] = [];
  const rest: RowFault[] = [];
  const wanted = Math.max(1, Math.round(rate * rows.length));
  let spoiled = rows;
  for (const [turn, fault] of faults.entries()) {
    const isFull = puts.length > 0 && touched.size + wanted > MOST_SPOILED * rows.length;
    if (isFull) {
      rest.push(fault);
      continue;
    }
    const reported = natural.keys.get(fault.rule);
    const columns = fault.needs.filter((need) => need !== 'integer' && need !== 'real');
    const able = rows.filter(
      (row) =>
        !touched.has(row.key) &&
        reported?.has(row.key) !== true &&
        columns.every((name) => row[name] !== null && row[name] !== undefined) &&
        (fault.accepts?.(row, context) ?? true),
    );
    const drawn = fault.reach === 'set' ? able : shuffled(able, 1000 * turn + wanted);
    const at = new Set(drawn.slice(0, wanted).map((row) => row.key));
    const free = new Set(drawn.slice(wanted, 2 * wanted).map((row) => row.key));
    if (at.size === 0) continue;
    const { rows: next, bad } = fault.inject(spoiled, at, { ...context, free });
    if (bad.size === 0) continue;
    spoiled = next;
    for (const key of [...at, ...bad]) touched.add(key);
    puts.push({ fault, bad });
  }
  return { rows: spoiled, puts, touched, rest };
}

function count(
  put: Put,
  seen: Seen,
  natural: Seen,
  touched: ReadonlySet<string>,
  rows: number,
  rate: number,
  tally: Tally,
): void {
  const { fault, bad } = put;
  const hits = seen.keys.get(fault.rule) ?? new Set<string>();
  const before = natural.keys.get(fault.rule) ?? new Set<string>();
  const alarms = [...hits].filter((key) => !touched.has(key) && !before.has(key));
  tally.add(fault.rule, 'rows', {
    fault: fault.name,
    rate,
    isDesignPoint: fault.reach === 'row' || rate === SET_RATES.at(-1),
    injected: bad.size,
    found: [...bad].filter((key) => hits.has(key)).length,
    sound: rows - touched.size,
    falseAlarms: alarms.length,
  });
}

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const random = seededRandom(seed);
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
