import { DailiesError } from '../../dailies-error.ts';

/** A string literal of Spark SQL, where a backslash escapes. */
export function sparkString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
}

/** One word for bash, whatever it holds. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Checks a folder that Spark is to read and write: Hadoop takes `{}[]*?` for patterns and a colon for a scheme.
 *
 * @throws {DailiesError} usage, naming the character.
 */
export function checkSparkPath(path: string): string {
  const odd = /[^\p{L}\p{N} _./+=@,~-]/u.exec(path)?.[0];
  if (odd !== undefined) {
    throw new DailiesError(
      'usage',
      `${path}: Spark cannot use a folder with ${JSON.stringify(odd)} in its name`,
      {
        hint: 'name another one with spark.work_directory in dailies.yaml or --spark-work-dir',
      },
    );
  }
  return path;
}
