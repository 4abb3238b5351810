import { spellOut } from '../visible-text.ts';
import type { TableRow } from './island-decode.ts';

const MARKDOWN_ROWS = 500;

/** One key a line; findings without a key are left out, repeated keys written once. */
export function toKeys(rows: Iterable<TableRow>): string {
  const keys = new Set<string>();
  for (const row of rows) if (row.key !== null) keys.add(row.key);
  return [...keys].map((key) => `${key}\n`).join('');
}

/** RFC 4180 with a header, every text quoted, values as they are. */
export function toCsv(rows: Iterable<TableRow>): string {
  const lines = ['rule_id,severity,key,shard,row_number,message'];
  for (const row of rows)
    lines.push(
      [
        row.rule,
        row.severity,
        quoteCsv(row.key),
        quoteCsv(row.shard),
        row.rowNumber ?? '',
        quoteCsv(row.message),
      ].join(','),
    );
  return `${lines.join('\r\n')}\r\n`;
}

function quoteCsv(text: string | null): string {
  return text === null ? '' : `"${text.replaceAll('"', '""')}"`;
}

/** A table for an issue or a chat; at most 500 rows, the rest counted. */
export function toMarkdown(rows: readonly TableRow[]): string {
  const lines = ['| severity | rule | key | shard | row | message |', '|---|---|---|---|--:|---|'];
  for (const row of rows.slice(0, MARKDOWN_ROWS))
    lines.push(
      `| ${[row.severity, row.rule, row.key ?? '', row.shard ?? '', String(row.rowNumber ?? ''), row.message].map(quoteMarkdown).join(' | ')} |`,
    );
  const rest = rows.length - MARKDOWN_ROWS;
  if (rest > 0) lines.push('', `… and ${rest.toLocaleString('en-US')} more`);
  return `${lines.join('\n')}\n`;
}

function quoteMarkdown(text: string): string {
  return spellOut(text).replaceAll(/[\\|`*_<>[\]#@]/g, String.raw`\$&`);
}

/** An entry for dailies-suppressions.yaml; JSON strings are YAML strings. */
export function toSuppression(row: TableRow): string {
  const selector =
    row.key === null
      ? row.shard === null
        ? []
        : [`  shard: ${JSON.stringify(row.shard)}`]
      : [`  key: ${JSON.stringify(row.key)}`];
  return [
    `- rule: ${JSON.stringify(row.rule)}`,
    ...selector,
    '  reason: ""  # required',
    '  owner: ""',
    '',
  ].join('\n');
}
