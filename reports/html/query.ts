import type { FindingsTable } from './island-decode.ts';

/** One condition of a filter: a field or free text (`field: null`), and whether it is turned round. */
export type QueryToken = {
  readonly field: QueryField | null;
  readonly text: string;
  readonly isNegated: boolean;
};

export const QUERY_FIELDS = ['rule', 'severity', 'state', 'shard', 'key'] as const;
export type QueryField = (typeof QUERY_FIELDS)[number];

/** Reads `rule:x !shard:"a b" words`: tokens of one field are alternatives, all else must hold together. */
export function parseQuery(query: string): readonly QueryToken[] {
  const tokens: QueryToken[] = [];
  for (const match of query.matchAll(/(!?)(?:(\w+):)?(?:"((?:[^"\\]|\\.)*)"?|(\S+))/g)) {
    const [, bang, name, quoted, bare] = match;
    const field = QUERY_FIELDS.find((known) => known === name) ?? null;
    const text = quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/g, '$1');
    const whole = field === null && name !== undefined ? `${name}:${text}` : text;
    if (whole !== '') tokens.push({ field, text: whole, isNegated: bang === '!' });
  }
  return tokens;
}

/** The text of a token, quoted where needed: the inverse of {@link parseQuery}. */
export function writeToken(token: QueryToken): string {
  const needsQuotes =
    /[\s"\\]/.test(token.text) || token.text === '' || /^!|^\w+:/.test(token.text);
  const text = needsQuotes ? `"${token.text.replaceAll(/["\\]/g, String.raw`\$&`)}"` : token.text;
  return `${token.isNegated ? '!' : ''}${token.field === null ? '' : `${token.field}:`}${text}`;
}

/** Positions of the findings that a query keeps, in the table's order. `haystack` is the lower-case text of a finding. */
export function filterFindings(
  table: FindingsTable,
  query: string,
  haystack: (index: number) => string,
): Uint32Array {
  const tokens = parseQuery(query);
  const groups = table.groups.map(
    (group) => allows(tokens, 'rule', group.rule) && allows(tokens, 'severity', group.severity),
  );
  const shards = table.shards.map((shard) => allows(tokens, 'shard', shard));
  const noShard = allows(tokens, 'shard', '');
  const stateTokens = tokens.filter((token) => token.field === 'state');
  const keyTokens = tokens.filter((token) => token.field === 'key');
  const words = tokens
    .filter((token) => token.field === null)
    .map((token) => ({ text: token.text.toLowerCase(), isNegated: token.isNegated }));
  const kept = new Uint32Array(table.count);
  let count = 0;
  for (let index = 0; index < table.count; index += 1) {
    if (groups[table.groupOf[index] ?? 0] !== true) continue;
    const shard = table.shardOf[index] ?? -1;
    if (!(shard < 0 ? noShard : shards[shard] === true)) continue;
    if (keyTokens.length > 0 && !allows(keyTokens, 'key', table.key(index) ?? '')) continue;
    if (stateTokens.length > 0 && !allows(stateTokens, 'state', table.state(index))) continue;
    if (words.length > 0) {
      const text = haystack(index);
      if (!words.every((word) => text.includes(word.text) !== word.isNegated)) continue;
    }
    kept[count] = index;
    count += 1;
  }
  return kept.subarray(0, count);
}

function allows(tokens: readonly QueryToken[], field: QueryField, value: string): boolean {
  const own = tokens.filter((token) => token.field === field);
  const wanted = own.filter((token) => !token.isNegated);
  return (
    (wanted.length === 0 || wanted.some((token) => matches(field, token.text, value))) &&
    !own.some((token) => token.isNegated && matches(field, token.text, value))
  );
}

/** Rules, severities and shards match whole, or by `*`; keys match by any part. */
function matches(field: QueryField, wanted: string, value: string): boolean {
  const [low, text] = [value.toLowerCase(), wanted.toLowerCase()];
  if (field === 'key') return low.includes(text);
  if (!text.includes('*')) return low === text;
  const parts = text.split('*');
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const found = isLast && part !== '' ? low.length - part.length : low.indexOf(part, at);
    if (found < at || (index === 0 && found !== 0) || !low.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}
