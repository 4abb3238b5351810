import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Config } from '../config/config.ts';
import { Database } from '../engine/database.ts';
import { CAPTION_FAULTS } from '../faults/captions.ts';
import type { CaptionFault } from '../faults/caption-fault.ts';
import { type ExampleFault, exampleFaults } from '../faults/example-faults.ts';
import { compileRule, type CompiledRule, isEvidenceTable } from '../judge/compile-rule.ts';
import { judge } from '../judge/judge.ts';
import { writeLedger } from '../judge/ledger.ts';
import { loadRules } from '../judge/load-rules.ts';
import { openRoom } from '../judge/room.ts';
import { runExample } from '../judge/run-example.ts';
import type { Rule } from '../judge/rule.ts';
import { selectRules } from '../judge/select-rules.ts';
import type { Progress } from '../progress.ts';
import type { RuleOutcome, RunDocument } from '../run/document.ts';
import { cleanUpperBound } from '../sampling/binomial.ts';
import { createSample, parseSample, sampleTarget } from '../sampling/draw-sample.ts';
import type { SelftestDocument, SelftestRule, SelftestTrial } from './document.ts';
import { seededRandom } from './seeded-random.ts';
import {
  failingClips,
  makeBase,
  overlay,
  resetTrial,
  sealTrial,
  type Target,
  targetsOf,
} from './trial-tables.ts';

/** Rows that faults are put into. */
const TESTED_ROWS = 2_000;

/** Shares of the rows that a fault is put into. */
const RATES = [0.01, 0.1] as const;

/** A bug that shows in many rows together needs a share of them. */
const GROUP_RATES = [0.01, 0.1, 0.5] as const;

export type SelftestRequest = {
  readonly config: Config;
  readonly cwd: string;
  /** A finished scan of the same dataset: its evidence is what faults are put into. */
  readonly runFolder: string;
  readonly run: RunDocument;
  /** The sample that the smallest detectable rate is stated for; the scan's own may be smaller. */
  readonly configuredSample: string;
};

type Bench = {
  readonly database: Database;
  readonly seed: string;
  readonly rows: number;
  readonly sample: number;
  readonly baseRows: number;
};

/**
 * Puts every rule's faults into a copy of some of the dataset's rows and of their evidence, judges them, and says what was
 * found. Nothing of the dataset is changed. Writes `selftest.json` into the run folder.
 */
