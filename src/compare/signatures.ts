import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { CANONICAL_COLUMNS, RESERVED_COLUMNS } from '../dataset/canonical-columns.ts';
import { type OpenDataset, standIns } from '../dataset/opened-dataset.ts';
import { textHash } from '../dataset/text-hash.ts';
import { maskedSql } from '../dataset/masked-sql.ts';
import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';
import { type Database, maybe, numberOf } from '../engine/database.ts';
import { hashedValue, LOWER_CAPTION_HASH, probeHash } from './hashed-value.ts';

/** One row per clip: what a later comparison needs, so that neither the data nor the media are read again. */
export const SIGNATURE_FILE = 'signatures.parquet';
const INDEX_FILE = 'signatures.json';

/** Version of the signatures; a change of hashes or columns raises it. */
const SIGNATURE_VERSION: number = 3;

/** Columns of `signatures.parquet` that stand for captions beside their hash. */
export const CAPTION_LOWER = 'dailies:caption_lower';
export const CAPTION_LENGTH = 'dailies:caption_length';

/** What `signatures.parquet` holds beside `clip_id` and `key`. */
type SignatureIndex = {
  readonly version: number;
  readonly isKeyStable: boolean;
  /** {@link probeHash} of the release that wrote them. */
  readonly hashes: readonly string[];
  readonly columns: readonly SignatureColumn[];
};

type SignatureColumn = {
  /** Name in `clips` and in the file. */
  readonly name: string;
  /** What the user calls it. */
  readonly source: string;
  /** DuckDB type in the dataset. */
  readonly type: string;
  /** The file holds a 64-bit hash of the value as text, not the value. */
  readonly isHashed: boolean;
};

/** Writes what the signatures mean. */
async function writeSignatureIndex(folder: string, index: SignatureIndex): Promise<void> {
  await writeFile(join(folder, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
}

/**
 * Reads what the signatures of a run mean.
 *
 * @throws {DailiesError} usage, if the run has none, or a release wrote them that hashes otherwise than this one.
 */
export async function readSignatureIndex(
  database: Database,
  folder: string,
  isInterrupted = false,
): Promise<SignatureIndex> {
  let index: SignatureIndex;
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checked border: dailies itself wrote the file, and its version says which one
    index = JSON.parse(await readFile(join(folder, INDEX_FILE), 'utf8')) as SignatureIndex;
  } catch (cause) {
    throw new DailiesError(
      'usage',
      isInterrupted
        ? `${folder}: the run was interrupted before it knew its rows`
        : `${folder}: the run has no signatures to compare by`,
      { cause, hint: 'scan the dataset again, or give the dataset in place of the run folder' },
    );
  }
  if (index.version !== SIGNATURE_VERSION) {
    throw new DailiesError(
      'usage',
      `${folder}: signatures of version ${index.version}, this release reads ${SIGNATURE_VERSION}`,
      { hint: 'scan the dataset again with this release' },
    );
  }
  const own = await probeHash(database);
  if (own.some((hash, i) => hash !== index.hashes[i])) {
    throw new DailiesError(
      'usage',
      `${folder}: the run was made with a DuckDB that hashes text otherwise: its signatures tell nothing here`,
      {
        hint: 'scan the dataset again with this release, or give the dataset in place of the run folder',
      },
    );
  }
  return index;
}

/** Columns to write with the ledger, and what they will mean in `signatures.parquet`. */
type SignaturePlan = {
  readonly ledgerColumns: readonly { readonly name: string; readonly sql: string }[];
  readonly index: SignatureIndex;
  readonly fileColumns: readonly { readonly name: string; readonly ledgerColumn: string }[];
};

/** Longest text that is kept as it is; longer text is kept as a hash. */
const LONGEST_TEXT_BYTES = 64;
/** Rows that decide whether the text of a column is short. */
const TEXT_SAMPLE_ROWS = 1_000;

/**
 * What to keep of each clip: numbers, dates and short text as they are, long text and lists as hashes, media not at all.
 * All of it is computed in the one scan that writes the ledger.
 */
export async function planSignatures(
  database: Database,
  dataset: OpenDataset,
): Promise<SignaturePlan> {
  const mapped = new Set(dataset.columns.flatMap((column) => column.role ?? []));
  // Where bytes lie inside of shards is no content.
  const inside = standIns(dataset);
  const described = (await database.columns('select * from clips')).filter(
    (column) =>
      !RESERVED_COLUMNS.some((name) => name === column.name) &&
      column.name !== 'key' &&
      !inside.has(column.name) &&
      column.type !== 'BLOB' &&
      (mapped.has(column.name) ||
        !Object.hasOwn(CANONICAL_COLUMNS, column.name) ||
        column.name === 'path'),
  );
  const present = described.filter((column) => column.name !== 'path' || mapped.has('path'));
  const longest = await longestTexts(
    database,
    present.filter((column) => column.type === 'VARCHAR').map((column) => column.name),
  );
  const columns = present.map((column): SignatureColumn & { readonly sql: string } => {
    const summary =
      dataset.columns.find((each) => each.role === column.name) ??
      dataset.columns.find((each) => each.role === null && each.name === column.name);
    // Unquoted, so that the scan finds the expressions that it shares with others.
    const sql = column.name === 'caption' ? 'caption' : quoteIdentifier(column.name);
    const isText = column.type === 'VARCHAR' || column.type === 'UUID';
    const isPlain =
      /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN|DATE|TIME.*|ENUM.*|UUID)$/.test(
        column.type,
      );
    const isHashed =
      column.name === 'caption' ||
      (isText ? (longest.get(column.name) ?? 0) > LONGEST_TEXT_BYTES : !isPlain);
    return {
      name: column.name,
      source: summary?.name ?? column.name,
      type: summary?.type ?? column.type,
      isHashed,
      sql: isHashed ? hashedValue(sql, column.type) : sql,
    };
  });
  const caption = columns.some((column) => column.name === 'caption')
    ? [
        { name: CAPTION_LOWER, sql: LOWER_CAPTION_HASH },
        { name: CAPTION_LENGTH, sql: 'length(caption)::integer' },
      ]
    : [];
  const kept = [{ name: 'key', sql: maskedSql('key') }, ...columns, ...caption];
  const own = kept.map(({ name, sql }, i) => {
    const there = IN_LEDGER.get(sql);
    return there === undefined
      ? { name, sql, ledgerColumn: `signature_${i}` }
      : { name, sql: null, ledgerColumn: there };
  });
  return {
    ledgerColumns: own.flatMap(({ sql, ledgerColumn }) =>
      sql === null ? [] : [{ name: ledgerColumn, sql }],
    ),
    fileColumns: own.map(({ name, ledgerColumn }) => ({ name, ledgerColumn })),
    index: {
      version: SIGNATURE_VERSION,
      isKeyStable: dataset.isKeyStable,
      hashes: await probeHash(database),
      columns: columns.map(({ name, source, type, isHashed }) => ({
        name,
        source,
        type,
        isHashed,
      })),
    },
  };
}

