import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative, resolve } from 'node:path';

import { DEFAULT_CONFIG } from '../config/config.ts';
import { isStoreUrl, resolveInput, shownUrl } from '../stores/store-url.ts';
import { applyStoreFlags } from './store-flags.ts';
import { CONFIG_FILE } from '../config/load-config.ts';
import { DailiesError } from '../dailies-error.ts';
import { discoverShards } from '../dataset/discover-shards.ts';
import { openDataset } from '../dataset/open-dataset.ts';
import { Database } from '../engine/database.ts';
import type { CommandContext } from './command-context.ts';
import type { InitFlags } from './flags.ts';
import { draftConfig } from './draft-config.ts';

/**
 * Looks at a dataset and writes `dailies.yaml` in the working directory.
 *
 * @throws {DailiesError} usage, if the file is there and `--force` is not given; dataset, if nothing can be read.
 */
export async function runInit(
  paths: readonly string[],
  flags: InitFlags,
  context: CommandContext,
): Promise<number> {
  const file = join(context.cwd, CONFIG_FILE);
  if (flags.force !== true && existsSync(file)) throw alreadyThere(file);
  const stores = applyStoreFlags(DEFAULT_CONFIG.stores, flags);
  const discovery = await discoverShards(paths, { cwd: context.cwd, stores });
  const database = await Database.open({
    memoryLimit: '4GB',
    tempDirectory: join(tmpdir(), `dailies-init-${process.pid}`),
  });
  const interrupt = (): void => {
    database.interrupt();
  };
  context.signal.addEventListener('abort', interrupt);
  try {
    const dataset = await openDataset(database.connection, discovery, {
      stores,
      ...(flags.mediaRoot === undefined
        ? {}
        : { mediaRoot: resolveInput(context.cwd, flags.mediaRoot) }),
    });
    const draft = draftConfig({
      paths: paths.map((path) => fromHere(context.cwd, path)),
      mediaRoot: fromHere(context.cwd, dataset.mediaRoot),
      rows: dataset.rows,
      shards: dataset.shards.length,
      format: dataset.format,
      columns: dataset.columns,
      warnings: dataset.warnings,
    });
    await writeNew(file, draft, flags.force ?? false);
    context.stdout.write(draft);
    context.stderr.write(`wrote ${CONFIG_FILE}: check the columns, then run 'dailies scan'\n`);
    return 0;
  } finally {
    context.signal.removeEventListener('abort', interrupt);
    database.close();
  }
}

/** A path as the configuration names it: relative to the folder, unless it was given as an absolute one outside of it. */
function fromHere(cwd: string, path: string): string {
  if (isStoreUrl(path)) return shownUrl(path);
  const near = relative(cwd, resolve(cwd, path));
  if (near === '') return '.';
  return near.startsWith('..') && isAbsolute(path) ? path : near;
}

async function writeNew(file: string, text: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: isForced ? 'w' : 'wx' });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
      throw alreadyThere(file);
    throw new DailiesError('usage', `${file} cannot be written`, {
      cause,
      hint: 'check the folder and its permissions',
    });
  }
}

function alreadyThere(file: string): DailiesError {
  return new DailiesError('usage', `${file} is there already`, {
    hint: 'pass --force to overwrite it',
  });
}
