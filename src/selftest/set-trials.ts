import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compareVersions } from '../compare/compare-versions.ts';
import type { FaultRow } from '../faults/row-fault.ts';
import { type FaultShard, SET_FAULTS, type SetFault } from '../faults/set-faults.ts';
import { VERSION_FAULTS } from '../faults/version-faults.ts';
import type { BaseRows } from './base-rows.ts';
import { type Bench, columnNames, namedAsTheyAre, type Seen, scanCopy } from './bench.ts';
import { seededRandom } from './seeded-random.ts';
import type { Tally } from './tally.ts';
import { cutIntoShards, writeCopy } from './write-copy.ts';

/** Damages files of a copy of the manifest, one fault at a time; the copy as it is is the look-alike. */
export async function trySetFaults(
  bench: Bench,
  base: BaseRows,
  tally: Tally,
  onAdvance: () => void,
): Promise<void> {
  const usable = SET_FAULTS.filter(
    (fault) =>
      bench.rules.some((rule) => rule.id === fault.rule) &&
      base.rows.length >= fault.leastRows &&
      fault.needs.every((need) => base.own.has(need)),
  );
  const folder = join(bench.folder, 'copy');
  const scan = async (
    shards: readonly FaultShard[],
    rules: readonly string[],
    spoilt: Pick<SetFault, 'beside' | 'damage'> = {},
  ): Promise<Seen> => {
    bench.signal.throwIfAborted();
    const beside = spoilt.beside?.(shards);
    const { damage } = spoilt;
    await writeCopy(bench.writer, { folder, columns: base.columns, shards, beside, damage });
    const columns = columnNames(base);
    return scanCopy(bench, {
      dataset: folder,
      tier: 'manifest',
      rules,
      mediaRoot: bench.mediaRoot,
      columns,
    });
  };
  for (const count of new Set(usable.map((fault) => fault.shards))) {
    const own = usable.filter((fault) => fault.shards === count);
    const sound = cutIntoShards(base.rows, count);
    const natural = await scan(sound, [...new Set(own.map((fault) => fault.rule))]);
    for (const fault of own) {
      // What the dataset shows already, or cannot show, cannot be put in, and is no false alarm either.
      const before = natural.outcomes.get(fault.rule)?.outcome ?? 'errored';
      if (before !== 'passed' && before !== 'not-applicable') continue;
      try {
        const shards = fault.spoil(sound, seededRandom(count));
        const seen = await scan(shards, [fault.rule], fault);
        tally.add(fault.rule, 'shards', {
          fault: fault.name,
          rate: 1,
          isDesignPoint: true,
          injected: 1,
          found: seen.outcomes.get(fault.rule)?.outcome === 'failed' ? 1 : 0,
          sound: 1,
          falseAlarms: 0,
        });
      } catch (cause) {
        tally.fail([fault.rule], cause);
      }
      onAdvance();
    }
  }
}

/** Compares a copy with another that a bug came into; the same rows in another order are the look-alike. */
export async function tryVersionFaults(
  bench: Bench,
  base: BaseRows,
  tally: Tally,
  onAdvance: () => void,
): Promise<void> {
  const usable = VERSION_FAULTS.filter(
    (fault) =>
      bench.rules.some((rule) => rule.id === fault.rule) &&
      base.rows.length >= fault.leastRows &&
      fault.needs.every((need) => base.own.has(need)),
  );
  if (usable.length === 0) return;
  const [before, after] = [join(bench.folder, 'before'), join(bench.folder, 'after')];
  const write = (folder: string, rows: readonly FaultRow[], columns = base.columns) =>
    writeCopy(bench.writer, { folder, columns, shards: cutIntoShards(rows, 2) });
  const failed = async (
    rules: readonly string[],
    names: readonly string[],
    removed: string | null,
  ): Promise<ReadonlySet<string>> => {
    bench.signal.throwIfAborted();
    const { config } = bench;
    const diff = await compareVersions(
      {
        before,
        after,
        config: {
          ...config,
          columns: namedAsTheyAre(names),
          mediaRoot: bench.mediaRoot,
          rules: { ...config.rules, select: rules, ignore: [], severity: {}, budgets: {} },
        },
        cwd: bench.folder,
        mediaSample: '0',
        removed,
        changesFile: null,
        command: [],
      },
      { signal: bench.signal, progress: bench.silent },
    );
    return new Set(diff.rules.flatMap((rule) => (rule.outcome === 'failed' ? [rule.id] : [])));
  };
  await write(before, base.rows);
  await write(after, base.rows.toReversed());
  const rules = [...new Set(usable.map((fault) => fault.rule))];
  const alarms = await failed(rules, columnNames(base), null);
  onAdvance();
  for (const fault of usable) {
    const random = seededRandom(fault.name.length);
    const changed = fault.change(base.rows, random);
    const isOfRows = [fault.dropped, fault.retyped, fault.removed].every(
      (each) => each === undefined,
    );
    if (changed === base.rows && isOfRows) continue;
    const columns = base.columns
      .filter(({ name }) => fault.dropped?.includes(name) !== true)
      .map(({ name, type }) => ({ name, type: fault.retyped?.[name] ?? type }));
    try {
      await write(before, fault.before?.(base.rows, random) ?? base.rows);
      await write(after, changed, columns);
      const list = fault.removed?.(base.rows) ?? null;
      const removed = list === null ? null : join(bench.folder, 'removed.txt');
      if (removed !== null) await writeFile(removed, `${list?.join('\n') ?? ''}\n`);
      const found = await failed(
        [fault.rule],
        columns.map(({ name }) => name),
        removed,
      );
      tally.add(fault.rule, 'versions', {
        fault: fault.name,
        rate: 1,
        isDesignPoint: true,
        injected: 1,
        found: found.has(fault.rule) ? 1 : 0,
        sound: 1,
        falseAlarms: alarms.has(fault.rule) ? 1 : 0,
      });
    } catch (cause) {
      tally.fail([fault.rule], cause);
    }
    onAdvance();
  }
}
