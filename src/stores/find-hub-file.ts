import type { StoreAccess } from './access.ts';
import { getHttp } from './http-request.ts';
import { hubAuthorization, hubFileUrl } from './hub-url.ts';
import { StoreFault } from './store-fault.ts';
import { shownUrl, type StoreAddress } from './store-url.ts';
import { retrying } from './retrying.ts';

/**
 * Where the Hub keeps the bytes of a file, for a process without the user's token: its own URL where there is no token, else the
 * signed place that it redirects to. Throws {@link StoreFault}.
 */
export async function findHubFile(
  address: Extract<StoreAddress, { kind: 'hf' }>,
  access: StoreAccess,
): Promise<string> {
  const url = hubFileUrl(address);
  const authorization = hubAuthorization();
  if (authorization === null) return url.href;
  const answer = await retrying(
    () => getHttp(url, access, { authorization, headers: { range: 'bytes=0-0' } }),
    access,
  );
  answer.body.destroy();
  if (answer.url.origin !== url.origin) return answer.url.href;
  // Small files are not redirected: of a public dataset they need no token.
  const open = await retrying(
    () => getHttp(url, access, { headers: { range: 'bytes=0-0' } }),
    access,
  );
  open.body.destroy();
  if (open.status === 200 || open.status === 206) return url.href;
  throw new StoreFault('permission-denied', `${shownUrl(url.href)}: needs the token`);
}
