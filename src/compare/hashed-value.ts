/** Values of a list that its hash looks at: enough to tell two embeddings apart. */
const LIST_VALUES = 16;

/**
 * SQL of the hash that stands for a value in signatures: the first 64 bits of MD5, the same in every release.
 * Of a list it covers the length and the first {@link LIST_VALUES} values.
 */
export function hashedValue(sql: string, type: string): string {
  return type.endsWith(']')
    ? `md5_number_lower(len(${sql})::varchar || ':' || list_slice(${sql}, 1, ${LIST_VALUES})::varchar)`
    : `md5_number_lower(${sql}::varchar)`;
}
