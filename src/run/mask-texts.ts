import { maskSecrets } from '../stores/mask-secrets.ts';

/** A document whose texts quote no URL with a signature, a token or a password: manifests of object stores are full of them. */
export function maskTexts<T>(document: T): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a copy of the same shape, with other texts
  return mask(document) as T;
}

function mask(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value);
  if (Array.isArray(value)) return value.map(mask);
  if (
    typeof value !== 'object' ||
    value === null ||
    Object.getPrototypeOf(value) !== Object.prototype
  )
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mask(each)]));
}
