import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { type ExampleFault, exampleFaults } from '../faults/example-faults.ts';
import { compileRule, type CompiledRule } from '../judge/compile-rule.ts';
import { judge } from '../judge/judge.ts';
import { writeLedger } from '../judge/ledger.ts';
import type { Rule } from '../judge/rule.ts';
import type { Attempt } from './tally.ts';
import {
  failingClips,
  overlay,
  resetTrial,
  sealTrial,
  type Target,
  targetsOf,
} from './trial-tables.ts';
import { isEvidenceTable } from '../probes/evidence-tables.ts';

/** Shares of the measured clips that a fault is put into. */
const RATES = [0.01, 0.1] as const;
const GROUP_RATES = [0.01, 0.1, 0.5] as const;

type EvidenceBench = {
  readonly database: Database;
  readonly config: Config;
  readonly baseRows: number;
};

/**
 * Gives measured clips the values of the rule's own examples and judges them: what is left where no fault can be made in
 * rows or media. Null: the rule reads no evidence, or nothing here can take the values.
 */
export async function tryEvidence(
  bench: EvidenceBench,
  rule: Rule,
  index: number,
): Promise<readonly Attempt[] | null> {
  const options = bench.config.rules.options[rule.id];
  const compiled = await compileRule(bench.database, rule, index, options);
  const isOfEvidence =
    compiled.evidence.length > 0 &&
    compiled.needs.every(
      (need) => need.table === 'clips' || need.table === 'ledger' || isEvidenceTable(need.table),
    );
  if (!isOfEvidence || rule.scope === 'dataset' || rule.scope === 'versions') return null;
  const { faults, lookalikes } = exampleFaults(rule);
  const attempts: Attempt[] = [];
  for (const rate of rule.scope === 'clip' ? RATES : GROUP_RATES) {
    const attempt = await runTrial(bench, compiled, faults, lookalikes, rate);
    if (attempt !== null) attempts.push(attempt);
  }
  return attempts.length === 0 ? null : attempts;
}

async function runTrial(
  bench: EvidenceBench,
  compiled: CompiledRule,
  faults: readonly ExampleFault[],
  lookalikes: readonly ExampleFault[],
  rate: number,
): Promise<Attempt | null> {
  const { database } = bench;
  const { evidence, rule } = compiled;
  const required = compiled.needs.filter((need) => isEvidenceTable(need.table) && !need.isOptional);
  const tables = [...new Set(required.map((need) => need.table))];
  await resetTrial(database, evidence);
  const known = await judgeTrial(bench, compiled);
  const all = await targetsOf(
    database,
    tables,
    evidence,
    `${bench.config.seed}/${rule.id}/${rate}`,
  );
  const targets = all.filter((target) => !known.has(target.id));
  await resetTrial(database, evidence);
  // What shows in many rows together often shows in neighbours only.
  const pool =
    rule.scope === 'clip'
      ? [...targets]
      : targets.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const expected = new Set<bigint>();
  const touched = new Set<bigint>();
  const wanted = Math.max(1, Math.round(rate * targets.length));
  for (let turn = 0; touched.size < wanted && turn < 2 * wanted + faults.length; turn += 1) {
    const fault = faults[turn % faults.length];
    if (fault === undefined) break;
    for (const each of await inject(database, compiled, fault, pool, turn)) {
      touched.add(each.id);
      if (each.isFaulty) expected.add(each.id);
    }
  }
  if (expected.size === 0) return null;
  const alikes = lookalikes.filter((each) => each.overlays.length === 1);
  for (const [turn, alike] of alikes.entries()) {
    await inject(database, compiled, alike, pool, wanted + turn);
  }
  const after = await judgeTrial(bench, compiled);
  return {
    fault: 'values of its examples',
    rate,
    isDesignPoint: rule.scope === 'clip' || rate === GROUP_RATES.at(-1),
    injected: expected.size,
    found: [...expected].filter((id) => after.has(id)).length,
    sound: targets.length - touched.size,
    falseAlarms: [...after].filter((id) => !touched.has(id) && !known.has(id)).length,
  };
}

/** Takes the first target out of the pool that has what a fault changes. */
function take(pool: Target[], needs: readonly string[]): Target | null {
  const at = pool.findIndex((target) =>
    needs.every((need) => need === 'clips' || target.tables.has(need)),
  );
  const [target] = at < 0 ? [] : pool.splice(at, 1);
  return target ?? null;
}

/** Gives rows what an example states of the columns that the rule reads; those it does not state become null. */
async function inject(
  database: Database,
  compiled: CompiledRule,
  fault: ExampleFault,
  pool: Target[],
  turn: number,
): Promise<readonly { readonly id: bigint; readonly isFaulty: boolean }[]> {
  const done: { id: bigint; isFaulty: boolean }[] = [];
  for (const each of fault.overlays) {
    const target = take(pool, Object.keys(each.values));
    if (target === null) return done;
    for (const table of new Set(compiled.needs.map((need) => need.table))) {
      if (table === 'ledger') continue;
      const unstated = compiled.needs.filter(
        (need) => need.table === table && !PLACES.has(need.column),
      );
      const nulls = Object.fromEntries(unstated.map((need) => [need.column, null]));
      const stated = unique(each.values[table] ?? {}, turn);
      if (!(await overlay(database, table, { ...nulls, ...stated }, [target.id]))) return done;
    }
    const rest = each.values['clips'] ?? {};
    if (!(await overlay(database, 'clips', unique(rest, turn), [target.id]))) return done;
    done.push({ id: target.id, isFaulty: each.isFaulty });
  }
  return done;
}

/** Columns that say which row it is. */
const PLACES: ReadonlySet<string> = new Set(['key', 'clip_id', 'shard', 'row_number', 'medium']);

/** Keys of a repeated-key fault differ from one injection to the next, or all of them would be one group. */
function unique(
  values: Readonly<Record<string, unknown>>,
  turn: number,
): Readonly<Record<string, unknown>> {
  const { key, path, ...rest } = values;
  if (typeof key !== 'string') return values;
  const renamed =
    typeof path === 'string' ? path.replace(/([^/]+?)(\.[A-Za-z0-9]+)?$/, `$1~${turn}$2`) : path;
  return { ...rest, key: `${key}~${turn}`, ...(path === undefined ? {} : { path: renamed }) };
}

async function judgeTrial(
  bench: EvidenceBench,
  compiled: CompiledRule,
): Promise<ReadonlySet<bigint>> {
  const { database } = bench;
  await sealTrial(database);
  const answers = await writeLedger(database, {
    seed: bench.config.seed,
    rules: [compiled],
    dimensions: [],
  });
  const { outcomes } = await judge(database, {
    compiled: [compiled],
    excluded: [],
    answers,
    dimensions: [],
    shardName: String,
    unread: [],
    population: bench.baseRows,
    sampleSize: bench.baseRows,
    maxFindings: 1,
    keepFailing: true,
  });
  const [outcome] = outcomes;
  if (outcome?.outcome === 'errored') throw new Error(outcome.reason ?? 'errored');
  return failingClips(database, compiled.index);
}
