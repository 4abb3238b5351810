import { randomBytes } from 'node:crypto';
import { availableParallelism, totalmem } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { version as duckdbVersion } from '@duckdb/node-api';

import type { Config } from './config/config.ts';
import { DailiesError } from './dailies-error.ts';
import { quoteIdentifier } from './dataset/sql-quote.ts';
import type { OpenDataset } from './dataset/open-dataset.ts';
import { Database, numberOf } from './engine/database.ts';
import { gatherEvidence } from './engine/gather-evidence.ts';
import { type CompiledRule } from './judge/compile-rule.ts';
import { judge } from './judge/judge.ts';
import { writeLedger } from './judge/ledger.ts';
import { loadRules } from './judge/load-rules.ts';
import { openRoom } from './judge/room.ts';
import { compileAll, dimensionsOf, selectRules } from './judge/select-rules.ts';
import { decideVerdict, listNotLookedAt } from './judge/verdict.ts';
import { selectDecoder } from './media/decoders/decode-frames.ts';
import { closeFilmStrips } from './media/film-strip.ts';
import { VERSION } from './package-root.ts';
import type { EvidenceTable } from './probes/evidence-tables.ts';
import { type Progress, SILENT } from './progress.ts';
import type { ReportInput, RunDocument } from './run/document.ts';
import { buildClipCards } from './run/clip-cards.ts';
import { cachedStrips } from './run/strip-cache.ts';
import {
  createRunFolder,
  writeCards,
  writeEvidence,
  writeFindings,
  writeRunDocument,
} from './run/run-folder.ts';
import { createSample, parseSample, samplePromise } from './sampling/draw-sample.ts';
import { Stopwatch } from './stopwatch.ts';

/** What to scan, and where the results go. */
export type ScanRequest = {
  readonly config: Config;
  /** Folder that relative paths and `.dailies/` start from. */
  readonly cwd: string;
  /** Null: `.dailies/runs/<id>` below `cwd`. */
  readonly runFolder: string | null;
  /** The command line, for the report. */
  readonly command: readonly string[];
  /** Findings kept of each rule; counts are exact all the same. */
  readonly maxFindings?: number;
};

export type ScanContext = { readonly signal: AbortSignal; readonly progress: Progress };

/** What came of it: the document that was written to `run.json`, and the folder that holds all the rest. */
export type ScanResult = {
  readonly report: ReportInput;
  readonly runFolder: string;
};

/** Evidence that each tier looks for. */
const TIER_EVIDENCE: Readonly<Record<Config['tier'], readonly EvidenceTable[]>> = {
  manifest: [],
  headers: ['files', 'containers', 'packets'],
  keyframes: ['files', 'containers', 'packets', 'images', 'frames'],
  frames: ['files', 'containers', 'packets', 'images', 'frames'],
};

const MAX_FINDINGS = 1_000;

/** Clips with pictures in the report: of each rule, and in all. */
const CARDS_PER_RULE = 6;
const MOST_CARDS = 150;

/**
 * Audits one dataset: opens it, draws a sample, looks at its media, judges every rule and writes the run folder.
 *
 * @throws {DailiesError} config, dataset, usage or engine: nothing was judged; interrupted: what was done is kept and marked.
 */
