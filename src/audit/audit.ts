import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';

import { measureActionLags } from '../analyses/action-lags.ts';
import { analyseAlignment } from '../analyses/alignment/analyse-alignment.ts';
import { compareAnnotatedPaths } from '../analyses/alignment/annotated-paths.ts';
import { findNearDuplicates } from '../analyses/near-duplicates.ts';
import { compareWithBaseline } from '../compare/against-baseline.ts';
import { unreadParts } from '../dataset/unread-parts.ts';
import { Database } from '../engine/database.ts';
import type { ProbeCount } from '../engine/gather-evidence.ts';
import { engineMemoryLimit } from '../engine/memory-limit.ts';
import { ObjectLog } from '../engine/object-log.ts';
import { openEngine } from '../engine/open-engine.ts';
import { SilentStores } from '../engine/silent-stores.ts';
import type { LedgerAnswer } from '../judge/answers.ts';
import { applyBudgets } from '../judge/budgets.ts';
import { excludedOutcome, judge } from '../judge/judge.ts';
import { loadRules } from '../judge/load-rules.ts';
import { openAnnotations } from '../judge/open-annotations.ts';
import { openRoom } from '../judge/room.ts';
import type { Rule } from '../judge/rule.ts';
import { comparesCaptions } from '../judge/sampled-clips.ts';
import {
  compileAll,
  dimensionsOf,
  requireColumns,
  selectRules,
  settingsByRule,
} from '../judge/select-rules.ts';
import {
  checkSuppressions,
  describeSuppressions,
  isExpired,
  loadSuppressions,
  type SuppressionFile,
} from '../judge/suppressions.ts';
import { isOverLimit } from '../judge/verdict.ts';
import { type Rung, thinnedTiers } from '../ladder/rung.ts';
import { selectDecoder, type SelectedDecoder } from '../media/decoders/decode-frames.ts';
import { closeFilmStrips } from '../media/film-strip.ts';
import type {
  AlignmentSummary,
  Baseline,
  ClipCard,
  Finding,
  ReportInput,
  RuleOutcome,
  RunDocument,
} from '../run/document.ts';
import { readRun } from '../run/read-run.ts';
import { createRunFolder } from '../run/run-folder.ts';
import { Stopwatch } from '../stopwatch.ts';
import { collectGarbage } from './collect-garbage.ts';
import { composeDocument } from './compose-document.ts';
import { describeOffer } from './describe-offer.ts';
import { climb, missedMedia, readLatents } from './look-at-media.ts';
import { type ManifestReading, readManifest } from './read-manifest.ts';
import { areMediaRemote } from './remote-media.ts';
import type { ScanContext, ScanRequest, ScanResult } from './scan-request.ts';
import { showClips } from './show-clips.ts';
import { SoundManifest } from './sound-manifest.ts';
import { type Docket, isAskedFor, type Stage } from './stage.ts';
import { UserModel } from './user-model.ts';
import { writeKeyLists } from './write-key-lists.ts';
import { writeRun, writeStoppedRun } from './write-run.ts';

const MAX_FINDINGS = 1_000;

/** What is known before the dataset is opened. */
type Beginning = {
  readonly startedAt: string;
  readonly rules: readonly Rule[];
  readonly earlier: ReportInput | null;
  readonly suppressions: SuppressionFile | null;
  readonly sparkFolder: string | null;
};

