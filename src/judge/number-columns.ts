import { quoteIdentifier, quoteLiteral } from '../dataset/sql-quote.ts';

/** The name that a row predicate uses for every numeric column in turn: `numbers.value`, `numbers.name`, `numbers.type`. */
export const NUMBERS = 'numbers';

/** A numeric column of `clips`: its name there, and the type in which the user stored it. */
export type NumberColumn = { readonly name: string; readonly type: string };

/** Types whose values a rule about numbers looks at. */
const NUMERIC_TYPE = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** Columns that dailies itself adds. */
const OWN_COLUMNS = new Set(['clip_id', 'shard_id', 'row_number']);

/** The numeric columns among those of `clips`. */
export function numberColumns(columns: readonly NumberColumn[]): readonly NumberColumn[] {
  return columns.filter(
    (column) => NUMERIC_TYPE.test(column.type) && !OWN_COLUMNS.has(column.name),
  );
}

/**
 * A predicate over `numbers.value` as one over all numeric columns: true if it holds for any of them.
 * Written out column by column, so that it joins the one scan of the manifest.
 */
export function eachNumber(predicate: string, columns: readonly NumberColumn[]): string {
  if (!mentionsNumbers(predicate)) return predicate;
  const parts = columns.map((column) => `coalesce((${substitute(predicate, column)}\n), false)`);
  return parts.length === 0 ? 'false' : `(${parts.join('\n or ')})`;
}

/** The columns for which a predicate over `numbers.value` holds, as text: `score = nan, fps = inf`. */
export function eachNumberList(predicate: string, columns: readonly NumberColumn[]): string {
  const parts = columns.map(
    (column) =>
      `if(coalesce((${substitute(predicate, column)}\n), false), ${quoteLiteral(`${column.name} = `)} || ${quoteIdentifier(column.name)}, null)`,
  );
  return `list_aggregate([${parts.join(', ')}]::varchar[], 'string_agg', ', ')`;
}

function mentionsNumbers(sql: string): boolean {
  return substitute(sql, { name: '', type: '' }) !== sql;
}

/** Puts one column in place of `numbers.…`, outside of strings, quoted identifiers and comments. */
function substitute(sql: string, column: NumberColumn): string {
  return sql.replaceAll(
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\bnumbers\.(value|name|type)\b/g,
    (whole, part: string | undefined) => {
      if (part === undefined) return whole;
      if (part === 'value') return `(${quoteIdentifier(column.name)}::double)`;
      return quoteLiteral(part === 'name' ? column.name : column.type);
    },
  );
}
