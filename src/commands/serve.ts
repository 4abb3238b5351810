import { resolve } from 'node:path';

import { compareVersions } from '../compare/compare-versions.ts';
import { loadConfig } from '../config/load-config.ts';
import { SILENT } from '../progress.ts';
import { renderComparison } from '../serve/comparison-page.ts';
import { RunArchive } from '../serve/run-archive.ts';
import { type EarlierRun, runSite } from '../serve/run-site.ts';
import { serveSite } from '../serve/serve-run.ts';
import type { CommandContext } from './command-context.ts';
import type { ServeFlags } from './flags.ts';
import { findRun } from './find-run.ts';
import { openInBrowser } from './open-in-browser.ts';

/** `dailies serve`: the report of a run with its clips, until it is interrupted. */
export async function runServe(
  run: string | undefined,
  flags: ServeFlags,
  context: CommandContext,
): Promise<number> {
  const archive = await RunArchive.open(await findRun(run, context.cwd));
  let earlier: RunArchive | null = null;
  try {
    if (flags.against !== undefined)
      earlier = await RunArchive.open(resolve(context.cwd, flags.against));
    const server = await serveSite(runSite(archive, await withEarlier(archive, earlier, context)), {
      host: flags.host,
      port: flags.port,
    });
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

/** The earlier run, and the comparison with it as `dailies diff` makes it. */
async function withEarlier(
  archive: RunArchive,
  earlier: RunArchive | null,
  context: CommandContext,
): Promise<EarlierRun | null> {
  if (earlier === null) return null;
  const config = await loadConfig(null, context.cwd);
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
