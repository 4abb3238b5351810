/** What a user can do about a shard that cannot be read, by what its reader says; the first that fits. */
const WHOLE: readonly (readonly [RegExp, string])[] = [
  [
    /the file has 0 bytes/,
    'the file has 0 bytes: its writer or upload never finished; write or copy it again',
  ],
  [
    /No magic bytes found at end of file|too small to be a Parquet file/,
    'it does not end as Parquet does (PAR1): cut off, or another kind of file; write or copy it again',
  ],
  [/is encrypted|crypto/i, 'it is encrypted, and encrypted Parquet is not read: decrypt it first'],
];

/** Classes of DuckDB's errors, and the path that it repeats though the shard is named beside it. */
const NOISE =
  /^((Invalid Input|Invalid|IO|Conversion|Binder|Serialization|Parser|INTERNAL|Not implemented) Error: |Failed to read file "[^"]*": |TProtocolException: )+/;

/**
 * Why a shard cannot be read, and what to do where a reader failed over its bytes; `reason` is what the reader, dailies or the
 * file system says, `bytes` the size of the file.
 */
export function tellShardError(reason: string, bytes: number): string {
  const text =
    bytes === 0 && /too small|magic bytes/.test(reason) ? 'the file has 0 bytes' : reason;
  const known = WHOLE.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1];
  const plain = plainReason(text);
  const isAdvised = plain === text || /not (supported|implemented)/i.test(text);
  return isAdvised ? plain : `${plain}; write or copy it again`;
}

/** What a reader says, without the names of its error classes and the path. */
export function plainReason(reason: string): string {
  return reason.replace(NOISE, '');
}
