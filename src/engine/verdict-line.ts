import type { ProbeVerdict } from './task.ts';

/** A verdict as one line of JSON; 64-bit integers are written as numbers with all their digits. */
export function verdictLine(verdict: ProbeVerdict): string {
  return toJson(verdict);
}

function toJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item)).join(',')}]`;
  if (ArrayBuffer.isView(value)) return 'null';
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => `${JSON.stringify(name)}:${toJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
