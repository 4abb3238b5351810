import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';

import { compareWithBaseline } from '../compare/against-baseline.ts';
import { planSignatures, writeSignatures } from '../compare/signatures.ts';
import { measureActionLags } from '../analyses/action-lags.ts';
import { analyseAlignment } from '../analyses/alignment/analyse-alignment.ts';
import { compareAnnotatedPaths } from '../analyses/alignment/annotated-paths.ts';
import { captionWords } from '../analyses/measure-columns.ts';
import { type ProfileDocument, profileTable } from '../analyses/profile.ts';
import { findNearDuplicates } from '../analyses/near-duplicates.ts';
import { type Config } from '../config/config.ts';
import { DailiesError } from '../dailies-error.ts';
import { checkDeclaredRows } from '../dataset/declared-rows.ts';
import { readDeclaredColumns } from '../dataset/declared-schemas.ts';
import { leaveOutPageFaults, type OpenDataset } from '../dataset/open-dataset.ts';
import { findUnnamedFiles } from '../dataset/unnamed-files.ts';
import { shardErrorText } from '../dataset/rows.ts';
import {
  checkStorage,
  STORAGE_CHECKS,
  STORAGE_TABLES,
  type StorageCoverage,
} from '../dataset/storage-checks.ts';
import { unreadParts } from '../dataset/unread-parts.ts';
import { RowEmbedder } from '../encoder/embed-rows.ts';
import { Encoder } from '../encoder/encoder.ts';
import { VectorCache } from '../encoder/vector-cache.ts';
import { countUnreachable } from '../engine/count-unreachable.ts';
import { Database, numberOf, textOf } from '../engine/database.ts';
import type { Engine } from '../engine/engine.ts';
import { lookAtLatents, type ProbeCount } from '../engine/gather-evidence.ts';
import type { GatherPlan } from '../engine/gather-plan.ts';
import { defaultMemoryLimit } from '../engine/memory-limit.ts';
import { ObjectLog } from '../engine/object-log.ts';
import { openEngine } from '../engine/open-engine.ts';
import { SilentStores } from '../engine/silent-stores.ts';
import { isAnswered, type LedgerAnswer } from '../judge/answers.ts';
import { applyBudgets, planBudgets } from '../judge/budgets.ts';
import type { CompiledRule } from '../judge/compile-rule.ts';
import { type Exclusion, excludedOutcome, judge } from '../judge/judge.ts';
import { type Dimension, countLedger, findBroken, writeLedger } from '../judge/ledger.ts';
import { loadRules } from '../judge/load-rules.ts';
import { openAnnotations } from '../judge/open-annotations.ts';
import { openRoom } from '../judge/room.ts';
import type { Rule } from '../judge/rule.ts';
import { comparesCaptions, fetchSample, looksAtMedia } from '../judge/sampled-clips.ts';
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
import { climbLadder, createMediaTables } from '../ladder/climb.ts';
import { type Rung, thinnedTiers } from '../ladder/rung.ts';
import { type SelectedDecoder, selectDecoder } from '../media/decoders/decode-frames.ts';
import { closeFilmStrips } from '../media/film-strip.ts';
import { findCaptionPatterns } from '../run/caption-spans.ts';
import { buildClipCards } from '../run/clip-cards.ts';
import type {
  AlignmentSummary,
  Baseline,
  ClipCard,
  Finding,
  ReportInput,
  RuleOutcome,
  RunDocument,
} from '../run/document.ts';
import { maskTexts } from '../run/mask-texts.ts';
import { readRun } from '../run/read-run.ts';
import { redact } from '../run/redact.ts';
import {
  createRunFolder,
  writeAlignment,
  writeCards,
  writeClips,
  writeEmbeddings,
  writeEvidence,
  writeFindings,
  writeProfile,
  writeRunDocument,
} from '../run/run-folder.ts';
import { cachedStrips } from '../run/strip-cache.ts';
import { createSample, parseSample } from '../sampling/draw-sample.ts';
import { Stopwatch } from '../stopwatch.ts';
import { composeDocument } from './compose-document.ts';
import { describeOffer } from './describe-offer.ts';
import type { ScanContext, ScanRequest, ScanResult } from './scan-request.ts';
import { writeKeyLists } from './write-key-lists.ts';

