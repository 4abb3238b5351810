import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';

import { DailiesError } from '../../dailies-error.ts';
import { isObject, memberOf } from '../../media/json-members.ts';
import { errorText, readRows, textOf } from '../rows.ts';
import { ScratchDatabase } from '../scratch-database.ts';
import { quotePathList } from '../sql-quote.ts';

/** A Parquet file that holds rows of the current version of a Delta table. */
export type LiveFile = {
  readonly path: string;
  /** Values of the partition columns, which are not in the file. */
  readonly partitions: Readonly<Record<string, string | null>>;
};

/** The current version of a Delta table; or why its files alone do not say what its rows are. */
type DeltaTable =
  | { readonly ok: true; readonly version: number; readonly files: readonly LiveFile[] }
  | { readonly ok: false; readonly reason: string };

type State = {
  readonly live: Map<
    string,
    { readonly partitions: LiveFile['partitions']; readonly hasDeletions: boolean }
  >;
  reason: string | null;
};

/** A commit longer than this is not read: a million actions are some 500 MB. */
const LONGEST_COMMIT_BYTES = 512 * 1024 * 1024;

/** Features of a table that leave the meaning of its Parquet files as it is. */
const HARMLESS_FEATURES: ReadonlySet<string> = new Set([
  'timestampNtz',
  'typeWidening',
  'typeWidening-preview',
  'vacuumProtocolCheck',
  'variantType',
  'variantType-preview',
  // Deletion vectors and column mapping show in the actions themselves.
  'deletionVectors',
  'columnMapping',
]);

/**
 * Replays the log of a Delta table: the last whole checkpoint, then the commits after it, removals before additions
 * (Delta Transaction Log Protocol, "Action Reconciliation"). Throws DailiesError `dataset` if the log is damaged or has a
 * hole: what lies in the folder must not be taken for the table.
 */
export async function readDeltaLog(folder: string): Promise<DeltaTable> {
  const log = join(folder, '_delta_log');
  const names = await readdir(log);
  const commits = new Map(
    names.flatMap((name) => {
      const found = /^(\d{20})\.json$/.exec(name);
      return found === null ? [] : [[Number(found[1]), join(log, name)] as const];
    }),
  );
  const checkpoint = lastCheckpoint(names);
  const newest = Math.max(-1, checkpoint?.version ?? -1, ...commits.keys());
  if (newest < 0) throw damaged(folder, 'it has neither a commit nor a checkpoint');
  const state: State = { live: new Map(), reason: null };
  try {
    if (checkpoint !== null)
      await replayCheckpoint(
        checkpoint.names.map((name) => join(log, name)),
        state,
      );
  } catch (error) {
    throw damaged(folder, `checkpoint ${checkpoint?.version} cannot be read: ${errorText(error)}`);
  }
  for (let version = (checkpoint?.version ?? -1) + 1; version <= newest; version++) {
    const path = commits.get(version);
    if (path === undefined) throw damaged(folder, `commit ${version} of ${newest} is missing`);
    const { size } = await stat(path);
    if (size > LONGEST_COMMIT_BYTES)
      throw damaged(folder, `commit ${version} has ${size.toLocaleString('en')} bytes`);
    const actions = parseCommit(await readFile(path, 'utf8'));
    if (actions === null) throw damaged(folder, `commit ${version} is no JSON Lines`);
    replay(actions, state);
  }
  if (state.reason !== null) return { ok: false, reason: state.reason };
  if ([...state.live.values()].some((file) => file.hasDeletions))
    return { ok: false, reason: 'rows of it are deleted by deletion vectors' };
  const files: LiveFile[] = [];
  for (const [path, { partitions }] of state.live) {
    const local = localPath(folder, path);
    if (local === null)
      return { ok: false, reason: `it names a file outside of its folder: ${path.slice(0, 200)}` };
    files.push({ path: local, partitions });
  }
  return { ok: true, version: newest, files };
}

function damaged(folder: string, what: string): DailiesError {
  return new DailiesError('dataset', `the log of the Delta table ${folder} is damaged: ${what}`, {
    hint: 'copy the whole _delta_log with the table, or write the rows out as plain Parquet',
  });
}

