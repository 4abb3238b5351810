import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ScanResult } from '../src/audit/scan-request.ts';
import { DEFAULT_CONFIG } from '../src/config/config.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { readRun } from '../src/run/read-run.ts';
import { scan } from '../src/scan.ts';

const QUICKSTART = join(PACKAGE_ROOT, 'examples/quickstart');

type Truth = Readonly<Record<string, readonly string[]>>;

async function readTruth(name: string): Promise<Truth> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this repository
  return JSON.parse(await readFile(join(QUICKSTART, name), 'utf8')) as Truth;
}

describe('a scan of the quickstart data', () => {
  let folder: string;
  let result: ScanResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dailies-scan-'));
    result = await scan({
      config: { ...DEFAULT_CONFIG, dataset: [QUICKSTART] },
      cwd: folder,
      runFolder: join(folder, 'run'),
      command: ['dailies', 'scan', 'examples/quickstart'],
    });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function keysOf(rule: string): readonly string[] {
    const found = result.report.findings.filter((finding) => finding.rule_id === rule);
    return [...new Set(found.map((finding) => finding.key ?? ''))].toSorted();
  }

  it('finds every known defect that a rule exists for', async () => {
    const truth = await readTruth('truth.json');
    const shipped = new Set(result.report.run.rules.map((rule) => rule.id));
    const missed = Object.entries(truth)
      .filter(([rule]) => shipped.has(rule))
      .flatMap(([rule, keys]) =>
        keys.filter((key) => !keysOf(rule).includes(key)).map((key) => `${rule}: ${key}`),
      );

    expect(missed).toEqual([]);
  });

  it('finds nothing of the kind in clips that are known to be clean', async () => {
    const truth = await readTruth('truth.json');
    const debatable = await readTruth('debatable.json');
    const alarms = Object.keys(truth).flatMap((rule) =>
      keysOf(rule)
        .filter((key) => !truth[rule]?.includes(key) && debatable[rule]?.includes(key) !== true)
        .map((key) => `${rule}: ${key}`),
    );

    expect(alarms).toEqual([]);
  });

  it('accounts for every medium: planned are those measured and those that say why not', () => {
    for (const probe of result.report.run.probes) {
      expect(probe.ok + probe.bad, probe.table).toBe(probe.planned);
    }
  });

  it('keeps all of it in the run folder, to be read back as it was', async () => {
    const kept = await readRun(result.runFolder);

    expect(kept.run).toEqual(result.report.run);
    expect(kept.findings).toHaveLength(result.report.findings.length);
    expect(kept.clips).toEqual(result.report.clips);
  });

  it('says the same and decodes nothing when it runs again', async () => {
    const again = await scan({
      config: { ...DEFAULT_CONFIG, dataset: [QUICKSTART] },
      cwd: folder,
      runFolder: join(folder, 'again'),
      command: ['dailies', 'scan', 'examples/quickstart'],
    });

    expect(again.report.findings).toEqual(result.report.findings);
    expect(again.report.run.rules).toEqual(result.report.run.rules);
    for (const probe of again.report.run.probes) expect(probe.cached).toBeGreaterThan(80);
  });

  it('ends the command with 1, because errors were found', () => {
    const cli = join(PACKAGE_ROOT, 'dist/src/cli.js');
    const failed = spawnSync(process.execPath, [cli, 'scan', QUICKSTART, '-q'], {
      cwd: folder,
      encoding: 'utf8',
    });

    expect(failed.status).toBe(1);
    expect(failed.stdout).toContain('duplicate-key');
  });
});
