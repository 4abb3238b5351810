import type { Shuffle } from '../shuffles/shuffle.ts';
import { SPARK } from '../shuffles/dialect.ts';
import { sparkString } from './quoting.ts';

/** One column each way: JSON holds no raw control character, so that nothing can be split at the wrong place. */
const ROWS = String.raw`row format delimited fields terminated by '\u0001' lines terminated by '\n'`;

type WaveStatement = {
  /** Text file or folder with one task a line. */
  readonly tasks: string;
  /** Folder that the verdicts are committed to, all or none. */
  readonly verdicts: string;
  /** Command line of the filter, for bash. */
  readonly filter: string;
  readonly partitions: number;
};

/** Feeds tasks to the filter and commits its verdicts, one a line. */
export function waveSql(wave: WaveStatement): string {
  return `insert overwrite directory ${sparkString(wave.verdicts)} using text options ('compression' 'gzip')
select transform(task) ${ROWS} using ${sparkString(`exec ${wave.filter}`)} as (verdict string) ${ROWS}
from (select /*+ repartition(${wave.partitions}) */ value as task from text.\`${wave.tasks}\`) as tasks;`;
}

/** Makes the tables of a shuffle known, as temporary views over Parquet. */
export function inputSql(name: string, path: string): string {
  return `create or replace temporary view ${name} using parquet options (path ${sparkString(path)});`;
}

/** Answers a shuffle into a folder of Parquet. */
export function answerSql(shuffle: Shuffle, path: string): string {
  return `insert overwrite directory ${sparkString(path)} using parquet
${shuffle.sql(SPARK)};`;
}