/** The newest checkpoint of which all parts are there. */
function lastCheckpoint(
  names: readonly string[],
): { readonly version: number; readonly names: readonly string[] } | null {
  const parts = new Map<string, { version: number; of: number; names: string[] }>();
  for (const name of names) {
    const found = /^(\d{20})\.checkpoint(?:\.\d{10}\.(\d{10}))?\.parquet$/.exec(name);
    if (found === null) continue;
    const of = Number(found[2] ?? 1);
    const id = `${found[1]}/${found[2] ?? ''}`;
    const set = parts.get(id) ?? { version: Number(found[1]), of, names: [] };
    set.names.push(name);
    parts.set(id, set);
  }
  const whole = [...parts.values()].filter((set) => set.names.length === set.of);
  return whole.toSorted((a, b) => b.version - a.version)[0] ?? null;
}

async function replayCheckpoint(paths: readonly string[], state: State): Promise<void> {
  const scratch = new ScratchDatabase({ threads: '1', memory_limit: '1GB' });
  try {
    await scratch.use(async (room) => {
      const list = quotePathList(paths);
      const columns = await readRows(
        room,
        `select column_name as name from (describe select * from read_parquet(${list}, union_by_name = true))`,
      );
      const wanted = ['protocol', 'metaData', 'add'].filter((name) =>
        columns.some((column) => textOf(column['name']) === name),
      );
      for (const name of wanted) {
        const rows = await readRows(
          room,
          `select to_json("${name}")::varchar as action from read_parquet(${list}, union_by_name = true) where "${name}" is not null`,
        );
        replay(
          rows.map((row) => ({ [name]: parseJson(textOf(row['action'])) })),
          state,
        );
      }
    });
  } finally {
    scratch.close();
  }
}

function parseCommit(text: string): readonly unknown[] | null {
  const actions: unknown[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const action = parseJson(line);
    if (action === null) return null;
    actions.push(action);
  }
  return actions;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return null;
  }
}

/** One commit, or the actions of a checkpoint: within it removals come before additions. */
function replay(actions: readonly unknown[], state: State): void {
  for (const action of actions) {
    const removed = memberOf(memberOf(action, 'remove'), 'path');
    if (typeof removed === 'string') state.live.delete(removed);
  }
  for (const action of actions) {
    const add = memberOf(action, 'add');
    const path = memberOf(add, 'path');
    if (typeof path === 'string')
      state.live.set(path, {
        partitions: partitionsOf(memberOf(add, 'partitionValues')),
        hasDeletions: isObject(memberOf(add, 'deletionVector')),
      });
    state.reason = reasonIn(action) ?? state.reason;
  }
}

/** Why the Parquet files are not the rows, if a protocol or metadata action says so. */
function reasonIn(action: unknown): string | null {
  const features = memberOf(memberOf(action, 'protocol'), 'readerFeatures');
  const strange = (Array.isArray(features) ? features : []).find(
    (name) => typeof name === 'string' && !HARMLESS_FEATURES.has(name),
  );
  if (typeof strange === 'string')
    return `it has the feature ${JSON.stringify(strange.slice(0, 60))}`;
  const mode = memberOf(
    memberOf(memberOf(action, 'metaData'), 'configuration'),
    'delta.columnMapping.mode',
  );
  return typeof mode === 'string' && mode !== 'none'
    ? 'its columns have other names than those of its files (column mapping)'
    : null;
}

function partitionsOf(value: unknown): Record<string, string | null> {
  // DuckDB writes a MAP as an object, or as key and value where keys repeat.
  return isObject(value)
    ? Object.fromEntries(
        Object.entries(value).map(([name, text]): [string, string | null] => [
          name,
          typeof text === 'string' && text !== '' ? text : null,
        ]),
      )
    : {};
}

/** The file that an action names by a percent-encoded URI, null if it is not below the table. */
function localPath(folder: string, uri: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(uri.replace(/^file:(\/\/)?(?=\/)/, ''));
  } catch {
    return null;
  }
  if (/^[A-Za-z][\w+.-]*:/.test(path) || path.includes('\0')) return null;
  const wanted = resolve(folder, path);
  return wanted.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? wanted : null;
}
