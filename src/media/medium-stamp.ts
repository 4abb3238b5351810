import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

import { checkRange, NotAFile } from './file-ranges.ts';
import { type MediumFault, mediumFaultOf } from './medium-fault.ts';
import { isUrl, textOfMedium } from './medium-text.ts';
import type { Medium } from './medium.ts';

/** What tells a medium from others and from what it was before it changed. */
export type MediumStamp = {
  readonly ok: true;
  /** 32 hex digits: of the place, and of size and time of the file that is there now. */
  readonly identity: string;
  readonly sizeBytes: number;
};

/** Identity and size of a medium without reading it, or why it cannot be read. Never throws. */
export async function stampMedium(
  medium: Medium,
): Promise<MediumStamp | ({ readonly ok: false } & MediumFault)> {
  const { source, range } = medium;
  if (isUrl(source))
    return { ok: false, code: 'unreachable', message: 'remote media are not read yet' };
  try {
    const found = await stat(source, { bigint: true });
    if (!found.isFile()) throw new NotAFile('not a regular file');
    checkRange(range, Number(found.size));
    const place = `${textOfMedium(medium)}\0${found.size}\0${found.mtimeNs}\0${found.ino}`;
    const identity = createHash('sha256').update(place).digest('hex').slice(0, 32);
    return { ok: true, identity, sizeBytes: range?.length_bytes ?? Number(found.size) };
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
}
