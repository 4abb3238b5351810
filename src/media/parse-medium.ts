import { isAbsolute } from 'node:path';

import { objectsIn } from './decoders/plain-objects.ts';
import type { Medium } from './medium.ts';
import { isUrl } from './medium-text.ts';

/** Reads a medium as it comes from another process; null if it is none. */
export function parseMedium(value: unknown): Medium | null {
  const content = objectsIn([value])[0];
  const source = content?.['source'];
  const name = content?.['name'];
  if (typeof source !== 'string' || typeof name !== 'string') return null;
  if (!isAbsolute(source) && !isUrl(source)) return null;
  if (content?.['range'] === null) return { source, range: null, name };
  const range = objectsIn([content?.['range']])[0];
  const start_bytes = range?.['start_bytes'];
  const length_bytes = range?.['length_bytes'];
  if (!isCount(start_bytes) || !isCount(length_bytes)) return null;
  return { source, range: { start_bytes, length_bytes }, name };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
