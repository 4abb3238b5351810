/** The partitions that folders of a name state: `bucket=720p/part-0.parquet`. */
export function hivePartitions(name: string): Record<string, string | null> {
  const parts = name.split('/').slice(0, -1);
  const pairs = parts.flatMap((part): [string, string | null][] => {
    const at = part.indexOf('=');
    if (at <= 0) return [];
    const value = percentDecode(part.slice(at + 1));
    return [
      [percentDecode(part.slice(0, at)), value === '__HIVE_DEFAULT_PARTITION__' ? null : value],
    ];
  });
  return Object.fromEntries(pairs);
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
