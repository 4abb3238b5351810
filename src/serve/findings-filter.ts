import { parseQuery, QUERY_FIELDS, type QueryField } from '../../reports/html/query.ts';
import type { SqlParameters } from '../engine/database.ts';

/** Columns of findings.parquet that the fields of a filter look at. */
const COLUMNS = {
  rule: 'rule_id',
  severity: 'severity',
  state: 'baseline',
  shard: 'shard',
  key: 'key',
} as const satisfies Record<QueryField, string>;

/** Tokens of a filter that are looked at; more than a person types. */
const MOST_TOKENS = 40;

/**
 * A filter of the findings table (`rule:a !shard:b* words`) as a condition over findings.parquet, with the meaning that it has
 * on the page: tokens of one field are alternatives, all else must hold together.
 */
export function compileFilter(query: string): {
  readonly where: string;
  readonly parameters: SqlParameters;
} {
  const tokens = parseQuery(query).slice(0, MOST_TOKENS);
  const parameters: Record<string, string> = {};
  const bind = (text: string): string => {
    const name = `token_${Object.keys(parameters).length}`;
    parameters[name] = text;
    return `$${name}`;
  };
  const conditions = QUERY_FIELDS.flatMap((field) => {
    const own = tokens.filter((token) => token.field === field);
    const test = (text: string): string => {
      const column = `lower(coalesce(${COLUMNS[field]}, ''))`;
      const low = text.toLowerCase();
      return field === 'key'
        ? `contains(${column}, ${bind(low)})`
        : `${column} like ${bind(low.replaceAll(/[\\%_]/g, String.raw`\$&`).replaceAll('*', '%'))} escape '\\'`;
    };
    const wanted = own.filter((token) => !token.isNegated).map((token) => test(token.text));
    const refused = own
      .filter((token) => token.isNegated)
      .map((token) => `not ${test(token.text)}`);
    return [...(wanted.length === 0 ? [] : [`(${wanted.join(' or ')})`]), ...refused];
  });
  for (const token of tokens.filter((each) => each.field === null)) {
    const test = `contains(lower(coalesce(key, '') || ' ' || message), ${bind(token.text.toLowerCase())})`;
    conditions.push(token.isNegated ? `not ${test}` : test);
  }
  return { where: conditions.length === 0 ? 'true' : conditions.join(' and '), parameters };
}
