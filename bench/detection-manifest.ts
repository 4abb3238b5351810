import { tmpdir } from 'node:os';

import { Database } from '../src/engine/database.ts';
import { MANIFEST_FAULTS } from '../src/faults/manifest-faults.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { openRoom } from '../src/judge/room.ts';
import { makeCleanManifest, type ManifestRow, type Named } from '../test/faults/clean-manifest.ts';
import { seededRandom } from '../test/faults/clean-captions.ts';
import { judgeManifest } from '../test/faults/judge-manifest.ts';

/** Shares of rows that get each fault. */
const RATES = [0.1, 0.01, 0.001, 0.0001] as const;
const GENERATED_ROWS = 20_000;

/**
 * Recall of every manifest rule by fault and rate, and what it reports beside the spoiled rows. Keys, paths and captions come
 * from the given datasets, if any; the other columns are made up, since published manifests rarely have them.
 */
export async function printManifestRecall(inputs: readonly string[]): Promise<void> {
  const named = await Promise.all(inputs.map(readNamed));
  const all = named.flat();
  const clean = makeCleanManifest(all.length === 0 ? GENERATED_ROWS : all.length, 17, all);
  const wanted = new Set(MANIFEST_FAULTS.map((fault) => fault.rule));
  const rules = (await loadRules()).filter((rule) => wanted.has(rule.id));
  const untouched = await judgeManifest(rules, clean);
  console.log(
    `${clean.length} rows; recall by share of faulty rows, and rows reported beside them`,
  );
  print(['rule', 'fault', ...RATES.map((rate) => `${rate * 100} %`), 'beside', 'untouched']);
  for (const fault of MANIFEST_FAULTS) {
    const own = rules.filter((rule) => rule.id === fault.rule);
    const cells: string[] = [];
    let beside = 0;
    for (const rate of RATES) {
      const { rows, bad } = fault.inject(clean, keysAt(clean, rate, 0.5), {
        random: seededRandom(1),
        free: keysAt(clean, rate, 0),
        integerColumn: 'views',
        realColumn: 'motion_score',
      });
      const found = (await judgeManifest(own, rows)).get(fault.rule) ?? new Set<string>();
      const hits = [...bad].filter((key) => found.has(key)).length;
      const known = untouched.get(fault.rule) ?? new Set<string>();
      beside += [...found].filter((key) => !bad.has(key) && !known.has(key)).length;
      cells.push(bad.size === 0 ? '-' : (hits / bad.size).toFixed(3));
    }
    const before = untouched.get(fault.rule)?.size ?? 0;
    print([fault.rule, fault.name, ...cells, String(beside), String(before)]);
  }
}

/** Keys of evenly spread rows, at least one, that begin at a share of the first step. */
function keysAt(rows: readonly ManifestRow[], rate: number, from: number): ReadonlySet<string> {
  const count = Math.max(1, Math.round(rows.length * rate));
  const step = rows.length / count;
  return new Set(
    Array.from({ length: count }, (_, index) => rows[Math.floor((index + from) * step)]?.key ?? ''),
  );
}

async function readNamed(input: string): Promise<readonly Named[]> {
  const database = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: tmpdir(),
    threads: 2,
  });
  try {
    await openRoom(database, {
      inputs: [input],
      cwd: process.cwd(),
      columns: {},
      mediaRoot: null,
      ownFolders: [],
    });
    const rows = await database.rows(
      `select any_value(key) as key, coalesce(path, key) as path, any_value(caption) as caption
       from clips where key is not null and caption is not null group by coalesce(path, key) order by 1 limit 50000`,
    );
    return rows.flatMap(({ key, path, caption }) =>
      typeof key === 'string' && typeof path === 'string' && typeof caption === 'string'
        ? [{ key: `${input}#${key}`, path: `${input}#${path}`, caption }]
        : [],
    );
  } finally {
    database.close();
  }
}

function print(cells: readonly string[]): void {
  console.log(
    cells
      .map((cell, index) => cell.padEnd([24, 40][index] ?? 9))
      .join('')
      .trimEnd(),
  );
}
