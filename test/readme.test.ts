import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Actions, runCommandLine } from '../src/commands/program.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { loadRules } from '../src/judge/load-rules.ts';
import { checkSuppressions, loadSuppressions } from '../src/judge/suppressions.ts';
import { runExample } from '../src/judge/run-example.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';

const readme = await readFile(join(PACKAGE_ROOT, 'README.md'), 'utf8');

/** Texts of the fenced blocks of a language. */
function blocks(language: string): readonly string[] {
  return [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text);
}

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'dailies-readme-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

describe('README', () => {
  it('names only commands and flags that exist', async () => {
    const lines = [
      ...blocks('sh').flatMap((text) => text.split('\n')),
      ...[...readme.matchAll(/`(dailies [^`]+)`/g)].map(([, command = '']) => command),
    ]
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => /^(npx )?dailies /.test(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const ran: string[] = [];
      const note = (name: string) => async (): Promise<number> => {
        ran.push(name);
        return 0;
      };
      const actions: Actions = {
        scan: note('scan'),
        diff: note('diff'),
        report: note('report'),
        serve: note('serve'),
        rules: note('rules'),
        init: note('init'),
        selftest: note('selftest'),
        worker: note('worker'),
      };
      let said = '';
      const sink = { write: (text: string) => void (said += text), isTty: false, columns: 80 };
      const args = line.replace(/^(npx )?dailies /, '').split(/\s+/);
      const signal = new AbortController().signal;
      await runCommandLine(
        args,
        actions,
        { cwd, env: {}, stdout: sink, stderr: sink, signal },
        '0',
      );
      expect({ line, ran, said }).toEqual({ line, ran: [args[0]], said: '' });
    }
  });

  it('shows a rule that loads, finds what it says and no more', async () => {
    const texts = blocks('yaml').filter((text) => text.startsWith('id: '));
    expect(texts).toHaveLength(1);
    for (const text of texts) {
      const id = /^id: (\S+)/.exec(text)?.[1] ?? '';
      await mkdir(join(cwd, 'my-rules'), { recursive: true });
      await writeFile(join(cwd, 'my-rules', `${id}.yaml`), text);
      const rule = (await loadRules([join(cwd, 'my-rules')])).find((each) => each.id === id);
      for (const example of rule?.examples ?? []) {
        const { findings } =
          rule === undefined ? { findings: [] } : await runExample(rule, example);
        expect(findings.map((finding) => finding.key)).toEqual(example.finds);
      }
    }
  });

  it('shows settings that load, and the error that a slip really causes', async () => {
    const texts = blocks('yaml').filter((text) => text.startsWith('rules:'));
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) {
      await writeFile(join(cwd, 'dailies.yaml'), text);
      await loadConfig(null, cwd);
      if (!text.includes('ignore:')) continue;
      const slip = text.replace('ignore:', 'ignroe:');
      await writeFile(join(cwd, 'dailies.yaml'), slip);
      const error: unknown = await loadConfig(null, cwd).catch((reason: unknown) => reason);
      expect(readme).toContain(`\`${error instanceof Error ? error.message : 'no error'}\``);
    }
    await rm(join(cwd, 'dailies.yaml'));
  });

  it('shows suppressions that load and name rules there are', async () => {
    const texts = blocks('yaml').filter((text) => text.startsWith('- rule: '));
    expect(texts).toHaveLength(1);
    await writeFile(join(cwd, 'dailies-suppressions.yaml'), texts.join(''));
    const file = await loadSuppressions(null, cwd);
    expect(file?.entries).toHaveLength(1);
    if (file !== null) checkSuppressions(file, await loadRules());
    await rm(join(cwd, 'dailies-suppressions.yaml'));
  });

  it('shows a program that runs as it stands', async () => {
    const [program = ''] = blocks('js');
    await mkdir(join(cwd, 'node_modules'), { recursive: true });
    await symlink(PACKAGE_ROOT, join(cwd, 'node_modules', 'dailies'));
    await writeFile(join(cwd, 'clips.csv'), 'key,caption\na,a dog runs over a lawn\n');
    await writeFile(join(cwd, 'program.mjs'), program);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['program.mjs'], {
      cwd,
    });
    expect(stderr).toBe('');
    expect(stdout).toContain(join('.dailies', 'runs'));
  });

  it('links only to files that are there', async () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target));
    for (const link of links) {
      await expect(
        readFile(join(PACKAGE_ROOT, link.replace(/#.*/, ''))),
        link,
      ).resolves.toBeDefined();
    }
  });
});
