import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { OUTPUT_FORMATS } from '../src/config/config.ts';
import { readRate } from '../src/config/load-config.ts';
import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database } from '../src/engine/database.ts';
import { applyBudgets, planBudgets, rowsFor } from '../src/judge/budgets.ts';
import { runCommandLine } from '../src/commands/program.ts';
import { runScan } from '../src/commands/scan.ts';
import type { RuleOutcome, RunDocument } from '../src/run/document.ts';
import { finiteInterval } from '../src/sampling/binomial.ts';
import { buildReportFixture } from './report-fixture.ts';

let root: string;
let cwd: string;
let out: string;
let err: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dailies-gate-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  cwd = await mkdtemp(join(root, 'cwd-'));
});

type Row = { readonly key: string; readonly caption: string | null; readonly source_id?: string };

async function writeRows(name: string, rows: readonly Row[]): Promise<void> {
  await writeFile(join(cwd, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Sound captions, all different. */
function soundRows(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `clip-${index}`,
    caption: `A sailing boat number ${index} crosses the bay past ${index + 3} gulls in the morning sun.`,
    source_id: `film-${index % 3}`,
  }));
}

const unused = (): Promise<number> => Promise.reject(new Error('not under test'));

/** Runs `dailies …` in `cwd`; resolves to its exit code. */
async function dailies(...args: readonly string[]): Promise<number> {
  out = '';
  err = '';
  return runCommandLine(
    [...args, '-q'],
    {
      scan: runScan,
      diff: unused,
      report: unused,
      serve: unused,
      rules: unused,
      init: unused,
      worker: unused,
    },
    {
      cwd,
      env: {},
      stdout: { write: (text) => void (out += text), isTty: false, columns: 80 },
      stderr: { write: (text) => void (err += text), isTty: false, columns: 80 },
      signal: new AbortController().signal,
    },
    '0.0.0',
  );
}

function document(): RunDocument {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- held against its schema in another test
  return JSON.parse(out) as RunDocument;
}

const SCAN = ['scan', 'clips.jsonl', '--select', 'empty-caption,refusal-caption'] as const;
const REFUSAL = "I'm sorry, but I can't help with describing this video.";

describe('suppressions', () => {
  beforeEach(async () => {
    await writeRows('clips.jsonl', [...soundRows(30), { key: 'old', caption: '' }]);
  });

  it('of the old defects make the gate green, and a new defect makes it red again', async () => {
    expect(await dailies(...SCAN)).toBe(1);
    expect(await dailies(...SCAN, '--update-suppressions', '--reason', 'known')).toBe(1);
    expect(await dailies(...SCAN)).toBe(0);
    expect(out).toContain('1 finding is suppressed');
    await writeRows('clips.jsonl', [
      ...soundRows(30),
      { key: 'old', caption: '' },
      { key: 'new', caption: '' },
    ]);
    expect(await dailies(...SCAN, '--format', 'json')).toBe(1);
    const rule = document().rules.find((each) => each.id === 'empty-caption');
    expect(rule).toMatchObject({ affected: 1, suppressed: 1, outcome: 'failed' });
  });

  it.each([
    ['key: old', 0],
    ['key: [old, other]', 0],
    ['shard: clips.*', 0],
    ['shard: other.*', 1],
    ['source: film-9', 1],
    [`where: "key = 'old' and caption = ''"`, 0],
    [`where: "false"`, 1],
  ])('select by %s', async (selector, code) => {
    await writeFile(
      join(cwd, 'dailies-suppressions.yaml'),
      `- rule: empty-caption\n  ${selector}\n  reason: known\n`,
    );
    expect(await dailies(...SCAN)).toBe(code);
  });

  it.each([
    ['- rule: empty-caption\n  key: old\n', `lacks the key 'reason'`],
    ['- rule: empty-caption\n  key: old\n  reason: " "\n', '/reason'],
    ['- rule: empty-captoin\n  key: old\n  reason: x\n', `did you mean 'empty-caption'`],
    ['- rule: empty-caption\n  reason: x\n', 'selects every finding'],
    [
      `- rule: empty-caption\n  where: "key in (select content from read_text('/etc/hosts'))"\n  reason: x\n`,
      'read_text',
    ],
    ['- rule: empty-caption\n  where: no_such_column = 1\n  reason: x\n', 'no_such_column'],
    ['- rule: empty-caption\n  key: old\n  until: soon\n  reason: x\n', '/until'],
  ])('that say too little or too much end with exit code 2: %j', async (text, what) => {
    await writeFile(join(cwd, 'dailies-suppressions.yaml'), text);
    expect(await dailies(...SCAN)).toBe(2);
    expect(err).toContain(what);
  });

  it('that are expired or useless are told, fail under --strict, and --prune takes them out', async () => {
    const file = join(cwd, 'dailies-suppressions.yaml');
    await writeFile(
      file,
      [
        '# kept',
        '- rule: empty-caption # why',
        '  key: old',
        '  reason: known',
        '- { rule: empty-caption, key: gone, reason: mended }',
        '- { rule: refusal-caption, key: clip-1, reason: once, until: 2020-01-01 }',
        '',
      ].join('\n'),
    );
    expect(await dailies(...SCAN)).toBe(0);
    expect(out).toContain('suppressions are expired or useless');
    expect(await dailies(...SCAN, '--strict')).toBe(1);
    expect(await dailies(...SCAN, '--prune')).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(
      '# kept\n- rule: empty-caption # why\n  key: old\n  reason: known\n',
    );
    expect(await dailies(...SCAN, '--strict')).toBe(0);
  });

  it('that are expired suppress nothing', async () => {
    await writeFile(
      join(cwd, 'dailies-suppressions.yaml'),
      '- { rule: empty-caption, key: old, reason: once, until: 2020-01-01 }\n',
    );
    expect(await dailies(...SCAN)).toBe(1);
  });
});

