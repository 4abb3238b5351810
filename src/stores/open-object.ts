import { assertNever } from '../assert-never.ts';
import type { StoreAccess } from './access.ts';
import { httpSource } from './http-source.ts';
import { hubAuthorization, hubFileUrl } from './hub-url.ts';
import { openRanges, type OpenObjectOptions, type StoreObject } from './object-ranges.ts';
import type { ObjectSource } from './object-source.ts';
import { StoreFault } from './store-fault.ts';
import { parseStoreUrl, shownUrl } from './store-url.ts';

/**
 * Opens an object of a store for reading by ranges, all of one version: `http:`, `https:`, `s3:`, `gs:` or `hf:`.
 * Throws {@link StoreFault}, here and from every read.
 */
export async function openObject(
  url: string,
  access: StoreAccess,
  options: OpenObjectOptions = {},
): Promise<StoreObject> {
  return openRanges(await sourceOf(url, access), access, options);
}

async function sourceOf(url: string, access: StoreAccess): Promise<ObjectSource> {
  const address = parseStoreUrl(url);
  switch (address.kind) {
    case 'http':
      return httpSource(address.url, access);
    case 'hf':
      if (address.key === '')
        throw new StoreFault('invalid-path', `${shownUrl(url)}: it names no file`);
      return httpSource(hubFileUrl(address), access, hubAuthorization());
    case 's3':
    case 'gs':
      return (await import('./s3-source.ts')).s3Source(address, access);
    default:
      return assertNever(address);
  }
}
