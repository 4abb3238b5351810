/**
 * SQL of 64 bits that stand for a text. DuckDB's `hash()` reads texts in words of eight bytes and lets two changes of last bytes
 * cancel: `media/22/clip-22.mp4` and `media/29/clip-29.mp4` have one hash, and 57 pairs of two million such paths do. The same
 * text four bytes further on has other last bytes. (Prefixing costs a quarter of what taking off the first characters does.) Null
 * is hashed like a value.
 */
export function textHash(sql: string): string {
  return `hash(hash(${sql}), hash('four' || ${sql}))`;
}

/** {@link textHash} for the SQL of rules. */
export const TEXT_HASH_MACRO = `create or replace temp macro text_hash(each) as ${textHash('each')}`;
