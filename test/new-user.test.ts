import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { renderText } from '../reports/text.ts';
import type { ScanResult } from '../src/audit/scan-request.ts';
import { type Config, DEFAULT_CONFIG } from '../src/config/config.ts';
import { DailiesError } from '../src/dailies-error.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import { SILENT } from '../src/progress.ts';
import { readRun } from '../src/run/read-run.ts';
import { scan } from '../src/scan.ts';

const run = promisify(execFile);

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'dailies-new-user-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const SCENES = [
  'A dog runs over a lawn',
  'Two boats cross the bay',
  'The baker pulls bread from an oven',
  'Snow falls on an empty road',
  'Children draw with chalk',
  'A kite climbs over the dunes',
];

/** Rows of a manifest that nothing is wrong with, some of them of a second year. */
const LINES = Array.from({ length: 60 }, (_, i) =>
  JSON.stringify({
    key: `clip-${i}`,
    caption: `${SCENES[i % SCENES.length]} while somebody counts to ${i}`,
    year: i < 58 ? 'y2024' : 'y2025',
  }),
).join('\n');

async function scanHere(config: Partial<Config>): Promise<ScanResult> {
  return scan({ config: { ...DEFAULT_CONFIG, ...config }, cwd, runFolder: null, command: [] });
}

/** Settings that run a rule with this predicate, and one more. */
async function ruleWith(where: string): Promise<Config['rules']> {
  const folder = await mkdtemp(join(cwd, 'rules-'));
  await writeFile(
    join(folder, 'mine.yaml'),
    `id: mine
title: A rule of one's own
severity: warning
scope: clip
level: L0
needs: [clips.caption]
message: is hit
where: ${JSON.stringify(where)}
why: It stands for any rule that a user writes.
step: none
fix: Mend the rule.
examples:
  - finds: []
    clips: [{ key: a, caption: null }]
  - finds: []
    clips: [{ key: b, caption: null }]
`,
  );
  return { ...DEFAULT_CONFIG.rules, dirs: [folder], select: ['mine', 'empty-caption'] };
}

async function failureOf(config: Partial<Config>): Promise<DailiesError> {
  const failure: unknown = await scanHere(config).catch((reason: unknown) => reason);
  if (!(failure instanceof DailiesError)) throw new Error(`no DailiesError: ${String(failure)}`);
  return failure;
}

describe('settings that a new user gets wrong', () => {
  let dataset: readonly string[];
  beforeAll(async () => {
    await writeFile(join(cwd, 'clips.jsonl'), LINES);
    dataset = [join(cwd, 'clips.jsonl')];
  });

  it.each([
    { config: { strata: ['yaer'] }, says: "strata: the dataset has no column 'yaer'" },
    { config: { localise: ['yaer'] }, says: "localise: the dataset has no column 'yaer'" },
    {
      config: { columns: { source_id: ['yaer'] } },
      says: 'columns.source_id: the dataset has no column "yaer"',
    },
  ])('names the column that was probably meant: $says', async ({ config, says }) => {
    const failure = await failureOf({ ...config, dataset });
    expect(failure).toMatchObject({ code: 'config', message: says });
    expect(failure.hint).toMatch(/did you mean '(year)'\?/);
  });

  it('names the option that was probably meant', async () => {
    const rules = {
      ...DEFAULT_CONFIG.rules,
      options: { 'repeated-caption': { minimum_cips: 4 } },
    };
    const failure = await failureOf({ dataset, rules });
    expect(failure).toMatchObject({
      code: 'config',
      message: "rule repeated-caption has no option 'minimum_cips'",
    });
  });

  it('says that a media root is no folder', async () => {
    const failure = await failureOf({ dataset, mediaRoot: join(cwd, 'nowhere') });
    expect(failure).toMatchObject({ code: 'config' });
    expect(failure.message).toContain('nowhere is no folder');
  });
});

describe('a first scan', () => {
  let dataset: readonly string[];
  beforeAll(async () => {
    await writeFile(join(cwd, 'clips.jsonl'), LINES);
    dataset = [join(cwd, 'clips.jsonl')];
  });

  it('draws from every stratum of any column of the dataset', async () => {
    const result = await scanHere({ dataset, strata: ['year'], sample: '10' });
    expect(result.report.run.plan.sample.size).toBeGreaterThanOrEqual(10);
  });

  it('does not claim to have opened media that nobody looked at', async () => {
    const { report } = await scanHere({ dataset });
    const text = renderText(report.run, { colour: false, width: 100 });
    expect(text).toContain('no media opened');
    expect(text).not.toContain('clips opened');
  });

  it('binds an option that is an empty list', async () => {
    const rules = join(cwd, 'list-rules');
    await mkdir(rules, { recursive: true });
    await writeFile(
      join(rules, 'unwanted-year.yaml'),
      `id: unwanted-year
title: Clips of years that are not wanted
severity: warning
scope: clip
level: L0
needs: [clips.year]
options:
  unwanted: { type: array, default: [], description: Years to leave out. }
message: is of {{year}}
where: list_contains($unwanted, year)
why: The licence of those years ran out.
step: collecting
fix: Filter by year.
examples:
  - finds: []
    clips: [{ key: a, year: y2024 }]
  - finds: [b]
    options: { unwanted: [y2025] }
    clips: [{ key: b, year: y2025 }]
`,
    );
    const { report } = await scanHere({
      dataset,
      rules: { ...DEFAULT_CONFIG.rules, dirs: [rules], select: ['unwanted-year'] },
    });
    expect(report.run.rules.map(({ id, outcome }) => ({ id, outcome }))).toEqual([
      { id: 'unwanted-year', outcome: 'passed' },
    ]);
  });
});