const MAX_FINDINGS = 1_000;

/** Clips with pictures in the report: of each rule, and in all. */
const CARDS_PER_RULE = 6;
const MOST_CARDS = 150;

/** What the rules of this run are, once the dataset is open. */
type Docket = {
  readonly compiled: readonly CompiledRule[];
  readonly excluded: readonly Exclusion[];
  readonly dimensions: readonly Dimension[];
};

/** One scan under way: what each stage learnt, so that a run that stops half-way can still be written down. */
export class Audit {
  readonly runFolder: string;
  readonly #request: ScanRequest;
  readonly #context: ScanContext;
  readonly #config: Config;
  readonly #runId: string;
  readonly #startedAt: string;
  readonly #cacheFolder: string;
  /** Where the cluster reads and writes; null: no cluster. */
  readonly #sparkFolder: string | null;
  readonly #rules: readonly Rule[];
  readonly #database: Database;
  readonly #engine: Engine;
  readonly #clock = new Stopwatch();
  readonly #onAbort = (): void => this.#database.interrupt();
  #dataset: OpenDataset | null = null;
  #decoder: SelectedDecoder | null = null;
  #docket: Docket = { compiled: [], excluded: [], dimensions: [] };
  #answers: ReadonlyMap<string, LedgerAnswer> = new Map();
  #rows = 0;
  #profile: ProfileDocument | null = null;
  #coverage: StorageCoverage | null = null;
  #sampleSize = 0;
  #probes: readonly ProbeCount[] = [];
  #rungs: readonly Rung[] = [];
  #isWeighted = false;
  #unreachable: NonNullable<RunDocument['unreachable']> | null = null;
  #outcomes: readonly RuleOutcome[] = [];
  #findings: readonly Finding[] = [];
  #clips: readonly ClipCard[] = [];
  #alignment: readonly AlignmentSummary[] | null = null;
  #encoder: { readonly encoder: Encoder; readonly cache: VectorCache } | null = null;
  #embedder: RowEmbedder | null = null;
  #objects: Pick<GatherPlan, 'objects' | 'silent'> | null = null;
  #annotations: ReadonlySet<string> | null = null;
  readonly #earlier: ReportInput | null;
  readonly #suppressionFile: SuppressionFile | null;
  #suppressed: ReadonlyMap<number, number> = new Map();
  #baseline: Baseline | null = null;

