import { textHash } from '../dataset/text-hash.ts';
import { type Database, textOf } from '../engine/database.ts';

/** Values of a list that its hash looks at: enough to tell two embeddings apart. */
const LIST_VALUES = 16;

/**
 * SQL of the hash that stands for a value in signatures: DuckDB's 64-bit hash of it as text, null for null.
 * Of a list it covers the length and the first {@link LIST_VALUES} values.
 */
export function hashedValue(sql: string, type: string): string {
  const text = type.endsWith(']')
    ? `len(${sql})::varchar || ':' || list_slice(${sql}, 1, ${LIST_VALUES})::varchar`
    : type === 'VARCHAR'
      ? sql
      : `${sql}::varchar`;
  return `if(${sql} is null, null, ${textHash(text)})`;
}

/** SQL of the hash of the lower-cased caption; null without a caption. */
export const LOWER_CAPTION_HASH = `if(caption is null, null, ${textHash('lower(caption)')})`;

/** Texts of every length that DuckDB's hash treats in a way of its own: inlined up to 12 bytes, in words of 8, with a rest. */
const PROBES = [
  '',
  'a',
  'caption',
  '12345678',
  'twelve bytes',
  'thirteen byte',
  'A cat – on a mat, and 17 more words.',
];

/**
 * What DuckDB's hash makes of a few texts: signatures of two runs can be compared where it is the same.
 * DuckDB does not promise it across releases, and MD5, which would, costs as much as all other work of a scan together.
 */
export async function probeHash(database: Database): Promise<readonly string[]> {
  const columns = PROBES.map((_, i) => `${textHash(`$p${i}::varchar`)}::varchar as h${i}`);
  const row = await database.row(
    `select ${columns.join(', ')}`,
    Object.fromEntries(PROBES.map((probe, i) => [`p${i}`, probe])),
  );
  return PROBES.map((_, i) => textOf(row[`h${i}`]));
}