/** One scan under way: what each stage learnt, so that a run that stops half-way can still be written down. */
export class Audit {
  readonly #stage: Stage;
  readonly #request: ScanRequest;
  readonly #startedAt: string;
  /** Where the cluster reads and writes; null: no cluster. */
  readonly #sparkFolder: string | null;
  readonly #rules: readonly Rule[];
  readonly #earlier: ReportInput | null;
  readonly #suppressionFile: SuppressionFile | null;
  readonly #clock = new Stopwatch();
  readonly #onAbort = (): void => this.#stage.database.interrupt();
  #decoder: SelectedDecoder | null = null;
  #docket: Docket = { compiled: [], excluded: [], dimensions: [] };
  #reading: ManifestReading | null = null;
  #probes: readonly ProbeCount[] = [];
  #rungs: readonly Rung[] = [];
  #unreachable: NonNullable<RunDocument['unreachable']> | null = null;
  #outcomes: readonly RuleOutcome[] = [];
  #findings: readonly Finding[] = [];
  #clips: readonly ClipCard[] = [];
  #alignment: readonly AlignmentSummary[] | null = null;
  #model: UserModel | null = null;
  #annotations: ReadonlySet<string> | null = null;
  #suppressed: ReadonlyMap<number, number> = new Map();
  #baseline: Baseline | null = null;

