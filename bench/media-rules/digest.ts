import { createHash } from 'node:crypto';

/** A short name for what something was made from. */
export function digestOf(parts: unknown): string {
  const text = JSON.stringify(parts, (_, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}
