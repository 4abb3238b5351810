/** Bytes to send, half-open. */
type ByteRange = { readonly start: number; readonly end: number };

/**
 * Reads a `Range` header for a body of `size_bytes` (RFC 9110, section 14). Null: send all, also for several ranges and for
 * what is no range of bytes, as the standard allows; `unsatisfiable`: answer 416.
 */
export function parseByteRange(
  header: string | undefined,
  size_bytes: number,
): ByteRange | null | 'unsatisfiable' {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = found ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const length = Math.min(Number(last), size_bytes);
    return length === 0 ? 'unsatisfiable' : { start: size_bytes - length, end: size_bytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return null;
  if (start >= size_bytes) return 'unsatisfiable';
  return { start, end: last === '' ? size_bytes : Math.min(Number(last) + 1, size_bytes) };
}