export async function scan(
  request: ScanRequest,
  context: ScanContext = { signal: new AbortController().signal, progress: SILENT },
): Promise<ScanResult> {
  const started = new Date();
  const { config, cwd } = request;
  const clock = new Stopwatch();
  const runId = `${started.toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;
  const runFolder = await createRunFolder(
    resolve(request.runFolder ?? join(cwd, '.dailies', 'runs', runId)),
  );
  const cacheFolder = resolve(config.cacheDirectory ?? join(cwd, '.dailies', 'cache'));
  const rules = selectRules(await loadRules(config.rules.dirs), config.rules);
  const threads = config.workers ?? availableParallelism();
  const database = await Database.open({
    file: ':memory:',
    memoryLimit: config.memoryLimit ?? defaultMemoryLimit(threads),
    tempDirectory: config.tempDirectory ?? join(runFolder, 'spill'),
    threads,
  });
  const onAbort = (): void => database.interrupt();
  context.signal.addEventListener('abort', onAbort);
  try {
    context.signal.throwIfAborted();
    const opening = context.progress.stage('open the dataset');
    const dataset = await openRoom(database, {
      inputs: config.dataset,
      cwd,
      columns: config.columns,
      mediaRoot: config.mediaRoot,
      ownFolders: [runFolder, cacheFolder],
    });
    opening.done();
    clock.lap('open');
    context.signal.throwIfAborted();
    const decoder = config.tier === 'manifest' ? null : await selectDecoder(config.decoder);
    const clipColumns = new Set(dataset.columns.map((column) => column.role ?? column.name));
    const { compiled, excluded } = await compileAll(database, rules, config.rules.options, {
      clipColumns,
      evidence: new Set(TIER_EVIDENCE[config.tier]),
      tier: config.tier,
      hasMedia: dataset.mediaColumns.length > 0,
      noDecoder: decoder === null || decoder.ok ? null : decoder.reason,
      tables: new Set(['ledger', 'shards']),
    });
    const dimensions = dimensionsOf(clipColumns, config.localise);
    const fused = compiled.filter((each) => each.evidence.length === 0 && each.rule.where !== null);
    const reading = context.progress.stage('read the manifest');
    const answers = await writeLedger(database, { seed: config.seed, fused, dimensions });
    const rows = numberOf((await database.row('select count(*) as n from ledger'))['n']);
    reading.done();
    clock.lap('manifest');
    context.signal.throwIfAborted();
    const sample = await drawSample(database, config, compiled, dataset);
    const wants = TIER_EVIDENCE[config.tier].filter(
      (table) => table === 'files' || compiled.some((each) => each.evidence.includes(table)),
    );
    const probes =
      dataset.mediaColumns.length === 0 || wants.length === 0
        ? []
        : await gatherEvidence(
            database,
            {
              mediaRoot: dataset.mediaRoot,
              mediaColumns: dataset.mediaColumns,
              wants,
              tier: config.tier === 'keyframes' ? 'keyframes' : 'frames',
              decoder: config.decoder,
              workers: threads,
              cacheFolder,
              runId,
            },
            context.progress,
            context.signal,
          );
    clock.lap('media');
    context.signal.throwIfAborted();
    const judging = context.progress.stage('judge');
    const unread = dataset.shards.filter((shard) => shard.state === 'unread');
    const { outcomes, findings } = await judge(database, {
      compiled,
      excluded,
      answers,
      dimensions,
      shardName: (index) =>
        dataset.shards.find((shard) => shard.index === index)?.name ?? String(index),
      unreadShards: unread.map((shard) => shard.name),
      population: rows,
      sampleSize: sample.size,
      maxFindings: request.maxFindings ?? MAX_FINDINGS,
    });
    judging.done();
    clock.lap('judge');
    context.signal.throwIfAborted();
    const clips = await buildClipCards(
      database,
      {
        findings,
        mediaRoot: dataset.mediaRoot,
        mediaColumn: dataset.mediaColumns[0] ?? null,
        perRule: CARDS_PER_RULE,
        most: MOST_CARDS,
        makeStrip: cachedStrips(cacheFolder),
      },
      context.progress,
      context.signal,
    );
    clock.lap('pictures');
    const run: RunDocument = {
      schemaVersion: 1,
      tool: {
        name: 'dailies',
        version: VERSION,
        node: process.version,
        duckdb: duckdbVersion(),
        decoder: decoder?.ok === true ? `${decoder.name} ${decoder.version}` : null,
      },
      run: {
        id: runId,
        state: 'complete',
        startedAt: started.toISOString(),
        command: request.command,
        seed: config.seed,
      },
      dataset: describeDataset(dataset, config, rows, cwd),
      plan: {
        sample: {
          asked: config.sample,
          population: rows,
          size: sample.size,
          promise: samplePromise(sample.size, rows),
        },
        tier: config.tier,
        rules: rules.length,
      },
      verdict: decideVerdict(outcomes, rows, config.gate),
      rules: outcomes,
      notLookedAt: listNotLookedAt(outcomes, unread, { size: sample.size, population: rows }),
      probes: [...probes],
      timings: clock.laps(),
    };
    await writeFindings(database, runFolder, findings);
    if (probes.length > 0) await writeEvidence(database, runFolder);
    await writeCards(runFolder, clips);
    await writeRunDocument(runFolder, run);
    return { report: { run, findings, clips, leftOut: [] }, runFolder };
  } catch (cause) {
    if (context.signal.aborted) {
      throw new DailiesError(
        'interrupted',
        'interrupted; evidence gathered so far is kept for the next run',
        { cause },
      );
    }
    throw cause;
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    await closeFilmStrips();
    database.close();
  }
}

/** Draws the sample and fetches the drawn clips with the columns that media rules need, as `sampled_clips`. */
async function drawSample(
  database: Database,
  config: Config,
  compiled: readonly CompiledRule[],
  dataset: OpenDataset,
): Promise<{ readonly size: number }> {
  const drawn = await createSample(database.connection, {
    from: 'ledger',
    sample: parseSample(config.sample),
    strata: config.strata,
  });
  const onMedia = compiled.filter((each) => each.evidence.length > 0);
  if (onMedia.length === 0) {
    await database.run('create temp table sampled_clips as select * from clips limit 0');
    return { size: drawn.size };
  }
  const needed = new Set([
    'clip_id',
    'shard_id',
    'row_number',
    'shard',
    'key',
    'path',
    ...dataset.mediaColumns,
  ]);
  for (const name of CARD_COLUMNS) needed.add(name);
  for (const rule of onMedia) {
    for (const need of rule.needs) if (need.table === 'clips') needed.add(need.column);
  }
  // The row numbers prune row groups; the ids decide.
  await database.run(
    `create temp table sampled_clips as select ${[...needed].map(quoteIdentifier).join(', ')} from clips
     where row_number in (select ledger.row_number from ledger join sample using (clip_id))
       and clip_id in (select clip_id from sample)`,
  );
  return { size: drawn.size };
}

/** Declared columns that a report shows beside what was measured. */
const CARD_COLUMNS = [
  'width_px',
  'height_px',
  'fps',
  'duration_s',
  'frame_count',
  'size_bytes',
] as const;

function describeDataset(
  dataset: OpenDataset,
  config: Config,
  rows: number,
  cwd: string,
): RunDocument['dataset'] {
  const [first = '.'] = config.dataset;
  return {
    name: basename(resolve(cwd, first)),
    paths: config.dataset,
    format: dataset.format,
    rows,
    bytes: dataset.shards.reduce((sum, shard) => sum + shard.bytes, 0),
    mediaRoot: dataset.mediaColumns.length === 0 ? null : dataset.mediaRoot,
    shards: dataset.shards.map(({ index, name, rows: shardRows, bytes, state, error }) => ({
      index,
      name,
      rows: shardRows,
      bytes,
      state,
      error,
    })),
    columns: dataset.columns,
  };
}

/** 1 GB a thread (a decoded Parquet page of captions takes 100 MB a thread), at most half of the machine. */
function defaultMemoryLimit(threads: number): string {
  return `${Math.floor(Math.min(threads * 1e9, totalmem() / 2) / 1e6)}MB`;
}
