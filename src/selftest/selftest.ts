import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Config } from '../config/config.ts';
import { openStored } from '../dataset/embedded/stored-embedded.ts';
import { Database } from '../engine/database.ts';
import { WITHOUT_FAULT } from '../faults/without-fault.ts';
import { readNeed } from '../judge/compile-rule.ts';
import { loadRules } from '../judge/load-rules.ts';
import { runExample } from '../judge/run-example.ts';
import type { Rule } from '../judge/rule.ts';
import { selectRules } from '../judge/select-rules.ts';
import { type Progress, SILENT } from '../progress.ts';
import type { ReportInput, RuleOutcome } from '../run/document.ts';
import { parseSample, sampleTarget } from '../sampling/draw-sample.ts';
import { openBase, readBaseRows, readMeasuredRows } from './base-rows.ts';
import type { Bench } from './bench.ts';
import type { SelftestDocument, SelftestRule } from './document.ts';
import { tryEvidence } from './evidence-trials.ts';
import { chooseOriginals, countMedia, tryMediaFaults } from './media-trials.ts';
import { tryRowFaults } from './row-trials.ts';
import { trySetFaults, tryVersionFaults } from './set-trials.ts';
import { isBelowMark, Tally } from './tally.ts';
import { makeBase } from './trial-tables.ts';
import { isEvidenceTable } from '../probes/evidence-tables.ts';

/** Rows that faults are put into. */
const TESTED_ROWS = 2_000;

/** Clips, and images, that are encoded anew with every media fault. */
const ORIGINALS = 4;

type SelftestRequest = {
  readonly config: Config;
  readonly cwd: string;
  /** A finished scan of the same dataset: its evidence is what faults are put into. */
  readonly runFolder: string;
  readonly report: ReportInput;
  /** The sample that the smallest detectable rate is stated for; the scan's own may be smaller. */
  readonly configuredSample: string;
  /** Clips, and images, that are encoded anew; 4 if not said. */
  readonly originals?: number;
  /** Rows that faults are put into; 2,000 if not said. */
  readonly rows?: number;
};

/**
 * Makes the faults of every rule in copies of the dataset's rows, media and files, judges them as a scan does, and says
 * what was found. Nothing of the dataset is changed. Writes `selftest.json` into the run folder.
 */
export async function selftest(
  request: SelftestRequest,
  context: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<SelftestDocument> {
  const { config, runFolder } = request;
  const { run } = request.report;
  const rules = selectRules(await loadRules(config.rules.dirs), config.rules);
  await mkdir(join(runFolder, 'spill'), { recursive: true });
  const folder = await mkdtemp(join(config.tempDirectory ?? tmpdir(), 'dailies-selftest-'));
  const { database, drawn } = await openBase(
    config,
    request.cwd,
    runFolder,
    request.rows ?? TESTED_ROWS,
  );
  const writer = await Database.open({
    memoryLimit: '1GB',
    tempDirectory: folder,
    threads: config.workers ?? 2,
  }).catch((cause: unknown) => {
    database.close();
    throw cause;
  });
  try {
    await makeBase(database, join(runFolder, 'evidence'));
    const base = await readBaseRows(database, run);
    const measured = await readMeasuredRows(database, base);
    const originals =
      run.dataset.mediaRoot === null || config.tier === 'manifest'
        ? []
        : await chooseOriginals(
            database,
            run.dataset.mediaRoot,
            request.originals ?? ORIGINALS,
            openStored(
              writer.connection,
              run.dataset.embedded,
              run.dataset.shards,
              run.dataset.format,
            ),
          );
    const bench: Bench = {
      config,
      rules,
      folder,
      mediaRoot: run.dataset.mediaRoot,
      cacheFolder: config.cacheDirectory ?? join(request.cwd, '.dailies', 'cache'),
      writer,
      signal: context.signal,
      silent: SILENT,
    };
    const tally = new Tally();
    const stage = context.progress.stage('inject faults');
    const onAdvance = (): void => stage.advance(1);
    await tryRowFaults(bench, base, measured, tally, onAdvance);
    await trySetFaults(bench, base, tally, onAdvance);
    await tryVersionFaults(bench, base, tally, onAdvance);
    const encoded = await tryMediaFaults(
      { ...bench, cacheFolder: join(folder, 'cache') },
      originals,
      keysByRule(request.report),
      tally,
      onAdvance,
    );
    const sample = {
      size: sampleTarget(parseSample(request.configuredSample), run.dataset.rows),
      rows: run.dataset.rows,
    };
    const tested: SelftestRule[] = [];
    for (const [index, rule] of rules.entries()) {
      context.signal.throwIfAborted();
      const outcome = run.rules.find((each) => each.id === rule.id);
      if (!tally.has(rule.id) && applies(outcome)) {
        // Only a rule of one's own can fail here; its examples stand in.
        const attempts = await tryEvidence(
          { database, config, baseRows: drawn },
          rule,
          index,
        ).catch(() => null);
        for (const attempt of attempts ?? []) tally.add(rule.id, 'evidence', attempt);
      }
      const known = tally.summarise(rule, sample);
      tested.push(
        known === null
          ? await testExamples(
              rule,
              tally.failure(rule.id) ?? whyExamples(rule, outcome, originals.length),
            )
          : known.method === 'evidence'
            ? { ...known, reason: whyEvidence(originals.length) }
            : known,
      );
      stage.advance(1);
    }
    stage.done();
    const document: SelftestDocument = {
      schemaVersion: 1,
      dataset: run.dataset.name,
      rows: run.dataset.rows,
      seed: config.seed,
      testedRows: base.rows.length,
      testedMedia: await countMedia(database),
      encodedMedia: encoded,
      configuredSample: sample.size,
      rules: tested,
    };
    await writeFile(join(runFolder, 'selftest.json'), `${JSON.stringify(document, null, 2)}\n`);
    return document;
  } finally {
    writer.close();
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function applies(outcome: RuleOutcome | undefined): boolean {
  return outcome !== undefined && ['passed', 'failed'].includes(outcome.outcome);
}

function keysByRule(report: ReportInput): ReadonlyMap<string, ReadonlySet<string>> {
  const keys = new Map<string, Set<string>>();
  for (const { rule_id, key } of report.findings) {
    if (key !== null) keys.set(rule_id, (keys.get(rule_id) ?? new Set<string>()).add(key));
  }
  return keys;
}

function whyEvidence(originals: number): string {
  return originals === 0
    ? 'no medium here can be encoded anew with its fault'
    : 'too few media of different scenes, or no fault of rows or media stands for it';
}

function whyExamples(rule: Rule, outcome: RuleOutcome | undefined, originals: number): string {
  const stated = WITHOUT_FAULT[rule.id];
  if (stated !== undefined) return stated;
  if (rule.scope === 'versions') return 'the dataset lacks the columns that its fault changes';
  if (!applies(outcome)) return outcome?.reason ?? 'not judged';
  const isOfMedia = rule.needs.some((need) => isEvidenceTable(readNeed(need).table));
  return isOfMedia && originals === 0
    ? 'no medium here can be encoded anew with its fault'
    : 'too few rows, or the dataset shows it already';
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
  const recall = injected === 0 ? null : found / injected;
  const falseAlarmRate = sound === 0 ? null : falseAlarms / sound;
  return {
    id,
    family,
    severity,
    scope,
    method: 'examples',
    faults: [],
    reason,
    trials: [],
    recall,
    falseAlarmRate,
    smallestRate: null,
    isBelowMark: isBelowMark(recall, falseAlarmRate),
  };
}
