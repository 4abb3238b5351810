import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { DailiesError } from '../dailies-error.ts';

/** The package that runs models; never a dependency, because it takes 474 MB. */
const PACKAGE = '@huggingface/transformers';

/**
 * Where transformers.js lies: beside dailies, or in the working directory.
 *
 * @throws {DailiesError} usage, if the user has not installed it.
 */
export function findTransformers(cwd: string): string {
  for (const from of [import.meta.url, join(cwd, 'package.json')]) {
    try {
      const found = createRequire(from).resolve(PACKAGE);
      const module = found.replace(/\.cjs$/, '.mjs');
      return existsSync(module) ? module : found;
    } catch {
      // The next place may have it.
    }
  }
  throw new DailiesError('usage', `--align-model needs ${PACKAGE}, which is not installed`, {
    hint: `npm install --no-save ${PACKAGE} (474 MB; where api.nuget.org cannot be reached, with ONNXRUNTIME_NODE_INSTALL=skip)`,
  });
}

type Callable = (...args: readonly unknown[]) => unknown;

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}

/** A field of something that came from the library; undefined where there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, name)
    : undefined;
}

/** Calls a method of something that came from the library. */
export async function callMethod(
  value: unknown,
  name: string,
  ...args: readonly unknown[]
): Promise<unknown> {
  const method = fieldOf(value, name);
  if (!isCallable(method)) throw new Error(`transformers.js has no ${name}`);
  return Reflect.apply(method, value, args);
}

/** Calls something that came from the library. */
export async function callValue(value: unknown, ...args: readonly unknown[]): Promise<unknown> {
  if (!isCallable(value)) throw new Error('transformers.js gave no function');
  return value(...args);
}

/** Makes an object of a class of the library. */
export function construct(value: unknown, ...args: readonly unknown[]): unknown {
  if (!isCallable(value)) throw new Error('transformers.js gave no class');
  return Reflect.construct(value, args);
}
