import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Audit } from '../../src/audit/audit.ts';
import { type Config, DEFAULT_CONFIG } from '../../src/config/config.ts';
import { SILENT } from '../../src/progress.ts';

/** A row of a manifest that is made for a scan. */
export type ManifestRow = {
  readonly key: string;
  readonly path: string;
  readonly shard: string;
  readonly declared?: Readonly<Record<string, string | number>>;
};

/** Ids of the rules that find fault with each clip, by key: a scan of all rows, as a user would run it. */
export async function findingsOf(
  root: string,
  name: string,
  rows: readonly ManifestRow[],
  options: { readonly rules?: readonly string[]; readonly tier?: Config['tier'] } = {},
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const dataset = join(root, 'datasets', name);
  rmSync(dataset, { recursive: true, force: true });
  mkdirSync(dataset, { recursive: true });
  const shards = [...new Set(rows.map((row) => row.shard))];
  for (const [index, shard] of shards.entries()) {
    const lines = rows
      .filter((row) => row.shard === shard)
      .map(({ key, path, declared }) => JSON.stringify({ key, path: path.slice(1), ...declared }));
    const file = `part-${String(index).padStart(5, '0')}.jsonl`;
    writeFileSync(join(dataset, file), `${lines.join('\n')}\n`);
  }
  const config: Config = {
    ...DEFAULT_CONFIG,
    dataset: [dataset],
    mediaRoot: '/',
    cacheDirectory: join(root, 'cache'),
    sample: 'all',
    tier: options.tier ?? 'frames',
    rules: {
      ...DEFAULT_CONFIG.rules,
      // A scan climbs no higher than its rules need; one that needs every frame stands for all those of a user.
      select: options.rules === undefined ? [] : [...options.rules, 'frozen-frames'],
    },
  };
  const audit = await Audit.begin(
    { config, cwd: root, runFolder: join(root, 'run'), command: [], maxFindings: 100_000 },
    { signal: new AbortController().signal, progress: SILENT },
  );
  const byKey = new Map<string, Set<string>>();
  try {
    await audit.open();
    await audit.readManifest();
    await audit.lookAtMedia();
    await audit.judge();
    const { report } = await audit.finish();
    for (const finding of report.findings) {
      if (finding.key === null) continue;
      const set = byKey.get(finding.key) ?? new Set<string>();
      byKey.set(finding.key, set.add(finding.rule_id));
    }
  } finally {
    await audit.close();
  }
  return byKey;
}
