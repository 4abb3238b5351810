import { uniqueNames } from './column-names.ts';
import { ROLE_SYNONYMS, normaliseName } from './column-synonyms.ts';

const USUAL_NAMES: ReadonlySet<string> = new Set(Object.values(ROLE_SYNONYMS).flat());

/** How a CSV or TSV file is written, judged by its first records. */
export type Dialect = {
  readonly delimiter: string;
  readonly quote: string;
  readonly hasHeader: boolean;
  readonly names: readonly string[];
};

/**
 * The dialect of delimited text. `.tsv` is split at tabs, and its quotes are plain text unless `isQuoted`; else the
 * delimiter of the first line decides. The first record is a header if a cell is a usual column name, or unless a cell is
 * empty, repeated or a number.
 */
export function detectDialect(
  head: string,
  format: 'csv' | 'tsv',
  isQuoted: boolean,
): Dialect | null {
  const text = head.replace(/^\uFEFF/, '');
  const firstLine = text.split(/\r?\n/)[0] ?? '';
  if (firstLine === '') return null;
  const delimiter = format === 'tsv' ? '\t' : bestDelimiter(firstLine);
  const records = parseDelimited(text, delimiter, '"');
  const quoted = records[0] ?? [];
  const quote = format === 'tsv' && !isQuoted ? '' : '"';
  const first = quote === '' ? firstLine.split(delimiter) : quoted;
  const cells = first.map((cell) => cell.trim());
  const isHeader = looksLikeHeader(cells);
  const names = uniqueNames(
    isHeader
      ? cells.map((cell, i) => (cell === '' ? `column${i}` : cell))
      : cells.map((_, i) => `column${i}`),
  );
  return { delimiter, quote, hasHeader: isHeader, names };
}

/** A usual name among the cells settles it; else every cell has to be filled, different and no number. */
function looksLikeHeader(cells: readonly string[]): boolean {
  if (cells.some((cell) => USUAL_NAMES.has(normaliseName(cell)))) return true;
  return (
    (cells.length === 1 || cells.filter((cell) => cell === '').length <= 1) &&
    new Set(cells).size === cells.length &&
    !cells.some((cell) => cell !== '' && Number.isFinite(Number(cell)))
  );
}

function bestDelimiter(line: string): string {
  const unquoted = line.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = [',', '\t', ';', '|'].map((delimiter) => ({
    delimiter,
    count: unquoted.split(delimiter).length - 1,
  }));
  const best = counts.toSorted((a, b) => b.count - a.count)[0];
  return best === undefined || best.count === 0 ? ',' : best.delimiter;
}

/** Records of delimited text by RFC 4180. */
function parseDelimited(text: string, delimiter: string, quote: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (isQuoted) {
      if (char !== quote) cell += char;
      else if (text[i + 1] === quote) {
        cell += quote;
        i++;
      } else isQuoted = false;
    } else if (char === quote && cell === '') isQuoted = true;
    else if (char === delimiter) {
      record.push(cell);
      cell = '';
    } else if (char === '\n') {
      record.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      records.push(record);
      record = [];
      cell = '';
    } else cell += char;
  }
  if (cell !== '' || record.length > 0) records.push([...record, cell]);
  return records;
}
