import type { StoreAccess } from '../../stores/access.ts';
import { openObject } from '../../stores/open-object.ts';
import { StoreFault } from '../../stores/store-fault.ts';
import { parentUrl } from '../../stores/store-url.ts';
import { underUrl } from '../../media/medium-url.ts';

/** Folders above the manifest that are tried. */
const MOST_STEPS_UP = 3;

/** Paths that are asked for in each. */
const PROBED_PATHS = 2;

/**
 * The prefix, from the manifest's folder upwards, below which the first media lie: asked for by one byte each, a few requests
 * in all. The manifest's folder where none is found, or the store does not answer.
 */
export async function findRemoteRoot(
  home: string,
  paths: readonly string[],
  access: StoreAccess,
): Promise<string> {
  const probed = paths.slice(0, PROBED_PATHS);
  let root = home;
  for (let steps = 0; steps <= MOST_STEPS_UP && probed.length > 0; steps++) {
    for (const path of probed) {
      const found = await isThere(underUrl(root, path), access);
      if (found === null) return home;
      if (found) return root;
    }
    const above = parentUrl(root.replace(/\/+$/, ''));
    // Above host or bucket there is nothing.
    if (above.length >= root.length || !/^[a-z0-9]+:\/\/[^/]+\//i.test(above)) break;
    root = above;
  }
  return home;
}

/** Null: nobody can tell. */
async function isThere(url: string | null, access: StoreAccess): Promise<boolean | null> {
  if (url === null) return false;
  try {
    await openObject(url, { ...access, retries: 1 }, { first: { bytes: 1 } });
    return true;
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    return error.code === 'missing-file' || error.code === 'permission-denied' ? false : null;
  }
}
