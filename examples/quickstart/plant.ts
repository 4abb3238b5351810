/**
 * Makes the example from its public sources, and plants the defects that `planted.json` names.
 * Run by a developer, not by the demo: `node examples/quickstart/plant.ts SOURCES` (Node 22.18 or later, which runs
 * TypeScript), where SOURCES holds the files of `sources.ts`.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import sharp from 'sharp';
import { assertNever } from '../../src/assert-never.ts';
import { truncateFile } from '../../src/media/encode/damage.ts';
import { encodeClip } from '../../src/media/encode/encode-clip.ts';
import { writeVariant, type FaultVariant } from '../../src/media/faults/fault-variant.ts';
import { NO_FACTS, readClipFacts, readImageFacts, type Facts } from './read-facts.ts';
import { DEBATABLE, DOUBLED_KEY, FOUND_DEFECTS, ROWS, type Row } from './rows.ts';
import { SOURCES } from './sources.ts';

const SHARDS = 3;

/** First clip of the example was "made" then; the others follow an hour apart. */
const FIRST_CREATED = Date.UTC(2026, 2, 2, 8);

const [sourceFolder, root = 'examples/quickstart'] = process.argv.slice(2);
if (sourceFolder === undefined) {
  throw new Error('usage: node examples/quickstart/plant.ts SOURCES [FOLDER]');
}
const sources: string = sourceFolder;

function sourcePath(file: string): string {
  return join(sources, file);
}

function withSourcePaths(variant: FaultVariant): FaultVariant {
  const asked = [variant.recipe.source ?? 'testsrc2'].flat();
  const source = asked.map((each) =>
    typeof each === 'object' && 'file' in each ? { ...each, file: sourcePath(each.file) } : each,
  );
  return { ...variant, recipe: { ...variant.recipe, source } };
}

/** Encode a clip, spoil it, and say what it was before bytes of it were lost or changed. */
async function makeEncoded(file: string, variant: FaultVariant, folder: string): Promise<Facts> {
  const made = withSourcePaths(variant);
  await writeVariant(file, made);
  if (made.keep === undefined && made.flips === undefined) {
    return readClipFacts(file);
  }
  const whole = join(folder, 'whole.mp4');
  await encodeClip(whole, made.recipe);
  return readClipFacts(whole);
}

async function makeStill(
  file: string,
  row: Row,
  make: Extract<Row['make'], { readonly kind: 'still' }>,
  folder: string,
): Promise<Facts> {
  if (make.text !== undefined) {
    await writeFile(file, make.text);
    return NO_FACTS;
  }
  const frame = join(folder, 'frame.avi');
  await encodeClip(frame, {
    source: { file: sourcePath(row.from), start_s: make.at_s, frames: 1 },
    width_px: 480,
    codec: 'mjpeg',
    encoderOptions: { flags: '+qscale', global_quality: '236' },
  });
  const bytes = await readFile(frame);
  const jpeg = bytes.subarray(bytes.indexOf(Buffer.of(0xff, 0xd8, 0xff)));
  const whole = join(folder, 'whole.jpg');
  const image = sharp(jpeg, { failOn: 'none' });
  const tagged =
    make.orientation === undefined
      ? image
      : image.rotate(-90).withMetadata({ orientation: make.orientation });
  await tagged.jpeg({ quality: 84 }).toFile(whole);
  await truncateFile(whole, file, make.keep ?? 1);
  return readImageFacts(whole);
}

async function makeFile(row: Row, folder: string): Promise<Facts> {
  const file = join(root, row.path);
  await mkdir(dirname(file), { recursive: true });
  const { make } = row;
  switch (make.kind) {
    case 'absent':
      return NO_FACTS;
    case 'as-found':
      await writeFile(file, await readFile(sourcePath(row.from)));
      return (await stat(file)).size === 0 ? NO_FACTS : readClipFacts(file);
    case 'encode':
      return makeEncoded(file, make.variant, folder);
    case 'still':
      return makeStill(file, row, make, folder);
    default:
      return assertNever(make);
  }
}

