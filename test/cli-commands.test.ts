import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { CommandContext } from '../src/commands/command-context.ts';
import { draftConfig } from '../src/commands/draft-config.ts';
import { runInit } from '../src/commands/init.ts';
import { runReport } from '../src/commands/report.ts';
import { runRules } from '../src/commands/rules.ts';
import { runScan } from '../src/commands/scan.ts';
import { CONFIG_SCHEMA, loadConfig } from '../src/config/load-config.ts';
import { CANONICAL_COLUMNS } from '../src/dataset/canonical-columns.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { renderRulesReadme } from '../src/judge/rules-readme.ts';
import { textTable, wrapText } from '../src/judge/text-table.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';

let root: string;
let cwd: string;
let out: string;
let err: string;
let context: CommandContext;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dailies-commands-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  cwd = await mkdtemp(join(root, 'cwd-'));
  out = '';
  err = '';
  context = {
    cwd,
    env: {},
    stdout: { write: (text) => void (out += text), isTty: false, columns: 80 },
    stderr: { write: (text) => void (err += text), isTty: false, columns: 80 },
    signal: new AbortController().signal,
  };
});

const OWN_RULE = `
id: too-short
title: Clips shorter than a training window
severity: warning
scope: clip
level: L0
needs: [clips.duration_s]
options:
  least_s: { type: number, minimum: 0, default: 2, description: Length of the training window in seconds. }
message: lasts {{duration_s}} s
where: duration_s < $least_s
why: The loader pads such a clip with copies of its last frame.
step: cutting
fix: Filter by duration before captioning, or lower the window.
examples:
  - finds: [a]
    clips: [{ key: a, duration_s: 1.5 }]
  - note: exactly as long as the window
    finds: []
    clips: [{ key: b, duration_s: 2 }]
`;

describe('dailies rules', () => {
  const flags = { rules: [], format: 'text' } as const;

  it('lists every rule once, with its severity and what it looks at', async () => {
    const rules = await loadRules();
    expect(await runRules(undefined, flags, context)).toBe(0);
    for (const rule of rules) {
      const lines = out.split('\n').filter((line) => line.split(/\s+/)[1] === rule.id);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(rule.severity);
    }
    expect(out).toContain(`${rules.length} rules;`);
  });

  it('explains every rule within 100 columns, but for SQL, names and examples', async () => {
    for (const rule of await loadRules()) {
      out = '';
      await runRules(rule.id, flags, context);
      expect(out).toContain(rule.id);
      expect(out.match(/^Example: /gm)).toHaveLength(rule.examples.length);
      const [prose = ''] = out.split('\nSQL\n');
      const wide = prose
        .split('\n')
        .slice(1)
        .filter(
          (line) => line.length > 100 && !line.includes('rules: {') && !/^\S* +\S+$/.test(line),
        );
      expect(wide).toEqual([]);
    }
  });

  it("explains a user's rule: options with limits, SQL, examples as tables", async () => {
    await mkdir(join(cwd, 'mine', 'length'), { recursive: true });
    await writeFile(join(cwd, 'mine', 'length', 'too-short.yaml'), OWN_RULE);
    await runRules('too-short', { rules: ['mine'], format: 'text' }, context);
    expect(out).toBe(`too-short   warning · length · one finding a clip · manifest only

Clips shorter than a training window

Why     The loader pads such a clip with copies of its last frame.
Step    cutting
Fix     Filter by duration before captioning, or lower the window.
Says    lasts {{duration_s}} s
Needs   clips.duration_s

Options
  least_s   number from 0, default 2
      Length of the training window in seconds.

  # dailies.yaml
  rules: { options: { too-short: { least_s: 2 } } }

SQL
  where: duration_s < $least_s

Example: finds 'a'
  clips
    key  duration_s
    a    1.5

Example: stays silent — exactly as long as the window
  clips
    key  duration_s
    b    2
`);
  });

  it('finds rules of the folders that dailies.yaml names', async () => {
    await mkdir(join(cwd, 'mine', 'length'), { recursive: true });
    await writeFile(join(cwd, 'mine', 'length', 'too-short.yaml'), OWN_RULE);
    await writeFile(join(cwd, 'dailies.yaml'), 'rules: { dirs: [mine] }');
    await runRules('too-short', { rules: [], format: 'json' }, context);
    expect(JSON.parse(out)).toMatchObject({ id: 'too-short', family: 'length' });
  });

  it('answers an unknown rule with the one that was probably meant', async () => {
    await expect(runRules('frozen-frmaes', flags, context)).rejects.toMatchObject({
      code: 'usage',
      message: `unknown rule 'frozen-frmaes'; did you mean 'frozen-frames'?`,
    });
  });

  it('agrees with the generated rules/README.md', async () => {
    const page = await readFile(join(PACKAGE_ROOT, 'rules', 'README.md'), 'utf8');
    expect(page).toBe(renderRulesReadme(await loadRules()));
  });
});

