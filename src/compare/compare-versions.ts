import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import type { Config } from '../config/config.ts';
import { DailiesError } from '../dailies-error.ts';
import { Database } from '../engine/database.ts';
import type { Engine } from '../engine/engine.ts';
import { engineMemoryLimit } from '../engine/memory-limit.ts';
import { openEngine } from '../engine/open-engine.ts';
import { VERSION } from '../package-root.ts';
import { type Progress, SILENT } from '../progress.ts';
import { Stopwatch } from '../stopwatch.ts';
import { describeCaptions } from './caption-changes.ts';
import { compareMedia } from './compare-media.ts';
import { compareRuns } from './compare-runs.ts';
import { collectExamples } from './collect-examples.ts';
import { describeColumns } from './column-changes.ts';
import { describeSchema } from './describe-schema.ts';
import { findDoubts, findGaps } from './find-gaps.ts';
import type {
  ChangeExample,
  DiffDocument,
  MediaPair,
  RowFlow,
  SideSummary,
} from './diff-document.ts';
import { fillVersionTables } from './fill-version-tables.ts';
import { findCauses } from './find-causes.ts';
import { findDrift } from './find-drift.ts';
import { findProfileDrift } from './find-profile-drift.ts';
import { findEdges } from './find-edges.ts';
import { findReturned } from './find-returned.ts';
import { findRenames, sampleKeys } from './find-renames.ts';
import { judgeVersions } from './judge-versions.ts';
import { countFlow } from './count-flow.ts';
import { comparePairs, fetchValues } from './load-pairs.ts';
import { loadRows } from './load-rows.ts';
import { findDiffering, pairRows } from './match-rows.ts';
import { type ColumnPair, type ColumnPairs, pairColumns, type Tolerance } from './pair-columns.ts';
import { sampleValues } from './sample-values.ts';
import { openSide, type Side } from './side.ts';
import { summariseMedia } from './summarise-media.ts';
import { tellStory } from './tell-story.ts';
import { writeChanges } from './write-changes.ts';

/** Two versions to compare. Each is a dataset (file, folder, glob) or a run folder. */
type CompareRequest = {
  readonly before: string;
  readonly after: string;
  readonly config: Config;
  readonly cwd: string;
  /** Common clips whose media are looked at, as for `parseSample`; null: as many as take seconds. '0': none. */
  readonly mediaSample: string | null;
  /** List of keys that were removed earlier, or run folder of an older version; null: none. */
  readonly removed: string | null;
  /** Differences of numbers that count as none, by column; default: what a passage through float32 does. */
  readonly tolerances?: ReadonlyMap<string, Tolerance>;
  /** Parquet file for every row that differs; null: none. */
  readonly changesFile: string | null;
  readonly command: readonly string[];
};

type CompareContext = { readonly signal: AbortSignal; readonly progress: Progress };

/**
 * Compares two versions of a dataset: rows, schema, columns, captions, causes, and the version rules.
 *
 * @throws {DailiesError} dataset, usage or config: nothing was compared; interrupted.
 */
export async function compareVersions(
  request: CompareRequest,
  context: CompareContext = { signal: new AbortController().signal, progress: SILENT },
): Promise<DiffDocument> {
  const spill = await mkdtemp(
    join(request.config.tempDirectory ?? tmpdir(), `dailies-${randomBytes(2).toString('hex')}-`),
  );
  const threads = request.config.workers ?? availableParallelism();
  const database = await Database.open({
    memoryLimit:
      request.config.memoryLimit === null
        ? `${Math.floor(Math.min(1.2e9, totalmem() / 2) / 1e6)}MB`
        : engineMemoryLimit(request.config.memoryLimit, threads),
    tempDirectory: spill,
    threads,
  });
  const onAbort = (): void => database.interrupt();
  context.signal.addEventListener('abort', onAbort);
  try {
    const { engine } = openEngine(request.config, request.cwd, threads);
    return await compareIn(database, engine, request, context);
  } catch (cause) {
    if (context.signal.aborted) throw new DailiesError('interrupted', 'interrupted', { cause });
    throw cause;
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    database.close();
    await rm(spill, { recursive: true, force: true });
  }
}

