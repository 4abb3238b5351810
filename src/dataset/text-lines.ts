import type { ShardFile } from './shard-file.ts';
import { REJECT_SETTINGS } from './rejected-lines.ts';
import { escapeGlob, quoteLiteral } from './sql-quote.ts';

/** Longest line of text that is read; a longer one makes the shard unread, not the run slow. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024;

/**
 * A relation over the lines of a text file: `line`, and `overflow` which is not null if the line holds a U+0001.
 *
 * `read_json(ignore_errors)` would lose the good line that follows a cut-off one, so lines are read as one-column CSV
 * without quotes and parsed afterwards. Lines
 * that are no UTF-8 are left out and noted as rejects: drop those afterwards.
 */
export function linesFrom(file: ShardFile): string {
  const settings = [
    'header = false',
    'auto_detect = false',
    `columns = {line: 'VARCHAR', overflow: 'VARCHAR'}`,
    String.raw`delim = E'\x01'`,
    `quote = ''`,
    `escape = ''`,
    `comment = ''`,
    `nullstr = ''`,
    'null_padding = true',
    'strict_mode = false',
    `compression = '${file.compression}'`,
    `max_line_size = ${LONGEST_LINE_BYTES}`,
    // 16 lines by default, and a buffer of 1 GiB is allocated at once.
    `buffer_size = ${LONGEST_LINE_BYTES}`,
    'hive_partitioning = false',
    ...REJECT_SETTINGS,
  ];
  return `read_csv(${quoteLiteral(escapeGlob(file.path))}, ${settings.join(', ')})`;
}
