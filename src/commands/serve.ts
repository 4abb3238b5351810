import { resolve } from 'node:path';

import { compareVersions } from '../compare/compare-versions.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { parseAccess } from '../stores/parse-access.ts';
import { SILENT } from '../progress.ts';
import { renderComparison } from '../serve/comparison-page.ts';
import { RunArchive } from '../serve/run-archive.ts';
import { type EarlierRun, runSite } from '../serve/run-site.ts';
import { serveSite } from '../serve/serve-run.ts';
import type { StoreAccess } from '../stores/access.ts';
import { shownUrl } from '../stores/store-url.ts';
import type { CommandContext } from './command-context.ts';
import type { ServeFlags } from './flags.ts';
import { findRun } from './find-run.ts';
import { openInBrowser } from './open-in-browser.ts';
import { applyStoreFlags } from './store-flags.ts';

/** `dailies serve`: the report of a run with its clips, until it is interrupted. */
export async function runServe(
  run: string | undefined,
  flags: ServeFlags,
  context: CommandContext,
): Promise<number> {
  const config = await loadConfig(null, context.cwd);
  const stores = applyStoreFlags(config.stores, flags);
  const archive = await RunArchive.open(await findRun(run, context.cwd), stores);
  tellEndpoint(archive, stores, context);
  let earlier: RunArchive | null = null;
  try {
    if (flags.against !== undefined)
      earlier = await RunArchive.open(resolve(context.cwd, flags.against), stores);
    const server = await serveSite(
      runSite(archive, await withEarlier(archive, earlier, { ...config, stores }, context)),
      {
        host: flags.host,
        port: flags.port,
      },
    );
    context.stdout.write(`${server.url}\n`);
    context.stderr.write('serving until Ctrl-C; whoever has the address sees the run\n');
    if (flags.open === true) await openInBrowser(server.url, context);
    await aborted(context.signal);
    await server.close();
    return 0;
  } finally {
    earlier?.close();
    archive.close();
  }
}

/** A run does not decide whom one's credentials are sent to: its server has to be named by who opens it. */
function tellEndpoint({ run }: RunArchive, stores: StoreAccess, context: CommandContext): void {
  const { endpoint } = parseAccess(run.dataset.stores);
  if (endpoint !== null && stores.endpoint === null)
    context.stderr.write(
      `the clips of this run lie in a store at ${shownUrl(endpoint)}: --endpoint ${shownUrl(endpoint)} shows them\n`,
    );
}

/** The earlier run, and the comparison with it as `dailies diff` makes it. */
async function withEarlier(
  archive: RunArchive,
  earlier: RunArchive | null,
  config: Config,
  context: CommandContext,
): Promise<EarlierRun | null> {
  if (earlier === null) return null;
  return {
    archive: earlier,
    comparison: async () => {
      const diff = await compareVersions(
        {
          before: earlier.folder,
          after: archive.folder,
          config,
          cwd: context.cwd,
          mediaSample: null,
          removed: null,
          changesFile: null,
          command: ['dailies', 'diff', earlier.folder, archive.folder],
        },
        { signal: context.signal, progress: SILENT },
      );
      return renderComparison(diff, archive, earlier);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolveWait) => {
    if (signal.aborted) resolveWait();
    else signal.addEventListener('abort', () => resolveWait(), { once: true });
  });
}