  private constructor(
    request: ScanRequest,
    context: ScanContext,
    run: {
      readonly id: string;
      readonly folder: string;
      readonly startedAt: string;
      readonly threads: number;
    },
    rules: readonly Rule[],
    database: Database,
    before: {
      readonly earlier: ReportInput | null;
      readonly suppressions: SuppressionFile | null;
    },
  ) {
    this.#earlier = before.earlier;
    this.#suppressionFile = before.suppressions;
    this.#request = request;
    this.#context = context;
    this.#config = request.config;
    this.#runId = run.id;
    this.runFolder = run.folder;
    this.#startedAt = run.startedAt;
    this.#rules = rules;
    this.#database = database;
    const { engine, folder } = openEngine(request.config, request.cwd, run.threads);
    this.#engine = engine;
    this.#sparkFolder = folder;
    this.#cacheFolder = resolve(
      request.config.cacheDirectory ?? join(request.cwd, '.dailies', 'cache'),
    );
    context.signal.addEventListener('abort', this.#onAbort);
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
      file: ':memory:',
      memoryLimit: config.memoryLimit ?? defaultMemoryLimit(threads),
      tempDirectory: config.tempDirectory ?? join(folder, 'spill'),
      threads,
    });
    return new Audit(request, context, { id, folder, startedAt, threads }, rules, database, {
      earlier,
      suppressions,
    });
  }

  /** Opens the dataset and decides which rules can be judged on it. */
  async open(): Promise<void> {
    this.#context.signal.throwIfAborted();
    const stage = this.#context.progress.stage('open the dataset');
    const config = this.#config;
    const { annotations } = config.alignment;
    if (annotations !== null)
      this.#annotations = await openAnnotations(this.#database, annotations, this.runFolder);
    const dataset = await openRoom(this.#database, {
      readsLittle: config.rules.select.length > 0,
      inputs: config.dataset,
      cwd: this.#request.cwd,
      columns: config.columns,
      mediaRoot: config.mediaRoot,
      stores: config.stores,
      ownFolders: [
        this.runFolder,
        this.#cacheFolder,
        ...(this.#sparkFolder === null ? [] : [this.#sparkFolder]),
      ],
      progress: this.#context.progress,
      signal: this.#context.signal,
    });
    this.#dataset = dataset;
    stage.done();
    for (const warning of config.isRedacted ? [] : dataset.warnings) {
      this.#context.progress.note(`note: ${warning}`);
    }
    this.#decoder = config.tier === 'manifest' ? null : await selectDecoder(config.decoder);
    await this.#openEncoder();
    const offer = await describeOffer(this.#database, {
      dataset,
      tier: config.tier,
      decoder: this.#decoder,
      today: this.#today(),
    });
    requireColumns('strata', config.strata, offer.clipColumns);
    this.#docket = {
      ...(await compileAll(this.#database, this.#rules, config.rules.options, offer)),
      dimensions: dimensionsOf(offer.clipColumns, [...config.localise, ...config.strata]),
    };
    this.#clock.lap('open');
  }

  /** Loads the model that the user named, before any long work: it may be none. */
  async #openEncoder(): Promise<void> {
    const { model } = this.#config.alignment;
    if (model === null) return;
    const stage = this.#context.progress.stage('load the model');
    const encoder = await Encoder.open(model, this.#request.cwd, this.#cacheFolder);
    this.#encoder = { encoder, cache: await VectorCache.open(this.#cacheFolder, encoder.identity) };
    stage.done();
  }

  #openEmbedder(): RowEmbedder | null {
    if (this.#encoder === null) return null;
    const { mediaRoot, mediaColumns, held } = this.#opened();
    this.#embedder = new RowEmbedder(
      this.#database,
      {
        ...this.#encoder,
        mediaRoot,
        held,
        access: this.#opened().access,
        mediaColumn: mediaColumns[0] ?? null,
        decoder: this.#config.decoder,
        mostRows: this.#config.alignment.modelRows,
      },
      this.#context.progress,
      this.#context.signal,
    );
    return this.#embedder;
  }

  /** The one scan of the manifest, and the sample drawn from it. */
  async readManifest(): Promise<void> {
    this.#context.signal.throwIfAborted();
    const stage = this.#context.progress.stage('read the manifest');
    const signatures = this.#isNarrow()
      ? null
      : await this.#withoutDamage(() => planSignatures(this.#database, this.#opened()));
    const isProfiled = !this.#isNarrow() || this.#isAskedFor(['profile']);
    await this.#writeLedger([
      ...(signatures?.ledgerColumns ?? []),
      ...(isProfiled ? [captionWords(this.#opened().rows)] : []),
    ]);
    const { compiled, dimensions } = this.#docket;
    if (!this.#config.isRedacted && signatures !== null) {
      await writeSignatures(this.#database, this.runFolder, signatures);
    }
    this.#rows = await countLedger(this.#database);
    if (isProfiled) {
      this.#profile = await this.#withoutDamage(async () =>
        profileTable(this.#database, await this.#ownColumns()),
      );
    }
    if (this.#isAskedFor(STORAGE_TABLES)) {
      this.#coverage = await checkStorage(
        this.#database.connection,
        this.#opened(),
        STORAGE_CHECKS,
        this.#context.signal,
      );
    }
    await this.#lookBeside();
    const drawn = await createSample(this.#database.connection, {
      from: 'ledger',
      sample: parseSample(this.#config.sample),
      strata: this.#config.strata.map(
        (name) => `dimension_${dimensions.findIndex((each) => each.name === name)}`,
      ),
    });
    this.#sampleSize = drawn.size;
    this.#isWeighted = drawn.isWeighted;
    const onMedia = compiled.filter((each) => each.evidence.length > 0);
    for (const line of planBudgets(
      settingsByRule(this.#rules, this.#config.rules.budgets),
      onMedia.map((each) => each.rule.id),
      drawn,
    )) {
      this.#context.progress.note(`note: ${line}`);
    }
    await this.#withoutDamage(() =>
      fetchSample(this.#database, this.#config.tier === 'manifest' ? [] : compiled, [
        ...this.#opened().mediaColumns,
        ...this.#opened().latentColumns,
      ]),
    );
    stage.done();
    this.#clock.lap('manifest');
  }

  /** What lies beside the manifest: counts that others state, and media that no row names. */
  async #lookBeside(): Promise<void> {
    const { connection } = this.#database;
    if (this.#isAskedFor(['declared_rows'])) {
      const splits = await this.#database.rows(
        'select split, count(*) as n from ledger where split is not null group by split',
      );
      const counts = splits.map(({ split, n }) => [textOf(split), numberOf(n)] as const);
      await checkDeclaredRows(connection, this.#opened(), new Map(counts));
    }
    if (this.#isAskedFor(['declared_columns']))
      await readDeclaredColumns(connection, this.#opened());
    if (this.#isAskedFor(['unnamed_files']))
      await findUnnamedFiles(connection, this.#opened(), this.#context.signal);
  }

  /** Columns of `clips` that the dataset really has, in its order. */
  async #ownColumns(): Promise<readonly { readonly name: string; readonly type: string }[]> {
    const own = new Set(this.#opened().columns.map((column) => column.role ?? column.name));
    const columns = await this.#database.columns('select * from clips');
    return columns.filter((column) => own.has(column.name));
  }

  /** Of a manifest in a store, rules that were chosen one by one read their own columns and nothing else. */
  #isNarrow(): boolean {
    return this.#opened().remote !== null && this.#config.rules.select.length > 0;
  }

  #isAskedFor(tables: readonly string[]): boolean {
    return this.#docket.compiled.some((each) =>
      each.needs.some((need) => tables.includes(need.table)),
    );
  }

  /** Runs a query over the manifest; if damaged pages make it fail, once more without their row groups. */
  async #withoutDamage<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (cause) {
      this.#context.signal.throwIfAborted();
      // A mistake in a query is none of the data.
      if (/^(Catalog|Binder|Parser) Error/.test(shardErrorText(cause))) throw cause;
      const rest = await leaveOutPageFaults(
        this.#database.connection,
        this.#opened(),
        this.#context.signal,
      );
      if (rest === null) throw cause;
      this.#dataset = rest;
      await this.#forgetRows(rest.pageFaults);
      return query();
    }
  }

  /** Takes rows out of the ledger that turned out to lie in damaged pages after it was written. */
  async #forgetRows(faults: OpenDataset['pageFaults']): Promise<void> {
    if (this.#rows === 0) return;
    for (const { shardId, firstRow, rows } of faults) {
      await this.#database.run(
        `delete from ledger where shard_id = ${shardId} and row_number >= ${firstRow} and row_number < ${firstRow + rows}`,
      );
    }
    this.#rows = await countLedger(this.#database);
  }

  /** Evidence of the sampled media, from the cache or from the workers. */
  async lookAtMedia(): Promise<void> {
    this.#context.signal.throwIfAborted();
    const { compiled } = this.#docket;
    const { mediaColumns, mediaRoot, held } = this.#opened();
    if (
      mediaColumns.length > 0 &&
      this.#config.tier !== 'manifest' &&
      compiled.some(looksAtMedia)
    ) {
      const climb = await climbLadder(
        this.#database,
        {
          tier: this.#config.tier,
          budgets: this.#config.budgets,
          rules: compiled,
          answers: this.#answers,
          mediaRoot,
          held,
          access: this.#opened().access,
          mediaColumns,
          decoder: this.#config.decoder,
          engine: this.#engine,
          cacheFolder: this.#cacheFolder,
          runId: this.#runId,
          ...(await this.#openObjects()),
        },
        this.#context.progress,
        this.#context.signal,
      );
      this.#probes = climb.probes;
      this.#rungs = climb.rungs;
      await this.#countUnreachable();
    } else {
      await createMediaTables(this.#database);
    }
    await this.#lookAtLatents();
    if (compiled.some((each) => each.needs.some((need) => need.table === 'near_duplicates')))
      await findNearDuplicates(this.#database, this.#engine, { signal: this.#context.signal });
    this.#clock.lap('media');
  }

  /** What was seen behind URLs, and which stores answer: opened once, before the first look. */
  async #openObjects(): Promise<Pick<GatherPlan, 'objects' | 'silent'>> {
    this.#objects ??= {
      objects: await ObjectLog.open(this.#cacheFolder, this.#runId),
      silent: new SilentStores(),
    };
    return this.#objects;
  }

  async #countUnreachable(): Promise<void> {
    const { unreachable: media, ...rest } = await countUnreachable(this.#database);
    const allowed = this.#config.gate.maxUnreachable;
    this.#unreachable = media === 0 ? null : { media, allowed, ...rest };
  }

  /** Headers and a block of the files of latents that the drawn clips name. */
  async #lookAtLatents(): Promise<void> {
    const { latentColumns, mediaRoot, held } = this.#opened();
    const isWanted = this.#docket.compiled.some((each) => each.evidence.includes('latents'));
    if (!isWanted || latentColumns.length === 0 || this.#config.tier === 'manifest') return;
    const count = await lookAtLatents(
      this.#database,
      {
        mediaRoot,
        held,
        access: this.#opened().access,
        mediaColumns: latentColumns,
        decoder: this.#config.decoder,
        engine: this.#engine,
        cacheFolder: this.#cacheFolder,
        runId: this.#runId,
        ...(await this.#openObjects()),
      },
      this.#context.progress,
      this.#context.signal,
    );
    this.#probes = [...this.#probes, count];
  }

  /** Tables made of the manifest and the evidence, for rules that no single row can answer. */
  async analyse(): Promise<void> {
    this.#context.signal.throwIfAborted();
    if (this.#isAskedFor(['action_lags'])) {
      const hasActions = this.#opened().columns.some((column) => column.role === 'actions');
      await measureActionLags(this.#database, hasActions);
    }
    const clipColumns = new Set(this.#opened().columns.map((column) => column.role ?? column.name));
    if (this.#isAskedFor(['annotated_paths']))
      await compareAnnotatedPaths(this.#database, clipColumns, this.#annotations);
    if (!this.#docket.compiled.some(comparesCaptions)) return;
    const stage = this.#context.progress.stage('compare captions with clips');
    this.#alignment = await this.#withoutDamage(() =>
      analyseAlignment(this.#database, {
        clipColumns,
        annotations: this.#annotations,
        embedder: this.#openEmbedder(),
      }),
    );
    stage.done();
    this.#clock.lap('alignment');
  }

  /** Every rule's outcome and findings. */
  async judge(): Promise<void> {
    this.#context.signal.throwIfAborted();
    const stage = this.#context.progress.stage('judge');
    const judged = await this.#withoutDamage(() =>
      judge(this.#database, {
        ...this.#docket,
        answers: this.#answers,
        shardName: (index) => this.#shardName(index),
        unread: unreadParts(this.#opened().shards),
        population: this.#rows,
        sampleSize: this.#sampleSize,
        thinned: thinnedTiers(this.#rungs),
        isWeighted: this.#isWeighted,
        forgivesUnreachable: this.#unreachable === null || !isOverLimit(this.#unreachable),
        maxFindings: this.#request.maxFindings ?? MAX_FINDINGS,
        suppressions: (this.#suppressionFile?.entries ?? []).filter(
          (entry) => !isExpired(entry, this.#today()),
        ),
        keepFailing:
          this.#request.quarantine !== undefined || this.#request.allowList !== undefined,
      }),
    );
    this.#context.signal.throwIfAborted();
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
      settingsByRule(this.#rules, this.#config.rules.budgets),
    );
    stage.done();
    this.#clock.lap('judge');
  }

  /** Film strips and values of the clips that the report shows. */
  async makePictures(): Promise<void> {
    this.#context.signal.throwIfAborted();
    if (this.#config.isRedacted) return;
    const { mediaRoot, mediaColumns, held } = this.#opened();
    this.#clips = await buildClipCards(
      this.#database,
      {
        findings: this.#findings,
        mediaRoot,
        held,
        access: this.#opened().access,
        mediaColumn: mediaColumns[0] ?? null,
        asksStores: this.#config.tier !== 'manifest',
        perRule: CARDS_PER_RULE,
        most: MOST_CARDS,
        captionPatterns: findCaptionPatterns(this.#outcomes),
        makeStrip: cachedStrips(this.#cacheFolder, this.#config.decoder, this.#opened().access),
      },
      this.#context.progress,
      this.#context.signal,
    );
    this.#clock.lap('pictures');
  }

  /** Writes the run folder, `run.json` last: a folder that has it is whole. */
  async finish(): Promise<ScanResult> {
    await writeKeyLists(this.#database, {
      quarantine: this.#request.quarantine,
      allowList: this.#request.allowList,
      runFolder: this.runFolder,
      config: this.#config,
      compiled: this.#docket.compiled,
    });
    const whole = {
      run: this.#document('complete'),
      findings: this.#findings,
      clips: this.#clips,
      leftOut: [],
    };
    const report = maskTexts(this.#config.isRedacted ? redact(whole) : whole);
    await writeFindings(this.#database, this.runFolder, report.findings);
    if (!this.#config.isRedacted) {
      if (this.#probes.length > 0) await writeEvidence(this.#database, this.runFolder);
      if (this.#alignment !== null) await writeAlignment(this.#database, this.runFolder);
      if (this.#embedder !== null)
        await writeEmbeddings(this.#database, this.runFolder, this.#embedder.embedded);
      await writeClips(this.#database, this.runFolder, this.#opened().mediaColumns);
    }
    await writeCards(this.runFolder, report.clips);
    if (this.#profile !== null && !this.#config.isRedacted) {
      await writeProfile(this.runFolder, this.#profile);
    }
    await writeRunDocument(this.runFolder, report.run);
    return { report, runFolder: this.runFolder };
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
    const run = this.#document('interrupted');
    const report = { run, findings: [], clips: [], leftOut: [] };
    await writeRunDocument(this.runFolder, this.#config.isRedacted ? redact(report).run : run);
  }

  async close(): Promise<void> {
    this.#context.signal.removeEventListener('abort', this.#onAbort);
    await this.#encoder?.encoder.close();
    await closeFilmStrips();
    this.#database.close();
  }

  /** Writes the ledger; rules whose SQL fails over these clips end `errored`, and the others are judged without them. */
  async #writeLedger(more: readonly Dimension[]): Promise<void> {
    const write = async (): Promise<void> => {
      const plan = {
        seed: this.#config.seed,
        rules: this.#docket.compiled,
        dimensions: this.#docket.dimensions,
        more,
        isNarrow: this.#isNarrow(),
      };
      this.#answers = await this.#withoutDamage(() =>
        writeLedger(this.#database, plan, this.#engine, { signal: this.#context.signal }),
      );
    };
    try {
      await write();
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const answered = this.#docket.compiled.filter(isAnswered);
      const broken = await findBroken(this.#database, answered);
      // Where nothing can be read, the rules are not to blame.
      if (broken.size === 0 || broken.size === answered.length) throw error;
      const { compiled, excluded } = this.#docket;
      const errored = [...broken].map(
        ([each, reason]) => ({ compiled: each, outcome: 'errored', reason }) as const,
      );
      this.#docket = {
        ...this.#docket,
        compiled: compiled.filter((each) => !broken.has(each)),
        excluded: [...excluded, ...errored],
      };
      await write();
    }
  }

  #opened(): OpenDataset {
    if (this.#dataset === null) throw new DailiesError('engine', 'the dataset is not open yet');
    return this.#dataset;
  }

  #shardName(index: number): string {
    return this.#dataset?.shards.find((shard) => shard.index === index)?.name ?? String(index);
  }

  /** The day of the run, UTC. */
  #today(): string {
    return this.#startedAt.slice(0, 10);
  }

  #document(state: RunDocument['run']['state']): RunDocument {
    return composeDocument({
      state,
      id: this.#runId,
      startedAt: this.#startedAt,
      request: this.#request,
      ruleCount: this.#rules.length,
      dataset: this.#dataset,
      decoder: this.#decoder,
      rows: this.#rows,
      sampleSize: this.#sampleSize,
      rungs: this.#rungs,
      probes: this.#probes,
      coverage: this.#coverage,
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