async function compareIn(
  database: Database,
  engine: Engine,
  request: CompareRequest,
  { progress, signal }: CompareContext,
): Promise<DiffDocument> {
  const clock = new Stopwatch();
  const { cwd, config } = request;
  const opening = progress.stage('open both versions');
  const side = { cwd, columns: config.columns, mediaRoot: config.mediaRoot, stores: config.stores };
  const before = await openSide(database, 'before', { ...side, path: request.before });
  const after = await openSide(database, 'after', { ...side, path: request.after });
  const byName = pairColumns(before, after);
  const columns = pairColumns(before, after, {
    renames: await findRenames(database, before, after, byName),
    tolerances: request.tolerances ?? new Map(),
  });
  opening.done();
  clock.lap('open');
  const reading = progress.stage('read and match rows');
  await loadRows(database, before, columns.pairs);
  await loadRows(database, after, columns.pairs);
  clock.lap('read');
  await findDiffering(database, before.rows + after.rows, engine, { signal });
  clock.lap('match');
  const loaded = await fetchValues(database, before, after, columns.pairs);
  const sample = await sampleValues(database, before, after, columns.pairs);
  clock.lap('fetch');
  await pairRows(database, contentOf(columns));
  await comparePairs(database, columns.pairs);
  clock.lap('pair');
  const returned = await findReturned(database, request.removed, cwd);
  const flow = {
    ...(await countFlow(database)),
    returned,
    returnedFrom: request.removed,
  };
  await requireCommonRows(database, before, after, flow);
  const doubts = findDoubts(before, after, flow);
  reading.done();
  const describing = progress.stage('describe the changes');
  const matched = flow.unchanged + flow.changed + flow.rekeyed;
  const changes = await describeColumns(database, after, columns.pairs, matched);
  const captions = await describeCaptions(database, before, after, columns.pairs, loaded, matched);
  const causes = await findCauses(database, after, columns.pairs);
  const examples = await collectExamples(database, before, after, columns.pairs, loaded);
  const schema = describeSchema(columns, changes);
  describing.done();
  clock.lap('describe');
  const drift = [
    ...(await findDrift(database, sample.columns)),
    ...(await findProfileDrift(before, after, columns.pairs, cwd)),
  ].toSorted((a, b) => b.psi - a.psi || (a.name < b.name ? -1 : 1));
  const edges = await findEdges(database, sample.columns);
  clock.lap('drift');
  const looked =
    request.mediaSample === '0'
      ? { pairs: [], missing: 'nobody asked to look at media' }
      : await compareMedia(
          database,
          { before, after, config, engine, sample: request.mediaSample, cwd },
          progress,
          signal,
        );
  const media = summariseMedia(looked.pairs, looked.missing);
  clock.lap('media');
  const runs = await compareRuns(before, after, cwd);
  if (request.changesFile !== null)
    await writeChanges(database, request.changesFile, columns.pairs);
  // A change of unit is told once, not again as drift and as moved edges.
  const rescaled = new Set(
    changes.filter((change) => (change.numbers?.factor?.share ?? 0) > 0.9).map(({ name }) => name),
  );
  const offer = await fillVersionTables(database, {
    before,
    after,
    pairs: columns.pairs,
    flow,
    schema,
    columns: changes,
    captions,
    drift: drift.filter(({ name }) => !rescaled.has(name)),
    edges: edges.filter(({ column }) => !rescaled.has(column)),
    ruleChanges: runs.ruleChanges,
    media: looked.pairs,
  });
  const unread = [before, after].flatMap((each) => [
    ...each.unreadShards,
    ...(each.run !== null && each.run.run.state !== 'complete'
      ? [`run ${each.run.run.id} (interrupted)`]
      : []),
  ]);
  const { rules, findings, verdict } = await judgeVersions(
    database,
    offer,
    config,
    matched,
    unread,
  );
  clock.lap('judge');
  return {
    schemaVersion: 1,
    tool: { name: 'dailies', version: VERSION },
    command: request.command,
    before: summarise(before),
    after: summarise(after),
    verdict: {
      ...verdict,
      sentence: [verdict.sentence, ...doubts.map(({ what }) => DOUBT[what])].join('; '),
    },
    story: tellStory({ doubts, schema, flow, columns: changes, captions, media }),
    schema,
    rowFlow: flow,
    columns: changes,
    captions,
    causes,
    drift,
    media,
    rules,
    findings,
    baseline: runs.baseline,
    ruleChanges: runs.ruleChanges,
    examples: examples.map((example) => withFiles(example, looked.pairs)),
    notCompared: [
      ...doubts,
      ...findGaps(before, after, columns),
      ...(sample.leftOut.length === 0
        ? []
        : [{ what: 'drift', reason: leftOutOfDrift(sample.leftOut) }]),
      ...(looked.missing === null ? [] : [{ what: 'media', reason: looked.missing }]),
    ],
    timings: clock.laps(),
  };
}

/** The row with its files, if its media were compared. */
function withFiles(example: ChangeExample, pairs: readonly MediaPair[]): ChangeExample {
  const pair = pairs.find((each) => each.key === example.key);
  return {
    ...example,
    ...(typeof pair?.fileBefore === 'string' ? { fileBefore: pair.fileBefore } : {}),
    ...(typeof pair?.fileAfter === 'string' ? { fileAfter: pair.fileAfter } : {}),
  };
}

/** The column by which a clip is known whose key changed. */
function contentOf(columns: ColumnPairs): ColumnPair | undefined {
  return (
    columns.pairs.find((pair) => pair.name === 'content_hash') ??
    columns.pairs.find((pair) => pair.name === 'bytes')
  );
}

async function requireCommonRows(
  database: Database,
  before: Side,
  after: Side,
  flow: RowFlow,
): Promise<void> {
  if (flow.beforeRows === 0 || flow.afterRows === 0) {
    const empty = flow.beforeRows === 0 ? before : after;
    throw new DailiesError('dataset', `${empty.path} has no rows: there is nothing to compare`);
  }
  if (flow.unchanged + flow.changed + flow.rekeyed > 0) return;
  const [own, other] = [await sampleKeys(database, before), await sampleKeys(database, after)];
  throw new DailiesError(
    'dataset',
    `the versions have no key in common: ${before.path} has ${own.join(', ') || 'none'}; ${after.path} has ${other.join(', ') || 'none'}`,
    {
      hint: `the key was read from ${before.keySource ?? 'path or row'} and ${after.keySource ?? 'path or row'}; name the column that identifies a clip in both with --columns key=…`,
    },
  );
}

/** What a doubt adds to the verdict. */
const DOUBT = {
  order: 'the arguments look swapped',
  keys: 'hardly any key in common',
} as const;

function leftOutOfDrift(names: readonly string[]): string {
  return `${names.length} columns more than are looked at: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
}

function summarise(side: Side): SideSummary {
  return {
    kind: side.kind,
    name: side.name,
    path: side.path,
    format: side.format,
    rows: side.rows,
    bytes: side.bytes,
    shards: side.shards.length,
    keySource: side.keySource,
    isKeyStable: side.isKeyStable,
    runId: side.run?.run.id ?? null,
  };
}
