import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { DailiesError } from '../dailies-error.ts';
import { escapeGlob, quoteLiteral } from '../dataset/sql-quote.ts';
import { type Database, numberOf } from '../engine/database.ts';
import { SIGNATURE_FILE } from './signatures.ts';

/**
 * Marks added rows that had been removed before: table `returned (clip_id)`. `list` is a text file with one key a line, or the run
 * folder of a version older than both; null: nobody said what was removed.
 *
 * @throws {DailiesError} usage, if the list cannot be read.
 */
export async function findReturned(
  database: Database,
  list: string | null,
  cwd: string,
): Promise<number> {
  await database.run('create temp table returned (clip_id bigint)');
  if (list === null) return 0;
  const path = resolve(cwd, list);
  const isRun = await access(join(path, SIGNATURE_FILE)).then(
    () => true,
    () => false,
  );
  const keys = isRun
    ? `select key::varchar as key from read_parquet(${quoteLiteral(escapeGlob(join(path, SIGNATURE_FILE)))})`
    : `select unnest(string_split(replace(content, chr(13), ''), chr(10))) as key from read_text(${quoteLiteral(escapeGlob(path))})`;
  try {
    await database.run(
      `insert into returned
       select after_clip from compared
       where before_clip is null and after_key in (select key from (${keys}) where key <> '')`,
    );
  } catch (cause) {
    throw new DailiesError('usage', `--removed ${list}: cannot be read`, {
      cause,
      hint: 'give a text file with one key a line, or the run folder of an older version',
    });
  }
  return numberOf((await database.row('select count(*) as n from returned'))['n']);
}