describe('a scan that is stopped', () => {
  it('leaves a run that says so, is no pass, and can be rendered', async () => {
    const stop = new AbortController();
    const dataset = [join(cwd, 'clips.jsonl')];
    const runFolder = join(cwd, 'stopped');
    await writeFile(join(cwd, 'clips.jsonl'), LINES);
    const progress = {
      ...SILENT,
      stage: (label: string, total?: number) => {
        if (label === 'judge') stop.abort();
        return SILENT.stage(label, total);
      },
    };
    const stopped = scan(
      { config: { ...DEFAULT_CONFIG, dataset }, cwd, runFolder, command: ['s3://id:5ec4e7@films'] },
      { signal: stop.signal, progress },
    );
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });

    const { run: document, findings, leftOut } = await readRun(runFolder);

    expect(document.run.state).toBe('interrupted');
    expect(document.run.command).toEqual(['s3://films']);
    expect(document.verdict).toMatchObject({ exitCode: 130 });
    expect(document.verdict.outcome).not.toBe('passed');
    expect(findings).toEqual([]);
    expect(leftOut.join()).toContain('interrupted');
  });
});

describe('a folder that cannot be written', () => {
  it('is named, with the way out', async () => {
    await writeFile(join(cwd, 'clips.jsonl'), LINES);
    await writeFile(join(cwd, 'file'), '');
    const failure: unknown = await scan({
      config: { ...DEFAULT_CONFIG, dataset: [join(cwd, 'clips.jsonl')] },
      cwd,
      runFolder: join(cwd, 'file', 'run'),
      command: [],
    }).catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ code: 'usage', hint: expect.stringContaining('--run-dir') });
  });
});

describe('rules of one’s own', () => {
  let dataset: readonly string[];
  beforeAll(async () => {
    await writeFile(join(cwd, 'clips.jsonl'), LINES);
    dataset = [join(cwd, 'clips.jsonl')];
  });

  it.each(['length(capton) > 3', 'length(repeat(caption, 1000000000)) > 3'])(
    'end errored where their SQL fails, and the others are judged: %s',
    async (where) => {
      const { report } = await scanHere({ dataset, rules: await ruleWith(where) });
      const outcomes = report.run.rules.map(({ id, outcome }) => [id, outcome]);
      expect(outcomes).toEqual([
        ['empty-caption', 'passed'],
        ['mine', 'errored'],
      ]);
      expect(report.run.verdict.exitCode).toBe(3);
    },
  );

  it.each(['true) or (true', 'false), 1::bigint, 0::bigint) | if((true', 'true; select 1'])(
    'are refused if their predicate leaves its place: %s',
    async (where) => {
      const failure = await failureOf({ dataset, rules: await ruleWith(where) });
      expect(failure).toMatchObject({ code: 'config' });
      expect(failure.message).toContain('mine.yaml');
    },
  );

  it('may carry SQL comments', async () => {
    const { report } = await scanHere({
      dataset,
      rules: await ruleWith('length(caption) > 3 -- longer /* than'),
    });
    expect(report.run.rules.find(({ id }) => id === 'mine')).toMatchObject({ affected: 60 });
  });
});

describe('the packed package', () => {
  it('holds all that a scan and its types need, and nothing that was made here', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: PACKAGE_ROOT,
      maxBuffer: 1 << 26,
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what npm documents
    const [packed] = JSON.parse(stdout) as [{ files: { path: string }[]; size: number }];
    const folder = join(cwd, 'installed', 'node_modules', 'dailies');
    for (const { path } of packed.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await cp(join(PACKAGE_ROOT, path), join(folder, path));
    }
    await symlink(join(PACKAGE_ROOT, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(cwd, 'installed', 'clips.jsonl'), LINES);

    const args = ['scan', 'clips.jsonl', '--quiet', '--fail-on', 'never', '-o', 'html=r.html'];
    const scanned = await run(process.execPath, [join(folder, 'dist/src/cli.js'), ...args], {
      cwd: join(cwd, 'installed'),
    });

    expect(scanned.stdout).toContain('in 60 clips');
    expect(await readFile(join(cwd, 'installed', 'r.html'), 'utf8')).toContain('<style>');
    const names = packed.files.map(({ path }) => path);
    expect(names).toContain('dist/src/index.d.ts');
    expect(names.filter((name) => /report\.html$|\.map$|(?<!\.d)\.ts$/.test(name))).toEqual([]);
  });
});
