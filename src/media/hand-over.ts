import type { StoreAccess } from '../stores/access.ts';
import { trustedHostOf } from '../stores/address-guard.ts';
import { findHubFile } from '../stores/find-hub-file.ts';
import { presignObject } from '../stores/presign-object.ts';
import { parseStoreUrl } from '../stores/store-url.ts';
import { mediumFaultOf } from './medium-fault.ts';
import { isUrl } from './medium-text.ts';
import type { Medium } from './medium.ts';
import type { UnopenedMedium } from './open-medium.ts';

/** A medium as a process may read it that has no credentials. */
type HandedOver = {
  readonly ok: true;
  readonly medium: Medium;
  readonly access: StoreAccess;
};

/**
 * Makes a medium readable for a process that decodes: such processes parse untrusted bytes and know no secrets, so an object of a
 * bucket becomes a URL that is signed for a few minutes, and a file of the Hub the place that its redirect leads to.
 */
export async function handOver(
  medium: Medium,
  access: StoreAccess,
): Promise<HandedOver | UnopenedMedium> {
  if (!isUrl(medium.source)) return { ok: true, medium, access };
  try {
    const address = parseStoreUrl(medium.source);
    switch (address.kind) {
      case 's3':
      case 'gs': {
        const source = await presignObject(address, access);
        return { ok: true, medium: { ...medium, source }, access: trusting(source, access) };
      }
      case 'hf':
        return {
          ok: true,
          medium: { ...medium, source: await findHubFile(address, access) },
          access,
        };
      default:
        return { ok: true, medium, access };
    }
  } catch (error) {
    return { ok: false, ...mediumFaultOf(error) };
  }
}

/** An endpoint that the user set may lie in their own network; Amazon's and Google's do not. */
function trusting(source: string, access: StoreAccess): StoreAccess {
  const host = trustedHostOf(source);
  const isOwn = host !== null || access.endpoint !== null;
  return {
    ...access,
    allowsPrivateAddresses: access.allowsPrivateAddresses || isOwn,
    trustedHosts: host === null ? access.trustedHosts : [...access.trustedHosts, host],
  };
}
