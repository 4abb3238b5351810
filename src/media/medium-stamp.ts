import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

import type { StoreAccess } from '../stores/access.ts';
import { checkRange, NotAFile } from './file-ranges.ts';
import { type MediumFault, mediumFaultOf } from './medium-fault.ts';
import { isUrl, textOfMedium } from './medium-text.ts';
import type { Medium } from './medium.ts';
import { openMedium } from './open-medium.ts';

/** What tells a medium from others and from what it was before it changed. */
type MediumStamp = {
  readonly ok: true;
  /** 32 hex digits: of the place, and of size and time, or of the version, of what is there now. */
  readonly identity: string;
  readonly sizeBytes: number;
};

/**
 * Identity and size of a medium, or why it cannot be read: by the file system for local ones, by one request for objects. Never
 * throws. An object of which its store tells no version is another one each time.
 */
export async function stampMedium(
  medium: Medium,
  access: StoreAccess,
): Promise<MediumStamp | ({ readonly ok: false } & MediumFault)> {
  if (isUrl(medium.source)) return stampObject(medium, access);
  const { source, range } = medium;
  try {
    const found = await stat(source, { bigint: true });
    if (!found.isFile()) throw new NotAFile('not a regular file');
    checkRange(range, Number(found.size));
    return {
      ok: true,
      identity: hashOf(`${textOfMedium(medium)}\0${found.size}\0${found.mtimeNs}\0${found.ino}`),
      sizeBytes: range?.length_bytes ?? Number(found.size),
    };
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
}

async function stampObject(
  medium: Medium,
  access: StoreAccess,
): Promise<MediumStamp | ({ readonly ok: false } & MediumFault)> {
  const opened = await openMedium(medium, access, null, 1);
  if (!opened.ok) return opened;
  const { sizeBytes } = opened.reader;
  await opened.reader.close();
  const version = opened.version ?? String(Date.now());
  return { ok: true, identity: identityOfObject(medium, version), sizeBytes };
}

/** Identity of an object, or a range of one, of a version. */
export function identityOfObject(medium: Medium, version: string): string {
  return hashOf(`${placeOfObject(medium)}\0${version}`);
}

/** What a signature of Amazon, Google, CloudFront or Azure adds to a URL: it changes while the object stays. */
const SIGNATURE =
  /^(x-amz-.*|x-goog-.*|signature|expires|awsaccesskeyid|googleaccessid|key-pair-id|policy|sig|se|sp|sv|sr|st|spr)$/i;

/** Where an object lies, as text without user, password and signature of its URL. */
export function placeOfObject(medium: Medium): string {
  const { source } = medium;
  if (!/^https?:/i.test(source) || !URL.canParse(source)) return textOfMedium(medium);
  const url = new URL(source);
  const names = [...url.searchParams.keys()].filter((name) => SIGNATURE.test(name));
  if (names.length === 0 && url.username === '' && url.password === '') return textOfMedium(medium);
  url.username = '';
  url.password = '';
  for (const name of names) url.searchParams.delete(name);
  return textOfMedium({ ...medium, source: url.href });
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
