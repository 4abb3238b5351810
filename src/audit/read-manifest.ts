import { captionWords } from '../analyses/measure-columns.ts';
import { type ProfileDocument, profileTable } from '../analyses/profile.ts';
import { planSignatures, writeSignatures } from '../compare/signatures.ts';
import { checkDeclaredRows } from '../dataset/declared-rows.ts';
import {
  checkStorage,
  STORAGE_CHECKS,
  STORAGE_TABLES,
  type StorageCoverage,
} from '../dataset/storage-checks.ts';
import { readDeclaredColumns } from '../dataset/declared-schemas.ts';
import type { OpenDataset } from '../dataset/opened-dataset.ts';
import { findUnnamedFiles } from '../dataset/unnamed-files.ts';
import { numberOf, textOf } from '../engine/database.ts';
import { isAnswered, type LedgerAnswer } from '../judge/answers.ts';
import { planBudgets } from '../judge/budgets.ts';
import { type Dimension, findBroken, writeLedger } from '../judge/ledger.ts';
import type { Rule } from '../judge/rule.ts';
import { fetchSample } from '../judge/sampled-clips.ts';
import { settingsByRule } from '../judge/select-rules.ts';
import { createSample, parseSample } from '../sampling/draw-sample.ts';
import { type Docket, isAskedFor, type Stage } from './stage.ts';

/** What came of reading the manifest. */
export type ManifestReading = {
  /** Without the rules whose SQL fails over these clips. */
  readonly docket: Docket;
  readonly answers: ReadonlyMap<string, LedgerAnswer>;
  readonly profile: ProfileDocument | null;
  readonly coverage: StorageCoverage | null;
  readonly sampleSize: number;
  readonly isWeighted: boolean;
};

/** The one scan of the manifest, and the sample drawn from it. */
export async function readManifest(
  stage: Stage,
  asked: Docket,
  rules: readonly Rule[],
): Promise<ManifestReading> {
  const { config, database, manifest, progress, runFolder, signal } = stage;
  const isNarrow = readsOwnColumns(stage);
  const signatures = isNarrow
    ? null
    : await manifest.withoutDamage(() => planSignatures(database, manifest.dataset));
  const isProfiled = !isNarrow || isAskedFor(asked, ['profile']);
  const { docket, answers } = await judgeRows(stage, asked, [
    ...(signatures?.ledgerColumns ?? []),
    ...(isProfiled ? [captionWords(manifest.dataset.rows)] : []),
  ]);
  if (!config.isRedacted && signatures !== null)
    await writeSignatures(database, runFolder, signatures);
  await manifest.countRows();
  const profile = isProfiled
    ? await manifest.withoutDamage(async () => profileTable(database, await ownColumns(stage)))
    : null;
  const coverage = isAskedFor(docket, STORAGE_TABLES)
    ? await checkStorage(database.connection, manifest.dataset, STORAGE_CHECKS, signal)
    : null;
  await lookBeside(stage, docket);
  const { compiled, dimensions } = docket;
  const drawn = await createSample(database.connection, {
    from: 'ledger',
    sample: parseSample(config.sample),
    strata: config.strata.map(
      (name) => `dimension_${dimensions.findIndex((each) => each.name === name)}`,
    ),
  });
  const onMedia = compiled.filter((each) => each.evidence.length > 0);
  for (const line of planBudgets(
    settingsByRule(rules, config.rules.budgets),
    onMedia.map((each) => each.rule.id),
    drawn,
  ))
    progress.note(`note: ${line}`);
  await manifest.withoutDamage(() =>
    fetchSample(database, config.tier === 'manifest' ? [] : compiled, [
      ...manifest.dataset.mediaColumns,
      ...manifest.dataset.latentColumns,
    ]),
  );
  const { size: sampleSize, isWeighted } = drawn;
  return { docket, answers, profile, coverage, sampleSize, isWeighted };
}

/** Writes the ledger; rules whose SQL fails over these clips end `errored`, and the others are judged without them. */
async function judgeRows(
  stage: Stage,
  docket: Docket,
  more: readonly Dimension[],
): Promise<Pick<ManifestReading, 'docket' | 'answers'>> {
  const { config, database, engine, manifest, signal } = stage;
  const write = async ({ compiled, dimensions }: Docket): Promise<ManifestReading['answers']> => {
    const isNarrow = readsOwnColumns(stage);
    const clipColumns = namesOf(manifest.dataset);
    const plan = { seed: config.seed, rules: compiled, dimensions, more, isNarrow, clipColumns };
    return manifest.withoutDamage(() => writeLedger(database, plan, engine, { signal }));
  };
  try {
    return { docket, answers: await write(docket) };
  } catch (error) {
    signal.throwIfAborted();
    const answered = docket.compiled.filter(isAnswered);
    const broken = await findBroken(database, answered);
    // Where nothing can be read, the rules are not to blame.
    if (broken.size === 0 || broken.size === answered.length) throw error;
    const errored = [...broken].map(
      ([each, reason]) => ({ compiled: each, outcome: 'errored', reason }) as const,
    );
    const rest = {
      ...docket,
      compiled: docket.compiled.filter((each) => !broken.has(each)),
      excluded: [...docket.excluded, ...errored],
    };
    return { docket: rest, answers: await write(rest) };
  }
}

/** What lies beside the manifest: counts that others state, and media that no row names. */
async function lookBeside({ database, manifest, signal }: Stage, docket: Docket): Promise<void> {
  const { connection } = database;
  if (isAskedFor(docket, ['declared_rows'])) {
    const splits = await database.rows(
      'select split, count(*) as n from ledger where split is not null group by split',
    );
    const counts = splits.map(({ split, n }) => [textOf(split), numberOf(n)] as const);
    await checkDeclaredRows(connection, manifest.dataset, new Map(counts));
  }
  if (isAskedFor(docket, ['declared_columns']))
    await readDeclaredColumns(connection, manifest.dataset);
  if (isAskedFor(docket, ['unnamed_files']))
    await findUnnamedFiles(connection, manifest.dataset, signal);
}

/** Columns of `clips` that the dataset really has, in its order. */
async function ownColumns({
  database,
  manifest,
}: Stage): Promise<readonly { readonly name: string; readonly type: string }[]> {
  const own = namesOf(manifest.dataset);
  const columns = await database.columns('select * from clips');
  return columns.filter((column) => own.has(column.name));
}

/** Names in `clips` of the columns that the dataset really has. */
function namesOf(dataset: OpenDataset): ReadonlySet<string> {
  return new Set(dataset.columns.map((column) => column.role ?? column.name));
}

/** Of a manifest in a store, rules that were chosen one by one read their own columns and nothing else. */
function readsOwnColumns({ config, manifest }: Stage): boolean {
  return manifest.dataset.remote !== null && config.rules.select.length > 0;
}