describe('published captions with a known defect', () => {
  type Published = { readonly key: string; readonly caption: string };
  const RULES = 'empty-caption,prompt-leak-caption,repeated-caption';
  const firstOfEach = (rows: readonly Published[]): readonly Published[] =>
    rows.filter((row, at) => rows.findIndex((each) => each.caption === row.caption) === at);
  const withoutSeeds = (rows: readonly Published[]): readonly Published[] =>
    rows.map((row) => ({ ...row, caption: row.caption.replace(/["”]?\s*seed: ?\d+.*$/, '') }));

  it.each([
    [
      'dynamicrafter',
      (rows: readonly Published[]) => rows.filter((row) => row.caption.trim() !== ''),
    ],
    ['motiondirector', withoutSeeds],
    ['mdm', firstOfEach],
  ] as const)(
    '%s: red as published, green mended, green accepted, red with a new defect',
    async (name, mend) => {
      const file = new URL(`./gate-fixtures/${name}.jsonl`, import.meta.url);
      const lines = (await readFile(file, 'utf8')).trim().split('\n');
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a fixture of this test
      const rows = JSON.parse(`[${lines.join(',')}]`) as readonly Published[];
      const judge = async (own: readonly Published[], ...flags: readonly string[]) => {
        await writeRows('clips.jsonl', own);
        return dailies('scan', 'clips.jsonl', '--select', RULES, ...flags);
      };
      expect(await judge(mend(rows))).toBe(0);
      expect(await judge(rows, '--update-suppressions', '--reason', 'known')).toBe(1);
      expect(await judge(rows, '--strict')).toBe(0);
      expect(await judge([...rows, { key: 'new', caption: '' }])).toBe(1);
    },
  );
});

describe('severities and budgets', () => {
  it.each([
    ['severity: { empty-caption: note }', 0],
    ['severity: { captions: note }', 0],
    ['severity: { "empty-*": note }', 0],
    ['severity: { captions: note, empty-caption: error }', 1],
    ['severity: { "*": note, captions: error }', 1],
    ['severity: { captions: off, empty-caption: note }', 0],
    ['budgets: { captions: { max_count: 1 } }', 0],
    ['budgets: { "*-caption": { max_count: 0 }, captions: { max_count: 1 } }', 0],
    ['budgets: { captions: { max_count: 1 }, empty-caption: { max_count: 0 } }', 1],
    ['options: { captions: { minimum: 1 } }', 2],
    ['severity: { captoins: note }', 2],
  ])('are set by id, family or glob, the id first: %s', async (setting, code) => {
    await writeRows('clips.jsonl', [...soundRows(30), { key: 'old', caption: '' }]);
    await writeFile(join(cwd, 'dailies.yaml'), `rules:\n  ${setting}\n`);
    expect(await dailies(...SCAN)).toBe(code);
  });
});

describe('key lists', () => {
  it('hold every failing key of every rule, and every key that passed', async () => {
    await writeRows('clips.jsonl', [
      ...soundRows(5),
      { key: 'empty', caption: '' },
      { key: 'refused', caption: REFUSAL },
      { key: 'known', caption: '' },
    ]);
    await writeFile(
      join(cwd, 'dailies-suppressions.yaml'),
      '- { rule: empty-caption, key: known, reason: x }\n',
    );
    await dailies(...SCAN, '--quarantine', 'out/bad.parquet', '--allow-list', 'good.parquet');
    const database = await Database.open();
    const bad = await database.rows(
      `select rule_id, key, is_suppressed from ${quoteLiteral(join(cwd, 'out/bad.parquet'))}`,
    );
    const good = await database.rows(`select key from ${quoteLiteral(join(cwd, 'good.parquet'))}`);
    database.close();
    expect(bad).toEqual([
      { rule_id: 'empty-caption', key: 'empty', is_suppressed: false },
      { rule_id: 'empty-caption', key: 'known', is_suppressed: true },
      { rule_id: 'refusal-caption', key: 'refused', is_suppressed: false },
    ]);
    expect(good.map((row) => row['key'])).toEqual([...soundRows(5).map((row) => row.key), 'known']);
  });
});

describe('budgets', () => {
  let failed: RuleOutcome;
  beforeAll(async () => {
    const { run } = await buildReportFixture();
    const found = run.rules.find((rule) => rule.outcome === 'failed' && rule.isSampled);
    if (found === undefined) throw new Error('no sampled rule failed in the fixture');
    failed = found;
  });

  function seen(affected: number, examined: number, eligible: number): RuleOutcome {
    return {
      ...failed,
      reason: null,
      outcome: affected > 0 ? 'failed' : 'passed',
      affected,
      examined,
      eligible,
      rate: affected / examined,
      interval: finiteInterval(affected, examined, eligible),
      isSampled: examined < eligible,
    };
  }

  it.each([
    // affected, examined, eligible, limit, outcome
    [0, 3000, 1e6, 0.01, 'passed'],
    [3, 3000, 1e6, 0.01, 'passed'],
    [60, 3000, 1e6, 0.01, 'failed'],
    [0, 100, 1e6, 0.01, 'incomplete'],
    [2, 300, 1e6, 0.01, 'incomplete'],
    [5, 1000, 1000, 0.01, 'passed'],
    [11, 1000, 1000, 0.01, 'failed'],
  ] as const)(
    '%i of %i in %i rows against %f: %s',
    (affected, examined, eligible, maxRate, kind) => {
      const [rule] = applyBudgets([seen(affected, examined, eligible)], {
        [failed.id]: { maxRate, maxCount: null, notIncreasing: false },
      });
      expect(rule?.outcome).toBe(kind);
      expect(rule?.reason).toContain('budget');
    },
  );

  it('name a number of rows that would do, and one row fewer would not', () => {
    const needed = rowsFor(0, 0.01, 1e6);
    expect(finiteInterval(0, needed, 1e6).high).toBeLessThanOrEqual(0.01);
    expect(finiteInterval(0, needed - 1, 1e6).high).toBeGreaterThan(0.01);
  });

  it('say before the run how many clips they need, by both ways of counting', () => {
    const budget = { maxRate: 0.0005, maxCount: null, notIncreasing: false };
    const plan = (size: number): readonly string[] =>
      planBudgets({ 'frozen-frames': budget }, ['frozen-frames'], { size, population: 1e6 });
    const needed = rowsFor(0, 0.0005, 1e6);
    expect(plan(3000)).toEqual([
      `the budget of frozen-frames (0.05 %) needs ${needed.toLocaleString('en-US')} clips without a finding (exact binomial; rule of three: 6,000); the sample has 3,000, too few: --sample ${needed}`,
    ]);
    expect(plan(needed)[0]).not.toContain('too few');
    expect(plan(1e6)).toEqual([]);
  });

  it('count rows, and see a rise against the earlier run', () => {
    const budget = { maxRate: null, maxCount: 5, notIncreasing: false };
    const judged = (rule: RuleOutcome): string | undefined =>
      applyBudgets([rule], { [failed.id]: budget })[0]?.outcome;
    expect(judged(seen(5, 1000, 1000))).toBe('passed');
    expect(judged(seen(6, 1000, 1000))).toBe('failed');
    const rise = (was: number): string | undefined =>
      applyBudgets(
        [
          {
            ...seen(6, 1000, 1000),
            baseline: {
              outcome: 'failed',
              affected: was,
              examined: 1000,
              rate: was / 1000,
              new: 0,
              unchanged: 0,
              absent: 0,
              riseP: 0.5,
            },
          },
        ],
        { [failed.id]: { maxRate: null, maxCount: null, notIncreasing: true } },
      )[0]?.outcome;
    expect(rise(6)).toBe('passed');
    expect(rise(5)).toBe('failed');
  });

  it('turn a known rate of a defect green, and more of it red', async () => {
    await writeRows('clips.jsonl', [...soundRows(99), { key: 'old', caption: '' }]);
    expect(await dailies(...SCAN, '--budget', 'empty-caption=1%')).toBe(0);
    expect(await dailies(...SCAN, '--budget', 'empty-caption=0.5%')).toBe(1);
    expect(await dailies(...SCAN, '--budget', 'empty-caption=much')).toBe(2);
  });

  it('are read as per cent or as a ratio', () => {
    expect(['0.05 %', '5%', '0.5', 1].map(readRate)).toEqual([0.0005, 0.05, 0.5, 1]);
    expect(['', '101 %', '-1', 'x'].map(readRate)).toEqual([NaN, NaN, NaN, NaN]);
  });
});

describe('a redacted run', () => {
  it('writes no key, path, caption or value into any output', async () => {
    const secrets = ['SecretKey', 'SecretCaption', 'SecretSource', 'SecretShard', 'SecretFolder'];
    await mkdir(join(cwd, 'SecretFolder'));
    await writeRows('SecretFolder/SecretShard.jsonl', [
      ...soundRows(20),
      { key: 'SecretKey-1', caption: '', source_id: 'SecretSource' },
      {
        key: 'SecretKey-2',
        caption: `I'm sorry, but I can't help with describing the SecretCaption in this video.`,
        source_id: 'SecretSource',
      },
      { key: 'SecretKey-2', caption: 'SecretCaption again', source_id: 'SecretSource' },
    ]);
    await writeFile(join(cwd, 'SecretFolder/SecretShard-2.jsonl'), '{"key": "SecretKey-3", "capt');
    const outputs = OUTPUT_FORMATS.flatMap((format) => ['--output', `${format}=out/${format}`]);
    const code = await dailies(
      'scan',
      'SecretFolder',
      '--redact',
      ...outputs,
      '--quarantine',
      'out/bad.parquet',
      '--allow-list',
      'out/good.parquet',
      '--run-dir',
      'out/run',
      '--cache-dir',
      'cache',
    );
    expect({ code, err: err.split('wrote')[0] }).toEqual({ code: 1, err: '' });
    const database = await Database.open();
    const said: [string, string][] = [['stdout', out]];
    for (const entry of await readdir(join(cwd, 'out'), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (!entry.isFile()) continue;
      said.push([file, (await readFile(file)).toString('latin1')]);
      if (file.endsWith('.parquet')) {
        const rows = await database.rows(`select * from ${quoteLiteral(file)}`);
        said.push([
          file,
          JSON.stringify(rows, (_, value: unknown) =>
            typeof value === 'bigint' ? String(value) : value,
          ),
        ]);
      }
    }
    database.close();
    expect(said.length).toBeGreaterThan(12);
    const leaks = said.flatMap(([file, text]) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${file}: ${secret}`),
    );
    expect(leaks).toEqual([]);
  });
});
