import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { PACKAGE_ROOT } from '../src/package-root.ts';

type Import = { readonly file: string; readonly target: string };

/** Rows of a Markdown table below a heading, without its head; cells lose their backticks. */
function tableBelow(markdown: string, heading: string): readonly (readonly string[])[] {
  const section = markdown.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );
}

/** `src/media`, `reports`, or the file itself for those that lie directly in `src`. */
function roomOf(file: string): string {
  const [top = '', room = ''] = file.split('/');
  return top === 'src' ? `${top}/${room}` : top;
}

async function listSources(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const top of ['src', 'reports']) {
    for (const entry of await readdir(join(PACKAGE_ROOT, top), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (entry.isFile() && entry.name.endsWith('.ts')) {
        found.push(relative(PACKAGE_ROOT, join(entry.parentPath, entry.name)));
      }
    }
  }
  return found.filter((file) => !file.startsWith('reports/html/client/'));
}

/** Keys of the object that `record` holds under `name`. */
function namesIn(record: unknown, name: string): readonly string[] {
  const entries: [string, unknown][] = Object.entries(record ?? {});
  return entries.filter(([key]) => key === name).flatMap(([, value]) => Object.keys(value ?? {}));
}

describe('rooms', () => {
  let allowed: ReadonlyMap<string, readonly string[]>;
  let contracts: readonly string[];
  let texts: ReadonlyMap<string, string>;
  let relativeImports: readonly Import[];
  let packageImports: readonly Import[];

  beforeAll(async () => {
    const readme = await readFile(join(PACKAGE_ROOT, 'src/README.md'), 'utf8');
    allowed = new Map(
      tableBelow(readme, 'Rooms').map(([room = '', , imports = '']) => [
        room,
        imports.split(/[ ,]+/).filter((each) => each !== '' && each !== '–'),
      ]),
    );
    contracts = tableBelow(readme, 'Contracts').map(([file = '']) => file);
    const files = await listSources();
    texts = new Map(
      await Promise.all(
        files.map(
          async (file) => [file, await readFile(join(PACKAGE_ROOT, file), 'utf8')] as const,
        ),
      ),
    );
    const imports = [...texts].flatMap(([file, text]) =>
      [...text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*'([^']+)'/gm)].map((match) => ({
        file,
        target: match[1] ?? '',
      })),
    );
    relativeImports = imports
      .filter(({ target }) => target.startsWith('.'))
      .map(({ file, target }) => ({ file, target: normalize(join(dirname(file), target)) }));
    packageImports = imports.filter(
      ({ target }) => !target.startsWith('.') && !target.startsWith('node:'),
    );
  });

  it('are all named in src/README.md, each below those that import it', () => {
    const rooms = new Set(
      [...texts.keys()].filter((file) => !contracts.includes(file)).map(roomOf),
    );
    expect([...rooms].filter((room) => !allowed.has(room))).toEqual([]);
    const order = [...allowed.keys()];
    for (const [room, imports] of allowed) {
      const upwards = imports.filter((each) => order.indexOf(each) <= order.indexOf(room));
      expect({ room, upwards }).toEqual({ room, upwards: [] });
    }
  });

  it('import only what the table allows, and contracts', () => {
    const broken = relativeImports.filter(({ file, target }) => {
      if (contracts.includes(target) || roomOf(target) === roomOf(file)) return false;
      const rooms = contracts.includes(file) ? [] : allowed.get(roomOf(file));
      return !(rooms ?? []).includes(roomOf(target));
    });
    expect(broken).toEqual([]);
  });

  it('keep DuckDB out of probes, media and reports', () => {
    const broken = packageImports.filter(
      ({ file, target }) =>
        target.startsWith('@duckdb/') &&
        ['src/probes', 'src/media', 'reports'].includes(roomOf(file)),
    );
    expect(broken).toEqual([]);
  });

  it('keep decoders out of all but media, probes and engine', () => {
    const broken = packageImports.filter(
      ({ file, target }) =>
        /^(node-av|sharp)/.test(target) &&
        !['src/media', 'src/probes', 'src/engine', 'src/run'].includes(roomOf(file)),
    );
    expect(broken).toEqual([]);
  });

  it('print and exit only in the command line and in children', () => {
    const broken = [...texts]
      .filter(([, text]) =>
        /\bconsole\.|(?<![.#\w])process\.(?:exit\(|exitCode\b|stdout\b|stderr\b)/.test(text),
      )
      .map(([file]) => file)
      .filter(
        (file) =>
          ![
            'src/cli.ts',
            'src/commands/worker.ts',
            // The main files of child processes.
            'src/media/decoders/serve-jobs.ts',
            'src/engine/filter.ts',
          ].includes(file),
      );
    expect(broken).toEqual([]);
  });

  it('import by file, and load no package that is not a dependency', async () => {
    expect(relativeImports.filter(({ target }) => !/\.(ts|js|json)$/.test(target))).toEqual([]);
    const manifest: unknown = JSON.parse(
      await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8'),
    );
    const known = ['dependencies', 'optionalDependencies'].flatMap((name) =>
      namesIn(manifest, name),
    );
    const unknown = packageImports.filter(
      ({ target }) => !known.some((name) => target === name || target.startsWith(`${name}/`)),
    );
    expect(unknown).toEqual([]);
  });
});