  private constructor(request: ScanRequest, stage: Stage, run: Beginning) {
    this.#request = request;
    this.#stage = stage;
    this.#startedAt = run.startedAt;
    this.#sparkFolder = run.sparkFolder;
    this.#rules = run.rules;
    this.#earlier = run.earlier;
    this.#suppressionFile = run.suppressions;
    stage.signal.addEventListener('abort', this.#onAbort);
  }

  /** Reads the rules, makes the run folder and opens the room. */
  static async begin(request: ScanRequest, context: ScanContext): Promise<Audit> {
    const { config } = request;
    const all = await loadRules(config.rules.dirs);
    const rules = selectRules(all, config.rules);
    const suppressions = await loadSuppressions(config.gate.suppressions, request.cwd);
    if (suppressions !== null) checkSuppressions(suppressions, all);
    const earlier =
      request.against === undefined ? null : await readRun(resolve(request.cwd, request.against));
    const startedAt = new Date().toISOString();
    const id = `${startedAt.slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`;
    const folder = await createRunFolder(
      resolve(request.runFolder ?? join(request.cwd, '.dailies', 'runs', id)),
    );
    const threads = config.workers ?? availableParallelism();
    const database = await Database.open({
      memoryLimit: engineMemoryLimit(config.memoryLimit, threads),
      tempDirectory: config.tempDirectory ?? join(folder, 'spill'),
      threads,
    });
    const { engine, folder: sparkFolder } = openEngine(config, request.cwd, threads);
    const stage = {
      ...context,
      config,
      database,
      engine,
      manifest: new SoundManifest(database, context.signal),
      runId: id,
      runFolder: folder,
      cacheFolder: resolve(config.cacheDirectory ?? join(request.cwd, '.dailies', 'cache')),
    };
    const run = { startedAt, rules, earlier, suppressions, sparkFolder };
    return new Audit(request, stage, run);
  }

  get runFolder(): string {
    return this.#stage.runFolder;
  }

  /** Opens the dataset and decides which rules can be judged on it. */
  async open(): Promise<void> {
    const { config, database, manifest, progress, signal, runFolder, cacheFolder } = this.#stage;
    signal.throwIfAborted();
    const stage = progress.stage('open the dataset');
    const { annotations } = config.alignment;
    if (annotations !== null)
      this.#annotations = await openAnnotations(database, annotations, runFolder);
    const dataset = await openRoom(database, {
      readsLittle: config.rules.select.length > 0,
      inputs: config.dataset,
      cwd: this.#request.cwd,
      columns: config.columns,
      mediaRoot: config.mediaRoot,
      stores: config.stores,
      ownFolders: [
        runFolder,
        cacheFolder,
        ...(this.#sparkFolder === null ? [] : [this.#sparkFolder]),
      ],
      memoryLimit: (group_bytes) =>
        engineMemoryLimit(
          config.memoryLimit,
          config.workers ?? availableParallelism(),
          group_bytes,
        ),
      progress,
      signal,
    });
    manifest.dataset = dataset;
    stage.done();
    for (const warning of config.isRedacted ? [] : dataset.warnings)
      progress.note(`note: ${warning}`);
    if (config.tier !== 'manifest' && (await areMediaRemote(database, dataset)))
      progress.note(
        'note: the manifest names media by URL: those of drawn clips are asked for; --tier manifest opens none, --sample takes fewer',
      );
    this.#decoder = config.tier === 'manifest' ? null : await selectDecoder(config.decoder);
    this.#model = await UserModel.open(this.#stage, this.#request.cwd);
    const offer = await describeOffer(database, {
      dataset,
      tier: config.tier,
      decoder: this.#decoder,
      today: this.#today(),
    });
    requireColumns('strata', config.strata, offer.clipColumns);
    this.#docket = {
      ...(await compileAll(database, this.#rules, config.rules.options, offer)),
      dimensions: dimensionsOf(offer.clipColumns, [...config.localise, ...config.strata]),
    };
    this.#clock.lap('open');
  }

  /** The one scan of the manifest, and the sample drawn from it. */
  async readManifest(): Promise<void> {
    this.#stage.signal.throwIfAborted();
    const stage = this.#stage.progress.stage('read the manifest');
    this.#reading = await readManifest(this.#stage, this.#docket, this.#rules);
    this.#docket = this.#reading.docket;
    stage.done();
    this.#clock.lap('manifest');
  }

  /** Evidence of the sampled media, from the cache or from the workers. */
  async lookAtMedia(): Promise<void> {
    const { database, engine, signal, cacheFolder, runId } = this.#stage;
    signal.throwIfAborted();
    const { compiled } = this.#docket;
    const objects = {
      objects: await ObjectLog.open(cacheFolder, runId),
      silent: new SilentStores(),
    };
    const climbed = await climb(this.#stage, compiled, this.#answers(), objects);
    if (climbed !== null) {
      this.#probes = climbed.probes;
      this.#rungs = climbed.rungs;
      this.#unreachable = await missedMedia(this.#stage);
    }
    const latents = await readLatents(this.#stage, compiled, objects);
    if (latents !== null) this.#probes = [...this.#probes, latents];
    if (isAskedFor(this.#docket, ['near_duplicates']))
      await findNearDuplicates(database, engine, { signal });
    this.#clock.lap('media');
  }

  /** Tables made of the manifest and the evidence, for rules that no single row can answer. */
  async analyse(): Promise<void> {
    const { database, manifest, progress, signal } = this.#stage;
    signal.throwIfAborted();
    const { columns } = manifest.dataset;
    if (isAskedFor(this.#docket, ['action_lags'])) {
      const hasActions = columns.some((column) => column.role === 'actions');
      await measureActionLags(database, hasActions);
    }
    const clipColumns = new Set(columns.map((column) => column.role ?? column.name));
    if (isAskedFor(this.#docket, ['annotated_paths']))
      await compareAnnotatedPaths(database, clipColumns, this.#annotations);
    if (!this.#docket.compiled.some(comparesCaptions)) return;
    const stage = progress.stage('compare captions with clips');
    this.#alignment = await manifest.withoutDamage(() =>
      analyseAlignment(database, {
        clipColumns,
        annotations: this.#annotations,
        embedder: this.#model?.embedder(this.#stage) ?? null,
      }),
    );
    collectGarbage();
    stage.done();
    this.#clock.lap('alignment');
  }

  /** Every rule's outcome and findings. */
  async judge(): Promise<void> {
    const { database, manifest, progress, signal } = this.#stage;
    signal.throwIfAborted();
    const stage = progress.stage('judge');
    const judged = await manifest.withoutDamage(() =>
      judge(database, {
        ...this.#docket,
        answers: this.#answers(),
        shardName: (index) => this.#shardName(index),
        unread: unreadParts(manifest.dataset.shards),
        population: manifest.rows,
        sampleSize: this.#reading?.sampleSize ?? 0,
        thinned: thinnedTiers(this.#rungs),
        isWeighted: this.#reading?.isWeighted ?? false,
        forgivesUnreachable: this.#unreachable === null || !isOverLimit(this.#unreachable),
        maxFindings: this.#request.maxFindings ?? MAX_FINDINGS,
        suppressions: (this.#suppressionFile?.entries ?? []).filter(
          (entry) => !isExpired(entry, this.#today()),
        ),
        keepFailing:
          this.#request.quarantine !== undefined || this.#request.allowList !== undefined,
      }),
    );
    signal.throwIfAborted();
    this.#suppressed = judged.suppressed;
    this.#outcomes = judged.outcomes;
    this.#findings = judged.findings;
    if (this.#earlier !== null) {
      const seen = compareWithBaseline(judged.outcomes, judged.findings, this.#earlier);
      this.#outcomes = seen.rules;
      this.#findings = seen.findings;
      this.#baseline = seen.baseline;
    }
    this.#outcomes = applyBudgets(
      this.#outcomes,
      settingsByRule(this.#rules, this.#stage.config.rules.budgets),
    );
    stage.done();
    this.#clock.lap('judge');
  }

  /** Film strips and values of the clips that the report shows. */
  async makePictures(): Promise<void> {
    this.#stage.signal.throwIfAborted();
    if (this.#stage.config.isRedacted) return;
    this.#clips = await showClips(this.#stage, this.#findings, this.#outcomes);
    this.#clock.lap('pictures');
  }

  /** Writes the run folder: a folder that has `run.json` is whole. */
  async finish(): Promise<ScanResult> {
    const { config, database, runFolder } = this.#stage;
    const { quarantine, allowList } = this.#request;
    const { compiled } = this.#docket;
    await writeKeyLists(database, { quarantine, allowList, runFolder, config, compiled });
    const whole = {
      run: this.#document('complete'),
      findings: this.#findings,
      clips: this.#clips,
      leftOut: [],
    };
    const report = await writeRun(this.#stage, whole, {
      profile: this.#reading?.profile ?? null,
      hasEvidence: this.#probes.length > 0,
      hasAlignment: this.#alignment !== null,
      embedded: this.#model?.embedded ?? null,
    });
    return { report, runFolder };
  }

  /** Writes `run.json` of a run that was stopped: no rule passed, and every one says why. */
  async markInterrupted(): Promise<void> {
    if (this.#outcomes.length === 0) {
      const reason = 'the run was interrupted before this rule was judged';
      this.#outcomes = [
        ...this.#docket.excluded.map(excludedOutcome),
        ...this.#docket.compiled.map((compiled) =>
          excludedOutcome({ compiled, outcome: 'incomplete', reason }),
        ),
      ];
    }
    await writeStoppedRun(this.#stage, this.#document('interrupted'));
  }

  async close(): Promise<void> {
    this.#stage.signal.removeEventListener('abort', this.#onAbort);
    await this.#model?.close();
    await closeFilmStrips();
    this.#stage.database.close();
  }

  #answers(): ReadonlyMap<string, LedgerAnswer> {
    return this.#reading?.answers ?? new Map();
  }

  #shardName(index: number): string {
    return (
      this.#stage.manifest.found?.shards.find((shard) => shard.index === index)?.name ??
      String(index)
    );
  }

  /** The day of the run, UTC. */
  #today(): string {
    return this.#startedAt.slice(0, 10);
  }

  #document(state: RunDocument['run']['state']): RunDocument {
    return composeDocument({
      state,
      id: this.#stage.runId,
      startedAt: this.#startedAt,
      request: this.#request,
      ruleCount: this.#rules.length,
      dataset: this.#stage.manifest.found,
      decoder: this.#decoder,
      rows: this.#stage.manifest.rows,
      sampleSize: this.#reading?.sampleSize ?? 0,
      rungs: this.#rungs,
      probes: this.#probes,
      coverage: this.#reading?.coverage ?? null,
      unreachable: this.#unreachable,
      rules: this.#outcomes,
      alignment: this.#alignment,
      baseline: this.#baseline,
      suppressions:
        this.#suppressionFile === null
          ? null
          : {
              file: relative(this.#request.cwd, this.#suppressionFile.path),
              entries: describeSuppressions(this.#suppressionFile, this.#suppressed, this.#today()),
            },
      timings: this.#clock.laps(),
    });
  }
}
