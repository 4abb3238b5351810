import { DailiesError } from '../dailies-error.ts';
import { isObject } from '../media/json-members.ts';
import { uniqueNames } from './column-names.ts';

/** A column of JSON rows: its key in the objects, its name in SQL, how it is parsed and what type it gets. */
export type JsonColumn = {
  readonly key: string;
  readonly name: string;
  /** What `json_transform` is asked for. */
  readonly structure: unknown;
  readonly type: string;
  /** For integers that do not fit 64 signed bits. */
  readonly wideType: string;
  /** Mixed values become text: strings without their quotes, all else as JSON. */
  readonly isUnquoted: boolean;
};

/** More columns than this in JSON rows means that keys are data. */
export const MOST_JSON_COLUMNS = 2_000;

const NUMBERS: ReadonlySet<string> = new Set(['UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE']);

/** An object below a row with more keys than this is kept as JSON text. */
const MOST_NESTED_KEYS = 64;

/**
 * Columns of rows whose structures `inferJson` found, merged over shards.
 * Throws DailiesError `dataset` if there are more than {@link MOST_JSON_COLUMNS}.
 */
export function jsonColumns(
  structures: readonly Readonly<Record<string, unknown>>[],
  where: string,
): JsonColumn[] {
  const merged = new Map<string, unknown>();
  for (const structure of structures)
    for (const [key, value] of topLevel(structure))
      merged.set(key, merged.has(key) ? mergeStructures(merged.get(key), value) : value);
  if (merged.size > MOST_JSON_COLUMNS)
    throw new DailiesError(
      'dataset',
      `${where}: its JSON rows have ${merged.size.toLocaleString('en')} different keys, at most ${MOST_JSON_COLUMNS.toLocaleString('en')} can be columns`,
      {
        hint: 'put the changing keys inside one nested object',
      },
    );
  const names = uniqueNames([...merged.keys()]);
  return [...merged].map(([key, found], i) => {
    const value = settleNulls(found);
    const name = names[i] ?? key;
    const structure = boundStructure(value);
    const isUnquoted = structure === 'JSON' || structure === 'NULL';
    return {
      key,
      name,
      structure: isUnquoted ? 'JSON' : structure,
      type: isUnquoted ? 'VARCHAR' : sqlType(structure),
      wideType: isUnquoted ? 'VARCHAR' : sqlType(structure, true),
      isUnquoted,
    };
  });
}

function topLevel(structure: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(structure)
    .filter(([key]) => !isNameless(key))
    .map(([key, value]) => [key, boundStructure(value)]);
}

/** SQL has no way to write a NUL. */
function isNameless(key: string): boolean {
  return key.includes('\0');
}

function mergeStructures(a: unknown, b: unknown): unknown {
  if (a === 'NULL') return b;
  if (b === 'NULL' || JSON.stringify(a) === JSON.stringify(b)) return a;
  if (Array.isArray(a) && Array.isArray(b)) return [mergeStructures(a[0], b[0])];
  if (isObject(a) && isObject(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return Object.fromEntries(
      keys.map((key) => [key, mergeStructures(a[key] ?? 'NULL', b[key] ?? 'NULL')]),
    );
  }
  if (typeof a === 'string' && typeof b === 'string' && NUMBERS.has(a) && NUMBERS.has(b))
    return a === 'DOUBLE' || b === 'DOUBLE' ? 'DOUBLE' : 'HUGEINT';
  return 'JSON';
}

/** Objects and lists nested deeper than this are kept as JSON text. */
const DEEPEST_NESTING = 8;

function boundStructure(structure: unknown, depth = 0): unknown {
  if (typeof structure === 'object' && depth >= DEEPEST_NESTING) return 'JSON';
  if (Array.isArray(structure)) return [boundStructure(structure[0], depth + 1)];
  if (!isObject(structure)) return structure;
  const entries = Object.entries(structure);
  const folded = new Set(entries.map(([key]) => key.toLowerCase()));
  if (
    entries.length === 0 ||
    entries.length > MOST_NESTED_KEYS ||
    folded.size < entries.length ||
    folded.has('') ||
    entries.some(([key]) => isNameless(key))
  )
    return 'JSON';
  return Object.fromEntries(entries.map(([key, value]) => [key, boundStructure(value, depth + 1)]));
}

/** What was null in every row of every shard is kept as JSON text: only now it is known. */
function settleNulls(structure: unknown): unknown {
  if (Array.isArray(structure)) return [settleNulls(structure[0])];
  if (!isObject(structure)) return structure === 'NULL' ? 'JSON' : structure;
  return Object.fromEntries(
    Object.entries(structure).map(([key, value]) => [key, settleNulls(value)]),
  );
}

function sqlType(structure: unknown, isWide = false): string {
  if (Array.isArray(structure)) return `${sqlType(structure[0], isWide)}[]`;
  if (isObject(structure))
    return `STRUCT(${Object.entries(structure)
      .map(([key, value]) => `"${key.replaceAll('"', '""')}" ${sqlType(value, isWide)}`)
      .join(', ')})`;
  const name = String(structure);
  return name === 'UBIGINT' || name === 'HUGEINT' ? (isWide ? 'HUGEINT' : 'BIGINT') : name;
}
