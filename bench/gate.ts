/**
 * Whether the gate tells published datasets with known defects from their mended versions, by exit codes:
 * red as published, green once mended, green once the old defects are accepted, red again with one new defect.
 *
 *     npm run bench:gate -- [folder of datasets] [--only name,name]
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { quoteLiteral } from '../src/dataset/sql-quote.ts';
import { Database } from '../src/engine/database.ts';
import { PACKAGE_ROOT } from '../src/package-root.ts';
import {
  GATE_CASES,
  type GateCase,
  type GateRow,
  PAIR_CASES,
  type PairCase,
} from './gate-cases.ts';

const args = process.argv.slice(2);
const at = args.indexOf('--only');
const only = at < 0 ? null : (args[at + 1] ?? '').split(',');
const folder = resolve(
  args.find((arg, index) => !arg.startsWith('--') && index !== at + 1) ??
    join(PACKAGE_ROOT, '../shared/data'),
);
const database = await Database.open({
  memoryLimit: '1GB',
  tempDirectory: tmpdir(),
  threads: 2,
});
const isWanted = ({ name }: { readonly name: string }): boolean =>
  (only === null || only.includes(name)) && existsSync(join(folder, name));
const HEAD = ['set', 'published', 'mended', 'accepted', 'new defect', 'what was wrong'];
console.log(`| ${HEAD.join(' | ')} |\n|---|---|---|---|---|---|`);
let isAllRight = true;
for (const each of GATE_CASES.filter(isWanted)) await runCase(each);
for (const each of PAIR_CASES.filter(isWanted)) await runPair(each);
database.close();
process.exitCode = isAllRight ? 0 : 1;

async function runCase(each: GateCase): Promise<void> {
  const cwd = await mkdtemp(join(tmpdir(), 'dailies-gate-'));
  const source = join(folder, each.name, each.manifest);
  const rows = await readRows(source);
  const media = dirname(source);
  const scan = async (name: string, own: readonly GateRow[], ...more: readonly string[]) => {
    await writeRows(join(cwd, name), own);
    return dailies(cwd, 'scan', name, '--media-root', media, ...each.flags, ...more);
  };
  const published = await scan('published.jsonl', rows);
  const mended = await scan('mended.jsonl', each.mend(rows));
  await scan('published.jsonl', rows, '--update-suppressions', '--reason', 'known');
  const accepted = await scan('published.jsonl', rows, '--strict');
  const spoilt = await scan('spoilt.jsonl', [...rows, newDefect(each, each.mend(rows))]);
  tell(each, [published, mended, accepted, spoilt], [1, 0, 0, 1]);
  await rm(cwd, { recursive: true, force: true });
}

/** A sound row under another key without its caption, or a sound row once more. */
function newDefect(each: GateCase, sound: readonly GateRow[]): GateRow {
  const [first = {}] = sound;
  return each.captionColumn === null
    ? first
    : { ...first, [each.keyColumn]: 'new-defect', [each.captionColumn]: '' };
}

async function runPair(each: PairCase): Promise<void> {
  const cwd = await mkdtemp(join(tmpdir(), 'dailies-gate-'));
  const [before, after] = [each.before, each.after].map((name) => join(folder, each.name, name));
  if (before === undefined || after === undefined) return;
  const older = await readRows(before);
  await writeRows(join(cwd, 'before.jsonl'), older);
  const compare = async (rows: readonly GateRow[]) => {
    await writeRows(join(cwd, 'after.jsonl'), rows);
    return dailies(cwd, 'diff', 'before.jsonl', 'after.jsonl', ...each.flags);
  };
  const newer = await readRows(after);
  tell(each, [await compare(newer), await compare(each.mend(newer, older))], [1, 0]);
  await rm(cwd, { recursive: true, force: true });
}

function tell(
  each: { readonly name: string; readonly defect: string },
  codes: readonly (number | null)[],
  wanted: readonly number[],
): void {
  const cells = [0, 1, 2, 3].map((index) => {
    const code = codes[index];
    if (code === undefined) return '–';
    if (code !== wanted[index]) isAllRight = false;
    const word = code === 0 ? 'green' : code === 1 ? 'red' : `code ${code ?? 'none'}`;
    return code === wanted[index] ? word : `**${word}**`;
  });
  console.log(`| ${[each.name, ...cells, each.defect].join(' | ')} |`);
}

function dailies(cwd: string, ...flags: readonly string[]): number | null {
  const cli = join(PACKAGE_ROOT, 'dist/src/cli.js');
  const { status } = spawnSync(process.execPath, [cli, ...flags, '-q'], { cwd, stdio: 'ignore' });
  return status;
}

async function readRows(file: string): Promise<readonly GateRow[]> {
  const reader = file.endsWith('.parquet')
    ? `read_parquet(${quoteLiteral(file)})`
    : /\.[ct]sv$/.test(file)
      ? `read_csv(${quoteLiteral(file)}, all_varchar = true, quote = '"')`
      : `read_json(${quoteLiteral(file)}, format = 'newline_delimited')`;
  return database.rows(`select * from ${reader}`);
}

async function writeRows(file: string, rows: readonly GateRow[]): Promise<void> {
  const lines = rows.map((row) =>
    JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
  );
  await writeFile(file, `${lines.join('\n')}\n`);
}