/** Ledger columns that hold what a signature would, by its SQL. */
const IN_LEDGER: ReadonlyMap<string, string> = new Map([
  ...['split', 'captioner', 'start_s', 'end_s'].map(
    (name) => [quoteIdentifier(name), name] as const,
  ),
  ['length(caption)::integer', 'caption_chars'],
  // The ledger tells empty captions by no hash, and absent ones by no length.
  [
    hashedValue('caption', 'VARCHAR'),
    `case when caption_bytes is null then null when caption_bytes = 0 then ${textHash("''")} else caption_hash end`,
  ],
]);

async function longestTexts(
  database: Database,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map();
  const row = await database.row(
    `select ${names.map((name, i) => `max(strlen(${quoteIdentifier(name)})) as n${i}`).join(', ')}
     from (select * from clips limit ${TEXT_SAMPLE_ROWS})`,
  );
  return new Map(names.map((name, i) => [name, maybe(row[`n${i}`], numberOf) ?? 0]));
}

/** Hashes and keys are all different: looking for a dictionary of them costs a third of the writing. */
const DICTIONARY_VALUES = 1_000;

/** Writes the signatures from the ledger: no row of the data is read again. */
export async function writeSignatures(
  database: Database,
  folder: string,
  plan: SignaturePlan,
): Promise<void> {
  const columns = plan.fileColumns.map(
    ({ name, ledgerColumn }) => `${ledgerColumn} as ${quoteIdentifier(name)}`,
  );
  await database.run(
    `copy (select ${['clip_id', ...columns].join(', ')} from ledger)
     to ${quoteLiteral(join(folder, SIGNATURE_FILE))} (format parquet, compression zstd, dictionary_size_limit ${DICTIONARY_VALUES})`,
  );
  await writeSignatureIndex(folder, plan.index);
}
