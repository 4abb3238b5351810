/**
 * One line of JSON, as evidence and verdicts travel and rest. 64-bit integers are written as text, since readers of JSON
 * round numbers beyond 2^53; what is not finite becomes null.
 */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === 'bigint' ? each.toString() : each,
  );
}
