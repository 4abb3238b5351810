import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { renderSelftest } from '../reports/selftest-text.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { DailiesError } from '../src/dailies-error.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { SILENT } from '../src/progress.ts';
import { scan } from '../src/scan.ts';
import { selftest } from '../src/selftest/selftest.ts';

/** Clips of each dataset whose media are looked at. */
const MEDIA = '200';

/** Datasets named on the command line; else the example data, and every set of ../shared/data where that is there. */
async function listDatasets(): Promise<readonly string[]> {
  const named = process.argv.slice(2);
  if (named.length > 0) return named;
  const shared = join(PACKAGE_ROOT, '../shared/data');
  const sets = existsSync(shared)
    ? (await readdir(shared, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(shared, entry.name))
        .toSorted()
    : [];
  return [join(PACKAGE_ROOT, 'examples/quickstart'), ...sets];
}

const context = { signal: new AbortController().signal, progress: SILENT };
for (const dataset of await listDatasets()) {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-detection-'));
  const config = { ...DEFAULT_CONFIG, dataset: [dataset] };
  try {
    const scanned = await scan(
      { config: { ...config, sample: MEDIA }, cwd: folder, runFolder: null, command: [] },
      context,
    );
    const document = await selftest(
      {
        config,
        cwd: folder,
        runFolder: scanned.runFolder,
        report: scanned.report,
        configuredSample: config.sample,
      },
      context,
    );
    console.log(`\n## ${document.dataset}\n\n${renderSelftest(document, { markdown: true })}`);
  } catch (error) {
    if (!(error instanceof DailiesError)) throw error;
    console.log(`\n## ${dataset}\n\nnot read: ${error.message}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
