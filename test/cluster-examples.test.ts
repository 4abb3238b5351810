import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { PACKAGE_ROOT } from '../src/package-root.ts';

const run = promisify(execFile);
const EXAMPLES = join(PACKAGE_ROOT, 'examples/cluster');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dailies-parts-'));
  await cp(join(EXAMPLES, 'run-part.sh'), join(folder, 'run-part.sh'));
  await mkdir(join(folder, 'tasks'));
  for (const part of [0, 1, 2]) {
    const lines = [0, 1].map((index) =>
      JSON.stringify({ id: `${part}-${index}`, path: join(folder, 'none.mp4'), wants: ['files'] }),
    );
    await writeFile(join(folder, 'tasks', `part-${part}.jsonl`), `${lines.join('\n')}\n`);
  }
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const env = {
  ...process.env,
  DAILIES_WORKER: `${process.execPath} ${join(PACKAGE_ROOT, 'dist/src/cli.js')} worker --workers 1`,
};

async function idsOfVerdicts(): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const name of await readdir(join(folder, 'verdicts'))) {
    const text = await readFile(join(folder, 'verdicts', name), 'utf8');
    for (const line of text.trim().split('\n')) ids.push(String(JSON.parse(line).id));
  }
  return ids.toSorted();
}

/** The shell block of the README that holds `word`, without its comments. */
async function commandWith(word: string): Promise<string> {
  const text = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([^`]*)```/g)].map((match) => match[1] ?? '');
  const block = blocks.find((each) => each.includes(word)) ?? '';
  return block.replaceAll(/^#.*$/gm, '').trim();
}

describe('parts of a scan under other schedulers', () => {
  it('all have their verdicts once, as the README calls them with xargs', async () => {
    await run('sh', ['-c', await commandWith('xargs')], { cwd: folder, env });
    expect(await idsOfVerdicts()).toEqual(['0-0', '0-1', '1-0', '1-1', '2-0', '2-1']);

    // A second call finds all done, and changes nothing.
    await run('sh', ['-c', await commandWith('xargs')], { cwd: folder, env });
    expect(await idsOfVerdicts()).toHaveLength(6);
  });

  it('are chosen by the index of a Slurm array', async () => {
    const wrapped = /--wrap '([^']*)'/.exec(await commandWith('sbatch'))?.[1] ?? '';
    await run('sh', ['-c', wrapped], { cwd: folder, env: { ...env, SLURM_ARRAY_TASK_ID: '1' } });

    expect(await idsOfVerdicts()).toEqual(['1-0', '1-1']);
  });

  it('are chosen by the index of a Kubernetes job', async () => {
    const documents = parseAllDocuments(await readFile(join(EXAMPLES, 'kubernetes.yaml'), 'utf8'));
    const script = String(documents[0]?.getIn(['data', 'run-part.sh']));
    expect(documents[1]?.getIn(['spec', 'completionMode'])).toBe('Indexed');
    await run('sh', ['-c', script.replace('cd /work', `cd '${folder}'`)], {
      env: { ...env, JOB_COMPLETION_INDEX: '2', HOSTNAME: 'pod' },
    });

    expect(await idsOfVerdicts()).toEqual(['2-0', '2-1']);
  });

  it('are not there when their worker fails', async () => {
    const failing = run('sh', ['run-part.sh', 'part-0.jsonl'], {
      cwd: folder,
      env: { ...env, DAILIES_WORKER: 'sh -c "head -n 1; exit 2"' },
    });

    await expect(failing).rejects.toMatchObject({ code: 2 });
    expect(await readdir(join(folder, 'verdicts'))).toEqual([]);
  });
});
