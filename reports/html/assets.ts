import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DailiesError } from '../../src/dailies-error.ts';

/** Script and style of the page as the build made them. */
export type Assets = { readonly script: string; readonly style: string };

let loaded: Assets | undefined;

/**
 * Reads the built script and style once: beside this module in an installed package, from `dist` in a source tree.
 * @throws DailiesError `engine` if the build has not made them.
 */
export function loadAssets(): Assets {
  loaded ??= { script: readAsset('client.js'), style: readAsset('style.css') };
  return loaded;
}

function readAsset(name: string): string {
  for (const place of [`./assets/${name}`, `../../dist/reports/html/assets/${name}`]) {
    const url = new URL(place, import.meta.url);
    if (existsSync(url)) return readFileSync(url, 'utf8');
  }
  throw new DailiesError('engine', `report asset ${name} is missing`, { hint: 'npm run build' });
}

/** `'sha256-…'` as a content security policy names an inline script or style. */
export function policyHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}
