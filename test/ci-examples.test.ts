import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { PACKAGE_ROOT } from '../src/package-root.ts';

const CLI = `${process.execPath} ${join(PACKAGE_ROOT, 'dist/src/cli.js')}`;

let root: string;
let cwd: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dailies-ci-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  cwd = await mkdtemp(join(root, 'job-'));
  await writeFile(join(cwd, 'sound.jsonl'), '{"key": "a", "caption": "A dog runs over a lawn."}\n');
  await writeFile(join(cwd, 'broken.jsonl'), '{"key": "a", "caption": ""}\n');
});

async function readExample(name: string): Promise<string> {
  return readFile(join(PACKAGE_ROOT, 'examples/ci', name), 'utf8');
}

function shell(
  script: string,
  env: Readonly<Record<string, string>>,
): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
  });
  return { code: status, stdout, stderr };
}

type Step = {
  readonly name: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
};
type Action = {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
};

/** Runs the shell steps with their inputs and outputs filled in, as the runner does. */
async function runAction(inputs: Readonly<Record<string, string>>): Promise<{
  readonly codes: readonly (number | null)[];
  readonly stdout: string;
  readonly summary: string;
}> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this repository
  const action = parse(await readExample('action.yml')) as Action;
  const outputs = join(cwd, 'outputs');
  const summary = join(cwd, 'summary');
  await writeFile(outputs, '');
  await writeFile(summary, '');
  const codes: (number | null)[] = [];
  let stdout = '';
  for (const step of action.runs.steps) {
    if (step.run === undefined) continue;
    const said = await readFile(outputs, 'utf8');
    const fill = (text: string): string =>
      text.replaceAll(/\$\{\{ (inputs|steps\.audit\.outputs)\.([a-z-]+) \}\}/g, (_, from, name) =>
        from === 'inputs'
          ? (inputs[String(name)] ?? action.inputs[String(name)]?.default ?? '')
          : (new RegExp(`^${String(name)}=(.*)$`, 'm').exec(said)?.[1] ?? ''),
      );
    const env = Object.fromEntries(
      Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(value)]),
    );
    expect(step.run, 'inputs reach the shell by the environment alone').not.toContain('${{');
    const done = shell(step.run, {
      ...env,
      GITHUB_OUTPUT: outputs,
      GITHUB_STEP_SUMMARY: summary,
    });
    codes.push(done.code);
    stdout += done.stdout;
  }
  return { codes, stdout, summary: await readFile(summary, 'utf8') };
}

describe('the GitHub Action', () => {
  it('is green on a sound dataset', async () => {
    const done = await runAction({ dataset: 'sound.jsonl', command: CLI });
    expect(done.codes).toEqual([0, 0]);
    expect(done.summary).toContain('## ✓ dailies');
  });

  it('is red at its last step, with annotations, a summary and a report', async () => {
    const done = await runAction({ dataset: 'broken.jsonl\n', command: CLI });
    expect(done.codes).toEqual([0, 1]);
    expect(done.stdout).toMatch(
      /^::error file=broken\.jsonl,line=1,title=dailies empty-caption::/m,
    );
    expect(done.summary).toContain('`empty-caption`');
    const sarif = await readFile(join(cwd, 'dailies-report/dailies.sarif'), 'utf8');
    expect(sarif).toContain('"ruleId": "empty-caption"');
  });

  it('passes on the code of a dataset that cannot be read, and takes no input for a command', async () => {
    const done = await runAction({ dataset: '$(touch pwned); x.jsonl', command: CLI });
    expect(done.codes).toEqual([0, 2]);
    await expect(readFile(join(cwd, 'pwned'))).rejects.toThrow('ENOENT');
  });
});

describe('the GitLab template', () => {
  it.each([
    ['sound.jsonl', 0],
    ['broken.jsonl', 1],
  ])('ends %s with %i, and leaves what the merge request shows', async (dataset, code) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this repository
    const template = parse(await readExample('dailies.gitlab-ci.yml')) as {
      readonly '.dailies': { readonly script: readonly string[] };
    };
    const script = template['.dailies'].script.join('\n');
    const done = shell(script, { DAILIES: CLI, DATASET: dataset, FAIL_ON: 'error' });
    expect(done.code).toBe(code);
    const report: unknown = JSON.parse(
      await readFile(join(cwd, 'dailies-report/codequality.json'), 'utf8'),
    );
    expect(report).toHaveLength(code);
  });
});

describe('the pre-commit hook', () => {
  it('refuses a commit with a broken manifest', async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this repository
    const config = parse(await readExample('pre-commit-config.yaml')) as {
      readonly repos: readonly { readonly hooks: readonly { readonly entry: string }[] }[];
    };
    const entry = config.repos[0]?.hooks[0]?.entry.replace('npx --yes dailies', CLI) ?? '';
    expect(shell(`${entry} sound.jsonl`, {}).code).toBe(0);
    expect(shell(`${entry} sound.jsonl broken.jsonl`, {}).code).toBe(1);
  });
});
