/**
 * Recall, false alarms and the smallest rate that shows, of every rule: `dailies selftest` on the example data, on a
 * generated manifest that has every column, and on folders of datasets.
 *
 *     npm run bench:detection -- [--minutes n] [--keep folder] [--select rules] [--only sets] [--readme] [folder…]
 *
 * A folder is a dataset, or holds several (default: ../shared/data, where it is there). `--keep` leaves the self-tests
 * there as JSON and takes those that are there already as they are, so that a run can be done in parts, by datasets and by
 * families of rules; `--readme` writes the table of all of them into README.md. No dataset is begun after the given
 * minutes (default 8); those left out are named.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { DailiesError } from '../src/dailies-error.ts';
import { readNeed } from '../src/judge/compile-rule.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { SILENT } from '../src/progress.ts';
import { scan } from '../src/scan.ts';
import type { SelftestDocument } from '../src/selftest/document.ts';
import { selftest } from '../src/selftest/selftest.ts';
import { makeCleanManifest } from '../test/faults/clean-manifest.ts';
import { detectionTable, writeTable } from './detection-table.ts';
import { isEvidenceTable } from '../src/probes/evidence-tables.ts';

/** Clips whose media are looked at, and of those, how many are encoded anew with every fault. */
const MEDIA = '60';
const ORIGINALS = 2;
const ROWS = 1_400;

const options = readArguments(process.argv.slice(2));
const startedMs = Date.now();
const documents: SelftestDocument[] = [];
const leftOut: string[] = [];
const folder = await mkdtemp(join(tmpdir(), 'dailies-detection-'));
try {
  for (const dataset of await listDatasets()) {
    const part = [basename(dataset), ...options.select].join('.');
    const kept = options.keep === null ? null : join(options.keep, `${part}.json`);
    if (kept !== null && existsSync(kept)) continue;
    if (Date.now() - startedMs > 60_000 * options.minutes) {
      leftOut.push(basename(dataset));
      continue;
    }
    const document = await tryDataset(dataset);
    if (document === null) continue;
    if (kept === null) documents.push(document);
    else await writeFile(kept, `${JSON.stringify(document)}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const name of options.keep === null ? [] : (await readdir(options.keep)).toSorted()) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: a part of this bench wrote the file just before
  documents.push(
    JSON.parse(await readFile(join(options.keep ?? '', name), 'utf8')) as SelftestDocument,
  );
}
const sampled = new Set(
  (await loadRules())
    .filter((rule) => rule.needs.some((need) => isEvidenceTable(readNeed(need).table)))
    .map((rule) => rule.id),
);
const table = detectionTable(documents, sampled);
console.log(table);
if (leftOut.length > 0) console.log(`Left out for want of time: ${leftOut.join(', ')}.`);
if (options.readme) await writeTable(join(PACKAGE_ROOT, 'README.md'), table);

async function listDatasets(): Promise<readonly string[]> {
  const shared = join(PACKAGE_ROOT, '../shared/data');
  const roots = options.folders.length > 0 ? options.folders : existsSync(shared) ? [shared] : [];
  const sets: string[] = [];
  for (const root of roots) {
    const entries = await readdir(root, { withFileTypes: true });
    const hasFiles = entries.some(
      (entry) => entry.isFile() && /^manifest|\.(?:parquet|jsonl|csv|tsv)$/.test(entry.name),
    );
    sets.push(
      ...(hasFiles
        ? [root]
        : entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name))),
    );
  }
  const all = [
    join(PACKAGE_ROOT, 'examples/quickstart'),
    await writeGenerated(),
    ...sets.toSorted(),
  ];
  return all.filter((set) => options.only === null || options.only.includes(basename(set)));
}

/** A manifest of clips with every column that the rules know, and nothing wrong with it. */
async function writeGenerated(): Promise<string> {
  const path = join(folder, 'generated');
  await mkdir(path);
  const rows = makeCleanManifest(ROWS, 17);
  for (const shard of new Set(rows.map((row) => row.shard))) {
    const lines = rows
      .filter((row) => row.shard === shard)
      .map((row) => JSON.stringify({ ...row, captioner: 'captioner-1', shard: undefined }));
    await writeFile(
      join(path, `part-${String(shard).padStart(5, '0')}.jsonl`),
      `${lines.join('\n')}\n`,
    );
  }
  return path;
}

async function tryDataset(dataset: string): Promise<SelftestDocument | null> {
  const context = { signal: new AbortController().signal, progress: SILENT };
  const cwd = join(folder, `run-${basename(dataset)}`);
  await mkdir(cwd, { recursive: true });
  // A published set often has its manifest beside other files.
  const manifest = ['manifest.jsonl', 'captions_source.tsv', 'laion-test_10000.parquet']
    .map((name) => join(dataset, name))
    .find((file) => existsSync(file));
  const config = {
    ...DEFAULT_CONFIG,
    dataset: [manifest ?? dataset],
    mediaRoot: manifest === undefined ? null : dataset,
    rules: { ...DEFAULT_CONFIG.rules, select: options.select },
  };
  try {
    const scanned = await scan(
      { config: { ...config, sample: MEDIA }, cwd, runFolder: null, command: [] },
      context,
    );
    const document = await selftest(
      {
        config,
        cwd,
        runFolder: scanned.runFolder,
        report: scanned.report,
        configuredSample: config.sample,
        originals: ORIGINALS,
        rows: ROWS,
      },
      context,
    );
    console.error(`${basename(dataset)}: ${Math.round((Date.now() - startedMs) / 1000)} s`);
    return { ...document, dataset: basename(dataset) };
  } catch (error) {
    if (!(error instanceof DailiesError)) throw error;
    console.error(`${basename(dataset)}: not read: ${error.message}`);
    return null;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function readArguments(args: readonly string[]): {
  readonly minutes: number;
  readonly keep: string | null;
  readonly select: readonly string[];
  /** Names of datasets; null: all. */
  readonly only: readonly string[] | null;
  readonly readme: boolean;
  readonly folders: readonly string[];
} {
  const value = (name: string): string | null => {
    const at = args.indexOf(name);
    return at < 0 ? null : (args[at + 1] ?? null);
  };
  const keep = value('--keep');
  return {
    minutes: Number(value('--minutes') ?? 8),
    keep: keep === null ? null : resolve(keep),
    select: value('--select')?.split(',') ?? [],
    only: value('--only')?.split(',') ?? null,
    readme: args.includes('--readme'),
    folders: args
      .filter(
        (arg, at) =>
          !arg.startsWith('--') &&
          !['--minutes', '--keep', '--select', '--only'].includes(args[at - 1] ?? ''),
      )
      .map((arg) => resolve(arg)),
  };
}
