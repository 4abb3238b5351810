import { DEFAULT_STORE_ACCESS } from '../../src/stores/access.ts';
import { fileMedium } from '../../src/media/medium-text.ts';
import { openMedium } from '../../src/media/open-medium.ts';
import type { RangeReader } from '../../src/media/ranges.ts';

/** Looks at a local file through its ranges. */
export async function onFile<T>(
  path: string,
  look: (reader: RangeReader) => Promise<T>,
): Promise<T> {
  const opened = await openMedium(fileMedium(path), DEFAULT_STORE_ACCESS);
  if (!opened.ok) throw new Error(`${path}: ${opened.message}`);
  try {
    return await look(opened.reader);
  } finally {
    await opened.reader.close();
  }
}
