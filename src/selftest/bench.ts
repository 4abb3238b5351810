import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Audit } from '../audit/audit.ts';
import type { Config } from '../config/config.ts';
import { CANONICAL_COLUMNS } from '../dataset/canonical-columns.ts';
import type { Database } from '../engine/database.ts';
import type { Rule } from '../judge/rule.ts';
import type { Progress } from '../progress.ts';
import type { RuleOutcome } from '../run/document.ts';
import type { BaseRows } from './base-rows.ts';

/** What all trials share. */
export type Bench = {
  readonly config: Config;
  readonly rules: readonly Rule[];
  /** Folder for copies and runs of trials; removed at the end. */
  readonly folder: string;
  /** Media root and cache of the scan that came before. */
  readonly mediaRoot: string | null;
  readonly cacheFolder: string;
  /** A database without a room, for writing copies. */
  readonly writer: Database;
  readonly signal: AbortSignal;
  readonly silent: Progress;
};

/** What a scan of a copy said. */
export type Seen = {
  /** Keys that each rule reported. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
  readonly outcomes: ReadonlyMap<string, RuleOutcome>;
};

/** Findings kept of each rule: more than a copy has rows. */
const ALL_FINDINGS = 100_000;

type CopyScan = {
  readonly dataset: string;
  readonly tier: Config['tier'];
  readonly rules: readonly string[];
  readonly mediaRoot: string | null;
  /** Columns of the copy; canonical ones mean what their names say, and there are no others. */
  readonly columns: readonly string[];
};

/** Audits a copy as `dailies scan` audits a dataset, evidence of media taken from the cache where it has it. */
export async function scanCopy(bench: Bench, copy: CopyScan): Promise<Seen> {
  const { config } = bench;
  const runFolder = join(bench.folder, 'run');
  const audit = await Audit.begin(
    {
      config: {
        ...config,
        dataset: [copy.dataset],
        columns: namedAsTheyAre(copy.columns),
        mediaRoot: copy.mediaRoot,
        sample: 'all',
        strata: [],
        localise: [],
        tier: copy.tier,
        budgets: { full: { random: 'all' } },
        cacheDirectory: bench.cacheFolder,
        rules: { ...config.rules, select: copy.rules, ignore: [], severity: {}, budgets: {} },
        gate: { ...config.gate, suppressions: null },
        isRedacted: false,
        output: {},
      },
      cwd: bench.folder,
      runFolder,
      command: [],
      maxFindings: ALL_FINDINGS,
    },
    { signal: bench.signal, progress: bench.silent },
  );
  try {
    await audit.open();
    await audit.readManifest();
    await audit.lookAtMedia();
    await audit.analyse();
    await audit.judge();
    const { report } = await audit.finish();
    const keys = new Map<string, Set<string>>();
    for (const finding of report.findings) {
      const found = keys.get(finding.rule_id) ?? new Set<string>();
      if (finding.key !== null) found.add(finding.key);
      keys.set(finding.rule_id, found);
    }
    return { keys, outcomes: new Map(report.run.rules.map((rule) => [rule.id, rule])) };
  } finally {
    await audit.close();
    await rm(runFolder, { recursive: true, force: true });
  }
}

/** A mapping that takes canonical names at their word and guesses nothing else. */
export function namedAsTheyAre(
  columns: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const names = new Set(columns);
  return Object.fromEntries(
    Object.keys(CANONICAL_COLUMNS).map((name) => [name, names.has(name) ? [name] : []]),
  );
}

/** Names of the columns of a copy. */
export function columnNames(base: BaseRows): readonly string[] {
  return base.columns.map((column) => column.name);
}