describe('dailies init', () => {
  const MANIFEST =
    'id,video_path,text,weird: name\na,1.mp4,a dog runs over a lawn,1\nb,2.mp4,a cat sleeps on a sofa,2\n';

  it('writes the mapping with its reasons, in a file that loads as it was meant', async () => {
    await writeFile(join(cwd, 'clips.csv'), MANIFEST);
    expect(await runInit(['clips.csv'], {}, context)).toBe(0);
    const text = await readFile(join(cwd, 'dailies.yaml'), 'utf8');
    expect(text).toBe(out);
    expect(text).toMatch(/^ {2}caption: text +# /m);
    expect(text).toContain('weird: name');
    expect(await loadConfig(null, cwd)).toMatchObject({
      dataset: [join(cwd, 'clips.csv')],
      mediaRoot: cwd,
      columns: { key: ['id'], path: ['video_path'], caption: ['text'] },
      sample: '3000',
      gate: { failOn: 'error', allowIncomplete: false },
    });
  });

  it('does not overwrite what is there, unless told', async () => {
    await writeFile(join(cwd, 'clips.csv'), MANIFEST);
    await writeFile(join(cwd, 'dailies.yaml'), 'seed: mine\n');
    await expect(runInit(['clips.csv'], {}, context)).rejects.toMatchObject({
      code: 'usage',
      hint: 'pass --force to overwrite it',
    });
    expect(await readFile(join(cwd, 'dailies.yaml'), 'utf8')).toBe('seed: mine\n');
    expect(await runInit(['clips.csv'], { force: true }, context)).toBe(0);
    expect(await readFile(join(cwd, 'dailies.yaml'), 'utf8')).toBe(out);
  });

  it('writes nothing for a dataset that cannot be read', async () => {
    await expect(runInit(['absent.parquet'], {}, context)).rejects.toMatchObject({
      code: 'dataset',
    });
    await expect(readFile(join(cwd, 'dailies.yaml'))).rejects.toThrow('ENOENT');
  });

  it('keeps hostile names and reasons inside their quotes and comments', async () => {
    const name = 'a: b\n#\u2028"]\u0000, [';
    const text = draftConfig({
      paths: [name],
      mediaRoot: '- x',
      rows: 0,
      shards: 1,
      format: 'csv',
      columns: [
        { name, type: 'VARCHAR', role: 'caption', reason: 'because\ngate: { fail_on: never }' },
        { name: 'null', type: 'VARCHAR', role: 'path', reason: '' },
        { name: '\u001B[31m', type: 'VARCHAR', role: null, reason: '' },
      ],
      warnings: ['one\ntwo: 2'],
    });
    expect(text).not.toContain('\u001B');
    await writeFile(join(cwd, 'dailies.yaml'), text);
    const config = await loadConfig(null, cwd);
    expect(config.columns).toEqual({ caption: [name], path: ['null'] });
    expect(config.mediaRoot).toBe(join(cwd, '- x'));
    expect(config.gate.failOn).toBe('error');
  });
});

describe('dailies report', () => {
  const flags = { format: 'text', output: [], color: true } as const;
  const scanFlags = {
    columns: [],
    rules: [],
    select: [],
    ignore: [],
    output: [],
    tier: 'manifest',
    format: 'text',
    quiet: true,
    color: true,
  } as const;

  it('renders the newest run as its scan did, without the data', async () => {
    const file = join(cwd, 'clips.csv');
    await writeFile(file, 'key,caption\na,a dog runs over a lawn\na,a cat sleeps on a sofa\n');
    const exitCode = await runScan(['clips.csv'], scanFlags, context);
    expect(exitCode).not.toBe(2);
    const verdict = out;
    expect(verdict).toContain('duplicate-key');
    await rm(file);
    out = '';
    expect(await runReport(undefined, flags, context)).toBe(0);
    expect(out).toBe(verdict);
  });

  it('writes other formats, and keeps stdout silent if asked', async () => {
    await writeFile(join(cwd, 'clips.csv'), 'key,caption\na,a dog runs over a lawn\n');
    await runScan(['clips.csv'], { ...scanFlags, runDir: 'run' }, context);
    out = '';
    const output = ['html=out/report.html', 'json=out/run.json', 'text=out/verdict.txt'];
    await runReport('run', { ...flags, format: 'none', output }, context);
    expect(out).toBe('');
    expect(await readFile(join(cwd, 'out/run.json'), 'utf8')).toBe(
      await readFile(join(cwd, 'run/run.json'), 'utf8'),
    );
    expect(await readFile(join(cwd, 'out/report.html'), 'utf8')).toContain('<!doctype html>');
    expect(err).toContain('wrote out/report.html');
  });

  it('says where runs come from when there is none', async () => {
    await expect(runReport(undefined, flags, context)).rejects.toMatchObject({ code: 'usage' });
    await expect(runReport('nowhere', flags, context)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('schema of dailies.yaml', () => {
  it('knows exactly the canonical columns', async () => {
    const schema: unknown = JSON.parse(await readFile(CONFIG_SCHEMA, 'utf8'));
    expect(schema).toHaveProperty('properties.columns.properties');
    const known: unknown = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
      key === 'columns' && typeof value === 'object' && value !== null && 'properties' in value
        ? value.properties
        : value,
    );
    expect(known).toHaveProperty('properties.columns', expect.any(Object));
    for (const column of Object.keys(CANONICAL_COLUMNS)) {
      expect(known).toHaveProperty(`properties.columns.${column}`);
    }
  });
});

describe('tables of text', () => {
  it('align, and trail nothing', () => {
    expect(textTable([['a', 'bb', 'c'], ['aaa', 'b'], []])).toEqual(['a    bb  c', 'aaa  b', '']);
  });

  it('wrap at spaces, and let a long word stand out', () => {
    expect(wrapText('one two  three\nfour', 8)).toEqual(['one two', 'three', 'four']);
    expect(wrapText('unbreakable x', 4)).toEqual(['unbreakable', 'x']);
    expect(wrapText('', 4)).toEqual([]);
  });
});