export async function selftest(
  request: SelftestRequest,
  context: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<SelftestDocument> {
  const { config, run } = request;
  const rules = selectRules(await loadRules(config.rules.dirs), config.rules);
  const temp = join(request.runFolder, 'spill');
  await mkdir(temp, { recursive: true });
  const database = await Database.open({
    file: ':memory:',
    memoryLimit: config.memoryLimit ?? '2GB',
    tempDirectory: temp,
    threads: config.workers ?? 2,
  });
  try {
    await openRoom(database, {
      inputs: config.dataset,
      cwd: request.cwd,
      columns: config.columns,
      mediaRoot: config.mediaRoot,
      ownFolders: [resolve(request.runFolder)],
    });
    await writeLedger(database, { seed: config.seed, fused: [], dimensions: [] });
    const drawn = await createSample(database.connection, {
      from: 'ledger',
      sample: { kind: 'count', clips: TESTED_ROWS },
    });
    await makeBase(database, resolve(request.runFolder, 'evidence'));
    const media = await database.row('select count(distinct clip_id) as n from base_files');
    const bench: Bench = {
      database,
      seed: config.seed,
      rows: run.dataset.rows,
      sample: sampleTarget(parseSample(request.configuredSample), run.dataset.rows),
      baseRows: drawn.size,
    };
    const stage = context.progress.stage('inject faults', rules.length);
    const tested: SelftestRule[] = [];
    for (const [index, rule] of rules.entries()) {
      context.signal.throwIfAborted();
      const outcome = run.rules.find((each) => each.id === rule.id);
      tested.push(await testRule(bench, rule, index, outcome, config));
      stage.advance(1);
    }
    stage.done();
    const document: SelftestDocument = {
      schemaVersion: 1,
      dataset: run.dataset.name,
      rows: run.dataset.rows,
      seed: config.seed,
      testedRows: drawn.size,
      testedMedia: Number(media['n']),
      configuredSample: bench.sample,
      rules: tested,
    };
    await writeFile(
      join(request.runFolder, 'selftest.json'),
      `${JSON.stringify(document, null, 2)}\n`,
    );
    return document;
  } finally {
    database.close();
  }
}

async function testRule(
  bench: Bench,
  rule: Rule,
  index: number,
  outcome: RuleOutcome | undefined,
  config: Config,
): Promise<SelftestRule> {
  const applies = outcome !== undefined && ['passed', 'failed'].includes(outcome.outcome);
  const options = config.rules.options[rule.id];
  const compiled = applies ? await compileRule(bench.database, rule, index, options) : null;
  const isOfRows =
    compiled?.needs.every(
      (need) => need.table === 'clips' || need.table === 'ledger' || isEvidenceTable(need.table),
    ) === true;
  if (compiled === null || !isOfRows || rule.scope === 'versions') {
    const reason = applies ? 'its faults lie outside of rows' : (outcome?.reason ?? 'not judged');
    return testExamples(rule, reason);
  }
  const onCaptions = CAPTION_FAULTS.filter((fault) => fault.rule === rule.id);
  const examples = exampleFaults(rule);
  const faults = onCaptions.length > 0 ? onCaptions : examples.faults;
  const trials: SelftestTrial[] = [];
  try {
    for (const rate of rule.scope === 'clip' ? RATES : GROUP_RATES) {
      const trial = await runTrial(bench, compiled, faults, examples.lookalikes, rate);
      if (trial !== null) trials.push(trial);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    return testExamples(rule, reason);
  }
  if (trials.length === 0) return testExamples(rule, 'no row can take its fault');
  return summarise(bench, rule, compiled, faults, trials);
}

/** The rule's own examples, in a room of their own: what stands in where the dataset has nothing to put a fault into. */
async function testExamples(rule: Rule, reason: string): Promise<SelftestRule> {
  let [injected, found, sound, falseAlarms] = [0, 0, 0, 0];
  for (const example of rule.examples) {
    const { findings } = await runExample(rule, example);
    const wanted = typeof example.finds === 'number' ? example.finds : example.finds.length;
    injected += wanted > 0 ? 1 : 0;
    found += wanted > 0 && findings.length >= wanted ? 1 : 0;
    sound += wanted > 0 ? 0 : 1;
    falseAlarms += wanted === 0 && findings.length > 0 ? 1 : 0;
  }
  const { id, family, severity, scope } = rule;
  return {
    id,
    family,
    severity,
    scope,
    method: 'examples',
    faults: [],
    reason,
    trials: [],
    recall: injected === 0 ? null : found / injected,
    falseAlarmRate: sound === 0 ? null : falseAlarms / sound,
    smallestRate: null,
  };
}

async function runTrial(
  bench: Bench,
  compiled: CompiledRule,
  faults: readonly (CaptionFault | ExampleFault)[],
  lookalikes: readonly ExampleFault[],
  rate: number,
): Promise<SelftestTrial | null> {
  const { database } = bench;
  const { evidence, rule } = compiled;
  const required = compiled.needs.filter((need) => isEvidenceTable(need.table) && !need.isOptional);
  const tables = [...new Set(required.map((need) => need.table))];
  await resetTrial(database, evidence);
  const known = await judgeTrial(bench, compiled);
  const isAboutDataset = rule.scope === 'dataset';
  if (isAboutDataset && known.isFailed) return null;
  const targets = (
    await targetsOf(database, tables, evidence, `${bench.seed}/${rule.id}/${rate}`)
  ).filter((target) => !known.hits.has(target.id));
  await resetTrial(database, evidence);
  // What shows in many rows together often shows in neighbours only.
  const pool =
    rule.scope === 'clip'
      ? [...targets]
      : targets.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const random = seededRandom(bench.seed.length + Math.round(1000 * rate));
  const expected = new Set<bigint>();
  const touched = new Set<bigint>();
  const wanted = Math.max(1, Math.round(rate * targets.length));
  for (let turn = 0; touched.size < wanted && turn < 2 * wanted + faults.length; turn += 1) {
    const fault = faults[turn % faults.length];
    if (fault === undefined) break;
    const done =
      'inject' in fault
        ? await injectCaption(database, fault, take(pool, ['caption']), random)
        : await injectExample(database, compiled, fault, pool, turn);
    for (const each of done) {
      touched.add(each.id);
      if (each.isFaulty) expected.add(each.id);
    }
  }
  if (expected.size === 0) return null;
  const alikes = isAboutDataset ? [] : lookalikes.filter((each) => each.overlays.length === 1);
  const sound = rule.needs.some((need) => /key/.test(need)) ? [] : alikes;
  for (const [turn, alike] of sound.entries()) {
    await injectExample(database, compiled, alike, pool, wanted + turn);
  }
  const after = await judgeTrial(bench, compiled);
  if (isAboutDataset) {
    const found = after.isFailed ? 1 : 0;
    return { rate: touched.size / targets.length, injected: 1, found, sound: 1, falseAlarms: 0 };
  }
  const isAlarm = (id: bigint): boolean => !touched.has(id) && !known.hits.has(id);
  return {
    rate: expected.size / Math.max(1, targets.length),
    injected: expected.size,
    found: [...expected].filter((id) => after.hits.has(id)).length,
    sound: targets.length - touched.size,
    falseAlarms: [...after.hits].filter(isAlarm).length,
  };
}

type Done = readonly { readonly id: bigint; readonly isFaulty: boolean }[];

/** Takes the first target out of the pool that has what a fault changes. */
function take(pool: Target[], needs: readonly string[]): Target | null {
  const at = pool.findIndex((target) =>
    needs.every((need) =>
      need === 'caption' ? target.caption !== null : need === 'clips' || target.tables.has(need),
    ),
  );
  const [target] = at < 0 ? [] : pool.splice(at, 1);
  return target ?? null;
}

async function injectCaption(
  database: Database,
  fault: CaptionFault,
  target: Target | null,
  random: () => number,
): Promise<Done> {
  if (target === null) return [];
  const { caption, duration_s } = target;
  const row = fault.inject({ caption, duration_s: duration_s ?? 60 }, random);
  const values = {
    caption: row.caption,
    ...(duration_s === null ? {} : { duration_s: row.duration_s ?? duration_s }),
  };
  await overlay(database, 'clips', values, [target.id]);
  return [{ id: target.id, isFaulty: true }];
}

/** Gives rows what an example states of the columns that the rule reads; those it does not state become null. */
async function injectExample(
  database: Database,
  compiled: CompiledRule,
  fault: ExampleFault,
  pool: Target[],
  turn: number,
): Promise<Done> {
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
  bench: Bench,
  compiled: CompiledRule,
): Promise<{ readonly hits: ReadonlySet<bigint>; readonly isFailed: boolean }> {
  const { database } = bench;
  await sealTrial(database);
  const isFused = compiled.where !== null && compiled.evidence.length === 0;
  const answers = await writeLedger(database, {
    seed: bench.seed,
    fused: isFused ? [compiled] : [],
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
  return {
    hits: await failingClips(database, compiled.index),
    isFailed: outcome?.outcome === 'failed',
  };
}

function summarise(
  bench: Bench,
  rule: Rule,
  compiled: CompiledRule,
  faults: readonly { readonly name: string }[],
  trials: readonly SelftestTrial[],
): SelftestRule {
  // What shows in many rows together is held to its largest rate; the smallest that showed is stated beside it.
  const designed = rule.scope === 'clip' ? trials : trials.slice(-1);
  const sum = (field: 'injected' | 'found' | 'sound' | 'falseAlarms'): number =>
    designed.reduce((total, trial) => total + trial[field], 0);
  const recall = sum('injected') === 0 ? null : sum('found') / sum('injected');
  const isSampled = compiled.evidence.length > 0;
  const shown = trials.find((trial) => trial.found > 0)?.rate ?? null;
  const ofClips = isSampled
    ? cleanUpperBound(bench.sample, bench.rows)
    : 1 / Math.max(1, bench.rows);
  const { id, family, severity, scope } = rule;
  return {
    id,
    family,
    severity,
    scope,
    method: 'rows',
    faults: [...new Set(faults.map((fault) => fault.name))],
    reason: null,
    trials,
    recall,
    falseAlarmRate: sum('sound') === 0 ? null : sum('falseAlarms') / sum('sound'),
    smallestRate:
      recall === null || recall === 0 || shown === null
        ? null
        : scope === 'clip'
          ? Math.min(1, Math.max(ofClips / recall, 1 / Math.max(1, bench.rows)))
          : shown,
  };
}
