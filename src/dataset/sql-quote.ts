/** An SQL identifier that means exactly `name`, whatever characters it has. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string literal that means exactly `text`; a NUL character, which SQL text cannot carry, is dropped. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", "''")}'`;
}

/** A path as DuckDB's readers want it: `[`, `*` and `?` in a real file name are no patterns. */
export function escapeGlob(path: string): string {
  return path.replaceAll(/[[*?]/g, '[$&]');
}

/** The literal of a file list for `read_parquet` and friends, free of glob meaning. */
export function quotePathList(paths: readonly string[]): string {
  return `[${paths.map((path) => quoteLiteral(escapeGlob(path))).join(', ')}]`;
}