function hash(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

async function makeMedia(): Promise<ReadonlyMap<string, Facts>> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-plant-'));
  const facts = new Map<string, Facts>();
  try {
    for (const row of ROWS) {
      facts.set(row.path, await makeFile(row, folder));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return facts;
}

type ManifestRow = { readonly shard: number } & Readonly<Record<string, unknown>>;

function manifestRows(facts: ReadonlyMap<string, Facts>): readonly ManifestRow[] {
  const sorted = ROWS.toSorted((one, other) => (hash(one.key) < hash(other.key) ? -1 : 1));
  const rows = sorted.map((row, index) => {
    const created = new Date(FIRST_CREATED + index * 3_600_000).toISOString();
    const path = row.declared?.path ?? row.path;
    return {
      key: row.key,
      path,
      caption: row.caption,
      source_id: row.source_id,
      split: row.split,
      ...(facts.get(path) ?? NO_FACTS),
      captioner: row.captioner,
      created_at: created.slice(0, 19).replace('T', ' '),
      ...row.declared,
      shard: row.shard ?? Math.floor((index * SHARDS) / sorted.length),
    };
  });
  const doubled = rows.filter((row) => row.key === DOUBLED_KEY);
  return [...rows, ...doubled.map((row) => ({ ...row, shard: SHARDS - 1 }))];
}

async function writeManifest(rows: readonly ManifestRow[]): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const folder = await mkdtemp(join(tmpdir(), 'dailies-plant-'));
  await mkdir(join(root, 'manifest'), { recursive: true });
  try {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const lines = join(folder, `${shard}.jsonl`);
      const own = rows.filter((row) => row.shard === shard);
      await writeFile(lines, own.map((row) => `${JSON.stringify(row)}\n`).join(''));
      const output = join(root, 'manifest', `part-${String(shard).padStart(5, '0')}.parquet`);
      await connection.run(`
        copy (
          select
            key,
            path,
            caption,
            source_id,
            split,
            width,
            height,
            fps,
            duration,
            num_frames,
            captioner,
            created_at
          from read_json('${lines.replaceAll("'", "''")}', format = 'newline_delimited', columns = {
            key: 'varchar',
            path: 'varchar',
            caption: 'varchar',
            source_id: 'varchar',
            split: 'varchar',
            width: 'integer',
            height: 'integer',
            fps: 'double',
            duration: 'double',
            num_frames: 'integer',
            captioner: 'varchar',
            created_at: 'timestamp'
          })
        )
        to '${output.replaceAll("'", "''")}' (format parquet, compression zstd)
      `);
    }
  } finally {
    connection.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}

type Planted = { readonly rule: string; readonly key: string; readonly what: string };

function plantedDefects(): readonly Planted[] {
  const planted = ROWS.flatMap((row) =>
    Object.entries(row.planted ?? {}).map(([rule, what]) => ({ rule, key: row.key, what })),
  );
  return [
    ...planted,
    { rule: 'duplicate-key', key: DOUBLED_KEY, what: 'its row is written twice' },
    { rule: 'duplicate-path', key: DOUBLED_KEY, what: 'its row is written twice' },
  ];
}

function truth(planted: readonly Planted[]): Record<string, readonly string[]> {
  const keys = new Map<string, Set<string>>();
  const add = (rule: string, key: string): void => {
    keys.set(rule, (keys.get(rule) ?? new Set()).add(key));
  };
  planted.forEach(({ rule, key }) => add(rule, key));
  for (const [rule, found] of Object.entries(FOUND_DEFECTS)) {
    found.forEach((key) => add(rule, key));
  }
  return Object.fromEntries(
    [...keys.keys()].toSorted().map((rule) => [rule, [...(keys.get(rule) ?? [])].toSorted()]),
  );
}

function changesOf({ make }: Row): string {
  switch (make.kind) {
    case 'absent':
    case 'as-found':
      return 'none';
    case 'encode': {
      const source = [make.variant.recipe.source ?? []].flat().at(-1);
      const start =
        typeof source === 'object' && 'file' in source ? ` from ${source.start_s ?? 0} s on` : '';
      return `cut${start}, scaled, encoded again as H.264, sound left out`;
    }
    case 'still':
      return make.text === undefined
        ? `one frame at ${make.at_s} s, scaled, written as JPEG`
        : 'replaced by a web page written for this example';
    default:
      return assertNever(make);
  }
}

async function provenance(): Promise<readonly Record<string, unknown>[]> {
  const files: Record<string, unknown>[] = [];
  for (const row of ROWS) {
    const source = SOURCES.find(({ file }) => file === row.from);
    if (row.make.kind === 'absent' || source === undefined) {
      continue;
    }
    const bytes = await readFile(join(root, row.path));
    files.push({
      path: row.path,
      bytes: bytes.length,
      sha256: hash(bytes),
      source: source.url,
      licence: source.licence,
      credit: source.credit,
      changes: changesOf(row),
      ...(row.planted === undefined ? {} : { planted: row.planted }),
    });
  }
  return files;
}

async function writeJson(name: string, value: unknown): Promise<void> {
  await writeFile(join(root, name), `${JSON.stringify(value, null, 2)}\n`);
}

await rm(join(root, 'media'), { recursive: true, force: true });
await rm(join(root, 'manifest'), { recursive: true, force: true });
const facts = await makeMedia();
await writeManifest(manifestRows(facts));
await writeJson('planted.json', plantedDefects());
await writeJson('truth.json', truth(plantedDefects()));
await writeJson('debatable.json', DEBATABLE);
await writeJson('provenance.json', await provenance());
