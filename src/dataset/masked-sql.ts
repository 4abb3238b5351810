import { SECRET_USERS, SECRET_VALUES } from '../stores/mask-secrets.ts';
import { quoteLiteral } from './sql-quote.ts';

/** An expression of text without what would let a reader into a store. */
export function maskedSql(text: string): string {
  const values = `regexp_replace(${text}, ${quoteLiteral(SECRET_VALUES)}, '\\1…', 'gi')`;
  const all = `regexp_replace(${values}, ${quoteLiteral(SECRET_USERS)}, '\\1', 'g')`;
  return `if(contains(${text}, '://'), ${all}, ${text})`;
}
