/** A value for people: at most six significant digits, lists in brackets. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return value.replaceAll(/\s+/g, ' ');
  return JSON.stringify(value) ?? '–';
}
